// What is the matter with the line, and what to do about it, as the server
// says it.

/** advise returns {text, next} of a verdict; next is empty for nothing. */
export function advise(verdict) {
  return { text: sentence(verdict.text), next: sentence(verdict.next ?? "") };
}

/** sentence makes one of a text without capital and stop. */
export function sentence(text) {
  if (!text) return "";
  return text[0].toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".");
}
