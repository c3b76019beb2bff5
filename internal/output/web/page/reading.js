// What a reading says, as the page shows it. No element is made here.

import { phases, tariffs, total } from "./quantities.js";

const VOLTS = 230; // nominal, between a phase and neutral
const UNLIMITED = 999; // A or kW: what meters print where nothing is limited
const LARGEST = 55.2; // kW: 3 x 80 A, the largest connection of a household

/** netPower returns what flows from the grid, in W, below zero to it; undefined where the reading does not say. */
export function netPower(r) {
  if (r.calculatedUsage !== undefined) return r.calculatedUsage;
  if (r.currentUsage === undefined && r.currentDelivery === undefined) return undefined;
  return 1000 * ((r.currentUsage ?? 0) - (r.currentDelivery ?? 0));
}

/** fuseOf returns the main fuse of a phase in A; undefined where the meter names none. */
export function fuseOf(r, phase) {
  const fuse = r[phase.fuse];
  return fuse > 0 && fuse < UNLIMITED ? fuse : undefined;
}

/** connectionOf returns the most that the connection delivers, in kW. */
export function connectionOf(r) {
  const fuses = phases.map((phase) => fuseOf(r, phase)).filter((fuse) => fuse !== undefined);
  const byFuse = fuses.length > 0 ? fuses.reduce((sum, fuse) => sum + (fuse * VOLTS) / 1000, 0) : LARGEST;
  return r.limiter > 0 && r.limiter < UNLIMITED ? Math.min(byFuse, r.limiter) : byFuse;
}

/** phasesOf gathers what a reading says of each phase; load is its share of the main fuse, where that is known. */
export function phasesOf(r) {
  const all = [];
  for (const names of phases) {
    const [use, delivery] = [r[names.import], r[names.export]];
    const phase = {
      name: names.name,
      power: use === undefined && delivery === undefined ? undefined : 1000 * ((use ?? 0) - (delivery ?? 0)),
      voltage: names.voltages.map((name) => r[name]).find((volts) => volts !== undefined),
      current: r[names.current],
      fuse: fuseOf(r, names),
    };
    if (phase.power === undefined && phase.voltage === undefined && phase.current === undefined) continue;
    const amperes = phase.current ?? (phase.power === undefined ? undefined : phase.power / VOLTS);
    if (phase.fuse !== undefined && amperes !== undefined) phase.load = Math.abs(amperes) / phase.fuse;
    all.push(phase);
  }
  return all;
}

/** tariffsOf lists the totals of a reading by tariff, the whole last. */
export function tariffsOf(r) {
  const read = (names) => ({ n: names.n, import: r[names.import], export: r[names.export] });
  const all = tariffs.map(read).filter((one) => one.import !== undefined || one.export !== undefined);
  const whole = { ...read(total), n: 0 };
  return whole.import !== undefined && all.length !== 1 ? [...all, whole] : all;
}

/**
 * quarterOf returns how the quarter of an hour stands, where a meter counts it:
 * powers in kW, its end, and room, the most that may be imported until then
 * without a new peak of the month. Where the connection cannot deliver so much,
 * safe is set.
 */
export function quarterOf(r) {
  if (r.averageDemand === undefined) return null;
  const date = new Date(r.powerTs ?? r.ts);
  if (Number.isNaN(date.getTime())) return null;
  const gone = (date.getMinutes() % 15) * 60 + date.getSeconds();
  const left = 900 - gone;
  const peak = r.peakDemandMonth?.value;
  const forecast = r.demandForecast;
  const room = r.demandHeadroom === undefined ? undefined : Math.max(0, r.demandHeadroom) / 1000;
  const above = peak !== undefined && forecast > peak;
  return {
    average: r.averageDemand, forecast, peak, peakAt: r.peakDemandMonth?.ts, year: r.peakDemandAverage, left, end: new Date(date.getTime() + 1000 * left),
    room, safe: !above && room >= connectionOf(r), above,
  };
}

/** grow adds a power to the last hour, in W at a time of the server's clock in s, and returns whether a new step began. */
export function grow(history, watts, at) {
  const { net, start, step } = history;
  if (!net || watts === undefined) return false;
  let i = Math.floor(at / step) - Math.floor(start / step);
  if (i < net.length - 1 || i > 2 * net.length) return false; // of a time that is over, or a clock that was set
  const isNew = i >= net.length;
  for (; i >= net.length; i--) {
    for (const curve of [history.net, history.solar, history.house]) {
      curve?.shift();
      curve?.push(null);
    }
    history.start += step;
  }
  const count = isNew ? 0 : (history.count ?? 0); // of the values in the last step that the page has seen
  net[net.length - 1] = Math.round(((net.at(-1) ?? 0) * count + watts) / (count + 1));
  history.count = count + 1;
  return isNew;
}
