// What the server says, as it comes: by server-sent events, and where a proxy
// holds those back, or they fail, by asking now and then.

import { isSum, isThere, linesOf, meter, of, standsOf } from "./meters.js";
import { grow, netPower } from "./reading.js";

const FIRST = 3000; // ms to wait for the stream's first event before asking
const SILENT = 12000; // ms without an event until the stream is not trusted; the server sends one every 5 s
const ASK = 2000; // ms between questions
const RETRY = 5000; // ms until a stream that was refused is opened again
const LOST = 8000; // ms without any answer until the contact counts as lost
const HISTORY = 30000; // ms between histories
const YOUNG = 5000; // ms between them while there is none of today

/**
 * connect keeps up with the server and calls changed(state, what) whenever
 * something is new. Times in state are of this browser's clock.
 */
export function connect(changed) {
  const state = {
    reading: null,
    readingAt: 0, // when the telegram was received
    solar: null,
    status: null,
    statusAt: 0,
    settings: null, // only with the status that was asked for
    history: null,
    lost: false, // no contact with the server
  };
  let stream = null;
  let streamAt = 0; // the last event that was news
  let answerAt = Date.now(); // the last sign of life
  let askedAt = 0;
  let historyAt = 0;
  let asking = false;
  let skew = null; // this clock less the server's, ms; null: not known yet

  /** clock learns how far this clock is off; what was longest on its way tells least. */
  function clock(serverTime) {
    const now = Date.now() - serverTime;
    if (skew === null || now < skew || Math.abs(now - skew) > 60000) skew = now;
  }

  function alive() {
    answerAt = Date.now();
    if (state.lost) {
      state.lost = false;
      historyAt = 0;
      changed(state, "link");
    }
  }

  /** takeReading returns false for what is not newer than what is shown. */
  function takeReading(reading, serverTime) {
    const at = Math.min(Date.now(), serverTime + (skew ?? Date.now() - serverTime));
    if (state.reading && at < state.readingAt - 1000) return false;
    const same = state.reading && reading.ts === state.reading.ts && reading.powerTs === state.reading.powerTs && at - state.readingAt < 1000;
    state.reading = reading;
    state.readingAt = at;
    if (same) return false;
    changed(state, "reading");
    if (state.history && grow(state.history, netPower(reading), serverTime / 1000)) changed(state, "step");
    return true;
  }

  function takeStatus(status) {
    if (status.settings) state.settings = status.settings; // they never change, and no event has them
    const at = Date.parse(status.time);
    if (state.status && at <= Date.parse(state.status.time)) return false;
    clock(at);
    if (state.status && state.status.version !== status.version) location.reload(); // the app was updated, and its page with it
    if (!isThere(status)) location.search = ""; // it was taken out of the options
    state.status = standsOf(status);
    state.statusAt = Date.now();
    changed(state, "status");
    return true;
  }

  function open() {
    stream = new EventSource(of("api/events", meter ?? state.status?.slot ?? null));
    const listen = (name, take) =>
      stream.addEventListener(name, (event) => {
        alive();
        // A proxy that holds events back lets go of many that are old by then.
        if (take(JSON.parse(event.data), Number(event.lastEventId))) streamAt = Date.now();
      });
    listen("reading", (reading, at) => takeReading(reading, at || Date.now() - (skew ?? 0)));
    listen("status", takeStatus);
    listen("solar", (solar) => {
      state.solar = solar;
      changed(state, "solar");
      return true;
    });
    stream.onerror = () => {
      streamAt = 0;
      if (stream?.readyState === EventSource.CLOSED) {
        stream = null;
        setTimeout(() => !stream && !(document.hidden && framed) && open(), RETRY);
      }
    };
  }

  async function get(path) {
    const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!response.ok && response.status !== 503) throw new Error(`${path}: ${response.status}`);
    const body = await response.json();
    if (response.status === 503 && typeof body.err !== "string") throw new Error(`${path}: 503`); // of a proxy
    alive();
    return { body: response.ok ? body : null, at: Date.parse(response.headers.get("Last-Modified") ?? "") };
  }

  /** ask asks for what the stream would tell, where there is an answer. */
  async function ask() {
    if (asking) return;
    asking = true;
    askedAt = Date.now();
    try {
      const { body: status } = await get("api/status");
      if (status) takeStatus(status);
      if (status?.meter) {
        const { body, at } = await get(of("api/reading"));
        if (body) takeReading(body, at || Date.now() - (skew ?? 0));
      }
    } catch {
      // What asks next finds out how things stand.
    } finally {
      asking = false;
    }
  }

  async function askHistory() {
    historyAt = Date.now();
    const { body } = await get(of("api/history")).catch(() => ({}));
    if (body) {
      if (isSum) body.parts = await parts();
      state.history = body;
      changed(state, "history");
    }
  }

  /** parts returns the last hour of each of the meters that are shown together. */
  async function parts() {
    const status = state.status ?? (await get("api/status").catch(() => ({}))).body;
    const slots = status ? linesOf(status).map((line) => line.slot) : [];
    const all = await Promise.all(slots.map((slot) => get(of("api/history", slot)).catch(() => ({}))));
    return all.map(({ body }, i) => ({ name: slots[i], net: body?.net, start: body?.start })).filter((part) => part.net);
  }

  function look() {
    if (document.hidden && framed) return;
    const now = Date.now();
    if (!state.lost && now - answerAt > LOST && now - streamAt > LOST) {
      state.lost = true;
      changed(state, "link");
    }
    const trusted = streamAt ? now - streamAt < SILENT : now - startedAt < FIRST;
    if (!trusted && now - askedAt >= ASK) ask();
    if (!document.hidden && now - historyAt >= (state.history?.today ? HISTORY : YOUNG)) askHistory();
    changed(state, "tick");
  }

  let startedAt = Date.now();
  function start() {
    startedAt = Date.now();
    answerAt = Math.max(answerAt, startedAt - LOST / 2);
    if (!stream) open();
    ask();
    askHistory();
  }
  // A page that nobody sees asks for nothing: below Home Assistant. A tab of its
  // own has a title, for which the stream goes on.
  const framed = window.top !== window;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && !framed) return;
    if (document.hidden) {
      stream?.close();
      stream = null;
      streamAt = 0;
    } else {
      start();
    }
  });
  if (!document.hidden || !framed) start();
  setInterval(look, 1000);
  return { state, ask, get };
}
