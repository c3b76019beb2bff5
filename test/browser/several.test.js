// The page of a house with several meters.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { misplaced } from "./boxes.js";
import { barriers, demo, desktop, launch, open, phone, pictures } from "./harness.js";

let browser, house;
before(async () => {
  [browser, house] = [await launch(), await demo("-meters", "3", "-seed", "5", "-at", "2026-06-21T13:10")];
});
after(async () => {
  await browser?.close();
  await house?.stop();
});

async function visit(t, url, options = {}) {
  const { page, context, complaints } = await open(browser, url, options);
  t.after(() => context.close());
  t.after(() => assert.deepEqual(complaints, []));
  page.setDefaultTimeout(20000);
  await page.locator(".power .number:not(:empty)").waitFor();
  return page;
}

const current = (page) => page.locator(".choice a[aria-current]");
const names = (page) => page.locator(".choice a").allTextContents();

/** says waits until the page shows the power that the API has for the meter. */
function says(page, slot) {
  return page.waitForFunction(async (meter) => {
    const reading = await (await fetch(`api/reading?meter=${meter}`)).json();
    const text = document.querySelector(".power").textContent.replace(/[^\d.]/g, "");
    return Number(text) === Math.abs(reading.calculatedUsage);
  }, slot);
}

test("a switch between the meters, kept in the address", async (t) => {
  const page = await visit(t, house.url);
  await current(page).waitFor();
  assert.deepEqual(await names(page), ["p1", "night", "barn", "Sum"]);
  assert.equal(await current(page).textContent(), "p1");
  await says(page, "p1");
  await page.click('.choice a:has-text("night")');
  await page.waitForURL(/meter=night/);
  await says(page, "night");
  await page.reload();
  await says(page, "night");
  assert.equal(await current(page).textContent(), "night");
  await page.click('nav a[href="#pipe"]');
  await page.locator(".telegram tbody tr").first().waitFor();
  await page.click('.choice a:has-text("barn")'); // the view stays
  await page.waitForURL(/meter=barn#pipe/);
  await page.locator(".telegram tbody tr").first().waitFor();
  await page.click('.choice a:has-text("p1")');
  await page.waitForURL((url) => !url.search);
});

test("all meters together", async (t) => {
  const page = await visit(t, `${house.url}?meter=sum`);
  await says(page, "sum");
  assert.equal(await current(page).textContent(), "Sum");
  await page.locator(".flow").waitFor(); // with the house, which is of all
  await page.waitForFunction(async () => (await (await fetch("api/reading?meter=sum")).json()).houseUsage !== undefined);
  await page.locator(".chart .part .area").nth(1).waitFor({ state: "attached" });
  assert.deepEqual(await page.locator(".legend .part").allTextContents(), ["p1", "night", "barn"]);
  await page.click('nav a[href="#pipe"]');
  await page.locator(".way").nth(2).waitFor();
  assert.deepEqual(await page.locator(".way > .meter").allTextContents(), ["p1", "night", "barn"]);
  assert.ok(await page.locator(".telegram").isHidden());
  for (const name of ["JSON socket", "JSON socket (night)", "Raw socket (barn)"]) {
    assert.equal(await page.locator(".outputs th[scope=row]", { hasText: name }).first().isVisible(), true, name);
  }
});

test("a meter that is there no more", async (t) => {
  const { page, context } = await open(browser, `${house.url}?meter=gone`); // which is complained about
  t.after(() => context.close());
  await page.waitForURL((url) => !url.searchParams.has("meter"));
  await page.locator(".power .number:not(:empty)").waitFor();
});

for (const [size, viewport] of Object.entries({ phone, desktop })) {
  test(`several meters, ${size}`, async (t) => {
    const page = await visit(t, `${house.url}?meter=sum`, { viewport });
    for (const view of ["now", "pipe"]) {
      await page.click(`header a[href="#${view}"]`);
      await page.locator(view === "now" ? ".phases li" : ".way").first().waitFor();
      assert.deepEqual(await barriers(page), []);
      assert.deepEqual(await page.evaluate(misplaced), []);
      await page.screenshot({ path: path.join(pictures, `several-${view}-${size}.png`), fullPage: true });
    }
  });
}

test("what lies on each other", async (t) => {
  const page = await visit(t, house.url);
  const got = await page.evaluate(async () => {
    const [{ stacked }, { standsOf, isThere, of }] = await Promise.all(["chart", "meters"].map((name) => import(`./${name}.js`)));
    const line = (slot, state, problem, tariffs) => ({ slot, source: { state }, verdict: { problem }, meter: { header: slot, tariffs } });
    const status = { version: "1", ...line("p1", "alive", false, ["low"]), meters: [line("p1", "alive", false, ["low"]), line("night", "lost", true, ["normal"])] };
    return {
      layers: stacked([{ start: 0, net: [1, 2, 3, 4] }, { start: 10, net: [10, null, 30] }], 10, 10, 3),
      none: stacked([], 10, 10, 3),
      night: standsOf(status, "night"), first: standsOf(status, null).slot, sum: standsOf(status, "sum"),
      there: ["p1", "night", "sum", "barn", null].map((slot) => isThere(status, slot)),
      alone: isThere({ slot: "p1" }, "sum"),
      of: [of("a", "x y"), of("a?b", "c"), of("a", null)],
    };
  });
  assert.deepEqual(got.layers, [[2, 3, 4], [12, null, 34]]);
  assert.deepEqual(got.none, []);
  assert.equal(got.night.source.state, "lost");
  assert.equal(got.night.version, "1");
  assert.equal(got.first, "p1");
  assert.equal(got.sum.verdict.problem, true);
  assert.equal(got.sum.meter.tariffs, undefined); // they mean different things
  assert.deepEqual(got.there, [true, true, true, false, true]);
  assert.equal(got.alone, false);
  assert.deepEqual(got.of, ["a?meter=x%20y", "a?b&meter=c", "a"]);
});
