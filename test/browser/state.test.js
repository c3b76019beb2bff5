// What the page says in each state that the program can be in.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { misplaced } from "./boxes.js";
import { barriers, fed, launch, phone, smartmeter } from "./harness.js";
import { history, ill, reading, settings, status } from "./samples.js";

let browser, program;
before(async () => {
  [browser, program] = await Promise.all([launch(), smartmeter({})]);
});
after(() => Promise.all([browser?.close(), program?.stop()]));

/** told opens the page and sends it events, each [name, data]. */
async function told(t, events, { view = "now", ...options } = {}) {
  const opened = await fed(browser, `${program.url}#${view}`, options);
  t.after(() => opened.context.close());
  for (const [name, data] of events) await opened.feed(name, data);
  opened.text = async (selector) => (await opened.page.locator(selector).innerText()).replace(/[\u00a0\u202f]/g, " ");
  return opened;
}

/** later is a status of a moment after the usual one. */
function later(parts, seconds = 5) {
  const s = { ...status(), ...parts };
  return { ...s, time: new Date(Date.parse(s.time) + 1000 * seconds).toISOString() };
}

const problem = (name, text, next) => ({ name, good: false, problem: true, text, next, since: status().started });
const lost = { ...status().source, state: "lost" };

test("export without an inverter: what the home uses is not known", async (t) => {
  const { solarProduction, houseUsage, ...r } = reading();
  const { text, page } = await told(t, [["status", status()], ["reading", { ...r, calculatedUsage: -2500, currentUsage: 0, currentDelivery: 2.5 }]]);
  assert.match(await text(".hero"), /To the grid\s+2,500 W/);
  assert.match(await page.locator(".flow").textContent(), /2,500\sW.*\?Home/s);
  assert.match(await page.locator(".flow").getAttribute("aria-label"), /Home unknown/);
});

test("a reading without a power is not 0 W", async (t) => {
  const { page, text } = await told(t, [["status", status()], ["reading", { totalUse: 5, ts: "2026-06-21T18:20:09+02:00" }]]);
  assert.match(await text(".hero"), /The meter reports no power\s+–/);
  assert.ok(await page.locator(".flow").isHidden());
});

test("the dead app: nothing is green", async (t) => {
  const { page, text } = await told(t, [["status", status()], ["reading", reading()]], { view: "pipe" });
  await page.locator(".verdict.good").waitFor();
  await page.evaluate(() => (globalThis.fetch = () => Promise.reject(new Error("dead"))));
  await page.locator(".banner", { hasText: "No contact with the app" }).waitFor();
  assert.equal(await page.locator(".good:visible").count(), 0);
  assert.doesNotMatch(await text("main"), /All is well|works|ready|telegrams arrive/);
  assert.match(await page.title(), /^No contact with the app · /);
  assert.deepEqual(await page.evaluate(misplaced), []);
  assert.deepEqual(await barriers(page), []);
});

test("a server that hangs: nothing is green", async (t) => {
  const { page } = await told(t, []);
  await page.evaluate(() => (globalThis.fetch = () => new Promise(() => {})));
  await page.locator(".banner", { hasText: "No contact with the app" }).waitFor();
  assert.equal(await page.locator(".pill.bad").textContent(), "Offline");
  assert.equal(await page.locator(".good:visible, .pulse:visible").count(), 0);
  await page.evaluate(() => (location.hash = "pipe"));
  await page.locator(".view.pipe").waitFor({ state: "attached" });
  assert.equal(await page.locator(".card:visible").count(), 0, "nothing is known");
});

test("settings come late, after newer news", async (t) => {
  const { page, feed } = await fed(browser, `${program.url}#pipe`, { answers: { "api/status": { ...status(), settings } } });
  t.after(() => page.context().close());
  await page.locator(".settings:visible").waitFor();
  // The same answer, older than an event that came before it.
  const second = await fed(browser, `${program.url}#pipe`);
  t.after(() => second.context.close());
  await second.feed("status", later({}));
  await second.page.evaluate((answer) => (globalThis.fetch = async () => new Response(JSON.stringify(answer))), { ...status(), settings });
  await second.page.evaluate(() => (location.hash = "now"));
  await second.page.evaluate(() => (location.hash = "pipe"));
  await second.page.locator(".settings:visible", { hasText: "mqtt.discovery_prefix" }).waitFor();
  await feed("status", later({}));
});

test("a line without telegrams is not asked for them", async (t) => {
  const counters = { ...status().counters, telegrams: 0 };
  const { page, feed, asked } = await told(t, [["status", later({ counters, source: lost, verdict: problem("noise", "bytes arrive that are no text") })]], { view: "pipe" });
  for (let n = 1; n <= 30; n++) await feed("status", later({ counters: { ...counters, cut: n, damagedFrames: n, skipped: 100 * n } }, 5 + n));
  assert.equal(await asked("api/telegram?decoded&language=en"), 0);
  assert.ok(await page.getByText("Original telegram").isHidden());
  // One that is there, and whose text is gone again, is asked for once.
  for (let n = 1; n <= 5; n++) await feed("status", later({ counters: { ...counters, checksums: 1 } }, 50 + n));
  assert.equal(await asked("api/telegram?decoded&language=en"), 1);
});

