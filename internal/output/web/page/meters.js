// Which of several meters is shown. It stands in the address of the page, so
// that a bookmark and a reload keep it.

import { h, rows, set, show, updating } from "./dom.js";
import { word } from "./words.js";

const SUM = "sum"; // all meters together

/** meter is the slot of the meter that is shown; null: the first. */
export const meter = new URLSearchParams(globalThis.location?.search ?? "").get("meter");

/** isSum tells that all meters together are shown. */
export const isSum = meter === SUM;

/** of adds to an address of the API which meter it is asked of. */
export function of(path, slot = meter) {
  if (slot === null) return path;
  return `${path}${path.includes("?") ? "&" : "?"}meter=${encodeURIComponent(slot)}`;
}

/** linesOf returns how the line of each meter stands. */
export function linesOf(status) {
  return status.meters ?? [status];
}

/** isThere tells that the program has the meter that is asked for. */
export function isThere(status, slot = meter) {
  return slot === null || (slot === SUM ? linesOf(status).length > 1 : linesOf(status).some((line) => line.slot === slot));
}

/**
 * standsOf returns the status with the line of the meter that is shown in the
 * place of the first one's. All together stand as the worst of them does.
 */
export function standsOf(status, slot = meter) {
  const lines = linesOf(status);
  const rank = (line) => (line.source.state !== "alive" ? 2 : 0) + (line.verdict.problem ? 1 : 0);
  const worst = lines.reduce((one, other) => (rank(other) > rank(one) ? other : one));
  const tariffs = JSON.stringify(worst.meter?.tariffs);
  const agree = lines.every(({ meter: of }) => JSON.stringify(of?.tariffs) === tariffs);
  const all = { header: "", tariffs: agree ? worst.meter?.tariffs : undefined };
  const line = slot === SUM ? { ...worst, meter: worst.meter && all } : lines.find((one) => one.slot === slot);
  return { ...status, ...line };
}

/** choice makes the switch between meters; its update takes a status. */
export function choice() {
  const node = h("nav", { class: "choice", "aria-label": word("meters"), hidden: true });
  return updating(node, (status) => {
    const lines = linesOf(status);
    show(node, lines.length > 1);
    if (lines.length < 2) return;
    const first = lines[0].slot;
    const slots = [...lines.map((line) => line.slot), SUM];
    rows(node, slots, (slot) => slot, (slot) => {
      const link = h("a", null, slot === SUM ? word("sum") : slot.replaceAll("_", " "));
      return updating(link, () => {
        set(link, "href", `${slot === first ? "?" : `?meter=${encodeURIComponent(slot)}`}${location.hash}`);
        set(link, "aria-current", slot === (meter ?? first) ? "page" : null);
      });
    });
  });
}
