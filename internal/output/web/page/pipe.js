// The second view: the way from the meter to everybody, as it stands.

import { h, rows, say, set, show, updating } from "./dom.js";
import { ago, moment, number, percent, quantity } from "./format.js";
import { card, pairRows, part } from "./cards.js";
import { emulated } from "./emulated.js";
import { icon } from "./icons.js";
import { isSum, linesOf, of } from "./meters.js";
import { advise } from "./verdicts.js";
import { language, word } from "./words.js";

/** pipeView makes the view; server is what live.js returned. */
export function pipeView(server) {
  const lines = h("div", { class: "ways" });
  const all = [updating(lines, showLines), outputs(), emulated(since), telegram(server), settings()];
  const program = h("p", { class: "quiet program" }, "");
  const cards = h("div", { class: "cards" }, all);
  const node = h("div", { class: "view pipe", hidden: true }, cards, program);
  node.update = (state, what) => {
    node.classList.toggle("old", state.lost);
    show(cards, Boolean(state.status));
    if (!state.status || what === "reading" || what === "step" || what === "solar") return; // of which nothing is here
    for (const one of all) one.update(state);
    say(program, word("program", { version: state.status.version, time: moment(new Date(state.status.started)) }));
  };
  node.open = (visible) => {
    if (!visible) return;
    server.ask(); // the settings come only with an answer
    for (const one of all) one.open?.();
  };
  return node;
}

/** showLines shows how the line of each meter stands. */
function showLines(state) {
  const several = linesOf(state.status).length > 1;
  const all = linesOf(state.status).map((line) => ({ ...state, status: { ...state.status, ...line }, name: several ? line.slot.replaceAll("_", " ") : "" }));
  rows(this, all, ({ status }) => status.slot, ({ name: of }) => {
    const cards = [verdict(), source(), telegrams()];
    if (of) cards.slice(1).forEach((card) => label(card, of));
    const name = h("h2", { class: "meter" }, "");
    return updating(h("section", { class: "way" }, name, cards), (one) => {
      show(name, Boolean(one.name));
      say(name, one.name);
      for (const card of cards) card.update(one);
    });
  });
}

/** label names a card after its meter too, where others have the same title. */
function label(card, name) {
  const title = card.querySelector("h2");
  set(title, "id", null);
  set(card, "aria-labelledby", null);
  set(card, "aria-label", `${title.textContent}, ${name}`);
}

/** since writes how long ago the server's clock showed a time. */
function since(state, text) {
  return ago(Date.parse(state.status.time) - Date.parse(text) + (Date.now() - state.statusAt));
}

const titles = { good: "verdictGood", doubt: "verdictDoubt", wait: "verdictWait", bad: "verdictBad" };

function verdict() {
  const title = h("h2", null, "");
  const text = h("p", null, "");
  const next = h("p", { class: "next", hidden: true }, "");
  const when = h("p", { class: "quiet" }, "");
  const badge = h("span", { class: "badge" });
  const node = h("section", { class: "card verdict" }, badge, h("div", null, title, text, next, when));
  let drawn = "";
  return updating(node, (state) => {
    show(node, !state.lost); // how it was is not how it is, and the banner says that
    const v = state.status.verdict;
    const none = state.status.source.state === "none";
    const kind = v.good && v.problem ? "doubt" : v.good ? "good" : none || v.problem ? "bad" : "wait";
    if (drawn !== kind) {
      drawn = kind;
      set(node, "class", `card verdict ${kind}`);
      badge.replaceChildren(kind === "wait" ? h("span", { class: "pulse" }) : icon(kind === "good" ? "good" : "bad"));
    }
    const advice = advise(v);
    say(title, word(none ? "noneTitle" : titles[kind]));
    say(text, advice.text ?? "");
    show(next, Boolean(advice.next));
    say(next, advice.next ?? "");
    say(when, word("since", { time: moment(new Date(v.since)) }));
  });
}

