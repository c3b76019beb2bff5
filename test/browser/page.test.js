// The page as people use it: in a browser, against the real program.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { misplaced } from "./boxes.js";
import { barriers, demo, desktop, ingress, launch, longSeen, meter, open, phone, pictures, smartmeter } from "./harness.js";

const late = 20000; // ms after which what must happen does not any more

let browser, house, deaf;
before(async () => {
  browser = await launch();
  // The verdict takes half a minute, during which the other tests run.
  [house, deaf] = [await demo("-standard", "emucs17", "-seed", "5", "-at", "2026-06-21T18:10"), await demo("-fault", "wrong-speed")];
});
after(async () => {
  await browser?.close();
  await Promise.all([house?.stop(), deaf?.stop()]);
});

/** visit opens a page for one test, and lets no complaint pass. */
async function visit(t, url, { mayComplain, ...options } = {}) {
  const { page, context, complaints } = await open(browser, url, options);
  t.after(() => context.close());
  if (!mayComplain) t.after(() => assert.deepEqual(complaints, []));
  page.setDefaultTimeout(late);
  return page;
}

const netPower = (page) => page.locator(".power .number");
const shown = (page) => page.locator(".power .number:not(:empty)").waitFor();
const picture = (page, name) => page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });

/** changes waits until a text is another one. */
async function changes(locator) {
  const first = await locator.textContent();
  await locator.page().waitForFunction(([selector, was]) => document.querySelector(selector).textContent !== was, [".flow", first]);
}

test("values are there soon, and change by themselves", async (t) => {
  const page = await visit(t, house.url);
  await shown(page);
  const quick = await page.evaluate(() => performance.getEntriesByName("first-reading")[0]?.startTime);
  t.diagnostic(`first values ${Math.round(quick)} ms after the page was asked for`);
  await changes(page.locator(".flow"));
  await changes(page.locator(".flow"));
  await page.waitForFunction(async () => {
    const reading = await (await fetch("api/reading")).json();
    const text = document.querySelector(".power").textContent.replace(/[^\d.]/g, "");
    return Number(text) === Math.abs(reading.calculatedUsage);
  });
  assert.equal(await page.locator(".pill").textContent(), "Live");
  assert.ok(await page.locator(".banner").isHidden());
});

