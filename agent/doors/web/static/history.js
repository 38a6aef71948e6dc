// Screen "History": one day's curves and sums, and the charging sessions of a month.

import { BASE, get } from "/static/api.js";
import { dayChart } from "/static/chart.js";
import { h, say } from "/static/dom.js";
import { clock, day, dayWord, energy, percent, span } from "/static/words.js";

const STEP_S = 300;
const DAY_MS = 86400000;

/** The house's midnight around a day, as ISO with the house's offset. */
const midnight = (date, nowIso) => `${date}T00:00:00${nowIso.slice(19).replace(/^\.\d+/, "")}`;
const moved = (date, days) => new Date(Date.parse(`${date}T12:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
const query = (span_) => new URLSearchParams(span_).toString();

/** A screen: an element, and an update(live) for each change. */
export function historyScreen(live, act) {
  let shown = null;
  let redraw = () => {};
  const title = h("h2", { class: "day-title" });
  const chart = h("div", { class: "chart-place" });
  const sums = h("dl", { class: "sums" });
  const rows = h("tbody", {});
  const back = h("button", { "aria-label": "The day before", onclick: () => turn(-1) }, "‹");
  const on = h("button", { "aria-label": "The day after", onclick: () => turn(1) }, "›");
  const csv = h("a", { download: "sessions.csv" }, "As a table (CSV)");

  function turn(days) {
    const next = moved(shown, days);
    if (next <= day(live.state.now)) act(draw(next), { quietly: true });
  }

  async function draw(date) {
    shown = date;
    const now = live.state.now;
    say(title, dayWord(date, now));
    on.disabled = date >= day(now);
    const from = midnight(date, now);
    const to = midnight(moved(date, 1), now);
    const past = await get(`/history?${query({ from, to, step_s: STEP_S })}`);
    if (shown !== date) return;
    redraw = () => chart.replaceChildren(dayChart(past, Date.parse(from), Date.parse(to), Math.max(300, chart.clientWidth)));
    redraw();
    sums.replaceChildren(...sumUp(past).map(([word, value, kind]) => h("div", { class: kind }, h("dt", {}, word), h("dd", {}, value))));
  }

  async function drawSessions() {
    const now = live.state.now;
    const span_ = query({ from: midnight(moved(day(now), -30), now), to: midnight(moved(day(now), 1), now) });
    csv.href = `${BASE}/sessions.csv?${span_}`;
    const sessions = await get(`/sessions?${span_}`);
    rows.replaceChildren(...sessions.slice().reverse().map((one) => sessionRow(one, live.state)));
    if (!sessions.length) rows.append(h("tr", {}, h("td", { colspan: 5, class: "quiet" }, "No charging session in the last 30 days.")));
  }

  const element = h("div", { class: "history-screen" },
    h("section", { class: "card" }, h("div", { class: "day-head" }, back, title, on), chart,
      h("ul", { class: "legend" }, h("li", { class: "sun" }, "sun"), h("li", { class: "house" }, "house"), h("li", { class: "car" }, "cars")), sums),
    h("section", { class: "card" }, h("h2", {}, "Charging sessions"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Charging sessions" },
      h("table", {}, h("thead", {}, h("tr", {}, ["When", "Where", "Energy", "Sun", "Car"].map((word) => h("th", { scope: "col" }, word)))), rows)),
      h("p", {}, csv)));

  let begun = false;
  let width = 0;
  new ResizeObserver(() => {
    if (Math.abs(chart.clientWidth - width) > 20) redraw();
    width = chart.clientWidth;
  }).observe(chart);
  function update() {
    if (begun || !live.state) return;
    if (!live.state.now) {
      chart.replaceChildren(h("p", { class: "quiet" }, "The computer does not know the date yet."));
      return;
    }
    begun = true;
    act(Promise.all([draw(day(live.state.now)), drawSessions()]), { quietly: true });
  }
  return { element, update };
}

function sessionRow(one, { now, chargers }) {
  const { started: began, ended } = one;
  const lasted = ended && began ? span((Date.parse(ended) - Date.parse(began)) / 1000) : "still charging";
  const share = one.energy_wh > 0 ? percent((100 * one.solar_wh) / one.energy_wh) : "–";
  return h("tr", {},
    h("td", {}, began ? `${dayWord(began, now)} ${clock(began)}` : "–", h("small", {}, lasted)),
    h("td", {}, chargers.find((known) => known.id === one.charger)?.name ?? one.charger),
    h("td", { class: "number" }, energy(one.energy_wh)),
    h("td", { class: "number" }, share),
    h("td", {}, one.car || (one.vin ? `…${one.vin.slice(-6)}` : "–"), one.end_reason ? h("small", {}, one.end_reason) : null));
}

function sumUp(rows) {
  const sum = (name) => energy(rows.reduce((all, row) => all + row[name], 0));
  return [
    ["from the sun", sum("solar_wh"), "sun"],
    ["into cars", sum("chargers_wh"), "car"],
    ["house", sum("house_wh"), "house"],
    ["bought", sum("import_wh"), "grid"],
    ["sold", sum("export_wh"), "grid"],
  ];
}
