// The second view: the way from the meter to everybody, as it stands.

import { h, rows, say, set, show, updating } from "./dom.js";
import { ago, moment, number, percent, quantity } from "./format.js";
import { icon } from "./icons.js";
import { card, pairRows } from "./now.js";
import { advise } from "./verdicts.js";
import { language, word } from "./words.js";

/** pipeView makes the view; server is what live.js returned. */
export function pipeView(server) {
  const all = [verdict(), source(), telegrams(), outputs(), telegram(server), settings()];
  const program = h("p", { class: "quiet program" }, "");
  const node = h("div", { class: "view pipe", hidden: true }, h("div", { class: "cards" }, all), program);
  node.update = (state) => {
    node.classList.toggle("old", state.lost);
    if (!state.status) return;
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
    pairs.push(["state", word(states[line.state] ?? "stateLost"), line.cause || null]);
    pairs.push(["sinceState", since(state, line.since)]);
    if (line.reconnects > 0) pairs.push(["reconnects", word("times", { n: number(line.reconnects) })]);
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

function telegrams() {
  const list = h("dl", { class: "pairs" });
  return updating(card("telegrams", word("telegrams"), list), (state) => {
    const c = state.status.counters;
    const bad = badOf(c);
    const pairs = [["arrived", number(c.telegrams)], ["errorRate", percent(bad / Math.max(1, bad + c.telegrams))]];
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

function outputs() {
  const body = h("tbody");
  const heads = ["output", "clients", "sent", "dropped", "errors", "lastSuccess"];
  const table = h("table", null, h("thead", null, h("tr", null, heads.map((key) => h("th", { scope: "col" }, word(key))))), body);
  const node = card("outputs", word("outputs"), scroller(word("outputs"), table));
  return updating(node, (state) => {
    const all = state.status.outputs.map((o) => ({ ...o, worked: o.lastSuccess ? since(state, o.lastSuccess) : "–" }));
    rows(body, all, ({ name }) => name, ({ name }) => {
      const dot = h("span", { class: "dot", "aria-hidden": "true" });
      const health = h("span", { class: "quiet" }, "");
      const error = h("span", { class: "error", lang: "en", hidden: true });
      const cells = heads.slice(1).map(() => h("td", null, ""));
      return updating(h("tr", null, h("th", { scope: "row" }, dot, outputNames[name] ?? name, " ", health, error), cells), (o) => {
        const kind = o.lastError ? "bad" : o.lastSuccess ? "good" : "wait";
        set(dot, "class", `dot ${kind}`);
        say(health, word({ bad: "fails", good: "works", wait: "idle" }[kind]));
        show(error, Boolean(o.lastError));
        say(error, o.lastError ?? "");
        const texts = [o.clients === undefined ? "–" : number(o.clients), number(o.sent), number(o.dropped), number(o.errors), o.worked];
        texts.forEach((text, i) => say(cells[i], text));
      });
    });
  });
}

/** scroller is a box that a wide table scrolls in, also by keyboard. */
function scroller(label, ...children) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, ...children);
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
  const table = scroller(word("lastTelegram"), h("table", { lang: "en" }, h("thead", { lang: language }, h("tr", null, heads)), body));
  const again = h("button", { type: "button" }, word("refresh"));
  const capture = h("a", { class: "button", href: "api/capture", download: "" }, icon("download"), word("capture"));
  const note = h("p", { class: "quiet" }, word("captureText"));
  const actions = h("p", { class: "actions" }, again, h("a", { class: "button", href: "api/telegram", target: "_blank" }, word("asSent")), capture);
  const node = card("telegram", word("lastTelegram"), about, table, actions, note);
  show(table, false);
  show(capture, false);
  show(note, false);

  async function read() {
    const counters = server.state.status?.counters;
    if (!counters || counters.telegrams + badOf(counters) === 0) return; // there is none yet
    const { body: t } = await server.get("api/telegram?decoded").catch(() => ({}));
    if (!t) return;
    show(table, true);
    say(about, [t.header, t.standard, word(checksums[t.checksum])].filter(Boolean).join(" · ") + (t.bad ? ` – ${t.bad}` : ""));
    body.replaceChildren(...t.entries.map((e) =>
      h("tr", { class: e.known ? null : "unknown" },
        h("th", { scope: "row" }, e.obis),
        h("td", null, e.meaning),
        h("td", null, h("span", { class: "value" }, [e.value, e.unit].filter(Boolean).join("\u00a0")), " ", h("span", { class: "quiet" }, (e.notes ?? []).join(", "))))));
  }

  again.addEventListener("click", read);
  node.open = read;
  return updating(node, ({ status }) => {
    show(capture, Boolean(status.capture));
    show(note, Boolean(status.capture));
    if (table.hidden) read();
  });
}
