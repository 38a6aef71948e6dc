// Screen "Journal": everything that happened and every decision that changed, in sentences, newest first.

import { get } from "/static/api.js";
import { moved } from "/static/calendar.js";
import { h, put, renew, say } from "/static/dom.js";
import { about, midnight } from "/static/housetime.js";
import { amps, capital, clock, day, dayWord, shortDate } from "/static/words.js";

const LOOK_AGAIN_MS = 15000;
const DAYS_BACK = 6;

/** One event as a list item. */
export function eventLine(event, nowIso) {
  const when = event.at ? clock(event.at) : "–";
  const far = event.at && nowIso && day(event.at) !== day(nowIso);
  return h("li", { class: `event ${event.severity ?? "info"}` },
    h("time", { datetime: event.at ?? undefined }, far ? `${shortDate(event.at)} ${when}` : when),
    h("span", {}, event.sentence));
}

/** What a program told or set as it always does (prices, a plan's windows): kept in the journal, but no news for people. */
export const isChore = (one) => Boolean(one.data?.by?.startsWith("token ")) && (one.severity ?? "info") === "info";

/** Chores that follow each other, as one line that opens. */
function choreLines(found, open) {
  if (found.length === 1) {
    const line = eventLine(found[0]);
    line.classList.add("chore");
    return line;
  }
  const programs = [...new Set(found.map((one) => one.data.by.replace(/^token (“.*”).*$/, "$1")))].join(", ");
  return h("li", { class: "event chore" }, h("time", { datetime: found.at(-1).at ?? undefined }, found.at(-1).at ? clock(found.at(-1).at) : "–"),
    opening(open, `chores ${found.at(-1).id}`, h("summary", {}, `${found.length} notes of a program: ${programs}`), h("ul", {}, found.map((one) => h("li", {}, `${one.at ? clock(one.at) : "–"} ${one.sentence}`)))));
}

/** A part that opens by a tap, and stays open while the list around it is drawn anew. */
function opening(open, key, ...children) {
  return h("details", { open: open.has(key), ontoggle: (event) => (event.target.open ? open.add(key) : open.delete(key)) }, children);
}

/** A changed offer, with the rules that led to it behind a tap. */
function decisionLine(change, nameOf, open) {
  const same = change.before_amps === change.after_amps;
  const before = change.before_amps === null || same ? "" : `${amps(change.before_amps)} → `;
  const steps = change.steps ?? [];
  const text = [h("strong", {}, `${nameOf(change.charger)} ${before}${amps(change.after_amps)}. `), capital(change.reason.replace(/^Offering [\d.,]+ A: /, ""))];
  return h("li", { class: `event decision${same && change.after_amps > 0 ? " same" : ""}` }, h("time", { datetime: change.at }, clock(change.at)),
    steps.length
      ? opening(open, `decision ${change.id}`, h("summary", {}, h("span", {}, text)), h("ol", {}, steps.map((step) => h("li", {},
        h("strong", {}, step.rule), ` ${amps(step.before_amps)} → ${amps(step.after_amps)}: ${step.why}`))))
      : h("span", {}, text));
}

const FILTERS = [["all", "Everything"], ["decisions", "Decisions"], ["charging", "Charging"], ["asked", "Asked by people"], ["trouble", "Trouble"]];
const ASKED = ["mode", "boost", "boost_ended", "windows", "access"];

const fits = {
  all: () => true,
  decisions: (one) => Boolean(one.reason),
  charging: (one) => Boolean(one.kind) && (one.kind.startsWith("charging") || one.kind.startsWith("session")),
  asked: (one) => ASKED.includes(one.kind) && !isChore(one),
  trouble: (one) => Boolean(one.kind) && (one.severity ?? "info") !== "info",
};
/** Runs of chores as lists; everything else as it is. */
function together(found) {
  const lines = [];
  for (const one of found) {
    if (!isChore(one)) lines.push(one);
    else if (Array.isArray(lines.at(-1))) lines.at(-1).push(one);
    else lines.push([one]);
  }
  return lines;
}

const wordsOf = (one) => `${one.at ? clock(one.at) : ""} ${one.sentence ?? ""} ${one.reason ?? ""}`.toLowerCase();

