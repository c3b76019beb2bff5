// The first view: where the power goes now, and what the day brought.

import { card, pairRows, part } from "./cards.js";
import { chart } from "./chart.js";
import { h, rows, say, set, show, updating } from "./dom.js";
import { flow } from "./flow.js";
import { ago, number, quantity, power, time, watts } from "./format.js";
import { icon } from "./icons.js";
import { media } from "./quantities.js";
import { netPower, phasesOf, quarterOf, tariffsOf } from "./reading.js";
import { waiting } from "./waiting.js";
import { word } from "./words.js";

/** nowView makes the view; its update takes the state of live.js. */
export function nowView() {
  const others = meters();
  const all = [hero(), today(), hour(), phases(), quarter(), others, tariffs(), message()];
  const cards = h("div", { class: "cards" }, all);
  const wait = waiting();
  const node = h("div", { class: "view now" }, wait, cards);
  node.update = (state, what) => {
    show(wait, !state.reading);
    show(cards, Boolean(state.reading));
    if (!state.reading) {
      wait.update(state);
      return;
    }
    const old = isOld(state);
    if (what === "tick" && !old && !node.classList.contains("old")) return; // nothing counts the seconds
    node.classList.toggle("old", old);
    for (const one of what === "solar" ? [others] : all) one.update(state, what);
  };
  return node;
}

/** isOld tells that what is shown is not what is so. */
export function isOld(state) {
  return state.lost || Boolean(state.status && state.reading && state.status.source.state !== "alive");
}

function hero() {
  const direction = h("p", { class: "direction" }, "");
  const value = h("span", { class: "number" }, "");
  const unit = h("span", { class: "unit" }, "");
  const age = h("p", { class: "age", hidden: true }, "");
  const list = h("ul", { class: "beside" });
  const picture = flow();
  const node = h("section", { class: "card hero", "aria-label": word("now") },
    h("div", { class: "scene" }, h("div", { class: "net" }, direction, h("p", { class: "power" }, value, " ", unit), age, list), picture));
  return updating(node, (state) => {
    const r = state.reading;
    const net = netPower(r);
    const exporting = Math.round(net) < 0;
    const [n, u] = net === undefined ? ["–", ""] : watts(Math.abs(net));
    say(direction, net === undefined ? word("noPower") : word(Math.round(net) === 0 ? "balanced" : exporting ? "toGrid" : "fromGrid"));
    say(value, n);
    say(unit, u);
    node.classList.toggle("exporting", exporting);
    const old = isOld(state);
    show(age, old);
    if (old) say(age, word("lastValues", { ago: ago(Date.now() - state.readingAt) }));
    const facts = [];
    if (r.gasFlow !== undefined) facts.push(["gas", `${word("gas")} ${quantity(r.gasFlow, "m3/h", 2)}`]);
    const tariff = r.currentTarrif > 0 && tariffsOf(r).length > 2 ? tariffName(r.currentTarrif, state.status) : "";
    if (tariff) facts.push(["tariff", tariff]);
    rows(list, facts, ([name]) => name, ([name]) => {
      const text = h("span", null, "");
      return updating(h("li", null, icon(name), text), ([, now]) => say(text, now));
    });
    show(list, facts.length > 0);
    show(picture, net !== undefined);
    if (net !== undefined) picture.update({ net, solar: r.solarProduction, house: r.houseUsage }, old);
  });
}

/** tariffName returns what people call a tariff; what a number means differs between countries. */
function tariffName(n, status) {
  const name = status?.meter?.tariffs?.[n - 1];
  return name ? word(name) : word("tariff", { n });
}

function hour() {
  const plot = chart();
  const legend = h("p", { class: "legend", "aria-hidden": "true" });
  const node = card("hour", word("hour"), legend, plot);
  let drawn = null;
  return updating(node, ({ history }, what) => {
    if (!history || (history === drawn && what !== "step")) return;
    drawn = history;
    const has = (test) => (history.net ?? []).some((value) => value !== null && test(value));
    const names = [["import", "fromGrid", has((value) => value >= 0)], ["export", "toGrid", has((value) => value < 0)], ["solar", "solar", Boolean(history.solar)]];
    for (const [i, { name }] of (history.parts ?? []).entries()) names.push([`part part-${i}`, null, true, name.replaceAll("_", " ")]);
    rows(legend, names.filter(([, , there]) => there), ([name]) => name, ([name, text, , slot]) => h("span", { class: name }, slot ?? word(text)));
    plot.update(history);
  });
}

