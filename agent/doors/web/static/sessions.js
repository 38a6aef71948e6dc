// The table of charging sessions.

import { h } from "/static/dom.js";
import { clock, dayWord, energy, money, percent, span } from "/static/words.js";

const HEADS = ["When", "Where", "Energy", "Sun", "Cost", "Car"];

/** element, update(sessions, state, prices): `prices` as GET /about tells them. */
export function sessionTable() {
  const body = h("tbody", {});
  const heads = HEADS.map((word) => h("th", { scope: "col" }, word));
  const element = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Charging sessions" },
    h("table", { class: "sessions" }, h("thead", {}, h("tr", {}, heads)), body));
  function update(sessions, state, prices) {
    heads[4].hidden = !prices?.currency;
    body.replaceChildren(...sessions.slice().reverse().map((one) => line(one, state, prices)));
    if (!sessions.length) body.append(h("tr", {}, h("td", { colspan: 6, class: "quiet" }, "No charging session in this time.")));
  }
  return { element, update };
}

/** What was paid for Wh by source: bought at the grid's price, sun and battery at what selling would have brought. */
export function cost({ grid_wh: grid, solar_wh: sun, battery_wh: battery, energy_wh: all }, prices) {
  const bought = grid ?? Math.max(0, (all ?? 0) - (sun ?? 0));
  return (bought * prices.grid_price + ((sun ?? 0) + (battery ?? 0)) * prices.sell_price) / 1000;
}

function line(one, { now, chargers }, prices) {
  const { started: began, ended } = one;
  const lasted = ended && began ? span((Date.parse(ended) - Date.parse(began)) / 1000) : "still charging";
  const share = one.energy_wh > 0 ? percent((100 * one.solar_wh) / one.energy_wh) : "–";
  const car = chargers.find((known) => known.car?.vin === one.vin)?.car?.name || one.car || (one.vin ? `…${one.vin.slice(-6)}` : "–");
  return h("tr", {},
    h("td", { class: "when" }, began ? `${dayWord(began, now)} ${clock(began)}` : "–", h("small", {}, lasted)),
    h("td", { class: "where" }, chargers.find((known) => known.id === one.charger)?.name ?? one.charger),
    h("td", { class: "number energy" }, energy(one.energy_wh)),
    h("td", { class: "number share" }, share),
    prices?.currency ? h("td", { class: "number cost" }, money(cost(one, prices), prices.currency)) : null,
    h("td", { class: "car-of" }, car, one.end_reason ? h("small", {}, one.end_reason) : null));
}