for (const [size, viewport] of Object.entries({ phone, desktop })) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${size}, ${colorScheme}`, async (t) => {
      const page = await visit(t, house.url, { viewport, colorScheme, before: longSeen, deviceScaleFactor: size === "phone" ? 2 : 1 });
      await shown(page);
      await page.locator(".chart .solar .curve").waitFor({ state: "attached" });
      for (const view of ["now", "pipe"]) {
        await page.click(`nav a[href="#${view}"]`);
        await page.locator(view === "now" ? ".phases li" : ".telegram tbody tr").first().waitFor();
        assert.deepEqual(await barriers(page), []);
        assert.deepEqual(await page.evaluate(misplaced), []);
        await picture(page, `${view}-${size}-${colorScheme}`);
      }
    });
  }
}

test("a narrow screen and large letters", async (t) => {
  const page = await visit(t, house.url, { viewport: { width: 320, height: 640 } });
  await shown(page);
  for (const view of ["now", "pipe"]) {
    await page.click(`nav a[href="#${view}"]`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, `${view} is wider than the screen`);
  }
});

test("every part shows what the reading says", async (t) => {
  const page = await visit(t, house.url);
  await shown(page);
  const reading = await page.evaluate(async () => (await fetch("api/reading")).json());
  await page.locator(".tariffs:not([hidden])").waitFor();
  const text = async (selector) => (await page.locator(selector).innerText()).replace(/\u00a0/g, " ");
  assert.match(await text(".phases-card"), /L1[\s\S]*W[\s\S]*V · [\d.]+ A[\s\S]*L2[\s\S]*L3/);
  assert.match(await text(".others"), /Solar\s+Simulated Roof\s+[\d,.]+ kWh[\s\S]*Gas[\s\S]*read[\s\S]*m³[\s\S]*Water/);
  assert.ok((await text(".tariffs")).includes(reading.totalT1Use.toLocaleString("en", { minimumFractionDigits: 3 })));
  assert.match(await text(".tariffs tr:has(.chip:not([hidden]))"), reading.currentTarrif === 1 ? /Normal tariff\s+now/ : /Low tariff\s+now/);
  assert.match(await text(".quarter"), /Forecast[\s\S]*kW[\s\S]*Peak this month[\s\S]*kW/);
  assert.match(await text(".today"), /Imported[\s\S]*kWh[\s\S]*Gas/);
  const flow = await page.locator(".flow").getAttribute("aria-label");
  assert.match(flow, /Solar [\d,.]+\sk?W, (From|To) the grid [\d,.]+\sk?W, Home [\d,.]+\sk?W/);
  await page.click('nav a[href="#pipe"]');
  assert.match(await text(".verdict"), /All is well/);
  assert.match(await text(".source"), /Network reader[\s\S]*127\.0\.0\.1:\d+[\s\S]*telegrams arrive[\s\S]*FLU5/);
  assert.match(await text(".telegrams"), /Readings\s+\d+[\s\S]*Error rate\s+0%/);
  assert.match(await text(".outputs"), /JSON socket ready[\s\S]*MQTT works/);
  assert.match(await text(".settings"), /mqtt\.url[\s\S]*mqtt:\/\/127/);
  await page.locator(".telegram tbody tr").first().waitFor();
  assert.match(await text(".telegram"), /1-0:1\.8\.1\s+energy imported, tariff 1\s+[\d.]+ kWh/);
});

test("a capture for a bug report", async (t) => {
  const page = await visit(t, house.url);
  await shown(page);
  await page.click('nav a[href="#pipe"]');
  const [download] = await Promise.all([page.waitForEvent("download"), page.click('a[href="api/capture"]')]);
  assert.match(download.suggestedFilename(), /^smartmeter-.*capture\.txt$/);
  const text = await readFile(await download.path(), "utf8");
  assert.match(text, /# redacted: yes[\s\S]*1-0:1\.8\.1/);
});

test("all of it by keyboard", async (t) => {
  const page = await visit(t, house.url);
  await shown(page);
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to content");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Connection");
  await page.keyboard.press("Enter");
  await page.locator(".view.pipe").waitFor();
  assert.equal(await focused(), "main");
  assert.equal(await page.locator("nav a[aria-current]").textContent(), "Connection");
  await page.goBack();
  await page.locator(".view.now").waitFor();
  await page.locator(".chart").focus();
  await page.keyboard.press("End");
  assert.match(await page.locator(".tip").textContent(), /\d\d:\d\d · (From|To) the grid/);
  await page.keyboard.press("Escape");
  assert.ok(await page.locator(".tip").isHidden());
});

test("nothing moves for who wants it so", async (t) => {
  const moving = (page) => page.evaluate(async () => {
    const dots = () => [...document.querySelectorAll(".dots")].map((one) => getComputedStyle(one).strokeDashoffset).join();
    const before = dots();
    for (let i = 0; i < 12 && dots() === before; i++) await new Promise((resolve) => setTimeout(resolve, 100));
    return [before !== dots() && "dots", ...document.getAnimations().filter((one) => one.playState === "running").map((one) => one.animationName)].filter(Boolean);
  });
  const calm = await visit(t, house.url, { reducedMotion: "reduce" });
  await shown(calm);
  assert.deepEqual(await moving(calm), []);
  const lively = await visit(t, house.url);
  await shown(lively);
  assert.ok((await moving(lively)).includes("dots"));
});

for (const [locale, title, direction, number] of [
  ["nl-NL", "Slimme meter", /^(Van|Naar) het net|In balans/, /^\d+,\d{3}$/],
  ["de-DE", "Smart Meter", /^Aus dem Netz|^Ins Netz|Gleichgewicht/, /^\d+,\d{3}$/],
  ["fr-BE", "Compteur communicant", /^Depuis le réseau|^Vers le réseau|équilibre/, /^\d+,\d{3}$/],
  ["sv-SE", "Smart elmätare", /^Från elnätet|^Till elnätet|balans/, /^\d+,\d{3}$/],
  ["fi-FI", "Smart Meter", /^(From|To) the grid|balance/, /^\d+\.\d{3}$/],
]) {
  test(`in the language of ${locale}`, async (t) => {
    const page = await visit(t, house.url, { locale, viewport: { width: 360, height: 740 } });
    await shown(page);
    assert.match(await page.title(), new RegExp(`^[↓↑] [\\d\\s.,]+k?W · ${title}$`));
    assert.match(await page.locator(".direction").textContent(), direction);
    const total = await page.locator(".tariffs tbody td").first().textContent();
    assert.match(total.replace(/^\d+\D(?=\d{3}\D\d{3}$)/, "1"), number);
    assert.equal(await page.evaluate(() => document.documentElement.lang), locale.startsWith("fi") ? "en" : locale.slice(0, 2));
    for (const view of ["pipe", "now"]) {
      await page.click(`nav a[href="#${view}"]`);
      await page.locator(`.view.${view}`).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, `${view} is wider than the screen`);
    }
  });
}

test("every text is there in every language", async (t) => {
  const page = await visit(t, house.url);
  const missing = await page.evaluate(async () => {
    const { texts } = await import("./words.js");
    const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join();
    return Object.entries(texts.table).filter(([, row]) =>
      row.length !== texts.languages.length || row.some((text) => !text || holes(text) !== holes(row[0]))).map(([key]) => key);
  });
  assert.deepEqual(missing, []);
});

test("the modules compute right", async (t) => {
  const page = await visit(t, house.url);
  const got = await page.evaluate(async () => {
    const [{ parts }, { ticks, path, summary }, { quarterOf, tariffsOf, phasesOf, netPower, connectionOf, grow }] = await Promise.all(["flow", "chart", "reading"].map((name) => import(`./${name}.js`)));
    return {
      importing: parts({ net: 500 }),
      unread: parts({ net: -300 }),
      exporting: parts({ net: -300, solar: 1000, house: 700 }),
      battery: parts({ net: -900, solar: 400 }),
      night: parts({ net: 250, solar: -4, house: 246 }),
      ticks: ticks(-120, 2300),
      flat: ticks(0, 0),
      summary: summary([null, 1, 3, null]),
      nothing: summary([null]),
      path: path([1, null, 2, 4], (i) => i, (v) => v, 0),
      net: [netPower({ currentUsage: 0.1, currentDelivery: 0.4 }), netPower({ calculatedUsage: 7, currentUsage: 1 }), netPower({})],
      quarter: quarterOf({ powerTs: "2026-01-01T12:05:00", averageDemand: 1, demandForecast: 3, peakDemandMonth: { ts: "2026-01-01T01:00:00", value: 2.5 } }),
      noQuarter: quarterOf({ powerTs: "2026-01-01T12:05:00" }),
      tariffs: tariffsOf({ totalT1Use: 1, totalT2Use: 2, totalUse: 3 }),
      one: tariffsOf({ totalUse: 3, totalDelivered: 0 }),
      phases: phasesOf({ voltageL1: 230, currentL2: 1, currentUsageL1: 0.1, currentDeliveryL1: 0.4 }).map((p) => [p.name, p.power]),
      loads: phasesOf({ fuseL1: 25, currentL1: 20, fuseL2: 10, currentUsageL2: 0, currentDeliveryL2: 1.15, fuseL3: 999, currentL3: 4 }).map((p) => p.load),
      connections: [connectionOf({}), connectionOf({ fuseL1: 25, fuseL2: 25, fuseL3: 25 }), connectionOf({ fuseL1: 999, limiter: 999.9 }), connectionOf({ fuseL1: 40, limiter: 4.6 })],
      rooms: [[6330], [60000], [-5], []].map(([demandHeadroom]) => quarterOf({ powerTs: "2026-01-01T12:05:00", averageDemand: 1, demandHeadroom })).map((q) => [q.room, q.safe, q.end.getMinutes()]),
      grown: [995, 1005, 1009, 1011, 1042].map((at, i, all) => {
        const history = { start: 980, step: 10, net: [1, 2, 3], solar: [4, 5, 6] };
        const began = all.slice(0, i + 1).map((one, n) => grow(history, 100 * (n + 1), one));
        return [began.at(-1), history.start, history.net, history.solar];
      }),
      old: grow({ start: 1000, step: 10, net: [1, 2, 3] }, 5, 1005),
    };
  });
  assert.equal(got.unread.house, undefined);
  assert.deepEqual(got.importing, { sun: undefined, house: 500, gridToHouse: 500, houseToGrid: 0, sunToGrid: 0, sunToHouse: 0 });
  assert.deepEqual(got.exporting, { sun: 1000, house: 700, gridToHouse: 0, houseToGrid: 0, sunToGrid: 300, sunToHouse: 700 });
  assert.deepEqual(got.battery, { sun: 400, house: undefined, gridToHouse: 0, houseToGrid: 500, sunToGrid: 400, sunToHouse: 0 });
  assert.deepEqual(got.night, { sun: 0, house: 246, gridToHouse: 250, houseToGrid: 0, sunToGrid: 0, sunToHouse: 0 });
  assert.deepEqual(got.ticks, [-1000, 0, 1000, 2000, 3000]);
  assert.ok(got.flat.length > 0);
  assert.deepEqual(got.summary, { low: 1, high: 3, mean: 2 });
  assert.equal(got.nothing, null);
  assert.equal(got.path, "M0.0 1.0L0.0 0.0L0.0 0.0ZM2.0 2.0L3.0 4.0L3.0 0.0L2.0 0.0Z");
  assert.deepEqual(got.net.map((net) => net && Math.round(net)), [-300, 7, undefined]);
  assert.deepEqual(got.loads, [0.8, 0.5, undefined]);
  assert.deepEqual(got.connections.map((kw) => kw.toFixed(2)), ["55.20", "17.25", "55.20", "4.60"]);
  assert.deepEqual(got.rooms, [[6.33, false, 15], [60, true, 15], [0, false, 15], [undefined, false, 15]]);
  assert.deepEqual(got.grown, [
    [false, 980, [1, 2, 3], [4, 5, 6]],
    [false, 980, [1, 2, 200], [4, 5, 6]],
    [false, 980, [1, 2, 250], [4, 5, 6]],
    [true, 990, [2, 250, 400], [5, 6, null]],
    [true, 1020, [null, null, 500], [null, null, null]],
  ]);
  assert.equal(got.old, false);
  assert.equal(got.quarter.forecast, 3);
  assert.ok(got.quarter.above);
  assert.equal(got.noQuarter, null);
  assert.deepEqual(got.tariffs.map((one) => [one.n, one.import]), [[1, 1], [2, 2], [0, 3]]);
  assert.deepEqual(got.one, [{ n: 0, import: 3, export: 0 }]);
  assert.deepEqual(got.phases.map(([name]) => name), ["L1", "L2"]);
});

test("behind ingress, and when the app goes away and comes back", async (t) => {
  const proxy = await ingress(house.url);
  const page = await visit(t, proxy.url, { mayComplain: true });
  t.after(proxy.stop);
  await shown(page);
  await page.reload();
  await shown(page);
  await changes(page.locator(".flow"));
  await page.click('nav a[href="#pipe"]');
  await page.locator(".telegram tbody tr").first().waitFor();
  await page.reload();
  await page.locator(".telegram tbody tr").first().waitFor();
  await page.click('nav a[href="#now"]');
  assert.deepEqual(proxy.outside, []);

  proxy.down = true;
  proxy.cut();
  await page.locator(".banner:not([hidden])").waitFor();
  assert.match(await page.locator(".banner").textContent(), /No contact with the app/);
  assert.equal(await page.locator(".pill").textContent(), "Offline");
  await page.locator(".age:not([hidden])").waitFor();
  assert.match(await page.locator(".age").textContent(), /Last values \d+ sec ago/);
  assert.deepEqual(await barriers(page), []);
  await picture(page, "lost-desktop-light");
  proxy.down = false;
  await page.locator(".pill.good").waitFor();
  assert.ok(await page.locator(".banner").isHidden());
  await changes(page.locator(".flow"));
});

test("after an update of the app the page is the new one", async (t) => {
  let version = "1";
  const before = async (page) => {
    await page.route("**/api/events", (route) => route.fulfill({ status: 200, contentType: "text/event-stream", body: "retry: 60000\n\n" }));
    await page.route("**/api/status", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), version } });
    });
  };
  const page = await visit(t, house.url, { before });
  await shown(page);
  const loaded = page.waitForEvent("load");
  version = "2";
  await loaded;
  await shown(page);
  await page.click('nav a[href="#pipe"]');
  await page.locator(".program", { hasText: "Smart Meter 2" }).waitFor();
});

test("behind a proxy that holds events back", async (t) => {
  const proxy = await ingress(house.url, true);
  const page = await visit(t, proxy.url);
  t.after(proxy.stop);
  await shown(page);
  await changes(page.locator(".flow"));
  await changes(page.locator(".flow"));
  assert.equal(await page.locator(".pill").textContent(), "Live");
  assert.deepEqual(proxy.outside, []);
});

test("a message of the meter is text, whatever it says", async (t) => {
  const p1 = await meter();
  const program = await smartmeter({ SMARTMETER_SOCKET: p1.address });
  const page = await visit(t, program.url);
  t.after(async () => {
    await program.stop();
    await p1.stop();
  });
  const evil = `<script>globalThis.caught = 1</script><img src=x onerror="globalThis.caught = 2">`;
  await page.locator(".waiting h2", { hasText: "Waiting for the first reading" }).waitFor();
  assert.deepEqual(await barriers(page), []);
  await picture(page, "waiting-desktop-light");
  const timer = setInterval(() => p1.send("0-0:1.0.0(261125120000W)", "1-0:1.7.0(00.123*kW)", `0-0:96.13.0(${Buffer.from(evil).toString("hex").toUpperCase()})`), 200);
  t.after(() => clearInterval(timer));
  await page.locator(".message .text", { hasText: evil }).waitFor();
  assert.equal(await netPower(page).textContent(), "123");
  await page.click('nav a[href="#pipe"]');
  await page.locator(".telegram tbody td", { hasText: "<script>" }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.caught), undefined);
  assert.equal(await page.locator("main img, main script").count(), 0);

  clearInterval(timer);
  await page.click('nav a[href="#now"]');
  await p1.stop();
  await page.locator(".pill.bad", { hasText: "No data" }).waitFor();
  assert.match(await page.locator(".age").textContent(), /Last values \d+ sec ago/);
});

test("nothing is configured", async (t) => {
  const program = await smartmeter({});
  const page = await visit(t, program.url);
  t.after(program.stop);
  await page.locator(".waiting h2", { hasText: "Choose your meter’s cable" }).waitFor();
  assert.ok(await page.locator(".banner").isHidden());
  assert.equal(await page.locator(".pulse:visible").count(), 0, "nothing is waited for");
  await page.click(".waiting a");
  await page.locator(".verdict.bad h2", { hasText: "Choose your meter’s cable" }).waitFor();
  assert.match(await page.locator(".verdict").innerText(), /serial device/i);
  assert.deepEqual(await barriers(page), []);
  await picture(page, "unset-desktop-light");
});

test("a wrong speed, with its cause and what to do", async (t) => {
  const page = await visit(t, deaf.url, { viewport: phone });
  page.setDefaultTimeout(60000);
  await page.locator(".waiting.bad", { hasText: "speed" }).waitFor();
  assert.match(await page.locator(".waiting .next").textContent(), /115200 8N1/);
  assert.ok(await page.locator(".banner").isHidden(), "the card says it already");
  assert.equal(await page.locator(".pill").textContent(), "No data");
  assert.equal(await page.title(), "No data from the meter · Smart Meter");
  assert.equal(await page.locator(".pulse:visible").count(), 0);
  assert.deepEqual(await page.evaluate(misplaced), []);
  await picture(page, "noise-phone-light");
  await page.click(".waiting a");
  const text = await page.locator(".verdict.bad").innerText();
  assert.match(text, /No data from the meter/);
  assert.match(text, /the speed or the parity is wrong/);
  assert.match(text, /115200 8N1 for nearly all others/);
  assert.deepEqual(await barriers(page), []);
  await picture(page, "noise-verdict-phone-light");
});