function today() {
  const list = h("ul", { class: "figures" });
  const since = h("span", { class: "quiet" }, "");
  const node = card("today", word("today"), list);
  node.querySelector("h2").append(" ", since);
  return updating(node, ({ history }) => {
    const day = history?.today;
    show(node, Boolean(day));
    if (!day) return;
    const wall = day.since.slice(0, 19); // as the clock shows it where the meter is
    say(since, wall.endsWith("T00:00:00") ? "" : word("since", { time: time(new Date(wall)) }));
    const before = history.yesterday;
    addUsed(day);
    addUsed(before);
    const figures = ["import", "export", "solar", "used", ...media].filter((name) => day[name]).map((name) => ({ name, ...day[name], before: before?.[name] }));
    rows(list, figures, ({ name }) => name, figure);
  });
}

/** addUsed works out what was used at home on a day, where the inverter is read. */
function addUsed(day) {
  if (!day?.solar || !day.import || !day.export) return;
  day.used = { value: Math.max(0, day.import.value + day.solar.value - day.export.value), unit: day.import.unit };
}

const figureWords = { import: "imported", export: "exported", solar: "produced", used: "used" };

function figure({ name }) {
  const value = h("strong", null, "");
  const before = h("span", { class: "quiet", hidden: true }, "");
  const what = h("span", { class: "what" }, word(figureWords[name] ?? name), " ", before);
  const node = h("li", { class: name }, h("span", { class: "badge" }, icon(iconOf(name))), what, value);
  return updating(node, (now) => {
    say(value, quantity(now.value, now.unit, decimalsOf(now.unit)));
    const same = now.before?.unit === now.unit;
    show(before, same);
    say(before, same ? word("yesterday", { value: quantity(now.before.value, now.unit, decimalsOf(now.unit)) }) : "");
  });
}

function iconOf(medium) {
  return { warmWater: "water", cooling: "heat", electricity: "house", used: "house" }[medium] ?? medium;
}

function decimalsOf(unit) {
  return unit === "kWh" || unit === "MWh" || unit === "GJ" ? 2 : 3;
}

/** places returns a function that returns how many decimals a meter's values have: none until one was no whole number. */
function places(most) {
  let seen = 0;
  return (values) => {
    if (values.some((value) => value !== undefined && !Number.isInteger(value))) seen = most;
    return seen;
  };
}

function phases() {
  const list = h("ul", { class: "phases" });
  const node = card("phases-card", word("phases"), list);
  const limit = h("span", { class: "quiet" }, "");
  node.querySelector("h2").append(" ", limit);
  const [amperes, volts] = [places(2), places(1)];
  let most = 2000; // W at the end of a bar where no fuse is known; it grows with what was seen
  return updating(node, ({ reading }) => {
    const all = phasesOf(reading);
    show(node, all.length > 0);
    const fuses = [...new Set(all.map(({ fuse }) => fuse))];
    const one = fuses.length === 1 && fuses[0] !== undefined;
    say(limit, one ? word("fuse", { limit: quantity(fuses[0], "A", 0) }) : "");
    for (const { power: p } of all) {
      while (Math.abs(p ?? 0) > most) most *= 2;
    }
    const largest = Math.max(...all.map((phase) => Math.abs(phase.power ?? 0)), 0);
    const a = amperes(all.map(({ current }) => current));
    const v = volts(all.map(({ voltage }) => voltage));
    const shown = all.map((phase) => ({ ...phase, a, v, load: phase.load ?? Math.abs(phase.power ?? 0) / most, largest }));
    rows(list, shown, ({ name }) => name, ({ name }) => {
      const value = h("strong", null, "");
      const electric = h("span", { class: "quiet" }, "");
      const bar = h("span", { class: "bar", "aria-hidden": "true" }, h("span"));
      return updating(h("li", null, h("span", { class: "name" }, name), value, electric, bar), (phase) => {
        say(value, phase.power === undefined ? "" : power(phase.power, phase.largest));
        const parts = [];
        if (phase.voltage !== undefined) parts.push(quantity(phase.voltage, "V", phase.v));
        if (phase.current !== undefined) parts.push(quantity(phase.current, "A", phase.a));
        say(electric, parts.join(" · "));
        show(bar, phase.power !== undefined || phase.fuse !== undefined);
        set(bar, "class", `bar ${phase.power < 0 ? "export" : "import"}${phase.fuse !== undefined && phase.load > 0.9 ? " high" : ""}`);
        bar.firstChild.style.setProperty("--share", `${(100 * Math.min(1, phase.load)).toFixed(1)}%`);
      });
    });
  });
}

/** readAt tells when a meter was read, where it says so. */
function readAt(ts) {
  return ts ? word("readAt", { time: time(new Date(ts)) }) : "";
}

