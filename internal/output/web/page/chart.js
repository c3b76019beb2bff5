// The last hour as a curve: import above the line, export below, and the sun.

import { h, s, say, set, show } from "./dom.js";
import { power, quantity, time } from "./format.js";
import { word } from "./words.js";

const HEIGHT = 190;
const TOP = 10;
const BOTTOM = 24;
const LEFT = 52;
const RIGHT = 8;

/** ticks returns round numbers from low to high, about five. */
export function ticks(low, high) {
  const rough = Math.max(1, high - low) / 4;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * magnitude).find((n) => n >= rough);
  const all = [];
  for (let i = Math.floor(low / step); i <= Math.ceil(high / step); i++) all.push(i * step);
  return all;
}

/** summary is the lowest, highest and mean of the values that are there. */
export function summary(values) {
  const there = values.filter((value) => value !== null);
  if (there.length === 0) return null;
  const mean = there.reduce((sum, value) => sum + value, 0) / there.length;
  return { low: Math.min(...there), high: Math.max(...there), mean };
}

/** path draws values with gaps where they are null; to is where an area ends. */
export function path(values, x, y, to) {
  let d = "";
  let begin = -1;
  for (let i = 0; i <= values.length; i++) {
    const value = values[i] ?? null;
    if (value !== null) {
      d += `${begin < 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      if (begin < 0) begin = i;
    } else if (begin >= 0) {
      if (to !== undefined) d += `L${x(i - 1).toFixed(1)} ${to.toFixed(1)}L${x(begin).toFixed(1)} ${to.toFixed(1)}Z`;
      begin = -1;
    }
  }
  return d;
}

/**
 * stacked returns curves that lie on each other, one for each part: the part of
 * what is shown together, and all before it. A part may have begun later.
 */
export function stacked(parts, start, step, length) {
  let below = new Array(length).fill(0);
  return parts.map((part) => {
    const shift = Math.round((start - part.start) / step);
    below = below.map((value, i) => {
      const own = part.net[i + shift] ?? null;
      return value === null || own === null ? null : value + own;
    });
    return below;
  });
}

/** chart makes the curve; its update takes what /api/history answers. */
export function chart() {
  const svg = s("svg", { class: "chart", height: HEIGHT, role: "img", tabindex: "0", "aria-label": word("hour") });
  const tip = h("p", { class: "tip", role: "status", hidden: true });
  const empty = h("p", { class: "quiet", hidden: true }, word("hourEmpty"));
  const node = h("div", { class: "plot" }, svg, tip, empty);
  let history = null;
  let scale = null;
  let at = -1; // the moment that is pointed at

  const dateOf = (i) => new Date((history.start + i * history.step) * 1000);

  function draw() {
    const width = Math.round(node.clientWidth);
    if (!history || width === 0) return;
    const net = history.net ?? [];
    const solar = history.solar ?? [];
    const about = summary(net);
    show(empty, !about);
    show(svg, Boolean(about));
    if (!about) return;
    const sun = summary(solar);
    const layers = stacked(history.parts ?? [], history.start, history.step, net.length);
    const grid = ticks(Math.min(0, about.low, sun?.low ?? 0), Math.max(100, about.high, sun?.high ?? 0));
    const [low, high] = [grid[0], grid.at(-1)];
    const last = net.length - 1;
    const inKilowatts = Math.max(-low, high) >= 10000;
    const mark = (value) => (inKilowatts ? quantity(value / 1000, "kW", (grid[1] - low) % 1000 === 0 ? 0 : 1) : quantity(value, "W", 0));
    const x = (i) => LEFT + ((width - LEFT - RIGHT) * i) / last;
    const y = (value) => TOP + ((HEIGHT - TOP - BOTTOM) * (high - value)) / (high - low);
    const zero = y(0);
    scale = { x, y, last, width };
    set(svg, "viewBox", `0 0 ${width} ${HEIGHT}`);
    set(svg, "aria-label", word("hourText", { low: power(about.low), high: power(about.high), mean: power(about.mean) }));
    const area = path(net, x, y, zero);
    const curve = path(net, x, y);
    svg.replaceChildren(
      s("defs", null,
        s("clipPath", { id: "above" }, s("rect", { x: 0, y: 0, width, height: zero })),
        s("clipPath", { id: "below" }, s("rect", { x: 0, y: zero, width, height: HEIGHT - zero })),
      ),
      ...grid.map((value) => s("g", { class: value === 0 ? "rule zero" : "rule" },
        s("path", { d: `M${LEFT} ${y(value).toFixed(1)}H${width - RIGHT}` }),
        s("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, mark(value)))),
      ...quarters().map((i) => s("text", { class: "clock", x: x(i), y: HEIGHT - 6, "text-anchor": "middle" }, time(dateOf(i), dateOf(i)))),
      ...[["above", "import"], ["below", "export"]].map(([half, colour]) => s("g", { class: colour, "clip-path": `url(#${half})` },
        s("path", { class: "area", d: area }), s("path", { class: "curve", d: curve }))),
      ...layers.slice(0, -1).map((layer) => s("g", { class: "part" },
        s("path", { class: "area", d: path(layer, x, y, zero) }), s("path", { class: "curve", d: path(layer, x, y) }))),
      s("g", { class: "solar" }, s("path", { class: "curve", d: path(solar, x, y) })),
      s("g", { class: "pointer" }),
    );
    point();
  }

  /** quarters are the steps at which a quarter of an hour begins. */
  function quarters() {
    const all = [];
    for (let i = 0; i <= scale.last; i++) {
      const seconds = history.start + i * history.step;
      const room = scale.x(i) > LEFT + 14 && scale.x(i) < scale.width - RIGHT - 14;
      if (seconds % 900 < history.step && room) all.push(i);
    }
    return all;
  }

  function point() {
    const mark = svg.querySelector(".pointer");
    const value = at < 0 ? null : (history?.net?.[at] ?? null);
    show(tip, value !== null);
    if (!mark || value === null) {
      mark?.replaceChildren();
      return;
    }
    const x = scale.x(at);
    mark.replaceChildren(
      s("path", { d: `M${x.toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}` }),
      s("circle", { class: value < 0 ? "export" : "import", cx: x, cy: scale.y(value), r: 5 }),
    );
    const parts = [time(dateOf(at)), `${word(value < 0 ? "toGrid" : "fromGrid")} ${power(Math.abs(value))}`];
    const solar = history.solar?.[at] ?? null;
    if (solar !== null) parts.push(`${word("solar")} ${power(solar)}`);
    for (const part of history.parts ?? []) {
      const own = part.net[at + Math.round((history.start - part.start) / history.step)] ?? null;
      if (own !== null) parts.push(`${part.name.replaceAll("_", " ")} ${power(own)}`);
    }
    say(tip, parts.join(" · "));
    tip.style.setProperty("--at", `${Math.round((100 * x) / scale.width)}%`);
  }

  function pointAt(clientX) {
    if (!scale) return;
    const box = svg.getBoundingClientRect();
    const share = (clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
    at = share < -0.02 || share > 1.02 ? -1 : Math.round(Math.min(1, Math.max(0, share)) * scale.last);
    point();
  }
  const leave = () => {
    at = -1;
    point();
  };
  svg.addEventListener("pointermove", (event) => pointAt(event.clientX));
  svg.addEventListener("pointerdown", (event) => pointAt(event.clientX));
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("blur", leave);
  svg.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -6, ArrowRight: 6, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Escape") leave();
    if (by === undefined || !scale) return;
    event.preventDefault();
    at = Math.min(scale.last, Math.max(0, (at < 0 ? scale.last : at) + by));
    point();
  });
  new ResizeObserver(draw).observe(node);
  node.update = (next) => {
    // The curve moved on under the pointer.
    if (history && at >= 0) at = Math.max(-1, at - Math.round((next.start - history.start) / next.step));
    history = next;
    draw();
  };
  return node;
}
