// Where everything stands, at every width that people have, whichever cards are
// shown: measured, not looked at.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { misplaced } from "./boxes.js";
import { launch, launchFirefox, open, smartmeter } from "./harness.js";
import { history, huge, ill, reading, state, without } from "./samples.js";

const runs = { chromium: ["en-GB", "nl-NL", "de-DE", "fr-FR", "sv-SE"], firefox: ["de-DE", "fr-FR"] }; // the longest words in both
const widths = [320, 360, 390, 641, 768, 901, 960, 1024, 1280, 1920];
const cards = Object.keys(without);

let program;
const browsers = {};
before(async () => {
  [program, browsers.chromium, browsers.firefox] = await Promise.all([smartmeter({}), launch(), launchFirefox()]);
});
after(() => Promise.all([program?.stop(), ...Object.values(browsers).map((one) => one?.close())]));

/** cases are the states of the first view that are measured, by name. */
function cases(every) {
  const all = {};
  for (let mask = 0; mask < 1 << cards.length; mask++) {
    const gone = cards.filter((_, i) => mask & (1 << i));
    if (!every && gone.length > 1 && gone.length < cards.length - 1) continue;
    for (const [size, r, h] of [["usual", reading, history], ["huge", huge, () => history(100000)]]) {
      const one = state({ reading: r(), history: h() });
      gone.forEach((name) => without[name](one));
      all[`${size} without ${gone.join(", ") || "nothing"}`] = one;
    }
  }
  const small = state();
  for (const name of ["solarProduction", "houseUsage"]) delete small.reading[name];
  all["no inverter"] = small;
  const exporting = structuredClone(small);
  Object.assign(exporting.reading, { calculatedUsage: -9999, currentUsage: 0, currentDelivery: 9.999 });
  all["exporting without an inverter"] = exporting;
  all.lost = state({ lost: true });
  all["one tariff, one phase"] = state({ reading: { ts: "2026-06-21T18:20:09+02:00", currentUsage: 0.4, totalUse: 1234.5, currentUsageL1: 0.4, voltageL1: 231, currentL1: 2, fuseL1: 25 } });
  return all;
}

/** measure puts each state into a view and returns what is misplaced, by name. */
function measure(page, view, states) {
  return page.evaluate(([view, states, source]) => {
    const misplaced = new Function(`return ${source}`)();
    const bad = {};
    const node = document.querySelector(`.view.${view}`);
    for (const [name, state] of Object.entries(states)) {
      node.update(state, "reading");
      const found = misplaced();
      if (found.length > 0) bad[name] = found;
    }
    return bad;
  }, [view, states, misplaced.toString()]);
}

for (const [browser, locales] of Object.entries(runs)) {
  for (const locale of locales) {
    test(`every card at every width, ${locale}, ${browser}`, async (t) => {
      const { page, context } = await open(browsers[browser], program.url, { locale });
      t.after(() => context.close());
      const connection = { well: state(), ill: state({ status: ill() }), lost: state({ lost: true }), "ill and lost": state({ status: ill(), lost: true }) };
      const places = new Map(); // where each complaint was found
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        for (const [view, states] of [["now", cases(locale === "de-DE" && browser === "chromium")], ["pipe", connection]]) {
          await page.evaluate((view) => (location.hash = view), view);
          await page.locator(`.view.${view}`).waitFor();
          for (const [name, found] of Object.entries(await measure(page, view, states))) {
            for (const one of found) places.set(one, [...(places.get(one) ?? []), `${width} px, ${name}`]);
          }
        }
      }
      const complaints = [...places].map(([one, where]) => `${one} (${where.length} times, first at ${where[0]})`);
      assert.equal(complaints.join("\n"), "");
    });
  }
}
