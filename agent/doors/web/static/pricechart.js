// A day's prices as bars, one for each slot of the tariff: what is not known is drawn as not known, never as zero.

import { invite, readable } from "/static/cursor.js";
import { s } from "/static/dom.js";
import { hoursBetween } from "/static/housetime.js";
import { clock, modeWord, number, price } from "/static/words.js";

const HIGH = 170;
const PAD = { left: 44, right: 4, top: 12, bottom: 34 };
const STEPS = [0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000];

/** The lowest and highest line of a scale that holds all slots, and its step: {least, most, step}. */
export function scaleOf(slots) {
  const values = slots.map((one) => one.buy_per_kwh);
  const high = Math.max(0.1, ...values);
  const low = Math.min(0, ...values);
  const step = STEPS.find((one) => (high - low) / one <= 4.2) ?? high - low;
  return { least: Math.floor(low / step + 1e-9) * step, most: Math.ceil(high / step - 1e-9) * step, step };
}

/**
 * slots: [{start, end, buy_per_kwh, ...}] of this day; from, to: its midnights in milliseconds; turns: windows that apply,
 * planned: [{start, end}] of cars' plans; best: the cheapest slot of all; now: milliseconds.
 */
export function priceChart({ slots, from, to, scale, turns, planned, best, currency, now, name, wide }) {
  const x = (ms) => PAD.left + ((ms - from) / (to - from)) * (wide - PAD.left - PAD.right);
  const y = (value) => HIGH - PAD.bottom - ((value - scale.least) / (scale.most - scale.least)) * (HIGH - PAD.top - PAD.bottom);
  const bars = slots.map((one) => ({ ...one, from: Math.max(from, Date.parse(one.start)), to: Math.min(to, Date.parse(one.end)) })).filter((one) => one.to > one.from);
  const inPlan = (one) => planned.some((slot) => Date.parse(slot.start) < one.to && Date.parse(slot.end) > one.from);
  const drawing = s("svg", { viewBox: `0 0 ${wide} ${HIGH}`, class: "chart price-chart", role: "img", "aria-label": inWords(bars, currency, name) });
  drawing.append(lines(scale, y, x, from, to, wide, currency));
  for (const [begin, end] of gaps(bars, from, to)) {
    drawing.append(s("rect", { class: "unknown", x: x(begin), width: x(end) - x(begin), y: PAD.top, height: HIGH - PAD.top - PAD.bottom }));
    if (x(end) - x(begin) > 90) drawing.append(s("text", { class: "middle", x: (x(begin) + x(end)) / 2, y: HIGH / 2 - 8 }, "not known"));
  }
  const thin = bars.length > 30 ? 0.25 : 1;
  for (const one of bars) {
    const [top, bottom] = [Math.min(y(one.buy_per_kwh), y(0)), Math.max(y(one.buy_per_kwh), y(0))];
    const kind = `price${inPlan(one) ? " chosen" : ""}${one.to <= now ? " over" : ""}`;
    drawing.append(s("rect", { class: kind, x: x(one.from) + thin / 2, width: Math.max(0.5, x(one.to) - x(one.from) - thin), y: top, height: Math.max(1.5, bottom - top), rx: thin }));
  }
  drawing.append(...windowMarks(turns, from, to, x));
  const cheapest = bars.find((one) => one.start === best?.start);
  if (cheapest) drawing.append(s("circle", { class: "cheapest", cx: x((cheapest.from + cheapest.to) / 2), cy: Math.min(y(cheapest.buy_per_kwh), y(0)) - 7, r: 4 }));
  if (now >= from && now < to) drawing.append(s("path", { class: "now-mark", d: `M${x(now)} ${PAD.top - 6}V${HIGH - PAD.bottom + 9}` }));
  const points = bars.map((one) => ({ ...one, ms: (one.from + one.to) / 2 }));
  const turnAt = (one) => turns.find((turn) => Date.parse(turn.start) < one.to && Date.parse(turn.end) > one.from);
  const words = (one) => [`${clock(one.start)} – ${clock(one.end)}: ${price(one.buy_per_kwh, currency)}`, one.name,
    one.co2_g_per_kwh === null ? "" : `${Math.round(one.co2_g_per_kwh)} g CO₂`, inPlan(one) ? "planned for a car" : "", turnAt(one) ? `“${turnAt(one).name}”: ${modeWord(turnAt(one).mode)}` : ""].filter(Boolean).join(" · ");
  return readable(drawing, { points, x, words, top: PAD.top, bottom: HIGH - PAD.bottom, wide, hint: bars.length ? invite("a bar") : "Its prices are not known yet." });
}

function lines(scale, y, x, from, to, wide, currency) {
  const found = s("g", { class: "lines" });
  for (let value = scale.least; value <= scale.most + 1e-9; value += scale.step) {
    const top = value + scale.step > scale.most + 1e-9;
    found.append(s("path", { d: `M${PAD.left} ${y(value).toFixed(1)}H${wide - PAD.right}`, class: Math.abs(value) < 1e-9 ? "zero" : undefined }),
      s("text", { x: PAD.left - 5, y: y(value) + 4, class: "end" }, top ? price(value, currency, 2) : number(value, 2)));
  }
  for (const [at, shown] of hoursBetween(from, to, wide < 620 ? 6 : 3)) {
    if (at < to) found.append(s("text", { x: Math.min(wide - 18, Math.max(PAD.left + 14, x(at))), y: HIGH - 6, class: "middle" }, shown));
  }
  return found;
}

/** Stretches of the day in no slot. */
function gaps(bars, from, to) {
  const found = [];
  let known = from;
  for (const one of [...bars, { from: to, to }]) {
    if (one.from > known) found.push([known, one.from]);
    known = Math.max(known, one.to);
  }
  return found;
}

function windowMarks(turns, from, to, x) {
  return turns.map((turn) => [turn, Math.max(from, Date.parse(turn.start)), Math.min(to, Date.parse(turn.end))]).filter(([, begin, end]) => end > begin)
    .map(([turn, begin, end]) => s("rect", { class: `turn ${turn.mode}`, x: x(begin), width: x(end) - x(begin), y: HIGH - PAD.bottom + 4, height: 6, rx: 3 }, s("title", {}, `${turn.name}: ${modeWord(turn.mode)}`)));
}

function inWords(bars, currency, name) {
  if (!bars.length) return `Prices of ${name}: not known yet.`;
  const low = bars.reduce((a, b) => (b.buy_per_kwh < a.buy_per_kwh ? b : a));
  const high = bars.reduce((a, b) => (b.buy_per_kwh > a.buy_per_kwh ? b : a));
  return `Prices of ${name}: from ${price(low.buy_per_kwh, currency)} at ${clock(low.start)} to ${price(high.buy_per_kwh, currency)} at ${clock(high.start)}. Arrow keys read each.`;
}