test("nothing has come yet: no rate of nothing, nothing that worked", async (t) => {
  const counters = { ...status().counters, telegrams: 0, interval: 0 };
  const outputs = status().outputs.map((one) => ({ ...one, sent: 0 }));
  const { text } = await told(t, [["status", later({ counters, outputs })]], { view: "pipe" });
  assert.match(await text(".telegrams"), /Error rate\s+–/);
  assert.match(await text(".outputs"), /JSON socket ready/);
  assert.doesNotMatch(await text(".outputs"), /works|ago/);
});

test("who asks the emulated meters, and what they were told", async (t) => {
  const { text, page, feed } = await told(t, [["status", later({}, 5)]], { view: "pipe" });
  assert.match(await text(".emulated"), /192\.168\.1\.7 \(evcc\/0\.300\) HomeWizard P1 Meter, -500 W[\s\S]*\/api\/v1\/data[\s\S]*-312 W[\s\S]*0\.3 s[\s\S]*86,400[\s\S]*5 sec\.? ago/);
  assert.match(await text(".emulated"), /192\.168\.1\.8[\s\S]*there is nothing at this address/);
  assert.match(await text(".emulated"), /Nobody has asked yet EcoTracker/);
  await feed("status", later({ emulated: undefined }, 6));
  assert.ok(await page.locator(".emulated").isHidden());
});

test("no data: the empty card says why, and what to do, once", async (t) => {
  const verdict = problem("silence", "nothing arrives over the cable", "Is the P1 port of the meter switched on?");
  const { page, text } = await told(t, [["status", later({ source: lost, verdict })]], { viewport: phone });
  assert.match(await text(".waiting"), /No data from the meter[\s\S]*Nothing arrives over the cable\.[\s\S]*Is the P1 port of the meter switched on\?/);
  assert.ok(await page.locator(".banner").isHidden());
  assert.equal(await page.locator(".pulse:visible").count(), 0);
  assert.equal(await page.locator(".pill.bad").textContent(), "No data");
  assert.deepEqual(await page.evaluate(misplaced), []);
  assert.deepEqual(await barriers(page), []);
});

test("no source: nothing is waited for", async (t) => {
  const source = { kind: "none", name: "", state: "none", since: status().started, reconnects: 0 };
  const { page } = await told(t, [["status", later({ source, meter: undefined, verdict: problem("no_source", "no source is set") })]]);
  assert.equal(await page.locator(".pill").textContent(), "Not set up");
  assert.equal(await page.locator(".pulse:visible").count(), 0);
  assert.equal(await page.title(), "Choose your meter’s cable · Smart Meter");
});

test("the tab's title is the power", async (t) => {
  const { page, feed } = await told(t, [["status", status()], ["reading", reading()]]);
  assert.equal((await page.title()).replace("\u00a0", " "), "↓ 3,150 W · Smart Meter");
  await feed("status", later({ source: lost, verdict: problem("silence", "nothing arrives over the cable") }));
  assert.equal(await page.title(), "No data from the meter · Smart Meter");
  await feed("status", later({}, 9));
  await feed("reading", { ...reading(), ts: "2026-06-21T18:20:10+02:00", calculatedUsage: -12345 });
  assert.equal((await page.title()).replace("\u00a0", " "), "↑ 12.35 kW · Smart Meter");
});

test("beside the power: gas flow and tariff; beside today: yesterday", async (t) => {
  const { text } = await told(t, [["status", status()], ["reading", reading()]], { answers: { "api/history": history() } });
  assert.match(await text(".beside"), /Gas 0\.41 m³\/h\s+Normal tariff/);
  assert.match(await text(".today"), /Imported\s+yesterday 5\.80 kWh\s+3\.41 kWh/);
  assert.match(await text(".today"), /Used at home\s+yesterday 11\.60 kWh\s+6\.82 kWh/);
});

test("the quarter of an hour: what may still be drawn, in kW like all beside it", async (t) => {
  const quarter = async (parts) => {
    const { text } = await told(t, [["status", status()], ["reading", { ...reading(), ...parts }]]);
    return text(".quarter");
  };
  assert.match(await quarter({}), /Draw at most 6\.3 kW from the grid until 18:30\./);
  assert.doesNotMatch(await quarter({}), /Room| W\b/);
  assert.match(await quarter({ demandHeadroom: 45180, fuseL1: 40, fuseL2: 40, fuseL3: 40 }), /No new peak is possible until 18:30\./);
  assert.match(await quarter({ demandForecast: 6, demandHeadroom: 900 }), /A new peak of the month is coming\. Draw at most 0\.9 kW/);
  assert.doesNotMatch(await quarter({ demandForecast: 6, demandHeadroom: 99000 }), /possible/);
  assert.match(await quarter({ demandForecast: 6, demandHeadroom: 0 }), /This quarter of an hour is the new peak of the month\./);
});

