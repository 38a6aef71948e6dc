// A day's amps: what each charger drew, as a line of its own.

import { h, s } from "/static/dom.js";
import { amps, clock } from "/static/words.js";

const HIGH = 130;
const PAD = { left: 52, top: 10, bottom: 24 };
const TONES = ["car", "house", "grid", "battery"];

/** rows: [{at, step_s, chargers: {id: {drawn_amps}}}]; right: pixels left free; null where no charger is in them. */
export function ampsChart(rows, from, to, wide, chargers, right) {
  const ids = [...new Set(rows.flatMap((row) => Object.keys(row.chargers ?? {})))];
  if (!ids.length) return null;
  const drawn = (row, id) => row.chargers?.[id]?.drawn_amps ?? 0;
  const peak = Math.max(...rows.flatMap((row) => ids.map((id) => drawn(row, id))));
  const most = [8, 16, 24, 32, 48, 64, 80].find((one) => one >= peak) ?? 80;
  const x = (ms) => PAD.left + ((ms - from) / (to - from)) * (wide - PAD.left - right);
  const y = (value) => HIGH - PAD.bottom - (value / most) * (HIGH - PAD.top - PAD.bottom);
  const nameOf = (id) => chargers.find((one) => one.id === id)?.name ?? id;
  const words = ids.map((id) => {
    const best = rows.reduce((a, b) => (drawn(b, id) > drawn(a, id) ? b : a));
    return `${nameOf(id)} drew at most ${amps(drawn(best, id))}${drawn(best, id) ? `, at ${clock(best.at)}` : ""}`;
  });
  const drawing = s("svg", { viewBox: `0 0 ${wide} ${HIGH}`, class: "chart amps-chart", role: "img", "aria-label": `${words.join("; ")}.` });
  const lines = s("g", { class: "lines" });
  for (const share of [0, 0.5, 1]) lines.append(s("path", { d: `M${PAD.left} ${y(most * share)}H${wide - right}` }), s("text", { x: PAD.left - 6, y: y(most * share) + 4, class: "end" }, share ? amps(most * share) : "0"));
  drawing.append(lines);
  ids.forEach((id, at) => {
    let path = "";
    rows.forEach((row, here) => {
      const gap = !here || Date.parse(row.at) - Date.parse(rows[here - 1].at) > row.step_s * 1500;
      path += `${gap ? "M" : "L"}${x(Date.parse(row.at) + row.step_s * 500).toFixed(1)} ${y(drawn(row, id)).toFixed(1)}`;
    });
    drawing.append(s("path", { class: `curve ${TONES[at % TONES.length]}`, d: path }));
  });
  const legend = h("ul", { class: "legend" }, ids.map((id, at) => h("li", { class: TONES[at % TONES.length] }, nameOf(id))));
  return h("figure", { class: "amps-figure" }, h("h3", {}, "Amps drawn"), drawing, legend);
}
