// Pictures of a line each, drawn on a field of 24 by 24.

import { s } from "./dom.js";

const lines = {
  grid: "M8 21 11.2 3h1.6L16 21M5 8h14M5 8v2M19 8v2M7 12.5h10M9.3 13l5.9 4.6M14.7 13l-5.9 4.6",
  solar: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  house: "M3.5 11.5 12 4l8.5 7.5M6 9.5V20h4.5v-5.5h3V20H18V9.5",
  gas: "M12 3c.6 3.4 5.2 5.6 5.2 10.6a5.2 5.2 0 0 1-10.4 0c0-2.3 1.1-3.9 2.3-5 .2 1.5.8 2.5 1.8 3.1C10.4 8.8 10.8 5.6 12 3z",
  water: "M12 3.5c3.2 4 5.8 7 5.8 10.4a5.8 5.8 0 0 1-11.6 0C6.2 10.5 8.8 7.5 12 3.5z",
  heat: "M7 20c-2.5-3 2-5 0-8s2-5 0-8M12 20c-2.5-3 2-5 0-8s2-5 0-8M17 20c-2.5-3 2-5 0-8s2-5 0-8",
  import: "M12 4v14M6.5 12.5 12 18l5.5-5.5",
  export: "M12 20V6M6.5 11.5 12 6l5.5 5.5",
  good: "M5 12.5 10 17.5 19.5 7",
  bad: "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.3",
  download: "M12 4v11M7 10.5 12 15.5l5-5M5 20h14",
  tariff: "M4 4.5h7l9 9-7 7-9-9zM8 8.4v.2",
  plug: "M9 3v5M15 3v5M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0zM12 17v4",
  next: "M9 5.5 15.5 12 9 18.5",
};

/** icon draws one of them; it says nothing that a text beside it does not. */
export function icon(name, attributes) {
  return s("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", ...attributes }, s("path", { d: lines[name] }));
}

/** iconAt draws it inside of another picture, its middle at x, y. */
export function iconAt(name, x, y, size) {
  return s("g", { class: "icon", transform: `translate(${x - size / 2} ${y - size / 2}) scale(${size / 24})` }, s("path", { d: lines[name] }));
}
