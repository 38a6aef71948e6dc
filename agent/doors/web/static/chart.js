// A day's curves: the sun as an area, what the house and cars take stacked above zero, the rest is the grid.

import { h, s } from "/static/dom.js";
import { clock, power } from "/static/words.js";

const HIGH = 250;
const PAD = { left: 52, right: 8, top: 12, bottom: 26 };

const nice = (watts) => [1000, 2000, 3000, 4000, 6000, 8000, 10000, 12000, 16000, 24000, 32000].find((one) => one >= watts) ?? Math.ceil(watts / 10000) * 10000;

/** rows: [{at, step_s, solar_w, house_w, chargers_w}], from and to: milliseconds, wide: pixels. */
export function dayChart(rows, from, to, wide) {
  const most = nice(Math.max(800, ...rows.map((row) => Math.max(row.solar_w ?? 0, (row.house_w ?? 0) + (row.chargers_w ?? 0)))));
  const x = (ms) => PAD.left + ((ms - from) / (to - from)) * (wide - PAD.left - PAD.right);
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
    gridLines(most, x, y, from, to, wide),
    s("path", { class: "area sun", d: area(() => 0, (row) => row.solar_w ?? 0) }),
    s("path", { class: "area house", d: area(() => 0, house) }),
    s("path", { class: "area car", d: area(house, whole) }),
    s("path", { class: "curve sun", d: sun }));
  return withReader(drawing, points, x, wide);
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

function gridLines(most, x, y, from, to, wide) {
  const lines = s("g", { class: "lines" });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const watts = most * share;
    lines.append(s("path", { d: `M${PAD.left} ${y(watts)}H${wide - PAD.right}` }), s("text", { x: PAD.left - 6, y: y(watts) + 4, class: "end" }, share ? power(watts) : "0"));
  }
  const hours = (to - from) / 3600000;
  for (let hour = 0; hour <= hours; hour += wide < 500 ? 6 : 4) {
    const at = Math.min(wide - 24, Math.max(PAD.left + 4, x(from + hour * 3600000)));
    lines.append(s("text", { x: at, y: HIGH - 7, class: "middle" }, `${String(hour % 24).padStart(2, "0")}:00`));
  }
  return lines;
}

function withReader(drawing, points, x, wide) {
  const cursor = s("path", { class: "cursor" });
  const text = h("p", { class: "reader quiet", "aria-hidden": "true" }, "Touch the chart to read it.");
  drawing.append(cursor);
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * wide;
    const near = points.reduce((best, row) => (Math.abs(x(row.ms) - at) < Math.abs(x(best.ms) - at) ? row : best), points[0]);
    if (!near) return;
    cursor.setAttribute("d", `M${x(near.ms)} ${PAD.top}V${HIGH - PAD.bottom}`);
    text.textContent = `${clock(near.at)}: sun ${power(near.solar_w)}, house ${power(near.house_w)}, cars ${power(near.chargers_w)}`;
  });
  return h("figure", {}, drawing, text);
}

function inWords(points, whole) {
  if (!points.length) return "No values were recorded on this day.";
  const best = points.reduce((a, b) => ((b.solar_w ?? 0) > (a.solar_w ?? 0) ? b : a));
  const most = points.reduce((a, b) => (whole(b) > whole(a) ? b : a));
  return `Power over the day. The sun gave most at ${clock(best.at)}, ${power(best.solar_w)}; house and cars took most at ${clock(most.at)}, ${power(whole(most))}.`;
}
