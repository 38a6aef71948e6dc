// One charger's card: what it does, why, and the four ways to treat the sun.

import { boost } from "/static/boost.js";
import { h, put, say, show } from "/static/dom.js";
import { icon } from "/static/icons.js";
import { soon } from "/static/soon.js";
import { MODES, amps, called, chargerState, clockBy, energy, isPlanned, modeWord, percent, power } from "/static/words.js";

/** Four buttons; `choose(mode)` is called with the one that was tapped. */
export function modeSwitch(label, choose) {
  const buttons = MODES.map(({ mode, word, hint }) =>
    h("button", { title: hint, "aria-pressed": "false", onclick: () => choose(mode) }, word));
  const element = h("div", { class: "modes", role: "group", "aria-label": label }, buttons);
  const update = (mode) => MODES.forEach((one, at) => put(buttons[at], "aria-pressed", one.mode === mode));
  return { element, update };
}

/** How many amps are drawn and offered, on the charger's whole range. */
function scale() {
  const drawn = h("span", { class: "drawn" });
  const offered = h("span", { class: "offered" });
  const least = h("span", { class: "least" });
  const text = h("p", { class: "amps" });
  const most = h("span", { class: "most" });
  const bar = h("div", { class: "scale", role: "img" }, h("span", { class: "track" }), drawn, least, offered);
  function update(charger) {
    const whole = Math.max(charger.max_amps, charger.drawn_amps, charger.offered_amps, 1);
    const share = (value) => `${Math.min(100, (100 * value) / whole)}%`;
    drawn.style.width = share(charger.drawn_amps);
    offered.style.left = share(charger.offered_amps);
    least.style.left = share(charger.min_amps);
    const words = `${amps(charger.drawn_amps)} drawn of ${amps(charger.offered_amps)} offered`;
    say(text, words);
    say(most, `up to ${amps(charger.max_amps)}`);
    put(bar, "aria-label", `${words}, at most ${amps(charger.max_amps)}`);
  }
  return { element: h("div", { class: "range" }, bar, h("div", { class: "under", "aria-hidden": "true" }, text, most)), update };
}

/** The car at this charger, as far as its cloud tells. */
function car() {
  const name = h("span", { class: "car-name" });
  const charge = h("span", { class: "car-charge" });
  const level = h("span", { class: "level" });
  const limit = h("span", { class: "limit" });
  const bar = h("div", { class: "soc", role: "img" }, level, limit);
  const note = h("p", { class: "quiet" });
  const element = h("div", { class: "vehicle" }, icon("car"), name, charge, bar, note);
  function update(found) {
    show(element, Boolean(found));
    if (!found) return;
    const known = found.soc_percent !== null;
    say(name, found.name || `Car ${found.vin.slice(-6)}`);
    const goal = found.limit_percent !== null ? `, charges to ${percent(found.limit_percent)}` : "";
    const words = known ? `${percent(found.soc_percent)}${goal}` : "charge unknown";
    say(charge, words);
    show(bar, known);
    put(charge, "aria-hidden", known); // the bar's name says the same
    level.style.width = `${found.soc_percent ?? 0}%`;
    limit.style.left = `${found.limit_percent ?? 100}%`;
    put(bar, "aria-label", words);
    say(note, found.note);
    show(note, Boolean(found.note));
  }
  return { element, update };
}

function steps() {
  const list = h("ol", {});
  const element = h("details", { class: "why" }, h("summary", {}, "How this came about"), list);
  let before = "";
  function update(charger, all) {
    const mine = all.filter((step) => !step.charger || step.charger === charger.id);
    const now = JSON.stringify(mine);
    show(element, mine.length > 0);
    if (now === before) return;
    before = now;
    list.replaceChildren(...mine.map((step) => h("li", {},
      h("strong", {}, step.rule), ` ${amps(step.before_amps)} → ${amps(step.after_amps)}: ${step.why}`)));
  }
  return { element, update };
}

/** An element and an update(charger, state). */
export function chargerCard(id, act, choose) {
  const title = h("h2", { id: `title-${id}` });
  const pill = h("span", { class: "pill" });
  const watts = h("p", { class: "watts" });
  const reason = h("p", { class: "reason" });
  const problem = h("p", { class: "problem" });
  const window_ = h("p", { class: "quiet" });
  const parts = { scale: scale(), car: car(), boost: boost(id, act), soon: soon(), steps: steps() };
  const modes = modeSwitch("Mode", (mode) => choose(mode, id));
  const counter = h("p", { class: "quiet counter" });
  const element = h("article", { class: "card charger", "aria-labelledby": title.id },
    h("header", {}, title, pill),
    h("div", { class: "now" }, watts, reason, parts.soon.drain),
    problem, parts.scale.element, parts.car.element, modes.element, window_, parts.soon.lines, parts.boost.element, parts.steps.element, counter);

  function update(charger, state) {
    const [word, mood] = chargerState(charger);
    say(title, charger.name);
    say(pill, word);
    put(pill, "class", `pill ${mood}`);
    say(watts, power(charger.drawn_w));
    put(watts, "data-idle", charger.drawn_w < 25);
    say(reason, charger.reason);
    say(problem, charger.problem);
    show(problem, Boolean(charger.problem));
    parts.scale.update(charger);
    parts.car.update(charger.car);
    parts.boost.update(charger, state.now);
    parts.soon.update(charger, state);
    parts.steps.update(charger, state.steps);
    modes.update(charger.mode);
    const held = charger.window;
    show(window_, Boolean(held) && !charger.boost);
    if (held) say(window_, `Until ${clockBy(held.until, state.now)} ${isPlanned(held.name) ? "" : "the window "}${called(held.name)} says ${modeWord(held.mode)}${held.amps ? ` with ${amps(held.amps)}` : ""}; the mode above holds after it.`);
    const lifetime = charger.energy_wh === null ? "" : `has given ${energy(charger.energy_wh)} in its life`;
    const words = [charger.volts_by_phase ? `${charger.volts_by_phase.filter((volt) => volt > 1).map(Math.round).join(" / ")} V` : "", lifetime].filter(Boolean).join(" · ");
    say(counter, words);
    show(counter, Boolean(words));
  }
  return { element, update };
}

