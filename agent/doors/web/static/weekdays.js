// Days and minutes as windows write them: "mon-fri", "21:30".

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
export const DAY_NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
export const DAY_MIN = 1440;

/** "mon-thu,sun" -> [0, 1, 2, 3, 6]. */
export function daysOf(text) {
  if (text === "daily") return [0, 1, 2, 3, 4, 5, 6];
  const found = new Set();
  for (const part of text.split(",")) {
    const [first, last] = part.split("-").map((word) => DAYS.indexOf(word.trim()));
    for (let day = first, guard = 0; guard < 7; day = (day + 1) % 7, guard += 1) {
      found.add(day);
      if (day === (last ?? first)) break;
    }
  }
  return [...found].sort();
}

/** [0, 1, 2, 3, 6] -> "mon-thu,sun". */
export function daysText(days) {
  if (days.length === 7) return "daily";
  const parts = [];
  for (const day of [...days].sort()) {
    const last = parts.at(-1);
    if (last && last[1] === day - 1) last[1] = day;
    else parts.push([day, day]);
  }
  return parts.map(([a, b]) => (a === b ? DAYS[a] : b === a + 1 ? `${DAYS[a]},${DAYS[b]}` : `${DAYS[a]}-${DAYS[b]}`)).join(",");
}

export const minutes = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
export const hhmm = (minute, asEnd = false) => {
  const at = asEnd && minute === DAY_MIN ? minute : ((minute % DAY_MIN) + DAY_MIN) % DAY_MIN;
  return `${String(Math.floor(at / 60)).padStart(2, "0")}:${String(at % 60).padStart(2, "0")}`;
};

/** Where a window lies in the week: [{day, from, to, whole}], a night in two parts. */
export function parts(row) {
  const from = minutes(row.from);
  const to = minutes(row.to);
  return daysOf(row.days).flatMap((day) => (to > from
    ? [{ day, from, to, first: true }]
    : [{ day, from, to: DAY_MIN, first: true }, ...(to ? [{ day: (day + 1) % 7, from: 0, to, first: false }] : [])]));
}
