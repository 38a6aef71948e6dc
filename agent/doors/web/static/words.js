// Numbers and states as people say them. Every number gets its unit here.

// The page speaks English whatever the browser speaks, so that figures and dates read as its sentences do.
export const LOCALE = "en-GB";

export const number = (value, digits = 0) => value.toLocaleString(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");

export const MODES = [
  { mode: "off", word: "Off", hint: "No charging" },
  { mode: "solar", word: "Sun", hint: "Only what the roof has left over" },
  { mode: "solar_min", word: "Min + sun", hint: "Always a little, more with the sun" },
  { mode: "fast", word: "Fast", hint: "All that the circuit allows" },
];

export const modeWord = (mode) => MODES.find((one) => one.mode === mode)?.word.toLowerCase() ?? mode;

// What the scheduler calls the stretches of a departure plan that it leaves with the agent: "plan 3201 06-04 0410".
const PLANNED = /^plan \S+ \d\d-\d\d \d{4}$/;

/** Whether a window is a car's plan, which nobody drew and the scheduler looks after. */
export const isPlanned = (name) => PLANNED.test(name);

/** A window's name in a sentence: “night”, or the car's plan. */
export const called = (name) => (isPlanned(name) ? "the car's plan" : `“${name}”`);

/** "the car's plan ends" -> "The car's plan ends". */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** 5825 -> "5.8 kW", 480 -> "480 W", null -> "–". */
export function power(watts) {
  if (watts === null || watts === undefined) return "–";
  const size = Math.abs(watts);
  return size >= 995 ? `${number(size / 1000, 1)} kW` : `${number(size, 0)} W`;
}

/** 25 -> "25 A", 6.4 -> "6.4 A". */
export const amps = (value) => `${number(value, Number.isInteger(Math.round(value * 10) / 10) ? 0 : 1)} A`;

export const energy = (wh) => (wh === null || wh === undefined ? "–" : `${number(wh / 1000, Math.abs(wh) >= 99950 ? 0 : 1)} kWh`);

export const percent = (value) => `${number(value, 0)} %`;

/** "13:05", from an ISO time, as the house's own clock shows it. */
export const clock = (iso) => (iso ? iso.slice(11, 16) : "");

/** The calendar day of an ISO time at the house: "2026-06-03". */
export const day = (iso) => iso.slice(0, 10);

/** "today", "tomorrow", "yesterday", or "Saturday 6 June". */
export function dayWord(iso, nowIso) {
  const that = Date.parse(`${day(iso)}T12:00:00Z`);
  const away = nowIso ? Math.round((that - Date.parse(`${day(nowIso)}T12:00:00Z`)) / 86400000) : NaN;
  const near = { "-1": "yesterday", 0: "today", 1: "tomorrow" }[away];
  return near ?? new Date(that).toLocaleDateString(LOCALE, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
}

/** "13:05" today, else with its day: "tomorrow 07:00". */
export const clockBy = (iso, nowIso) => (nowIso && day(iso) !== day(nowIso) ? `${dayWord(iso, nowIso)} ${clock(iso)}` : clock(iso));

/** "3 Jun", for a narrow column. */
export const shortDate = (iso) => new Date(`${day(iso)}T12:00:00Z`).toLocaleDateString(LOCALE, { day: "numeric", month: "short", timeZone: "UTC" });

/** 5400 -> "1 h 30 min", 45 -> "45 s". */
export function span(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (!hours) return `${minutes} min`;
  return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
}

/** What a charger does, in a word or two, and how it feels: "good", "calm" or "bad". */
export function chargerState(charger) {
  if (!charger.linked) return ["not answering", "bad"];
  if (charger.problem || charger.state === "error") return ["has a problem", "bad"];
  if (charger.charging) return ["charging", "good"];
  if (charger.state === "starting") return ["starting", "good"];
  if (charger.state === "waiting") return ["car is waiting", "calm"];
  if (charger.plugged) return ["plugged in", "calm"];
  return [charger.plugged === false ? "no car" : "ready", "calm"];
}

/** The house in one sentence. */
export function headline(state) {
  const { solar_w: sun, grid_w: grid, battery_w: battery, chargers_w: cars } = state.power;
  const known = [sun, grid, battery].some((watts) => watts !== null);
  if (!known && cars < 50) return "No meter has answered yet.";
  if (cars >= 50) {
    const share = sunShare(state.power);
    const whose = state.chargers.filter((one) => one.charging).length > 1 ? "the cars" : "the car";
    const into = `${power(cars)} are going into ${whose}`;
    if (share === null) return `${into}.`;
    if (share >= 0.97 && (sun ?? 0) < 50) return `${into}, all from the battery.`;
    if (share >= 0.97 && battery > (sun ?? 0) / 10) return `${into}, from the sun and the battery.`;
    if (share >= 0.97) return `${into}, all from the sun.`;
    if (share >= 0.03) return `${into}, ${percent(share * 100)} of it from your own roof.`;
    return `${into}, from the grid.`;
  }
  if (grid !== null && grid < -50) return `Nothing is charging; ${power(grid)} go to the grid.`;
  if (sun !== null && sun > 50) return `Nothing is charging; the sun gives ${power(sun)}.`;
  return "Nothing is charging.";
}

/** The part of what the house and cars use that is not bought, 0 to 1. */
export function sunShare({ grid_w: grid, house_w: house, chargers_w: cars }) {
  const used = (house ?? 0) + cars;
  if (grid === null || used < 50) return null;
  return Math.min(1, Math.max(0, 1 - Math.max(0, grid) / used));
}

const SIGNS = { EUR: "€", GBP: "£", USD: "$" };
const sign = (currency) => SIGNS[currency] ?? currency;

/** A sentence of the scheduler with "€" for "EUR". */
export const signed = (text) => text.replace(/\b(EUR|GBP|USD)\b/g, sign);

/** 3.2 and "€" or "EUR" -> "3.20 €". */
export const money = (value, currency) => `${number(value, 2)} ${sign(currency)}`;

/** A kWh's price, 0.3118 -> "0.312 €". */
export const price = (value, currency, digits = 3) => `${number(value, digits).replace(/(\d[.,]\d\d)0$/, "$1")} ${sign(currency)}`;
