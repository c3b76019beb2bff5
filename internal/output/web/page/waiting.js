// What stands in the cards' place while there is no reading.

import { h, say, set, show, updating } from "./dom.js";
import { icon } from "./icons.js";
import { advise } from "./verdicts.js";
import { word } from "./words.js";

/** waiting makes a card that says why there is nothing, and what to do. */
export function waiting() {
  const sign = h("div", { class: "sign", "aria-hidden": "true" });
  const title = h("h2", null, "");
  const text = h("p", null, "");
  const next = h("p", { class: "next", hidden: true }, "");
  const more = h("a", { class: "button", href: "#pipe" }, word("details"), icon("next"));
  const node = h("section", { class: "card waiting", role: "status" }, sign, title, text, next, more);
  let drawn = "";
  return updating(node, ({ status, lost }) => {
    const kind = !status ? "loading" : status.source.state === "none" ? "unset" : status.verdict.problem ? "bad" : "first";
    if (drawn !== kind) {
      drawn = kind;
      set(node, "class", `card waiting ${kind}`);
      sign.replaceChildren(kind === "bad" ? icon("bad") : kind === "unset" ? icon("plug") : h("div", { class: "pulse" }));
    }
    const advice = kind === "bad" || kind === "unset" ? advise(status.verdict) : {};
    say(title, word({ loading: "loading", unset: "noneTitle", bad: "verdictBad", first: "firstTitle" }[kind]));
    say(text, kind === "unset" ? word("noneText") : (advice.text ?? (kind === "first" ? word("firstText") : "")));
    show(next, kind === "bad" && Boolean(advice.next));
    say(next, advice.next ?? "");
    show(more, Boolean(status));
    show(node, !lost || Boolean(status));
  });
}
