// The sun of the next days as a curve, what was measured of today so far, and each day's kilowatt-hours.

import { readable } from "/static/cursor.js";
import { s } from "/static/dom.js";
import { hoursBetween, isoAt, midnightMs } from "/static/housetime.js";
import { LOCALE, clock, day, dayWord, energy, power } from "/static/words.js";

const HIGH = 190;
const PAD = { left: 48, right: 4, top: 42, bottom: 24 };
const HOUR_MS = 3600000;

/** [{date, from, to, wh}] of each day that the forecast touches; wh is its whole energy. */
export function sunDays(ahead) {
  const days = new Map();
  for (const { start, end, watts } of ahead) {
    const date = day(isoAt(Date.parse(start)));
    const found = days.get(date) ?? { date, from: midnightMs(date), to: midnightMs(nextDay(date)), wh: 0 };
    found.wh += (watts * (Date.parse(end) - Date.parse(start))) / HOUR_MS;
    days.set(date, found);
  }
  return [...days.values()];
}

const nextDay = (date) => new Date(Date.parse(`${date}T12:00:00Z`) + 86400000).toISOString().slice(0, 10);

/** ahead: the forecast's slots; measured: today's history rows [{at, step_s, solar_w}]; now: ISO time. */
export function sunChart(ahead, measured, now, wide) {
  const days = sunDays(ahead);
  const from = days[0].from;
  const to = days.at(-1).to;
  const points = ahead.map((one) => ({ ...one, ms: (Date.parse(one.start) + Date.parse(one.end)) / 2 }));
  const known = measured.filter((row) => row.solar_w !== null && row.solar_w !== undefined).map((row) => ({ ms: Date.parse(row.at) + row.step_s * 500, watts: row.solar_w }));
  const most = Math.ceil(Math.max(1000, ...points.map((one) => one.watts), ...known.map((one) => one.watts)) / 1000) * 1000;
  const x = (ms) => PAD.left + ((ms - from) / (to - from)) * (wide - PAD.left - PAD.right);
  const y = (watts) => HIGH - PAD.bottom - (watts / most) * (HIGH - PAD.top - PAD.bottom);
  const path = (list) => list.map((one) => `${x(one.ms).toFixed(1)} ${y(one.watts).toFixed(1)}`).join("L");
  const drawing = s("svg", { viewBox: `0 0 ${wide} ${HIGH}`, class: "chart sun-chart", role: "img", "aria-label": inWords(days, now) });
  const lines = s("g", { class: "lines" });
  for (const share of [0, 0.5, 1]) lines.append(s("path", { d: `M${PAD.left} ${y(most * share)}H${wide - PAD.right}` }), s("text", { x: PAD.left - 6, y: y(most * share) + 4, class: "end" }, share ? power(most * share) : "0"));
  const roomy = (wide - PAD.left) / days.length > 200;
  for (const [at, shown] of hoursBetween(from, to, roomy ? 6 : 12)) if (shown !== "00:00" && at < to) lines.append(s("text", { x: x(at), y: HIGH - 6, class: "middle" }, shown));
  drawing.append(lines);
  for (const run of runs(points)) drawing.append(s("path", { class: "area sun", d: `M${x(run[0].ms).toFixed(1)} ${y(0)}L${path(run)}L${x(run.at(-1).ms).toFixed(1)} ${y(0)}Z` }), s("path", { class: "curve sun", d: `M${path(run)}` }));
  if (known.length > 1) drawing.append(s("path", { class: "curve measured", d: `M${path(known)}` }));
  for (const one of days) {
    const middle = (x(one.from) + x(one.to)) / 2;
    if (one.from > from) drawing.append(s("path", { class: "night", d: `M${x(one.from)} ${PAD.top - 34}V${HIGH - PAD.bottom}` }));
    drawing.append(s("text", { class: "middle", x: middle, y: 13 }, roomy ? dayWord(one.date, now) : shortDay(one.date, now, (wide - PAD.left) / days.length > 76 ? "long" : "short")), s("text", { class: "middle strong", x: middle, y: 31 }, energy(one.wh)));
  }
  const nowMs = Date.parse(now);
  if (nowMs >= from && nowMs < to) drawing.append(s("path", { class: "now-mark", d: `M${x(nowMs)} ${PAD.top - 4}V${HIGH - PAD.bottom}` }));
  const truth = (ms) => known.find((one) => Math.abs(one.ms - ms) <= HOUR_MS / 2);
  const words = (one) => `${dayWord(isoAt(one.ms), now)} ${clock(isoAt(Date.parse(one.start)))}: ${power(one.watts)} expected${truth(one.ms) ? `, ${power(truth(one.ms).watts)} measured` : ""}`;
  return readable(drawing, { points, x, words, top: PAD.top, bottom: HIGH - PAD.bottom, wide });
}

const shortDay = (date, now, weekday) => (day(now) === date ? "today" : new Date(`${date}T12:00:00Z`).toLocaleDateString(LOCALE, { weekday, timeZone: "UTC" }));

/** Stretches without holes; what nobody forecast is not drawn as darkness. */
function runs(points) {
  const found = [];
  for (const one of points) {
    const last = found.at(-1)?.at(-1);
    if (last && Date.parse(one.start) - Date.parse(last.end) < 1000) found.at(-1).push(one);
    else found.push([one]);
  }
  return found;
}

function inWords(days, now) {
  return `Expected sun: ${days.map((one) => `${dayWord(one.date, now)} ${energy(one.wh)}`).join(", ")}. Arrow keys read each hour.`;
}
