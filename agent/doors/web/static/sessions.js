// The table of charging sessions.

import { h } from "/static/dom.js";
import { clock, dayWord, energy, money, percent, span } from "/static/words.js";

const HEADS = ["When", "Where", "Energy", "Sun", "Cost", "Car"];
const NUMBERS = new Set(["Energy", "Sun", "Cost"]);

/** element, update(sessions, state): a session's cost is of its time; null where no price was known. */
export function sessionTable() {
  const body = h("tbody", {});
  const heads = HEADS.map((word) => h("th", { scope: "col", class: NUMBERS.has(word) ? "number" : undefined }, word));
  const element = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Charging sessions" },
    h("table", { class: "sessions" }, h("thead", {}, h("tr", {}, heads)), body));
  function update(sessions, state) {
    const priced = sessions.some((one) => typeof one.cost === "number");
    heads[4].hidden = !priced;
    body.replaceChildren(...sessions.slice().reverse().map((one) => line(one, state, priced)));
    if (!sessions.length) body.append(h("tr", {}, h("td", { colspan: 6, class: "quiet" }, "No charging session in this time.")));
  }
  return { element, update };
}

function line(one, { now, chargers }, priced) {
  const { started: began, ended } = one;
  const lasted = ended && began ? span((Date.parse(ended) - Date.parse(began)) / 1000) : "still charging";
  const share = one.energy_wh > 0 ? percent((100 * one.solar_wh) / one.energy_wh) : "–";
  const car = chargers.find((known) => known.car?.vin === one.vin)?.car?.name || one.car || (one.vin ? `…${one.vin.slice(-6)}` : "–");
  return h("tr", {},
    h("td", { class: "when" }, began ? `${dayWord(began, now)} ${clock(began)}` : "–", h("small", {}, lasted)),
    h("td", { class: "where" }, chargers.find((known) => known.id === one.charger)?.name ?? one.charger),
    h("td", { class: "number energy" }, energy(one.energy_wh)),
    h("td", { class: "number share" }, share),
    priced ? h("td", { class: "number cost" }, typeof one.cost === "number" ? money(one.cost, one.currency) : "–") : null,
    h("td", { class: "car-of" }, car, one.end_reason ? h("small", {}, one.end_reason) : null));
}
