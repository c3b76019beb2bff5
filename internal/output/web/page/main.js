// The page: a bar with two views, and what must be said above both.

import { h, say, set, show } from "./dom.js";
import { icon } from "./icons.js";
import { connect } from "./live.js";
import { watts } from "./format.js";
import { choice } from "./meters.js";
import { isOld, nowView } from "./now.js";
import { pipeView } from "./pipe.js";
import { netPower } from "./reading.js";
import { advise } from "./verdicts.js";
import { language, word } from "./words.js";

const TITLE = 5000; // ms between powers in the title

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
const switcher = choice();
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
  switcher,
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
  if (server.state.status) switcher.update(server.state.status); // its links lead to the same view
  update(server.state, "route");
}

function update(state, what) {
  if (!shown) return; // the first answer may be faster than the page
  if (!document.hidden) views[shown].update(state, what);
  if (what === "status") switcher.update(state.status);
  tell(state);
  if (state.reading && !first) first = performance.mark("first-reading"); // for the browser's tools, and the test
}

/** tell says how things stand, in the bar and the banner. */
function tell(state) {
  const { status, reading, lost } = state;
  const old = isOld(state);
  const unset = status?.source.state === "none";
  const ill = Boolean(status?.verdict.problem) && !unset;
  const [kind, text] = lost ? ["bad", "offline"] : !status ? ["wait", "loading"] : unset ? ["bad", "unset"]
    : reading && !old ? ["good", "live"] : reading || ill ? ["bad", "stale"] : ["wait", "waiting"];
  set(pill, "class", `pill ${kind}`);
  say(link, word(text));
  // What the view itself says is not said twice.
  show(banner, lost || (ill && shown === "now" && Boolean(reading)));
  const problem = lost ? "lostTitle" : ill ? (status.verdict.good ? "verdictDoubt" : "verdictBad") : unset ? "noneTitle" : "";
  if (problem) say(bannerTitle, word(problem));
  say(bannerText, lost ? word("lostText") : ill ? advise(status.verdict).text : "");
  show(bannerLink, !lost);
  entitle(kind === "good" ? netPower(reading) : undefined, problem);
}

let titled = 0; // when the title was last changed
let titledFor = ""; // the power's direction

/**
 * entitle names the browser's tab after the power, or after the problem. A
 * power is not written more often than people look at tabs: each change costs
 * the browser more than the page's own numbers do.
 */
function entitle(net, problem) {
  const sign = net === undefined ? "" : net < -0.5 ? "↑" : "↓";
  const now = Date.now();
  if (sign && sign === titledFor && now - titled < TITLE) return;
  titledFor = sign;
  titled = now;
  const what = sign ? `${sign} ${watts(Math.abs(net)).join("\u00a0")}` : problem && word(problem);
  const title = [what, word("title")].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
}

addEventListener("hashchange", route);
document.addEventListener("visibilitychange", () => !document.hidden && update(server.state, "route"));
route();