const kinds = { serial: "serial", network: "network", none: "noSource" };
const states = { none: "stateNone", opened: "stateOpened", alive: "stateAlive", lost: "stateLost" };

function source() {
  const list = h("dl", { class: "pairs" });
  return updating(card("source", word("source"), list), (state) => {
    const { source: line, meter } = state.status;
    const pairs = [["kind", word(kinds[line.kind] ?? "noSource")]];
    if (line.name) pairs.push(["address", line.name]);
    if (line.mode) pairs.push(["mode", line.mode]);
    pairs.push(["state", state.lost ? word("unknown") : word(states[line.state] ?? "stateLost"), line.cause || null]);
    pairs.push(["sinceState", since(state, line.since)]);
    if (line.reconnects > 0) pairs.push(["reconnects", number(line.reconnects)]);
    if (meter) {
      pairs.push(["meter", meter.header, meter.standard || null]);
      if (meter.version) pairs.push(["version", meter.version]);
      if (meter.serial) pairs.push(["identifier", `…${meter.serial}`]);
    }
    pairRows(list, pairs);
  });
}

const faults = ["checksums", "noChecksum", "damaged", "cut", "noKey", "wrongKey", "damagedFrames", "unverified"];

/** badOf is how many telegrams gave no reading. */
export function badOf(counters) {
  return faults.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
}

/** wholeOf is how many telegrams came to their end: the last of them can be asked for. */
function wholeOf(counters) {
  return ["telegrams", "checksums", "noChecksum", "damaged"].reduce((sum, name) => sum + (counters?.[name] ?? 0), 0);
}

function telegrams() {
  const list = h("dl", { class: "pairs" });
  return updating(card("telegrams", word("telegrams"), list), (state) => {
    const c = state.status.counters;
    const bad = badOf(c);
    const pairs = [["arrived", number(c.telegrams)], ["errorRate", bad + c.telegrams > 0 ? percent(bad / (bad + c.telegrams)) : "–"]];
    if (c.interval > 0) pairs.push(["interval", quantity(c.interval, "s", 1)]);
    pairs.push(["lastReading", state.status.source.last ? since(state, state.status.source.last) : word("never")]);
    for (const name of [...faults, "skipped", "held"]) {
      if (c[name] > 0) pairs.push([name, number(c[name])]);
    }
    pairRows(list, pairs);
  });
}

// How people write the names of outputs.
const outputNames = {
  "json socket": "JSON socket", "raw socket": "Raw socket", mqtt: "MQTT", solar: word("solar"), page: word("page"), api: "HTTP API",
  influxdb: "InfluxDB", post: "HTTP POST",
};

/** nameOf names an output as people write it; further meters' have the meter's name after it. */
function nameOf(name) {
  if (outputNames[name]) return outputNames[name];
  const kind = Object.keys(outputNames).find((one) => name.startsWith(`${one} `));
  return kind ? `${outputNames[kind]} (${name.slice(kind.length + 1).replaceAll("_", " ")})` : name;
}

