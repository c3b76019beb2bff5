// What is the matter with the line, and what to do about it, in the language of
// the page: in English the server's words, else those of causes.js, which it makes
// of its own table.

import { causes } from "./causes.js";
import { language, word } from "./words.js";

/** advise returns {text, next} of a verdict; next is empty for nothing. */
export function advise(verdict) {
  const [text, next] = causes[language]?.[verdict.name] ?? [verdict.text, verdict.next ?? ""];
  const share = verdict.share > 0 ? ` (${verdict.share}\u00a0%)` : "";
  return { text: sentence(text) + share, next: sentence(next) + devices(verdict) };
}

/** devices is the server's list of serial devices, which ends its advice. */
function devices({ name, next = "" }) {
  if (name !== "no_source" || language === "en") return "";
  const [, found] = next.match(/Serial devices found: (.*)$/) ?? [];
  return ` ${found ? word("devices", { list: found }) : word("noDevices")}`;
}

/** sentence makes one of a text without capital and stop. */
export function sentence(text) {
  if (!text) return "";
  return text[0].toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");
}
