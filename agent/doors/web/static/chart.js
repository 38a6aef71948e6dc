// A day's curves: the sun as an area, what the house and cars take stacked above zero, the rest is the grid; and the
// price of power as a stepped line with a scale of its own, on the right.

import { readable } from "/static/cursor.js";
import { s } from "/static/dom.js";
import { hoursBetween } from "/static/housetime.js";
import { clock, power, price } from "/static/words.js";

const HIGH = 250;
const PAD = { left: 52, right: 8, top: 12, bottom: 26 };

const LINE_PX = 15;

const nice = (watts) => [1000, 2000, 3000, 4000, 6000, 8000, 10000, 12000, 16000, 24000, 32000].find((one) => one >= watts) ?? Math.ceil(watts / 10000) * 10000;

/** rows: [{at, step_s, solar_w, house_w, chargers_w, buy_per_kwh}], from and to: milliseconds, wide: pixels. */
export function dayChart(rows, from, to, wide, currency) {
  const prices = pricesOf(rows, currency);
  const right = rightOf(rows, currency);
  const most = nice(Math.max(800, ...rows.map((row) => Math.max(row.solar_w ?? 0, (row.house_w ?? 0) + (row.chargers_w ?? 0)))));
  const x = (ms) => PAD.left + ((ms - from) / (to - from)) * (wide - PAD.left - right);
  const y = (watts) => HIGH - PAD.bottom - (Math.max(0, watts) / most) * (HIGH - PAD.top - PAD.bottom);
  const points = rows.map((row) => ({ ...row, ms: Date.parse(row.at) + row.step_s * 500 }));
  const area = (low, high) => runs(points).map((run) => {
    const up = run.map((row) => `${x(row.ms).toFixed(1)} ${y(high(row)).toFixed(1)}`);
    const down = run.map((row) => `${x(row.ms).toFixed(1)} ${y(low(row)).toFixed(1)}`).reverse();
    return `M${up.join("L")}L${down.join("L")}Z`;
  }).join("");
  const house = (row) => row.house_w ?? 0;
  const whole = (row) => house(row) + (row.chargers_w ?? 0);
  const sun = runs(points).map((run) => `M${run.map((row) => `${x(row.ms).toFixed(1)} ${y(row.solar_w ?? 0).toFixed(1)}`).join("L")}`).join("");
  const drawing = s("svg", { viewBox: `0 0 ${wide} ${HIGH}`, class: "chart", role: "img", "aria-label": inWords(points, whole) },
    gridLines(most, x, y, from, to, wide, right),
    s("path", { class: "area sun", d: area(() => 0, (row) => row.solar_w ?? 0) }),
    s("path", { class: "area house", d: area(() => 0, house) }),
    s("path", { class: "area car", d: area(house, whole) }),
    s("path", { class: "curve sun", d: sun }));
  if (prices.length) drawing.append(priceLine(points, prices, x, y, most, wide, currency));
  const cost = (row) => (prices.length && typeof row.buy_per_kwh === "number" ? `, a kWh ${price(row.buy_per_kwh, currency)}` : "");
  const words = (row) => `${clock(row.at)}: sun ${power(row.solar_w)}, house ${power(row.house_w)}, cars ${power(row.chargers_w)}${cost(row)}`;
  return readable(drawing, { points, x, words, top: PAD.top, bottom: HIGH - PAD.bottom, wide });
}

const pricesOf = (rows, currency) => (currency ? rows.map((row) => row.buy_per_kwh).filter((one) => typeof one === "number") : []);

/** The room that a price's own scale needs on the right, so that charts below can stand in line. */
export const rightOf = (rows, currency) => (pricesOf(rows, currency).length ? 52 : PAD.right);

/** Steps from row to row; a stretch whose price nobody knew is a gap. */
function priceLine(points, prices, x, y, most, wide, currency) {
  const high = Math.max(0.1, ...prices) * 1.15;
  const low = Math.min(0, ...prices);
  const at = (value) => y(((value - low) / (high - low)) * most);
  let path = "";
  let last = null;
  for (const row of points) {
    const known = typeof row.buy_per_kwh === "number";
    const half = row.step_s * 500;
    if (known) path += `${last !== null && row.ms - last <= half * 3 ? "L" : "M"}${x(row.ms - half).toFixed(1)} ${at(row.buy_per_kwh).toFixed(1)}H${x(row.ms + half).toFixed(1)}`;
    last = known ? row.ms : null;
  }
  const ends = [...new Set([Math.max(...prices), Math.min(...prices)].map((value) => price(value, currency, 2)))];
  const places = [at(Math.max(...prices)), at(Math.min(...prices))];
  const tight = Math.max(0, LINE_PX - (places[1] - places[0])) / 2; // two labels of nearly the same price step aside
  return s("g", { class: "price-line" }, s("path", { class: "curve price", d: path }),
    ends.map((shown, index) => s("text", { x: wide - 46, y: places[index] + 4 + (ends.length > 1 ? (index ? tight : -tight) : 0) }, shown)));
}

/** Stretches without holes: a gap in the record is shown as a gap. */
function runs(points) {
  const found = [];
  for (const point of points) {
    const last = found.at(-1)?.at(-1);
    if (last && point.ms - last.ms <= point.step_s * 1500) found.at(-1).push(point);
    else found.push([point]);
  }
  return found;
}

function gridLines(most, x, y, from, to, wide, right) {
  const lines = s("g", { class: "lines" });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const watts = most * share;
    lines.append(s("path", { d: `M${PAD.left} ${y(watts)}H${wide - right}` }), s("text", { x: PAD.left - 6, y: y(watts) + 4, class: "end" }, share ? power(watts) : "0"));
  }
  for (const [at, shown] of hoursBetween(from, to, wide < 500 ? 6 : 4)) {
    lines.append(s("text", { x: Math.min(wide - right - 12, Math.max(PAD.left + 4, x(at))), y: HIGH - 7, class: "middle" }, at < to ? shown : "24:00"));
  }
  return lines;
}

function inWords(points, whole) {
  if (!points.length) return "No values were recorded on this day.";
  const best = points.reduce((a, b) => ((b.solar_w ?? 0) > (a.solar_w ?? 0) ? b : a));
  const most = points.reduce((a, b) => (whole(b) > whole(a) ? b : a));
  return `Power over the day. The sun gave most at ${clock(best.at)}, ${power(best.solar_w)}; house and cars took most at ${clock(most.at)}, ${power(whole(most))}.`;
}
