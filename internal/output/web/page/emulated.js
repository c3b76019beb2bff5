// Who asks the emulated meters, and what they were told.

import { h, rows, say, set, show, updating } from "./dom.js";
import { number, power, quantity } from "./format.js";
import { card, part } from "./cards.js";
import { word } from "./words.js";

// What the makers call their meters.
const kinds = { homewizard: "HomeWizard P1 Meter", shelly_pro_3em: "Shelly Pro 3EM", ecotracker: "EcoTracker" };

/** nameOf is what an emulated meter looks like, with its real meter where that says more. */
function nameOf(meter, all) {
  const name = kinds[meter.kind] ?? meter.kind;
  return all.filter(({ kind }) => kind === meter.kind).length > 1 ? `${name} (${meter.name})` : name;
}

/** emulated makes the card; since(state, text) writes how long ago a time was. */
export function emulated(since) {
  const body = part("tbody");
  const heads = ["client", "question", "told", "age", "answers", "refused", "lastQuestion"];
  const head = part("thead", null, part("tr", null, heads.map((key) => part("th", { scope: "col" }, word(key)))));
  const node = card("emulated", word("emulated"), part("table", null, head, body));
  node.classList.add("listed");
  return updating(node, (state) => {
    const meters = state.status.emulated ?? [];
    show(node, meters.length > 0);
    const all = meters.flatMap((meter) => (meter.clients.length > 0 ? meter.clients : [null]).map((client) => ({
      client, meter: nameOf(meter, meters), key: `${meter.name} ${client?.client ?? ""}`, offset: meter.offset, last: client && since(state, client.last),
    })));
    rows(body, all, ({ key }) => key, () => {
      const name = h("span", null, "");
      const meter = h("span", { class: "quiet" }, "");
      const why = h("span", { class: "error", lang: "en", hidden: true });
      const cells = heads.slice(1).map((key) => part("td", { "data-name": word(key) }, ""));
      return updating(part("tr", null, part("th", { scope: "row" }, name, " ", meter, why), cells), (one) => {
        const c = one.client;
        say(name, c ? c.client : word("nobody"));
        say(meter, one.meter + (one.offset === 0 ? "" : `, ${one.offset > 0 ? "+" : ""}${power(one.offset)}`));
        show(why, Boolean(c?.why));
        say(why, c?.why ?? "");
        const hasPower = c && c.power !== undefined;
        const texts = c
          ? [c.what, hasPower ? power(c.power) : "–", hasPower ? quantity(c.age, "s", 1) : "–", number(c.count), number(c.refused), one.last]
          : heads.slice(1).map(() => "–");
        texts.forEach((text, i) => {
          say(cells[i], text);
          set(cells[i], "class", text === "–" || (text === "0" && heads[i + 1] === "refused") ? "nothing" : null);
        });
      });
    });
  });
}