function outputs() {
  const body = part("tbody");
  const heads = ["output", "clients", "sent", "dropped", "errors", "lastSuccess"];
  const head = part("thead", null, part("tr", null, heads.map((key) => part("th", { scope: "col" }, word(key)))));
  const node = card("outputs", word("outputs"), part("table", null, head, body));
  node.classList.add("listed");
  return updating(node, (state) => {
    const all = state.status.outputs.map((o) => ({ ...o, worked: o.lastSuccess && o.sent > 0 ? since(state, o.lastSuccess) : "–", lost: state.lost }));
    rows(body, all, ({ name }) => name, ({ name }) => {
      const dot = h("span", { class: "dot", "aria-hidden": "true" });
      const health = h("span", { class: "quiet" }, "");
      const error = h("span", { class: "error", lang: "en", hidden: true });
      const cells = heads.slice(1).map((key) => part("td", { "data-name": word(key) }, ""));
      return updating(part("tr", null, part("th", { scope: "row" }, dot, nameOf(name), " ", health, error), cells), (o) => {
        const kind = o.lost ? "unknown" : o.lastError ? "bad" : !o.lastSuccess ? "wait" : o.sent > 0 ? "good" : "ready";
        set(dot, "class", `dot ${kind === "ready" ? "good" : kind}`);
        say(health, word({ unknown: "unknown", bad: "fails", good: "works", ready: "ready", wait: "idle" }[kind]));
        show(error, Boolean(o.lastError));
        say(error, o.lastError ?? "");
        const texts = [o.clients === undefined ? "–" : number(o.clients), number(o.sent), number(o.dropped), number(o.errors), o.worked];
        texts.forEach((text, i) => {
          say(cells[i], text);
          set(cells[i], "class", text === "–" || (text === "0" && heads[i + 1] !== "sent" && heads[i + 1] !== "clients") ? "nothing" : null);
        });
      });
    });
  });
}

/** scroller is a box that a long table scrolls in, also by keyboard. */
function scroller(label, ...children) {
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label }, ...children);
}

function settings() {
  const list = h("dl", { class: "pairs" });
  const node = card("settings", word("settings"), list);
  return updating(node, ({ settings: options }) => {
    show(node, Boolean(options));
    rows(list, options ?? [], ({ name }) => name, ({ name }) => {
      const value = h("dd", null, "");
      return updating(h("div", null, h("dt", null, name), value), (one) => say(value, String(one.value)));
    });
  });
}

const checksums = { valid: "checksumValid", invalid: "checksumInvalid", absent: "checksumAbsent" };

function telegram(server) {
  const about = h("p", { class: "quiet" }, word("noTelegram"));
  const body = h("tbody");
  const heads = ["code", "meaning", "value"].map((key) => h("th", { scope: "col" }, word(key)));
  const table = scroller(word("lastTelegram"), h("table", null, h("thead", null, h("tr", null, heads)), body));
  const again = h("button", { type: "button" }, word("refresh"));
  const sent = h("a", { class: "button", href: of("api/telegram"), target: "_blank" }, word("asSent"));
  const capture = h("a", { class: "button", href: of("api/capture"), download: "" }, icon("download"), word("capture"));
  const note = h("p", { class: "quiet" }, word("captureText"));
  const actions = h("p", { class: "actions" }, again, sent, capture);
  const node = card("telegram", word("lastTelegram"), about, table, actions, note);
  for (const one of [table, again, sent, capture, note]) show(one, false);
  let asked = 0; // how many telegrams there were then

  async function read() {
    const seen = wholeOf(server.state.status?.counters);
    if (seen === 0 || isSum) return; // there is none, or none yet
    asked = seen;
    const { body: t } = await server.get(of(`api/telegram?decoded&language=${language}`)).catch(() => ({}));
    if (!t) return;
    for (const one of [table, again, sent]) show(one, true);
    say(about, [t.header, t.standard, word(checksums[t.checksum])].filter(Boolean).join(" · ") + (t.bad ? ` – ${t.bad}` : ""));
    body.replaceChildren(...t.entries.map((e) =>
      h("tr", { class: e.known ? null : "unknown" },
        e.obis ? h("th", { scope: "row" }, e.obis) : h("td"),
        h("td", null, e.meaning),
        h("td", null, h("span", { class: "value" }, [e.value, e.unit].filter(Boolean).join("\u00a0")), " ", h("span", { class: "quiet" }, (e.notes ?? []).join(", "))))));
  }

  again.addEventListener("click", read);
  node.open = read;
  return updating(node, ({ status }) => {
    show(node, !isSum); // which has none of its own
    if (isSum) return;
    show(capture, Boolean(status.capture));
    show(note, Boolean(status.capture));
    if (table.hidden && wholeOf(status.counters) > asked) read();
  });
}
