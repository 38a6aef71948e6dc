// Screen "History": a day's curves; a week, month or year in columns; sums, money, and the charging sessions.

import { BASE, get } from "/static/api.js";
import { ampsChart } from "/static/ampschart.js";
import { PERIODS, bounds, columns, moved, title as titleOf } from "/static/calendar.js";
import { dayChart, rightOf } from "/static/chart.js";
import { h, put, say, settle, show } from "/static/dom.js";
import { energyChart, used } from "/static/energychart.js";
import { about, midnight } from "/static/housetime.js";
import { sessionTable } from "/static/sessions.js";
import { capital, day, energy, money, percent } from "/static/words.js";

const STEP_S = 300;
const DAY_S = 86400;
const TRY_AGAIN_MS = 10000;
const query = (span_) => new URLSearchParams(span_).toString();

/** A screen: an element, and an update(live) for each change. */
export function historyScreen(live, act) {
  let period = "day";
  let shown = null;
  let carsOnly = false;
  let currency = "";
  let redraw = () => {};
  let turned = false;
  const title = h("h2", { class: "day-title" });
  const chart = h("div", { class: "chart-place" });
  const sums = h("dl", { class: "sums" });
  const legend = h("ul", { class: "legend" });
  const back = h("button", { onclick: () => turn(-1) }, "‹");
  const on = h("button", { onclick: () => turn(1) }, "›");
  const csv = h("a", { download: "sessions.csv" }, "Save as CSV");
  const chips = PERIODS.map(([key, word]) => h("button", { onclick: () => { period = key; act(draw(shown ?? day(live.state.now)), { quietly: true }); } }, word));
  const whose = [["House and cars", false], ["Cars alone", true]].map(([word, alone]) =>
    h("button", { onclick: () => { carsOnly = alone; act(draw(shown ?? day(live.state.now)), { quietly: true }); } }, word));
  const whoseGroup = h("div", { class: "chips", role: "group", "aria-label": "Whose energy" }, whose);
  const table = sessionTable();

  function turn(way) {
    const { first, last } = bounds(period, shown);
    const next = way < 0 ? moved(first, -1) : last;
    turned = true;
    if (next <= day(live.state.now)) act(draw(next), { quietly: true });
  }

  async function draw(date) {
    shown = date;
    const { now, chargers } = live.state;
    const { first, last } = bounds(period, date);
    const asked = `${period} ${date} ${carsOnly}`;
    draw.asked = asked;
    PERIODS.forEach(([key], at) => put(chips[at], "aria-pressed", key === period));
    whose.forEach((button, at) => put(button, "aria-pressed", Boolean(at) === carsOnly));
    say(title, capital(titleOf(period, date, now)));
    put(back, "aria-label", `The ${period} before`);
    put(on, "aria-label", `The ${period} after`);
    on.disabled = last > day(now);
    if (on.disabled && turned) settle(back);
    turned = false;
    show(whoseGroup, period !== "day");
    const from = midnight(first);
    const to = midnight(last);
    csv.href = `${BASE}/sessions.csv?${query({ from, to })}`;
    const [rows, sessions] = await Promise.all([
      get(`/history?${query({ from, to, step_s: period === "day" ? STEP_S : DAY_S })}`), get(`/sessions?${query({ from, to })}`)]);
    if (draw.asked !== asked) return;
    redraw = () => {
      const wide = Math.max(300, chart.clientWidth);
      if (period !== "day") chart.replaceChildren(energyChart(columns(period, date, rows), wide, carsOnly), legend);
      else chart.replaceChildren(...[dayChart(rows, Date.parse(from), Date.parse(to), wide, currency), legend, ampsChart(rows, Date.parse(from), Date.parse(to), wide, chargers, rightOf(rows, currency))].filter(Boolean));
    };
    redraw();
    const priced = currency && rows.some((row) => typeof row.buy_per_kwh === "number");
    const kinds = period === "day" ? [["sun", "sun"], ["house", "house"], ["car", "cars"], ...(priced ? [["price", "price of a kWh"]] : [])] : [["sun", "from the sun"], ["battery", "from the battery"], ["grid", "from the grid"]];
    legend.replaceChildren(...kinds.map(([kind, word]) => h("li", { class: kind }, word)));
    sums.replaceChildren(...sumUp(rows, currency).map(([word, value, kind]) => h("div", { class: kind }, h("dt", {}, word), h("dd", {}, value))));
    table.update(sessions, live.state);
  }

  const element = h("div", { class: "history-screen" },
    h("section", { class: "card" }, h("div", { class: "chips periods", role: "group", "aria-label": "How long" }, chips),
      h("div", { class: "day-head" }, back, title, on), chart, whoseGroup, sums),
    h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", {}, "Charging sessions"), csv), table.element));

  let tried = -Infinity;
  let width = 0;
  new ResizeObserver(() => {
    if (Math.abs(chart.clientWidth - width) > 20) redraw();
    width = chart.clientWidth;
  }).observe(chart);
  function update() {
    if (!live.state || performance.now() - tried < TRY_AGAIN_MS) return;
    if (!live.state.now) {
      chart.replaceChildren(h("p", { class: "quiet" }, "The computer does not know the date yet."));
      return;
    }
    tried = performance.now();
    act(about().then((found) => { currency = found.money.currency; return draw(shown ?? day(live.state.now)); }), { quietly: true })
      .then((done) => { tried = done ? Infinity : tried; });
  }
  return { element, update };
}

function sumUp(rows, currency) {
  const sum = (name) => rows.reduce((all, row) => all + (row[name] ?? 0), 0);
  const cars = used(rows, true);
  const intoCars = cars.sun + cars.battery + cars.grid;
  const found = [
    ["from the sun", energy(sum("solar_wh")), "sun"],
    ["into cars", energy(sum("chargers_wh")), "car"],
    ["house", energy(sum("house_wh")), "house"],
    ["bought", energy(sum("import_wh")), "grid"],
    ["sold", energy(sum("export_wh")), "grid"],
  ];
  if (intoCars > 50) found.push(["own sun in the cars", percent((100 * (cars.sun + cars.battery)) / intoCars), "car"]);
  const each = rows.flatMap((row) => Object.values(row.chargers ?? {}));
  const all = (name) => each.reduce((total, one) => total + (one[name] ?? 0), 0);
  if (currency && all("priced_wh") > 50) {
    found.push(["charging cost", money(all("cost"), currency), "plain"], ["saved by the sun", money(all("saved"), currency), "battery"]);
    const unpriced = all("energy_wh") - all("priced_wh");
    if (unpriced > 500) found.push(["without a price", energy(unpriced), "plain"]);
  }
  return found;
}