/** A screen: an element, and an update(live) for each change. */
export function journalScreen(live, act) {
  let filter = "all";
  const open = new Set();
  let changes = [];
  let older = [];
  let drawn = "";
  let lookedAt = -Infinity;
  const search = h("input", { type: "search", placeholder: "Search, like “14:05”", "aria-label": "Search the journal", oninput: () => draw() });
  const date = h("input", { type: "date", "aria-label": "Only this day", onchange: () => act(look(), { quietly: true }) });
  const whose = h("select", { "aria-label": "Only this charger", onchange: () => draw() }, h("option", { value: "" }, "Every charger"));
  const buttons = FILTERS.map(([key, word]) => h("button", { "aria-pressed": key === filter, onclick: () => { filter = key; draw(); } }, word));
  const count = h("p", { class: "quiet", "aria-live": "off" });
  const list = h("div", {});
  const tools = h("div", { class: "tools" }, search, h("div", { class: "pair" }, date, whose), h("div", { class: "chips", role: "group", "aria-label": "Show" }, buttons));

  async function look() {
    await about();
    const { now } = live.state;
    const last = date.value || day(now);
    const first = date.value || moved(last, -DAYS_BACK);
    const span = new URLSearchParams({ from: midnight(first), to: midnight(moved(last, 1)), limit: 1000 });
    const [decided, happened] = await Promise.all([get(`/decisions?${span}`), get(`/events?${span}`)]);
    changes = decided;
    older = happened; // the house's own list holds the newest alone
    drawn = "";
    draw();
  }

  function draw() {
    if (!live.state) return;
    const text = search.value.trim().toLowerCase();
    const mine = (one) => !whose.value || one.charger === whose.value || one.subject === whose.value || (!one.charger && !one.subject && !one.reason);
    const since = live.events[0]?.id ?? Infinity;
    const shown = [...older.filter((one) => one.id < since), ...live.events, ...changes]
      .filter((one) => fits[filter](one) && mine(one) && (!text || wordsOf(one).includes(text)) && (!date.value || (one.at && day(one.at) === date.value)))
      .sort((a, b) => (Date.parse(a.at ?? 0) || 0) - (Date.parse(b.at ?? 0) || 0));
    const now = `${filter} ${text} ${whose.value} ${date.value} ${live.events.at(-1)?.id} ${older[0]?.id} ${changes.at(-1)?.id} ${shown.length}`;
    if (now === drawn) return;
    drawn = now;
    FILTERS.forEach(([key], at) => put(buttons[at], "aria-pressed", key === filter));
    put(count, "aria-live", tools.contains(document.activeElement) ? "polite" : "off"); // an answer to a search, no running commentary
    const narrowed = filter !== "all" || text || whose.value || date.value;
    say(count, !shown.length ? (narrowed ? "Nothing fits: try “Everything”, another day or another word." : "Nothing has happened yet.") : shown.length === 1 ? "1 entry" : `${shown.length} entries`);
    const days = new Map();
    for (const one of shown.reverse()) {
      const key = one.at ? day(one.at) : "";
      days.set(key, [...(days.get(key) ?? []), one]);
    }
    const nameOf = (id) => live.state.chargers.find((one) => one.id === id)?.name ?? id;
    renew(list, [...days].map(([key, found]) => h("section", {},
      h("h2", {}, key ? capital(dayWord(key, live.state.now)) : "While the time was unknown"),
      h("ul", { class: "events" }, together(found).map((one) => (Array.isArray(one) ? choreLines(one, open) : one.reason ? decisionLine(one, nameOf, open) : eventLine(one)))))));
  }

  function update({ state }) {
    if (!state) return;
    if (whose.options.length !== state.chargers.length + 1) whose.replaceChildren(whose.options[0], ...state.chargers.map((one) => h("option", { value: one.id }, one.name)));
    if (state.now && performance.now() - lookedAt > LOOK_AGAIN_MS) {
      lookedAt = performance.now();
      act(look(), { quietly: true });
    }
    draw();
  }

  const element = h("div", { class: "card journal" }, h("h2", { class: "screen-title" }, "Journal"),
    tools, count, list);
  return { element, update };
}
