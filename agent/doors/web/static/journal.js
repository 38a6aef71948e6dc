// Screen "Journal": everything that happened, in sentences, newest first.

import { h, say } from "/static/dom.js";
import { clock, day, dayWord } from "/static/words.js";

/** One event as a list item. */
export function eventLine(event, nowIso) {
  const when = event.at ? clock(event.at) : "–";
  const far = event.at && nowIso && day(event.at) !== day(nowIso);
  return h("li", { class: `event ${event.severity ?? "info"}` },
    h("time", { datetime: event.at ?? undefined }, far ? `${event.at.slice(8, 10)}.${event.at.slice(5, 7)}. ${when}` : when),
    h("span", {}, event.sentence));
}

const FILTERS = [["all", "Everything"], ["charging", "Charging"], ["asked", "Asked by people"], ["trouble", "Trouble"]];
const ASKED = ["mode", "boost", "boost_ended", "windows"];

const fits = {
  all: () => true,
  charging: (event) => event.kind.startsWith("charging") || event.kind.startsWith("session"),
  asked: (event) => ASKED.includes(event.kind),
  trouble: (event) => (event.severity ?? "info") !== "info",
};

/** A screen: an element, and an update(live) for each change. */
export function journalScreen() {
  let filter = "all";
  let live = null;
  let drawn = "";
  const search = h("input", { type: "search", placeholder: "Search, e.g. “stopped” or “14:05”", "aria-label": "Search the journal", oninput: () => draw() });
  const buttons = FILTERS.map(([key, word]) => h("button", { "aria-pressed": key === filter, onclick: () => { filter = key; draw(); } }, word));
  const count = h("p", { class: "quiet", role: "status" });
  const list = h("div", {});

  function draw() {
    if (!live?.state) return;
    const text = search.value.trim().toLowerCase();
    const shown = live.events.filter((event) => fits[filter](event) && (!text || `${clock(event.at)} ${event.sentence}`.toLowerCase().includes(text)));
    const now = `${filter} ${text} ${shown.at(-1)?.id} ${shown.length}`;
    if (now === drawn) return;
    drawn = now;
    FILTERS.forEach(([key], at) => buttons[at].setAttribute("aria-pressed", key === filter));
    say(count, shown.length === 1 ? "1 entry" : `${shown.length} entries`);
    const days = new Map();
    for (const event of shown.slice().reverse()) {
      const key = event.at ? day(event.at) : "";
      days.set(key, [...(days.get(key) ?? []), event]);
    }
    list.replaceChildren(...[...days].map(([key, events]) => h("section", {},
      h("h2", {}, key ? dayWord(key, live.state.now) : "While the time was unknown"),
      h("ul", { class: "events" }, events.map((event) => eventLine(event))))));
  }

  const element = h("div", { class: "card journal" }, h("h2", { class: "screen-title" }, "Journal"),
    h("div", { class: "tools" }, search, h("div", { class: "chips", role: "group", "aria-label": "Show" }, buttons)), count, list);
  return { element, update: (found) => { live = found; draw(); } };
}
