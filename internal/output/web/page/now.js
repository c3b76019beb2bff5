// The first view: where the power goes now, and what the day brought.

import { chart } from "./chart.js";
import { h, rows, say, set, show, updating } from "./dom.js";
import { flow } from "./flow.js";
import { ago, number, quantity, power, time, watts } from "./format.js";
import { icon } from "./icons.js";
import { word } from "./words.js";

/** card makes a titled part of a view. */
export function card(name, title, ...children) {
  const id = `${name}-title`;
  return h("section", { class: `card ${name}`, "aria-labelledby": id }, h("h2", { id }, title), ...children);
}

/** nowView makes the view; its update takes the state of live.js. */
export function nowView() {
  const all = [hero(), today(), hour(), phases(), quarter(), meters(), tariffs(), message()];
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
    node.classList.toggle("old", isOld(state));
    for (const one of all) one.update(state, what);
  };
  return node;
}

/** isOld tells that what is shown is not what is so. */
export function isOld(state) {
  return state.lost || Boolean(state.status && state.reading && state.status.source.state !== "alive");
}

function waiting() {
  const title = h("h2", null, "");
  const text = h("p", null, "");
  const more = h("a", { class: "button", href: "#pipe" }, word("why"), icon("next"));
  const node = h("section", { class: "card waiting", role: "status" }, h("div", { class: "pulse", "aria-hidden": "true" }), title, text, more);
  return updating(node, ({ status, lost }) => {
    const unset = status?.source.state === "none";
    say(title, word(!status ? "loading" : unset ? "noneTitle" : "firstTitle"));
    say(text, !status ? "" : word(unset ? "noneText" : status.verdict.problem ? "soonText" : "firstText"));
    show(more, Boolean(status) && (unset || !status.verdict.problem)); // the banner has that link
    show(node, !lost || Boolean(status));
  });
}

function hero() {
  const direction = h("p", { class: "direction" }, "");
  const value = h("span", { class: "number" }, "");
  const unit = h("span", { class: "unit" }, "");
  const age = h("p", { class: "age", hidden: true }, "");
  const picture = flow();
  const node = h("section", { class: "card hero", "aria-label": word("now") },
    h("div", { class: "net" }, direction, h("p", { class: "power" }, value, " ", unit), age), picture);
  return updating(node, (state) => {
    const r = state.reading;
    const net = netPower(r);
    const exporting = Math.round(net) < 0;
    const [n, u] = watts(Math.abs(net));
    say(direction, word(Math.round(net) === 0 ? "balanced" : exporting ? "toGrid" : "fromGrid"));
    say(value, n);
    say(unit, u);
    node.classList.toggle("exporting", exporting);
    const old = isOld(state);
    show(age, old);
    if (old) say(age, word("lastValues", { ago: ago(Date.now() - state.readingAt) }));
    picture.update({ net, solar: r.solarProduction, house: r.houseUsage }, old);
  });
}

/** netPower is what flows from the grid, in W; below zero to it. */
export function netPower(r) {
  return r.calculatedUsage ?? 1000 * ((r.currentUsage ?? 0) - (r.currentDelivery ?? 0));
}

function hour() {
  const plot = chart();
  const legend = h("p", { class: "legend", "aria-hidden": "true" });
  const node = card("hour", word("hour"), legend, plot);
  let drawn = null;
  return updating(node, ({ history }) => {
    if (!history || history === drawn) return;
    drawn = history;
    const has = (test) => (history.net ?? []).some((value) => value !== null && test(value));
    const names = [["import", "fromGrid", has((value) => value >= 0)], ["export", "toGrid", has((value) => value < 0)], ["solar", "solar", Boolean(history.solar)]];
    rows(legend, names.filter(([, , there]) => there), ([name]) => name, ([name, text]) => h("span", { class: name }, word(text)));
    plot.update(history);
  });
}

const media = ["gas", "water", "warmWater", "heat", "cooling", "electricity"];

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
    if (day.solar && day.import && day.export) {
      day.used = { value: Math.max(0, day.import.value + day.solar.value - day.export.value), unit: day.import.unit };
    }
    const figures = ["import", "export", "solar", "used", ...media].filter((name) => day[name]).map((name) => ({ name, ...day[name] }));
    rows(list, figures, ({ name }) => name, figure);
  });
}

const figureWords = { import: "imported", export: "exported", solar: "produced", used: "used" };

function figure({ name }) {
  const value = h("strong", null, "");
  const node = h("li", { class: name }, h("span", { class: "badge" }, icon(iconOf(name))), h("span", { class: "what" }, word(figureWords[name] ?? name)), value);
  return updating(node, (now) => say(value, quantity(now.value, now.unit, decimalsOf(now.unit))));
}

function iconOf(medium) {
  return { warmWater: "water", cooling: "heat", electricity: "house", used: "house" }[medium] ?? medium;
}

function decimalsOf(unit) {
  return unit === "kWh" || unit === "MWh" || unit === "GJ" ? 2 : 3;
}

/** phasesOf gathers what a reading says of each phase. */
export function phasesOf(r) {
  const all = [];
  for (const n of [1, 2, 3]) {
    const [use, delivery] = [r[`currentUsageL${n}`], r[`currentDeliveryL${n}`]];
    const phase = {
      name: `L${n}`,
      power: use === undefined && delivery === undefined ? undefined : 1000 * ((use ?? 0) - (delivery ?? 0)),
      voltage: r[`voltageL${n}`] ?? r[`averageVoltageL${n}`],
      current: r[`currentL${n}`],
    };
    if (phase.power !== undefined || phase.voltage !== undefined || phase.current !== undefined) all.push(phase);
  }
  return all;
}

