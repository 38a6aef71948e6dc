// Screen "Now": what flows, what each charger does and why, what comes next, what happened last.

import { call } from "/static/api.js";
import { bars } from "/static/bars.js";
import { chargerCard, modeSwitch } from "/static/charger.js";
import { h, say, show } from "/static/dom.js";
import { flow } from "/static/flow.js";
import { icon } from "/static/icons.js";
import { eventLine, isChore } from "/static/journal.js";
import { planLine } from "/static/soon.js";
import { amps, called, capital, clock, clockBy, dayWord, headline, isPlanned, modeWord, price, signed, span } from "/static/words.js";

const LAST_EVENTS = 5;

/** A screen: an element, and an update(live) for each change. */
export function nowScreen(live, act) {
  const sentence = h("p", { class: "headline" });
  const picture = flow();
  const lengths = bars();
  const cards = new Map();
  const chargers = h("div", { class: "chargers" });
  const cost = h("p", { class: "quiet cost-now" });
  const nobody = h("section", { class: "card", hidden: true, "aria-label": "No charger yet" }, h("h2", {}, "No charger has answered yet"),
    h("p", {}, "It appears here as soon as it does. Is it powered, is its rotary switch on F, are the two wires the right way round?"),
    h("p", { class: "links" }, h("a", { href: "#house" }, "House: the doctor looks at everything")));
  const next = h("p", { class: "next" });
  const events = h("ul", { class: "events" });
  const all = modeSwitch("Mode for all chargers", (mode) => choose(mode));
  const everyone = h("section", { class: "card all", "aria-label": "All chargers" }, h("h2", {}, "All chargers"), all.element);
  let newest = null;

  // The house's mode; chargers with a mode of their own go back to following it.
  async function setAll(mode) {
    await call("PUT", "/mode", { mode });
    for (const charger of live.state.chargers.filter((one) => one.own_mode)) {
      await call("PUT", "/mode", { mode: null, charger: charger.id });
    }
    const own = live.state.chargers.length === 1 && live.state.chargers[0];
    return own ? call("PUT", "/mode", { mode, charger: own.id }) : null;
  }

  function choose(mode, id) {
    if (id === undefined) act(setAll(mode));
    else if (live.state.chargers.length === 1) act(call("PUT", "/mode", { mode }).then(() => call("PUT", "/mode", { mode, charger: id })));
    else act(call("PUT", "/mode", { mode, charger: id }));
  }

  function update({ state, events: known }) {
    if (!state) return;
    say(sentence, headline(state));
    picture.update(state);
    lengths.update(state);
    const now = state.price;
    show(cost, Boolean(now));
    if (now) say(cost, `A kWh costs ${price(now.buy_per_kwh, now.currency)} now${now.sell_per_kwh === null ? "" : ` and brings ${price(now.sell_per_kwh, now.currency)} when sold`}.`);
    show(nobody, !state.chargers.length);
    show(everyone, state.chargers.length > 1);
    all.update(state.chargers.every((one) => one.mode === state.mode) ? state.mode : "");
    for (const charger of state.chargers) {
      if (!cards.has(charger.id)) {
        cards.set(charger.id, chargerCard(charger.id, act, choose));
        chargers.append(cards.get(charger.id).element);
      }
      cards.get(charger.id).update(charger, state);
    }
    say(next, nextWords(state));
    const last = known.at(-1)?.id ?? -1;
    if (last === newest) return;
    newest = last;
    const lines = known.filter((event) => !isChore(event)).slice(-LAST_EVENTS).reverse().map((event) => eventLine(event, state.now));
    events.replaceChildren(...(lines.length ? lines : [h("li", { class: "quiet" }, "Nothing yet.")]));
  }

  const element = h("div", { class: "now-screen" },
    h("section", { class: "card flow-card", "aria-label": "What flows" }, sentence, picture.element, lengths.element, cost),
    h("div", { class: "column" }, everyone, nobody, chargers),
    h("section", { class: "card", "aria-label": "Next window" }, h("h2", {}, icon("clock"), "Next"), next),
    h("section", { class: "card", "aria-label": "Last events" },
      h("h2", {}, "Lately"), events, h("p", { class: "links" }, h("a", { href: "#journal" }, "The whole journal"))));
  return { element, update };
}

function nextWords({ next_window: next, now, window, chargers }) {
  if (!now) return "The computer does not know the time yet, so windows wait. Sun and safety go on.";
  const current = window ? `${capital(called(window.name))} holds until ${clockBy(window.until, now)}. ` : "";
  if (!next) return current || "No charging window is planned.";
  const car = isPlanned(next.name) && chargers.find((one) => one.id === next.charger)?.car;
  if (car && planLine(car.plan, now)) return signed(`${current}${car.name || "The car"} has a plan. ${planLine(car.plan, now)}`);
  const limit = next.amps !== null ? ` with ${amps(next.amps)}` : "";
  return `${current}${capital(called(next.name))} begins ${dayWord(next.begins, now)} at ${clock(next.begins)} and lasts until ${clock(next.until)}: ${modeWord(next.mode)}${limit}. That is in ${span((Date.parse(next.begins) - Date.parse(now)) / 1000)}.`;
}
