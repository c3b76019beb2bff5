// The page: a bar with two views, and what must be said above both.

import { h, say, set, show } from "./dom.js";
import { icon } from "./icons.js";
import { connect } from "./live.js";
import { isOld, nowView } from "./now.js";
import { pipeView } from "./pipe.js";
import { advise } from "./verdicts.js";
import { language, word } from "./words.js";

document.documentElement.lang = language;
document.title = word("title");

const dot = h("span", { class: "dot", "aria-hidden": "true" });
const link = h("span", null, word("loading"));
const pill = h("p", { class: "pill", role: "status" }, dot, link);
const tabs = {
  now: h("a", { href: "#now" }, word("now")),
  pipe: h("a", { href: "#pipe" }, word("pipe")),
};
const bannerTitle = h("strong", null, "");
const bannerText = h("span", null, "");
const bannerLink = h("a", { href: "#pipe" }, word("why"), icon("next"));
const banner = h("div", { class: "banner", role: "alert", hidden: true }, icon("bad"), h("p", null, bannerTitle, " ", bannerText), bannerLink);
const now = nowView();
const main = h("main", { id: "main", tabindex: "-1" });
const skip = h("a", { class: "skip", href: "#main" }, word("skip"));
skip.addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the view's
  main.focus();
});
document.body.replaceChildren(
  skip,
  h("header", null, h("h1", null, word("title")), h("nav", { "aria-label": word("views") }, tabs.now, tabs.pipe), pill),
  banner,
  main,
);

const server = connect(update);
const views = { now, pipe: pipeView(server) };
main.append(...Object.values(views));

let shown = "";
let first = null;

function route(event) {
  const name = location.hash === "#pipe" ? "pipe" : "now";
  if (name === shown) return;
  shown = name;
  for (const [key, view] of Object.entries(views)) {
    show(view, key === name);
    set(tabs[key], "aria-current", key === name ? "page" : null);
  }
  if (event) {
    main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  views.pipe.open(name === "pipe");
  update(server.state, "route");
}

function update(state, what) {
  if (!shown) return; // the first answer may be faster than the page
  views[shown].update(state, what);
  tell(state);
  if (state.reading && !first) first = performance.mark("first-reading"); // for the browser's tools, and the test
}

/** tell says how things stand, in the bar and the banner. */
function tell(state) {
  const { status, reading, lost } = state;
  const old = isOld(state);
  const [kind, text] = lost ? ["bad", "offline"] : !status ? ["wait", "loading"] : !reading ? ["wait", "waiting"] : old ? ["bad", "stale"] : ["good", "live"];
  set(pill, "class", `pill ${kind}`);
  say(link, word(text));
  // What the view itself says is not said twice.
  const bad = status?.verdict.problem && status.source.state !== "none" && shown !== "pipe";
  show(banner, Boolean(lost || bad));
  if (lost) {
    say(bannerTitle, word("lostTitle"));
    say(bannerText, word("lostText"));
  } else if (bad) {
    say(bannerTitle, word(status.verdict.good ? "verdictDoubt" : "verdictBad"));
    say(bannerText, advise(status.verdict).text);
  }
  show(bannerLink, !lost);
}

addEventListener("hashchange", route);
route();