test("phases: whole amperes, volts as printed, bars against the main fuse", async (t) => {
  const amperes = { currentL1: 4, currentL2: 1, currentL3: 24, fuseL1: 25, fuseL2: 25, fuseL3: 25 };
  const { page, text, feed } = await told(t, [["status", status()], ["reading", { ...reading(), ...amperes }]]);
  assert.match(await text(".phases-card"), /main fuse 25 A[\s\S]*L1\s+1,991 W\s+228\.4 V · 4 A/);
  const shares = () => page.locator(".phases .bar span").evaluateAll((all) => all.map((one) => one.style.getPropertyValue("--share")));
  assert.deepEqual(await shares(), ["16.0%", "4.0%", "96.0%"]);
  assert.equal(await page.locator(".phases .bar.high").count(), 1);
  await feed("reading", { ...reading(), ...amperes, ts: "2026-06-21T18:20:10+02:00", currentL1: 4.5, currentUsageL3: 11 });
  assert.match(await text(".phases-card"), /1\.99 kW\s+228\.4 V · 4\.50 A[\s\S]*0\.25 kW[\s\S]*1\.00 A[\s\S]*11\.00 kW/);
});

test("times and counts as people write them", async (t) => {
  const { text } = await told(t, [["status", later({ source: { ...status().source, reconnects: 1 } })], ["reading", { ...reading(), gas: { ts: "2026-06-20T02:02:00", totalUse: 1 } }]], { locale: "en-US" });
  assert.match(await text(".others"), /read Jun 20, 2:02 AM/);
  const { text: other } = await told(t, [["status", later({ source: { ...status().source, reconnects: 1 } })]], { view: "pipe" });
  assert.match(await other(".source"), /Reconnects\s+1\n/);
});

test("the curve moves with the readings", async (t) => {
  const past = history();
  past.start = Math.floor(Date.now() / 10000) * 10 - 3580; // its last step is the one before this one
  const { page, feed } = await told(t, [["status", { ...status(), time: new Date().toISOString() }]], { answers: { "api/history": past } });
  const curve = () => page.locator(".chart .import .curve").getAttribute("d");
  await feed("reading", reading());
  const before = await curve();
  await page.clock.install();
  await page.clock.setFixedTime(Date.now() + 20000);
  await feed("reading", { ...reading(), ts: "2026-06-21T18:20:30+02:00", calculatedUsage: 2900 });
  assert.notEqual(await curve(), before);
});

for (const view of ["now", "pipe"]) {
  test(`forced colours, ${view}`, async (t) => {
    const { page, feed } = await told(t, [["status", ill()], ["reading", { ...reading(), fuseL1: 25 }]], { view, forcedColors: "active", answers: { "api/history": history() } });
    await feed("reading", { ...reading(), ts: "2026-06-21T18:20:10+02:00" });
    const borders = await page.locator("nav a").evaluateAll((all) => all.map((one) => getComputedStyle(one).borderBottomColor));
    assert.notEqual(borders[0], borders[1], "both tabs look selected");
    const seen = await page.evaluate(() => [...document.querySelectorAll(".bar span, .gauge .average, .gauge .peak, .pill .dot, .outputs .dot")]
      .filter((one) => one.checkVisibility() && getComputedStyle(one).backgroundColor === getComputedStyle(one.closest(".card, header")).backgroundColor)
      .map((one) => one.className || one.parentElement.className));
    assert.deepEqual(seen, [], "these cannot be seen");
    assert.deepEqual(await barriers(page), []);
  });
}

test("parts of the page have names of their own", async (t) => {
  const { page } = await told(t, [["status", status()]], { view: "pipe" });
  const names = await page.evaluate(() => [...document.querySelectorAll("section[aria-label], section[aria-labelledby], [role=region]")]
    .map((one) => one.getAttribute("aria-label") ?? document.getElementById(one.getAttribute("aria-labelledby")).textContent));
  assert.equal(new Set(names).size, names.length, names.join());
});

test("a page that is watched does little by itself", async (t) => {
  const { page } = await told(t, [["status", status()], ["reading", reading()]], { answers: { "api/history": history() } });
  await page.locator(".pill.good").waitFor();
  const [changes, moving] = await page.evaluate(async () => {
    let changes = 0;
    const observer = new MutationObserver((all) => (changes += all.length));
    observer.observe(document, { subtree: true, attributes: true, childList: true, characterData: true });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    return [changes, document.getAnimations().filter((one) => one.playState === "running").length];
  });
  assert.equal(moving, 0, "an animation paints 60 times a second");
  assert.ok(changes <= 16, `${changes} changes in three seconds, want two steps a second of the two lines that power flows along`);
});
