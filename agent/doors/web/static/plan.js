// Screen "Plan": the week's windows to edit, the next seven days as they will be applied, and the cars' plans.

import { aheadCards } from "/static/ahead.js";
import { call, get } from "/static/api.js";
import { carPlan } from "/static/carplan.js";
import { h, settle, show } from "/static/dom.js";
import { about } from "/static/housetime.js";
import { place, week } from "/static/week.js";
import { DAYS, DAY_MIN, hhmm, minutes } from "/static/weekdays.js";
import { windowForm } from "/static/windowform.js";
import { amps, called, capital, clock, day, dayWord, isPlanned, modeWord } from "/static/words.js";

const LOOK_AGAIN_MS = 60000;
const SOON_MS = 10000;

/** A screen: an element, and an update(live) for each change. */
export function planScreen(live, act) {
  let rows = [];
  let picked = "";
  let drawnPlans = "";
  let lookedAt = -Infinity;
  const change = (promise, name) => act(promise.then(look).then(() => settle(days.find(name) ?? add)));
  const form = windowForm({
    save: (before, row) => { form.close(); change(save(before, row), row.name); },
    remove: (row) => { form.close(); add.focus({ preventScroll: true }); change(call("DELETE", `/windows/${encodeURIComponent(row.name)}`)); },
    closed: () => {
      const left = picked;
      picked = "";
      days.update(rows, picked);
      settle(days.find(left) ?? add);
    },
  });
  const days = week({
    pick: (row) => edit(row, true),
    draw: (weekday, from, to) => edit({ ...fresh(), days: DAYS[weekday], from: hhmm(from), to: hhmm(to, true) }, false),
    move: (row, from, to) => change(save(row, { ...row, from: hhmm(from), to: hhmm(to, true) }), row.name),
  });
  const add = h("button", { onclick: () => edit(fresh(), false) }, "Add a window");
  const none = h("p", { class: "quiet", hidden: true }, "No window yet: the sun alone decides. Drag over a day to add one, say for a cheap night.");
  const kept = h("p", { class: "quiet kept", hidden: true }, "A car's plan is not drawn here: it changes by itself, and stands below under the car's name.");
  const coming = h("div", { class: "coming" });
  const ahead = aheadCards();
  const plans = h("div", { class: "plans" });

  function fresh() {
    let name = "window";
    for (let number = 2; rows.some((row) => row.name === name); number += 1) name = `window ${number}`;
    return { name, days: "daily", from: "22:00", to: "06:00", mode: "fast", amps: null, charger: null, enabled: true };
  }

  function edit(row, known) {
    picked = known ? row.name : "";
    days.update(rows, picked);
    form.open(row, live.state.chargers, known);
  }

  async function save(before, row) {
    const { name, ...rest } = row;
    await call("PUT", `/windows/${encodeURIComponent(name)}`, rest);
    if (before && before.name !== name) await call("DELETE", `/windows/${encodeURIComponent(before.name)}`);
  }

  async function look() {
    const [windows, turns] = await Promise.all([get("/windows"), get("/upcoming")]);
    rows = windows.filter((row) => !isPlanned(row.name)).map((row) => ({ ...row, charger: row.charger || null }));
    days.update(rows, picked);
    show(none, !rows.length);
    coming.replaceChildren(...applied(turns, live.state));
    show(kept, rows.length < windows.length);
    await ahead.look(live.state, turns.filter((turn) => !isPlanned(turn.name)));
  }

  const element = h("div", { class: "plan-screen" },
    h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, "The week"), add), days.element, none,
      h("p", { class: "quiet" }, "Drag to draw, move or stretch a window; tap it to edit. Where two overlap, the one that opened later counts."), kept,
      h("ul", { class: "legend modes-legend" }, ["fast", "solar_min", "solar", "off"].map((mode) => h("li", { class: mode }, capital(modeWord(mode)))))),
    form.element, ...ahead.elements,
    h("section", { class: "card" }, h("h2", {}, "The next seven days"), coming), plans);

  function update({ state }) {
    if (!state) return;
    if (performance.now() - lookedAt > LOOK_AGAIN_MS) {
      lookedAt = performance.now();
      act(look(), { quietly: true }).then((done) => {
        lookedAt -= done ? 0 : LOOK_AGAIN_MS - SOON_MS;
        if (!done && !coming.childElementCount) coming.append(h("p", { class: "quiet" }, "This could not be fetched. Trying again."));
      });
    }
    const now = JSON.stringify(state.chargers.map((one) => one.car?.plan ?? null));
    if (now !== drawnPlans) {
      drawnPlans = now;
      act(drawPlans(state), { quietly: true });
    }
  }

  async function drawPlans(state) {
    await about();
    const found = (await get("/cars")).map((car) => carPlan(car, state.now)).filter(Boolean);
    plans.replaceChildren(...(found.length ? found : [h("section", { class: "card" }, h("h2", {}, "Departures"),
      h("p", { class: "quiet" }, "No car has a departure plan. One is made from a goal in the settings, such as “80 % by 07:00” ([[cars]])."))]));
  }
  return { element, update };
}

/** Each day with its stretches, as the windows really fall on the calendar. */
function applied(turns, { now, chargers }) {
  if (!now) return [h("p", { class: "quiet" }, "The computer does not know the time yet.")];
  if (!turns.length) return [h("p", { class: "quiet" }, "No window falls into them: the mode of each charger holds.")];
  const first = Date.parse(`${day(now)}T12:00:00Z`);
  const nameOf = (id) => chargers.find((one) => one.id === id)?.name ?? id;
  return Array.from({ length: 7 }, (_, away) => new Date(first + away * 86400000).toISOString().slice(0, 10)).map((date) => {
    const mine = turns.filter((turn) => day(turn.start) <= date && day(turn.end) >= date && !(day(turn.end) === date && clock(turn.end) === "00:00"));
    const track = h("div", { class: "lane flat" });
    for (const turn of mine) {
      const from = day(turn.start) < date ? 0 : minutes(clock(turn.start));
      const to = day(turn.end) > date ? DAY_MIN : minutes(clock(turn.end));
      const part = h("span", { class: `block ${turn.mode}`, title: capital(isPlanned(turn.name) ? called(turn.name) : turn.name) });
      place(part, from, to);
      track.append(part);
    }
    if (date === day(now)) {
      const line = h("span", { class: "now-line" });
      line.style.left = `${(100 * minutes(clock(now))) / DAY_MIN}%`;
      track.append(line);
    }
    const words = mine.filter((turn) => day(turn.start) === date).map((turn) => `${clock(turn.start)} – ${clock(turn.end)} ${isPlanned(turn.name) ? "the car's plan, kept ready here" : turn.name}: ${modeWord(turn.mode)}${turn.amps ? ` ${amps(turn.amps)}` : ""}${turn.charger && chargers.length > 1 ? `, ${nameOf(turn.charger)}` : ""}`);
    return h("div", { class: "coming-day" }, h("h3", {}, dayWord(date, now)), track, h("p", { class: "quiet" }, words.length ? words.join(" · ") : mine.length ? "from the night before" : "no window"));
  });
}
