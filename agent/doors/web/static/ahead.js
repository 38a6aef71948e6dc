// What is ahead: the price of power today and tomorrow, and the sun of the next days. Two cards of screen "Plan".

import { get } from "/static/api.js";
import { h, say, show } from "/static/dom.js";
import { about, isoAt, midnight, midnightMs } from "/static/housetime.js";
import { priceChart, scaleOf } from "/static/pricechart.js";
import { sunChart, sunDays } from "/static/sunchart.js";
import { clock, day, dayWord, energy, modeWord, price, signed } from "/static/words.js";

const STEP_S = 900;
// Who is reading a chart is not interrupted. A finger's hover stays when the finger is long gone.
const READING = matchMedia("(hover: hover)").matches ? ["figure:hover", "figure:focus-within"] : ["figure:focus-within"];
const later = (date, days) => new Date(Date.parse(`${date}T12:00:00Z`) + days * 86400000).toISOString().slice(0, 10);

/** {elements, look(state, turns)}: `look` fetches and draws anew. */
export function aheadCards() {
  const sum = h("p", { class: "price-now" });
  const figures = h("div", { class: "price-days" });
  const legend = h("ul", { class: "legend" });
  const knob = h("p", { class: "quiet" });
  const rows = h("tbody", {});
  const table = h("details", {}, h("summary", {}, "As a table"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Prices" },
    h("table", {}, h("thead", {}, h("tr", {}, ["When", "Price", "For selling", "CO₂"].map((word) => h("th", { scope: "col", class: word === "When" ? undefined : "number" }, word)))), rows)));
  const priceCard = h("section", { class: "card", hidden: true }, h("h2", {}, "What power costs"), sum, figures, legend, knob, table);
  const sunPlace = h("div", { class: "sun-place" });
  const sunWords = h("p", { class: "quiet" });
  const sunCard = h("section", { class: "card", hidden: true }, h("h2", {}, "Expected sun"), sunPlace, sunWords);
  let draw = () => {};
  let width = 0;
  new ResizeObserver(() => {
    if (Math.abs(priceCard.clientWidth - width) > 20) draw();
    width = priceCard.clientWidth;
  }).observe(priceCard);

  async function look(state, turns) {
    await about();
    if (!state.now) return;
    const today = day(state.now);
    const [prices, ahead, cars] = await Promise.all([get("/prices"), get("/forecast"), get("/cars")]);
    const asked = new URLSearchParams({ from: midnight(today), to: state.now, step_s: STEP_S });
    const measured = ahead.length && state.now > midnight(today) ? await get(`/history?${asked}`) : [];
    draw = () => {
      drawPrices(prices, turns, cars.flatMap((car) => car.plan?.slots ?? []), state);
      drawSun(ahead, measured, state);
    };
    if (!READING.some((part) => priceCard.querySelector(part))) draw();
  }

  function drawPrices({ currency, slots }, turns, planned, state) {
    const now = Date.parse(state.now);
    show(priceCard, true);
    for (const part of [figures, legend, table]) show(part, slots.length > 0);
    say(knob, signed(state.min_solar_share_why));
    show(knob, Boolean(state.min_solar_share_why) && slots.length > 0);
    if (!slots.length) return say(sum, "What power costs is not known. With a [tariff] in the settings it is, for today and tomorrow.");
    const left = slots.filter((one) => Date.parse(one.end) > now);
    const best = left.length ? left.reduce((a, b) => (b.buy_per_kwh < a.buy_per_kwh ? b : a)) : null;
    const holds = left.find((one) => Date.parse(one.start) <= now);
    const differs = best && left.some((one) => one.buy_per_kwh > best.buy_per_kwh);
    sum.replaceChildren(h("strong", {}, holds ? price(holds.buy_per_kwh, currency) : "Not known"), ` now${holds?.name ? ` (${holds.name})` : ""}`,
      differs ? ` · cheapest ${dayWord(best.start, state.now)} ${clock(best.start)}: ${price(best.buy_per_kwh, currency)}` : "");
    const dates = [day(state.now), later(day(state.now), 1)];
    const scale = scaleOf(slots);
    const wide = figures.clientWidth >= 760 ? (figures.clientWidth - 24) / 2 : Math.max(300, figures.clientWidth);
    figures.replaceChildren(...dates.map((date) => {
      const name = dayWord(date, state.now);
      const chart = priceChart({ slots, from: midnightMs(date), to: midnightMs(later(date, 1)), scale, turns, planned, best: differs ? best : null, currency, now, name, wide });
      chart.prepend(h("h3", {}, name));
      return chart;
    }));
    const modes = [...new Set(turns.filter((turn) => Date.parse(turn.start) < midnightMs(later(dates[1], 1))).map((turn) => turn.mode))];
    legend.replaceChildren(h("li", { class: "grid" }, "price of a kWh"), differs ? h("li", { class: "cheap" }, "cheapest") : "",
      planned.length ? h("li", { class: "car" }, "planned for a car") : "", figures.querySelector(".unknown") ? h("li", { class: "blank" }, "not known") : "", ...modes.map((mode) => h("li", { class: mode }, `window: ${modeWord(mode)}`)));
    rows.replaceChildren(...left.map((one) => h("tr", {}, h("td", {}, `${dayWord(one.start, state.now)} ${clock(one.start)} – ${clock(one.end)}${one.name ? ` ${one.name}` : ""}`),
      h("td", { class: "number" }, price(one.buy_per_kwh, currency)), h("td", { class: "number" }, one.sell_per_kwh === null ? "–" : price(one.sell_per_kwh, currency)),
      h("td", { class: "number" }, one.co2_g_per_kwh === null ? "–" : `${Math.round(one.co2_g_per_kwh)} g`))));
  }

  function drawSun(ahead, measured, state) {
    show(sunCard, ahead.length > 0);
    if (!ahead.length) return;
    sunPlace.replaceChildren(sunChart(ahead, measured, state.now, Math.max(300, sunPlace.clientWidth || priceCard.clientWidth - 36)));
    const now = Date.parse(state.now);
    const rest = ahead.reduce((wh, one) => wh + (one.watts * Math.max(0, Math.min(Date.parse(one.end), endOfToday(state)) - Math.max(now, Date.parse(one.start)))) / 3600000, 0);
    const so = measured.reduce((wh, row) => wh + ((row.solar_w ?? 0) * row.step_s) / 3600, 0);
    const coming = sunDays(ahead).filter((one) => one.date > day(state.now)).slice(0, 1).map((one) => `${dayWord(one.date, state.now)} ${energy(one.wh)}`);
    say(sunWords, `Sun expected: ${[`today ${energy(rest)} more`, ...coming].join(" · ")}.${so > 50 ? ` The roof has given ${energy(so)} today (dashed).` : ""} Each night the forecast is corrected by what the day before really gave.`);
  }

  const endOfToday = (state) => midnightMs(later(day(isoAt(Date.parse(state.now))), 1));
  return { elements: [priceCard, sunCard], look };
}
