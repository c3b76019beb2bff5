// Numbers, times and units as the reader's country writes them.

import { language } from "./words.js";

const locale = (navigator.languages ?? []).find((tag) => tag.split("-")[0] === language) ?? language;
const numbers = new Map();

/** number writes a number with a fixed count of decimals. */
export function number(value, decimals = 0) {
  let format = numbers.get(decimals);
  if (!format) {
    format = new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    numbers.set(decimals, format);
  }
  return format.format(value === 0 ? 0 : value); // never -0
}

// A space that does not break, between a number and its unit.
const SPACE = "\u00a0";

/** quantity writes a number with its unit. */
export function quantity(value, unit, decimals) {
  return number(value, decimals) + SPACE + unit.replace("m3", "m³");
}

/**
 * watts splits a power, in W, into number and unit: in W as long as that is
 * easy to read. Powers that stand together take the unit of the largest.
 */
export function watts(value, largest = value) {
  return Math.abs(largest) < 10000 ? [number(Math.round(value)), "W"] : [number(value / 1000, 2), "kW"];
}

/** power writes a power, in W. */
export function power(value, largest = value) {
  return watts(value, largest).join(SPACE);
}

// Where a day has 12 hours twice nobody writes 02:02.
const { hour12 } = new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions();
const hourAndMinute = { hour: hour12 ? "numeric" : "2-digit", minute: "2-digit" };
const clock = new Intl.DateTimeFormat(locale, hourAndMinute);
const dayAndClock = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", ...hourAndMinute });
const full = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });

/** time writes the hour and minute, and of another day the day too. */
export function time(date, now = new Date()) {
  return (date.toDateString() === now.toDateString() ? clock : dayAndClock).format(date);
}

/** moment writes a date and time in full. */
export const moment = (date) => full.format(date);

const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "short" });

/** ago writes how long ago something was. */
export function ago(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 90) return relative.format(-seconds, "second");
  if (seconds < 90 * 60) return relative.format(-Math.round(seconds / 60), "minute");
  if (seconds < 36 * 3600) return relative.format(-Math.round(seconds / 3600), "hour");
  return relative.format(-Math.round(seconds / 86400), "day");
}

/** percent writes a share of 1; a small one is not rounded to nothing. */
export function percent(share) {
  const decimals = share > 0 && share < 0.01 ? 2 : share < 0.1 ? 1 : 0;
  return new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 0, maximumFractionDigits: decimals }).format(share);
}
