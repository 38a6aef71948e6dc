// Days, weeks, months and years at the house: where each begins and ends, as ISO times with the house's offset.

import { LOCALE, day, dayWord } from "/static/words.js";

export const PERIODS = [["day", "Day"], ["week", "Week"], ["month", "Month"], ["year", "Year"]];
const DAY_MS = 86400000;

const noon = (date) => new Date(`${date}T12:00:00Z`);
const iso = (at) => at.toISOString().slice(0, 10);
export const moved = (date, days) => iso(new Date(noon(date).getTime() + days * DAY_MS));

/** {first, last}: the dates of a period around a date; `last` does not belong to it. */
export function bounds(period, date) {
  const at = noon(date);
  if (period === "day") return { first: date, last: moved(date, 1) };
  if (period === "week") {
    const first = moved(date, -((at.getUTCDay() + 6) % 7));
    return { first, last: moved(first, 7) };
  }
  const year = at.getUTCFullYear();
  if (period === "month") return { first: iso(new Date(Date.UTC(year, at.getUTCMonth(), 1, 12))), last: iso(new Date(Date.UTC(year, at.getUTCMonth() + 1, 1, 12))) };
  return { first: `${year}-01-01`, last: `${year + 1}-01-01` };
}

const word = (date, how) => noon(date).toLocaleDateString(LOCALE, { timeZone: "UTC", ...how });

/** "today", "1 – 7 June", "June 2026", "2026". */
export function title(period, date, nowIso) {
  const { first, last } = bounds(period, date);
  if (period === "day") return dayWord(date, nowIso);
  if (period === "week") return `${word(first, { day: "numeric", month: "short" })} – ${word(moved(last, -1), { day: "numeric", month: "short" })}`;
  return period === "month" ? word(date, { month: "long", year: "numeric" }) : first.slice(0, 4);
}

/** Rows of a day each, put together into the columns of a period: [{label, name, rows}]. */
export function columns(period, date, rows) {
  const { first, last } = bounds(period, date);
  const found = [];
  for (let at = first; at < last; at = moved(at, 1)) {
    const key = period === "year" ? at.slice(0, 7) : at;
    if (found.at(-1)?.key === key) continue;
    const label = period === "year" ? word(at, { month: "narrow" }) : period === "week" ? word(at, { weekday: "short" }) : String(Number(at.slice(8)));
    const name = word(at, period === "year" ? { month: "long", year: "numeric" } : { weekday: "long", day: "numeric", month: "long" });
    found.push({ key, label, name, rows: [] });
  }
  for (const row of rows) found.find((one) => day(row.at).startsWith(one.key))?.rows.push(row);
  return found;
}
