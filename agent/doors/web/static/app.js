// Starts the page: screens as tabs, the live house, banners for what is wrong, refusals as sentences.

import { call } from "/static/api.js";
import { h, put, say, show, username } from "/static/dom.js";
import { about } from "/static/housetime.js";
import { Live } from "/static/live.js";
import { nowScreen } from "/static/now.js";
import { capital, clock, span } from "/static/words.js";

// A new screen is one module with {element, update} and one line here; all but the first are fetched when opened.
const SCREENS = [
  ["now", "Now", async () => nowScreen],
  ["plan", "Plan", async () => (await import("/static/plan.js")).planScreen],
  ["history", "History", async () => (await import("/static/history.js")).historyScreen],
  ["journal", "Journal", async () => (await import("/static/journal.js")).journalScreen],
  ["house", "House", async () => (await import("/static/house.js")).houseScreen],
];

const byId = (id) => document.getElementById(id);
const live = new Live();
const built = new Map();
const links = SCREENS.map(([key, word]) => h("a", { href: `#${key}` }, word));
byId("tabs").append(...links);

/** Waits for a change, then shows the house anew; a refusal is shown as its sentence. Whether it was done. */
async function act(promise, { quietly = false } = {}) {
  try {
    await promise;
    if (!quietly) live.take(await call("GET", "/state"));
    return true;
  } catch (refusal) {
    toast(refusal.message);
    if (refusal.status === 401) live.start();
    return false;
  }
}

function toast(sentence) {
  const place = byId("toast");
  say(place, sentence);
  place.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => place.classList.remove("shown"), 7000);
}

function current() {
  const asked = location.hash.slice(1);
  return SCREENS.find(([key]) => key === asked) ?? SCREENS[0];
}

async function open() {
  const [key, word, load] = current();
  links.forEach((link, at) => (SCREENS[at][0] === key ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current")));
  document.title = live.state ? `${word} · ${live.state.site}` : "sunward";
  if (!built.has(key)) {
    const build = await load().catch(() => null);
    if (!build && current()[0] === key) return missing(word);
    if (!build) return;
    if (!built.has(key)) built.set(key, build(live, act));
    if (current()[0] !== key) return;
  }
  if (live.locked) return login();
  byId("screen").replaceChildren(built.get(key).element);
  built.get(key).update(live);
}

/** A screen whose file did not come: said in its place, with the way to try again. */
function missing(word) {
  byId("screen").replaceChildren(h("section", { class: "card" }, h("h2", {}, word),
    h("p", {}, "This screen could not be fetched: sunward did not answer."), h("p", { class: "links" }, h("button", { onclick: open }, "Try again"))));
}

function banners() {
  const { state } = live;
  const found = [];
  if (live.quality() === "offline") found.push(state ? `No connection to sunward since ${span((Date.now() - live.lostSince) / 1000)}; the numbers are from ${state.now ? clock(state.now) : "before"}. Trying again.` : "sunward does not answer. Trying again.");
  else if (live.quality() === "old") found.push(`These numbers are ${span(live.ageS())} old: sunward is not deciding anything. The chargers keep to their safe limit.`);
  if (state?.bus.problem) found.push(state.bus.problem);
  for (const meter of state?.meters ?? []) if (!meter.ok && meter.problem) found.push(`${capital(meter.role)} meter: ${meter.problem}`);
  if (state && !state.now) found.push("The computer does not know the time yet. Windows wait; sun and safety go on.");
  return found;
}

let linked = false;
/** Pages that belong to this house, in the footer. */
async function more() {
  linked = true;
  const found = await about().catch(() => null);
  linked = Boolean(found);
  if (found) byId("links").replaceChildren(...Object.entries(found.links).flatMap(([words, href]) => [" · ", h("a", { href }, words)]));
}

// A trouble is read out once, not anew with each second that it lasts.
const withoutFigures = (text) => text.replace(/[\d.,]+ ?(s|min|h)?\b/g, "");
let shownBanners = "";
function frame() {
  if (live.locked) {
    say(byId("live-text"), "locked");
    return login();
  }
  const quality = live.quality();
  put(byId("live"), "data-quality", quality);
  say(byId("live-text"), { live: "live", old: "old", offline: "offline" }[quality]);
  const found = banners();
  if (found.join() !== shownBanners) {
    put(byId("banners"), "aria-live", withoutFigures(found.join()) === withoutFigures(shownBanners) ? "off" : "assertive");
    shownBanners = found.join();
    byId("banners").replaceChildren(...found.map((sentence) => h("p", { class: "banner" }, sentence)));
  }
  if (live.state) say(byId("site"), live.state.site);
  if (live.state && !linked) more();
  document.body.classList.toggle("stale", quality !== "live");
  if (byId("screen").querySelector(".login")) open();
  built.get(current()[0])?.update(live);
}

function login() {
  if (byId("screen").querySelector(".login")) return;
  const password = h("input", { type: "password", id: "password", autocomplete: "current-password", required: true });
  const send = async (event) => {
    event.preventDefault();
    try {
      await call("POST", "/login", { password: password.value });
      await live.start();
      byId("toast").classList.remove("shown");
    } catch (refusal) {
      toast(refusal.message);
    }
  };
  byId("screen").replaceChildren(h("form", { class: "card login", onsubmit: send }, username(),
    h("h2", {}, "This house has a password"), h("label", { for: "password" }, "Password"), password, h("button", { class: "primary", type: "submit" }, "Come in")));
  password.focus();
}

addEventListener("hashchange", () => { open(); byId("screen").focus({ preventScroll: true }); scrollTo(0, 0); });
addEventListener("online", () => live.start());
document.addEventListener("visibilitychange", () => { if (!document.hidden && live.quality() !== "live") live.start(); });
open();
show(byId("toast"), true);
live.watch(frame);
live.start();
