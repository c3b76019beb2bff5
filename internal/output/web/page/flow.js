// The picture of where the power goes: grid, home and, with an inverter, the
// sun, joined by lines on which dots step the way the power flows, thicker with
// more of it.

import { iconAt } from "./icons.js";
import { power } from "./format.js";
import { s, say, set } from "./dom.js";
import { word } from "./words.js";

const R = 46; // of a node
const GAP = 15; // between dots on a line
const STEP = GAP / 3; // so far the dots move at once: less than half of the way to the next, or they seem to go back
const TICK = 500; // ms between steps: each is painted, which a tablet on the wall would feel
const moving = new Set(); // what steps at each tick
let timer = 0;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * parts splits the powers of a reading, in W, over the lines of the picture.
 * More export than the sun gives comes of something that nobody reads, such as
 * panels without an inverter that is set up, or a battery: then what the home
 * uses is not known, which is undefined.
 */
export function parts({ net, solar, house }) {
  const sun = solar === undefined ? undefined : Math.max(0, solar);
  const importing = Math.max(0, net);
  const exporting = Math.max(0, -net);
  const used = Math.round(house ?? net + (sun ?? 0));
  return {
    sun,
    house: used < 0 ? undefined : used,
    gridToHouse: importing,
    houseToGrid: sun === undefined ? exporting : Math.max(0, exporting - sun), // from what else makes power
    sunToGrid: sun === undefined ? 0 : Math.min(sun, exporting),
    sunToHouse: sun === undefined ? 0 : Math.max(0, sun - exporting),
  };
}

/** flow makes the picture; its update takes {net, solar, house}, and whether that is old: then nothing moves. */
export function flow() {
  const node = s("svg", { class: "flow", role: "img" });
  let drawn = null;
  node.update = (powers, old) => {
    const withSun = powers.solar !== undefined;
    if (drawn?.withSun !== withSun) {
      drawn = draw(node, withSun);
    }
    drawn.update(powers, old);
  };
  return node;
}

function draw(svg, withSun) {
  moving.clear(); // the lines of the picture before
  const y = withSun ? 214 : 62;
  svg.setAttribute("viewBox", withSun ? "0 0 340 290" : "0 0 340 138");
  const lines = {
    gridToHouse: line("import", `M${58 + R} ${y}H${282 - R}`),
    houseToGrid: line("export", `M${282 - R} ${y}H${58 + R}`),
  };
  const grid = circle("grid", 58, y);
  const house = circle("house", 282, y);
  const share = s("circle", { class: "share", cx: 282, cy: y, r: R, pathLength: 100, transform: `rotate(-90 282 ${y})`, "stroke-dasharray": "0 100" });
  house.node.insertBefore(share, house.node.children[1]);
  const all = [grid.node, house.node];
  let sun = null;
  if (withSun) {
    sun = circle("solar", 170, 74, -R - 10);
    all.push(sun.node);
    lines.sunToGrid = line("export", `M158 ${74 + R - 2}V${y - 50}Q158 ${y - 18} 126 ${y - 18}H${58 + R - 4}`);
    lines.sunToHouse = line("solar", `M182 ${74 + R - 2}V${y - 50}Q182 ${y - 18} 214 ${y - 18}H${282 - R + 4}`);
  }
  const tip = s("marker", { id: "tip", viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 11, markerHeight: 11, markerUnits: "userSpaceOnUse", orient: "auto" },
    s("path", { d: "M1 1 9 5 1 9z" }));
  svg.replaceChildren(s("defs", null, tip), ...Object.values(lines).map((l) => l.node), ...all);
  return {
    withSun,
    update(powers, old) {
      const p = parts(powers);
      for (const [name, one] of Object.entries(lines)) one.update(p[name], old);
      const net = Math.round(powers.net);
      set(grid.node, "class", `node ${net < 0 ? "export" : "import"}`);
      const largest = Math.max(Math.abs(net), p.house ?? 0, p.sun ?? 0);
      const atHome = p.house === undefined ? "" : power(p.house, largest);
      say(grid.value, power(Math.abs(net), largest));
      say(house.value, atHome || "?");
      const fromSun = p.house > 0 ? Math.min(100, (100 * p.sunToHouse) / p.house) : 0;
      set(share, "stroke-dasharray", `${fromSun.toFixed(1)} 100`);
      const told = [`${word(net < 0 ? "toGrid" : "fromGrid")} ${power(Math.abs(net), largest)}`, `${word("house")} ${atHome || word("unknown")}`];
      if (sun) {
        say(sun.value, power(p.sun, largest));
        set(sun.node, "class", p.sun > 0 ? "node solar" : "node solar none");
        told.unshift(`${word("solar")} ${power(p.sun, largest)}`);
      }
      set(svg, "aria-label", word("flowText", { parts: told.join(", ") }));
    },
  };
}

function circle(name, x, y, under = R + 21) {
  const value = s("text", { class: "value", x, y: y + 21, "text-anchor": "middle" });
  const label = s("text", { class: "label", x, y: y + under, "text-anchor": "middle" }, word(name));
  const ring = s("circle", { class: "ring", cx: x, cy: y, r: R });
  return { node: s("g", { class: `node ${name}` }, ring, iconAt(name, x, y - 13, 28), value, label), value };
}

/** tick calls step now and then, while it is wanted; all in one frame. */
function tick(step, wanted) {
  if (wanted) moving.add(step);
  else moving.delete(step);
  if (moving.size > 0 && !timer) timer = setInterval(() => moving.forEach((one) => one()), TICK);
  if (moving.size === 0 && timer) {
    clearInterval(timer);
    timer = 0;
  }
}

/** line is one that dots run along; none run where no power does. */
function line(colour, path) {
  const dots = s("path", { class: "dots", d: path, "stroke-dasharray": `0.01 ${GAP - 0.01}` });
  const node = s("g", { class: `line ${colour}` }, s("path", { class: "track", d: path, "marker-end": "url(#tip)" }), dots);
  let watts = 0;
  let still = false;
  let steps = 0;
  const step = () => {
    steps = (steps + 1) % (GAP / STEP);
    dots.style.strokeDashoffset = -steps * STEP;
  };
  const move = () => {
    set(node, "class", `line ${colour} ${watts > 0 ? "on" : "off"}`);
    tick(step, watts > 0 && !still && !calm.matches);
  };
  calm.addEventListener("change", move);
  return {
    node,
    update(now, old) {
      watts = now >= 1 ? now : 0;
      still = old;
      dots.style.strokeWidth = (4 + Math.min(4, Math.sqrt(watts) / 20)).toFixed(1); // thicker with more power
      move();
    },
  };
}