function meters() {
  const list = h("ul", { class: "figures meters" });
  const node = card("others", word("others"), list);
  return updating(node, ({ reading, solar }) => {
    const there = media.filter((name) => reading[name]).map((name) => ({ name, ...reading[name], note: readAt(reading[name].ts) }));
    if (solar?.lifetimeProduction !== undefined) {
      const note = [solar.manufacturer, solar.model].filter(Boolean).join(" ");
      there.unshift({ name: "solar", totalUse: solar.lifetimeProduction / 1000, unit: "kWh", note });
    }
    show(node, there.length > 0);
    rows(list, there, ({ name }) => name, ({ name }) => {
      const value = h("strong", null, "");
      const note = h("span", { class: "quiet" }, "");
      const what = h("span", { class: "what" }, word(name), note);
      return updating(h("li", { class: name }, h("span", { class: "badge" }, icon(iconOf(name))), what, value), (now) => {
        say(value, quantity(now.totalUse, now.unit ?? "m3", 3));
        say(note, now.note);
      });
    });
  });
}

function tariffs() {
  const body = part("tbody");
  const heads = ["imported", "exported"].map((key) => part("th", { scope: "col" }, word(key), h("small", null, " kWh")));
  const head = part("thead", null, part("tr", null, part("td"), heads));
  const node = card("tariffs", word("tariffs"), part("table", null, head, body));
  return updating(node, ({ reading, status }) => {
    const all = tariffsOf(reading);
    const exports = all.some((one) => one.export !== undefined);
    show(node, all.length > 0 && Boolean(status)); // which knows the tariffs' names
    node.classList.toggle("one-way", !exports);
    const named = all.map((one) => ({ ...one, name: one.n === 0 ? word("total") : tariffName(one.n, status), now: one.n !== 0 && one.n === reading.currentTarrif }));
    rows(body, named, ({ n }) => n, ({ n }) => {
      const name = h("span", null, "");
      const active = h("span", { class: "chip", hidden: true }, word("active"));
      const [use, delivery] = ["imported", "exported"].map((key) => part("td", { "data-name": `${word(key)} kWh` }));
      const row = part("tr", { class: n === 0 ? "total" : null }, part("th", { scope: "row" }, name, " ", active), use, delivery);
      return updating(row, (one) => {
        say(name, one.name);
        show(active, one.now);
        say(use, one.import === undefined ? "" : number(one.import, 3));
        say(delivery, one.export === undefined ? "" : number(one.export, 3));
      });
    });
  });
}

function quarter() {
  const left = h("span", { class: "quiet" }, "");
  const gauge = h("div", { class: "gauge", "aria-hidden": "true" }, h("span", { class: "forecast" }), h("span", { class: "average" }), h("span", { class: "peak" }));
  const advice = h("p", { class: "advice", role: "status", hidden: true });
  const list = h("dl", { class: "pairs now-pairs" });
  const node = card("quarter", word("quarter"), gauge, advice, list);
  node.querySelector("h2").append(" ", left);
  return updating(node, ({ reading }) => {
    const q = quarterOf(reading);
    show(node, q !== null);
    if (!q) return;
    say(left, word("quarterLeft", { time: `${Math.floor(q.left / 60)}:${String(q.left % 60).padStart(2, "0")}` }));
    const [forecast, peak] = [q.forecast ?? 0, q.peak ?? 0];
    const most = 1.1 * Math.max(peak, forecast, q.average, 2.5); // kW; bills begin there in Flanders
    for (const [name, value] of Object.entries({ average: q.average, forecast, peak })) {
      gauge.querySelector(`.${name}`).style.setProperty("--share", `${((100 * value) / most).toFixed(1)}%`);
    }
    show(gauge.querySelector(".peak"), q.peak !== undefined);
    gauge.classList.toggle("above", q.above);
    const kilowatts = (value) => quantity(value, "kW", 2);
    const text = [];
    if (q.above) text.push(word(q.room === 0 ? "peakPassed" : "aboveMonthPeak"));
    if (q.safe) text.push(word("peakSafe", { time: time(q.end, q.end) }));
    else if (q.room > 0) text.push(word("drawAtMost", { power: quantity(q.room, "kW", 1), time: time(q.end, q.end) }));
    show(advice, text.length > 0);
    say(advice, text.join(" "));
    set(advice, "class", q.above ? "advice warning" : "advice");
    const pairs = [["average", kilowatts(q.average)]];
    if (q.forecast !== undefined) pairs.push(["forecast", kilowatts(q.forecast)]);
    if (q.peak !== undefined) pairs.push(["monthPeak", kilowatts(q.peak), q.peakAt && time(new Date(q.peakAt))]);
    if (q.year !== undefined) pairs.push(["yearAverage", kilowatts(q.year)]);
    pairRows(list, pairs);
  });
}

function message() {
  const text = h("p", { class: "text" }, "");
  return updating(card("message", word("message"), text), function update({ reading }) {
    show(this, Boolean(reading.textMessage));
    say(text, reading.textMessage ?? "");
  });
}