function phases() {
  const list = h("ul", { class: "phases" });
  const node = card("phases-card", word("phases"), list);
  let most = 2000; // W at the end of a bar; it grows with what was seen
  return updating(node, ({ reading }) => {
    const all = phasesOf(reading);
    show(node, all.length > 0);
    for (const { power: p } of all) {
      while (Math.abs(p ?? 0) > most) most *= 2;
    }
    rows(list, all, ({ name }) => name, ({ name }) => {
      const value = h("strong", null, "");
      const electric = h("span", { class: "quiet" }, "");
      const bar = h("span", { class: "bar", "aria-hidden": "true" }, h("span"));
      return updating(h("li", null, h("span", { class: "name" }, name), value, electric, bar), (phase) => {
        say(value, phase.power === undefined ? "" : power(phase.power));
        const parts = [];
        if (phase.voltage !== undefined) parts.push(quantity(phase.voltage, "V", 1));
        if (phase.current !== undefined) parts.push(quantity(phase.current, "A", 2));
        say(electric, parts.join(" · "));
        show(bar, phase.power !== undefined);
        set(bar, "class", phase.power < 0 ? "bar export" : "bar import");
        bar.firstChild.style.setProperty("--share", `${((100 * Math.abs(phase.power ?? 0)) / most).toFixed(1)}%`);
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

/** tariffsOf lists the totals of a reading by tariff, the whole last. */
export function tariffsOf(r) {
  const all = [];
  for (const n of [1, 2, 3, 4, 5]) {
    const one = { n, import: r[`totalT${n}Use`], export: r[`totalT${n}Delivered`] };
    if (one.import !== undefined || one.export !== undefined) all.push(one);
  }
  if (r.totalUse !== undefined && all.length !== 1) all.push({ n: 0, import: r.totalUse, export: r.totalDelivered });
  return all;
}

function tariffs() {
  const body = h("tbody");
  const head = h("tr", null, h("td"), ["imported", "exported"].map((key) => h("th", { scope: "col" }, word(key), h("small", null, " kWh"))));
  const node = card("tariffs", word("tariffs"), h("table", null, h("thead", null, head), body));
  return updating(node, ({ reading, status }) => {
    const all = tariffsOf(reading);
    const exports = all.some((one) => one.export !== undefined);
    show(node, all.length > 0 && Boolean(status)); // which knows the tariffs' names
    node.classList.toggle("one-way", !exports);
    const names = status?.meter?.tariffs ?? []; // what a number means differs between countries
    const named = all.map((one) => ({ ...one, name: one.n === 0 ? word("total") : names[one.n - 1] ? word(names[one.n - 1]) : word("tariff", one), now: one.n !== 0 && one.n === reading.currentTarrif }));
    rows(body, named, ({ n }) => n, ({ n }) => {
      const name = h("span", null, "");
      const active = h("span", { class: "chip", hidden: true }, word("active"));
      const [use, delivery] = [h("td"), h("td")];
      return updating(h("tr", { class: n === 0 ? "total" : null }, h("th", { scope: "row" }, name, " ", active), use, delivery), (one) => {
        say(name, one.name);
        show(active, one.now);
        say(use, one.import === undefined ? "" : number(one.import, 3));
        say(delivery, one.export === undefined ? "" : number(one.export, 3));
      });
    });
  });
}

/** quarterOf tells how the quarter of an hour stands, where a meter counts it. */
export function quarterOf(r) {
  if (r.averageDemand === undefined) return null;
  const date = new Date(r.powerTs ?? r.ts);
  if (Number.isNaN(date.getTime())) return null;
  const gone = (date.getMinutes() % 15) * 60 + date.getSeconds();
  const peak = r.peakDemandMonth?.value;
  const forecast = r.demandForecast;
  return { average: r.averageDemand, forecast, peak, peakAt: r.peakDemandMonth?.ts, headroom: r.demandHeadroom, year: r.peakDemandAverage, left: 900 - gone, above: peak !== undefined && forecast > peak };
}

function quarter() {
  const left = h("span", { class: "quiet" }, "");
  const gauge = h("div", { class: "gauge", "aria-hidden": "true" }, h("span", { class: "forecast" }), h("span", { class: "average" }), h("span", { class: "peak" }));
  const warning = h("p", { class: "warning", role: "status", hidden: true });
  const list = h("dl", { class: "pairs" });
  const node = card("quarter", word("quarter"), gauge, list, warning);
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
    show(warning, q.above);
    say(warning, q.above ? word("aboveMonthPeak") : "");
    const kilowatts = (value) => quantity(value, "kW", 2);
    const pairs = [["average", kilowatts(q.average)]];
    if (q.forecast !== undefined) pairs.push(["forecast", kilowatts(q.forecast)]);
    if (q.peak !== undefined) pairs.push(["monthPeak", kilowatts(q.peak), q.peakAt && time(new Date(q.peakAt))]);
    if (q.headroom !== undefined) pairs.push(["headroom", power(Math.max(0, q.headroom))]);
    if (q.year !== undefined) pairs.push(["yearAverage", kilowatts(q.year)]);
    pairRows(list, pairs);
  });
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

function message() {
  const text = h("p", { class: "text" }, "");
  return updating(card("message", word("message"), text), function update({ reading }) {
    show(this, Boolean(reading.textMessage));
    say(text, reading.textMessage ?? "");
  });
}
