// What the cards of both views are made of.

import { h, rows, say, updating } from "./dom.js";
import { word } from "./words.js";

/** card makes a titled part of a view. */
export function card(name, title, ...children) {
  const id = `${name}-title`;
  return h("section", { class: `card ${name}`, "aria-labelledby": id }, h("h2", { id }, title), ...children);
}

/** pairRows keeps a list of names and values: [key of the name, value, note]. */
export function pairRows(list, pairs) {
  rows(list, pairs, ([key]) => key, ([key]) => {
    const value = h("span", null, "");
    const note = h("span", { class: "quiet" }, "");
    return updating(h("div", null, h("dt", null, word(key)), h("dd", null, value, note)), ([, now, more]) => {
      say(value, now);
      say(note, more ? ` ${more}` : "");
    });
  });
}

// A narrow card draws the rows of a table as blocks, and a browser then forgets
// that it is one: these say it.
const roles = { table: "table", thead: "rowgroup", tbody: "rowgroup", tr: "row", td: "cell" };

/** part makes a part of a table that stays one for a screen reader. */
export function part(tag, attributes, ...children) {
  const role = tag === "th" ? (attributes.scope === "col" ? "columnheader" : "rowheader") : roles[tag];
  return h(tag, { role, ...attributes }, ...children);
}
