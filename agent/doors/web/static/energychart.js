// Energy in columns, one upon the other: from the sun, from the battery, from the grid.

import { invite } from "/static/cursor.js";
import { h, s } from "/static/dom.js";
import { energy } from "/static/words.js";

const HIGH = 240;
const PAD = { left: 60, right: 6, top: 12, bottom: 26 };
export const SOURCES = [["sun", "sun"], ["battery", "battery"], ["grid", "grid"]];

/** What a stretch used, by where it came from, in Wh: house and cars, or the cars alone. */
export function used(rows, carsOnly) {
  const sum = { sun: 0, battery: 0, grid: 0 };
  for (const row of rows) {
    if (carsOnly) {
      for (const one of Object.values(row.chargers ?? {})) {
        sum.sun += one.solar_wh ?? 0;
        sum.battery += one.battery_wh ?? 0;
        sum.grid += one.grid_wh ?? 0;
      }
    } else {
      sum.sun += Math.max(0, (row.solar_wh ?? 0) - (row.export_wh ?? 0) - (row.charged_wh ?? 0));
      sum.battery += row.discharged_wh ?? 0;
      sum.grid += row.import_wh ?? 0;
    }
  }
  return sum;
}

const total = (sum) => sum.sun + sum.battery + sum.grid;
const STEPS = [1, 2, 4, 5, 6, 8, 10];
function nice(wh) {
  const size = 10 ** Math.floor(Math.log10(Math.max(wh, 1000)));
  return size * (STEPS.find((step) => step * size >= wh) ?? 10);
}

/** columns: [{label, name, rows}], wide: pixels. Each column can be reached by keyboard and read. */
export function energyChart(columns, wide, carsOnly) {
  const sums = columns.map((column) => used(column.rows, carsOnly));
  const most = nice(Math.max(...sums.map(total)));
  const step = (wide - PAD.left - PAD.right) / columns.length;
  const y = (wh) => HIGH - PAD.bottom - (wh / most) * (HIGH - PAD.top - PAD.bottom);
  const drawing = s("svg", { viewBox: `0 0 ${wide} ${HIGH}`, class: "chart energy", role: "group", "aria-label": "Energy used, by where it came from" });
  const lines = s("g", { class: "lines" });
  for (const share of [0, 0.5, 1]) lines.append(s("path", { d: `M${PAD.left} ${y(most * share)}H${wide - PAD.right}` }), s("text", { x: PAD.left - 6, y: y(most * share) + 4, class: "end" }, share ? `${(most * share) / 1000} kWh` : "0"));
  drawing.append(lines);
  const text = h("p", { class: "reader quiet", "aria-hidden": "true" }, sums.some(total) ? invite("a column") : "Nothing was recorded.");
  const every = Math.ceil(columns.length / (wide < 500 ? 8 : 31));
  columns.forEach((column, at) => {
    const words = `${column.name}: ${inWords(sums[at])}`;
    const left = PAD.left + at * step;
    const group = s("g", { class: "column-of", role: "img", tabindex: total(sums[at]) ? "0" : undefined, "aria-label": words });
    group.append(s("rect", { class: "reach", x: left, width: step, y: PAD.top, height: HIGH - PAD.top - PAD.bottom }));
    let below = 0;
    for (const [kind] of SOURCES) {
      const wh = sums[at][kind];
      if (wh > 0) group.append(s("rect", { class: kind, x: left + step * 0.14, width: step * 0.72, y: y(below + wh), height: Math.max(0.5, y(below) - y(below + wh)), rx: Math.min(3, step / 6) }));
      below += wh;
    }
    const read = () => { text.textContent = words; };
    for (const name of ["pointerenter", "click", "focus"]) group.addEventListener(name, read);
    drawing.append(group);
    if (at % every === 0) drawing.append(s("text", { x: left + step / 2, y: HIGH - 7, class: "middle" }, column.label));
  });
  return h("figure", {}, drawing, text);
}

function inWords(sum) {
  if (!total(sum)) return "nothing was used or recorded";
  return `${energy(total(sum))}: ${SOURCES.filter(([kind]) => sum[kind] > 5).map(([kind, word]) => `${energy(sum[kind])} ${word}`).join(", ")}`;
}
