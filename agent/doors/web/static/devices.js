// The devices of the House screen: chargers, meters, the bus, and what the car's cloud was asked.

import { h, put, say, show } from "/static/dom.js";
import { amps, chargerState, money, number, percent, power, span } from "/static/words.js";

const ROLES = { grid: "Grid meter", solar: "Solar meter", battery: "Battery meter", house: "House meter" };

const MOODS = { good: "well", calm: "waiting", bad: "in trouble" };

/** One line that is filled anew each second and never built anew, so that nobody reading it is thrown out. */
function row() {
  const [lamp, name, value, note, problem] = [h("span", { class: "lamp", role: "img" }), h("strong", {}), h("span", { class: "value" }), h("small", {}), h("small", { class: "problem" })];
  const element = h("li", {}, lamp, name, value, note, problem);
  function update([mood, ...words]) {
    put(element, "class", `device ${mood}`);
    put(lamp, "aria-label", MOODS[mood]);
    [name, value, note, problem].forEach((part, at) => say(part, words[at] ?? ""));
    show(problem, Boolean(words[3]));
  }
  return { element, update };
}

/** The list of devices: an element and an update(state). */
export function deviceList() {
  const element = h("ul", { class: "rows" });
  let rows = [];
  function update(state) {
    const found = deviceRows(state);
    if (rows.length !== found.length) {
      rows = found.map(row);
      element.replaceChildren(...rows.map((one) => one.element));
    }
    found.forEach((words, at) => rows[at].update(words));
  }
  return { element, update };
}

const ago = (seconds) => (seconds === null ? "not heard yet" : seconds < 2 ? "just now" : `${span(seconds)} ago`);

/** [mood, name, value, note, problem] of each charger and meter of a state. */
function deviceRows({ chargers, meters }) {
  return [
    ...chargers.map((one) => {
      const [word, mood] = chargerState(one);
      const about = [`id ${one.id}`, one.firmware && `firmware ${one.firmware}`, one.serial && `serial ${one.serial}`, one.rating_amps && `rated ${amps(one.rating_amps)}`, ago(one.heard_s)];
      return [mood, one.name, one.linked ? `${word}, ${amps(one.drawn_amps)}` : word, about.filter(Boolean).join(" · "), one.problem];
    }),
    ...meters.map((one) => [one.ok ? "good" : "bad", ROLES[one.role] ?? one.role, one.role === "grid" && one.watts !== null && Math.abs(one.watts) > 25 ? `${one.watts < 0 ? "selling" : "buying"} ${power(one.watts)}` : power(one.watts), `${one.source} · ${ago(one.age_s)}`, one.problem]),
  ];
}

/** The bus in figures: [word, value] pairs, and a verdict. */
export function busFacts({ bus }) {
  const bad = bus.checksum_errors + bus.junk_bytes + bus.unanswered;
  const share = bus.frames ? bus.checksum_errors / bus.frames : 0;
  const verdict = !bus.open ? bus.problem || "The port is not open."
    : bus.other_primary ? `A second primary (${bus.other_primary}) speaks on this bus.`
    : share > 0.01 ? "Many messages are damaged: look at cable, termination and bias."
    : bus.unanswered > bus.frames / 4 ? "Many questions stay unanswered: is every charger powered, its switch on F?"
    : bad ? "The line is good; a few errors are normal." : "The line is clean.";
  const whole = (value) => number(value);
  const facts = [
    ["Port", bus.port || "–"], ["Messages", whole(bus.frames)], ["Damaged", `${whole(bus.checksum_errors)} (${percent(100 * share)})`], ["Stray bytes", whole(bus.junk_bytes)],
    ["Unanswered", whole(bus.unanswered)], ["Echoes", whole(bus.echoes)], ["Longest gap", `${bus.worst_gap_s.toFixed(2)} s`], ["Reopened", whole(bus.reopened)]];
  return { verdict, facts };
}

const CALLS = { free: "free of charge", data: "looks at the car", command: "orders to the car", wake: "times woken", energy: "looks at the battery", energy_command: "orders to the battery" };

/** Cloud calls: {today: {data}, caps: {data}, month_money, month_money_cap, currency} of each car, as the scheduler tells. */
export function cloudRows(cars) {
  const accounts = new Map(); // several cars of one account tell the same
  for (const car of cars.filter((one) => one.calls)) {
    const key = JSON.stringify(car.calls);
    accounts.set(key, [...(accounts.get(key) ?? []), car]);
  }
  return [...accounts.values()].map((mine) => {
    const { calls } = mine[0];
    const bars = Object.entries(calls.today ?? {}).filter(([kind, count]) => count || calls.caps?.[kind]).map(([kind, count]) => {
      const cap = calls.caps?.[kind];
      const fill = h("span", {});
      fill.style.width = `${cap ? Math.min(100, (100 * count) / cap) : 0}%`;
      return h("li", {}, h("span", {}, CALLS[kind] ?? kind.replaceAll("_", " ")), h("span", { class: "meter", "aria-hidden": "true" }, fill), h("span", { class: "number" }, cap ? `${count} of ${cap}` : String(count)));
    });
    const spent = !Number.isFinite(calls.month_money) ? "" : `This month ${calls.month_money_cap ? `${calls.month_money.toFixed(2)} of ${money(calls.month_money_cap, calls.currency ?? "")}` : money(calls.month_money, calls.currency ?? "")}.`;
    return h("div", { class: "cloud" }, h("h3", {}, mine.map(({ name, vin }) => name || `Car ${vin.slice(-6)}`).join(", ")), h("ul", { class: "calls" }, bars), spent ? h("p", { class: "quiet" }, spent) : null);
  });
}
