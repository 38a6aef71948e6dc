// A car's departure plan as its scheduler tells it: the goal, prices and forecast as curves, the chosen slots and why.
// plan: {sentence, ready_at, goal_percent, unit, slots: [{start, end, price, amps, why}], prices: [{start, end, price}], forecast: [{start, watts}]}

import { h, s } from "/static/dom.js";
import { hoursBetween } from "/static/housetime.js";
import { planLine } from "/static/soon.js";
import { amps, clock, dayWord, power, signed } from "/static/words.js";

const HIGH = 190;
const PAD = { left: 44, right: 6, top: 10, bottom: 24 };
const HOUR_MS = 3600000;

const list = (value) => (Array.isArray(value) ? value : []);

/** A card for one car, or null where there is no plan. */
export function carPlan(car, now) {
  const { plan } = car;
  if (!plan) return null;
  const slots = list(plan.slots);
  const lines = pieces(slots).map((piece) => h("li", {},
    h("strong", {}, `${dayWord(piece[0].start, now)} ${clock(piece[0].start)} – ${clock(piece.at(-1).end)}`), about(piece, plan.unit ?? "")));
  return h("section", { class: "card car-plan" },
    h("h2", {}, car.name || `Car ${car.vin.slice(-6)}`), h("p", { class: plan.late ? "problem" : undefined }, planLine(plan, now) || "It has a plan without words."),
    list(plan.prices).length || list(plan.forecast).length ? curve(plan, slots, now) : null,
    lines.length ? h(lines.length > 1 ? "ol" : "ul", { class: "slots" }, lines) : null);
}

/** Slots that follow each other with the same amps and reason, as one: quarter hours are the tariff's, nobody reads them. */
function pieces(slots) {
  const found = [];
  for (const slot of slots) {
    const last = found.at(-1)?.at(-1);
    if (last && last.end === slot.start && last.amps === slot.amps && bare(last.why) === bare(slot.why)) found.at(-1).push(slot);
    else found.push([slot]);
  }
  return found;
}

/** A reason without the price that stands before it: "0.202 EUR per kWh: among the best" -> "among the best". */
const bare = (why) => (why ?? "").replace(/^[\d.,]+ [^:]*: /, "");

function about(piece, unit) {
  const prices = piece.map((slot) => slot.price).filter((one) => one !== undefined && one !== null);
  const ends = [...new Set([Math.min(...prices), Math.max(...prices)].map((one) => String(Number(one.toFixed(3)))))];
  const [{ amps: offered, why }] = piece;
  return `${offered === undefined ? "" : `, ${amps(offered)}`}${prices.length ? ` at ${ends.join(" to ")} ${signed(unit)}` : ""}${why ? `: ${bare(signed(why))}` : ""}`;
}

function curve(plan, slots, now) {
  const wide = Math.min(1060, innerWidth - 66);
  const prices = list(plan.prices).map((one) => ({ at: Date.parse(one.start), end: Date.parse(one.end ?? one.start) || 0, price: Number(one.price) }));
  const forecast = list(plan.forecast).map((one) => ({ at: Date.parse(one.start), watts: Number(one.watts) }));
  const ends = prices.map((one, at) => (one.end > one.at ? one.end : prices[at + 1]?.at ?? one.at + HOUR_MS));
  const from = Math.min(...prices.map((one) => one.at), ...forecast.map((one) => one.at));
  const to = Math.max(...ends, ...forecast.map((one) => one.at + HOUR_MS));
  const most = Math.max(0.01, ...prices.map((one) => one.price));
  const least = Math.min(0, ...prices.map((one) => one.price));
  const brightest = Math.max(1000, ...forecast.map((one) => one.watts));
  const x = (ms) => PAD.left + ((ms - from) / (to - from)) * (wide - PAD.left - PAD.right);
  const y = (share) => HIGH - PAD.bottom - share * (HIGH - PAD.top - PAD.bottom);
  const inSlot = (one) => slots.some((slot) => Date.parse(slot.start) <= one.at && one.at < Date.parse(slot.end));
  const drawing = s("svg", { viewBox: `0 0 ${wide} ${HIGH}`, class: "chart plan-chart", role: "img", "aria-label": inWords(plan, prices, slots, now) });
  prices.forEach((one, at) => {
    const high = y((one.price - least) / (most - least));
    drawing.append(s("rect", { class: inSlot(one) ? "price chosen" : "price", x: x(one.at) + 0.5, width: Math.max(1, x(ends[at]) - x(one.at) - 1), y: high, height: Math.max(1, y(0) - high) }));
  });
  if (forecast.length > 1) drawing.append(s("path", { class: "area sun", d: `M${x(forecast[0].at)} ${y(0)}L${forecast.map((one) => `${x(one.at).toFixed(1)} ${y(one.watts / brightest).toFixed(1)}`).join("L")}L${x(forecast.at(-1).at)} ${y(0)}Z` }));
  if (forecast.length > 1) drawing.append(s("path", { class: "curve sun", d: `M${forecast.map((one) => `${x(one.at).toFixed(1)} ${y(one.watts / brightest).toFixed(1)}`).join("L")}` }));
  for (const [at, shown] of hoursBetween(from, to, 6)) drawing.append(s("text", { x: x(at), y: HIGH - 6, class: "middle" }, shown));
  drawing.append(s("text", { x: PAD.left - 6, y: y(1) + 10, class: "end" }, prices.length ? most.toFixed(2) : power(brightest)), s("text", { x: PAD.left - 6, y: y(0), class: "end" }, prices.length ? least.toFixed(2) : "0"));
  return h("figure", {}, drawing, h("ul", { class: "legend" }, prices.length ? h("li", { class: "grid" }, `price${plan.unit ? ` (${signed(plan.unit)})` : ""}`) : null, slots.length ? h("li", { class: "car" }, "chosen") : null, forecast.length ? h("li", { class: "sun" }, "expected sun") : null));
}

function inWords(plan, prices, slots, now) {
  const chosen = slots.map((slot) => `${dayWord(slot.start, now)} ${clock(slot.start)} to ${clock(slot.end)}`).join(", ");
  const cost = prices.length ? `Prices from ${Math.min(...prices.map((one) => one.price))} to ${Math.max(...prices.map((one) => one.price))} ${plan.unit ?? ""}. ` : "";
  return `${cost}${chosen ? `Chosen: ${chosen}.` : "No time is chosen yet."}`;
}
