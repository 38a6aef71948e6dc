// What is about to happen at one charger, counted down.

import { h, put, say, show } from "/static/dom.js";
import { called, capital, clock, clockBy, dayWord, isPlanned, modeWord, signed, span } from "/static/words.js";

const AHEAD_S = 2 * 3600;
const UNITS = { s: 1, min: 60, h: 3600 };

/** "starting in 1 min 20 s if the sun stays" -> 80; null where a sentence counts nothing down. */
export function secondsIn(sentence) {
  const found = /\b(start|stop|paus|resum|try)\w* (?:again )?in ((?:\d+ (?:s|min|h) ?)+)/i.exec(sentence);
  if (!found) return null;
  return [...found[2].matchAll(/(\d+) (s|min|h)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit], 0);
}

/** The next thing that the clock will do to a charger, in words, or "". */
export function nextTurn(charger, { now, next_window: next }) {
  if (!now) return "";
  const left = (iso) => (Date.parse(iso) - Date.parse(now)) / 1000;
  const held = charger.window;
  if (held && !charger.boost) return `${capital(called(held.name))} (${modeWord(held.mode)}) ends in ${span(left(held.until))}, at ${clockBy(held.until, now)}.`;
  if (!next || (next.charger ? next.charger !== charger.id : left(next.begins) > AHEAD_S)) return "";
  if (isPlanned(next.name) && planLine(charger.car?.plan, now)) return ""; // its own sentence says when
  return `${capital(called(next.name))} (${modeWord(next.mode)}) begins in ${span(left(next.begins))}, at ${clockBy(next.begins, now)}.`;
}

/** What a car's plan says in a line, or "". */
export function planLine(plan, now) {
  if (!plan) return "";
  const said = plan.sentence ?? plan.why ?? plan.says;
  if (said) return signed(String(said));
  if (!plan.ready_at) return "";
  const goal = plan.goal_percent === undefined ? "" : ` with ${plan.goal_percent} %`;
  return `Ready ${dayWord(plan.ready_at, now)} at ${clock(plan.ready_at)}${goal}.`;
}

/** A bar that drains while a start or stop comes near, and the lines below it. */
export function soon() {
  const rest = h("span", {});
  const drain = h("div", { class: "drain", "aria-hidden": "true" }, rest);
  const turn = h("p", { class: "quiet" });
  const plan = h("p", { class: "quiet plan-line" });
  let whole = 0;
  function update(charger, state) {
    const left = secondsIn(charger.reason);
    whole = left === null ? 0 : Math.max(whole, left);
    show(drain, left !== null);
    if (left !== null) rest.style.width = `${(100 * left) / whole}%`;
    const words = nextTurn(charger, state);
    say(turn, words);
    show(turn, Boolean(words));
    const planned = planLine(charger.car?.plan, state.now);
    say(plan, planned && `Plan: ${planned}`);
    show(plan, Boolean(planned));
    put(drain, "data-left", left ?? "");
  }
  return { drain, lines: h("div", { class: "soon" }, turn, plan), update };
}
