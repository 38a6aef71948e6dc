// Times of the house, whatever zone the browser is in: midnights and clock faces, on days of 23 and 25 hours too.

import { get } from "/static/api.js";

let face = faceOf("UTC");
let asked = null;

/** What GET /about says, asked once; from then on every time here is the house's. */
export function about() {
  asked ??= get("/about").then((found) => {
    face = faceOf(found.timezone);
    return found;
  });
  asked.catch(() => { asked = null; });
  return asked;
}

function faceOf(zone) {
  const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
  try {
    return new Intl.DateTimeFormat("en-GB", { ...parts, hourCycle: "h23", timeZone: zone });
  } catch {
    return faceOf("UTC"); // a zone that this browser has never heard of
  }
}

function awayMs(ms) {
  const part = Object.fromEntries(face.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) - Math.floor(ms / 1000) * 1000;
}

/** Milliseconds -> "2026-06-03T13:05:00+02:00". */
export function isoAt(ms) {
  const away = awayMs(ms);
  const minutes = Math.abs(Math.round(away / 60000));
  const two = (value) => String(value).padStart(2, "0");
  return `${new Date(ms + away).toISOString().slice(0, 19)}${away < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** "2026-06-03" -> the milliseconds of the midnight that begins it. */
export function midnightMs(date) {
  const guess = Date.parse(`${date}T00:00:00Z`);
  const near = guess - awayMs(guess);
  return guess - awayMs(near);
}

/** The same as an ISO time with the offset that holds then. */
export const midnight = (date) => isoAt(midnightMs(date));

/** Every full hour of the house's clock between two instants that `every` divides: [[ms, "06:00"]]. */
export function hoursBetween(from, to, every) {
  const found = [];
  for (let at = Math.ceil(from / 1800000) * 1800000; at <= to; at += 1800000) {
    const shown = isoAt(at).slice(11, 16);
    if (shown.endsWith(":00") && Number(shown.slice(0, 2)) % every === 0 && found.at(-1)?.[1] !== shown) found.push([at, shown]);
  }
  return found;
}
