"""Minutes become quarter hours, hours and days, and nothing is lost on the way.

Every column is a sum (joules, ampere-seconds, seconds), so joining rows is adding them. Finished hours
are folded once: `folded_to` in the database says how far, and moves in the same transaction. A minute
that arrives behind that mark (the computer's clock was set back) is added to all levels at once. So at
any time, for the time before the mark, the days hold exactly what the minutes held, even after
those were pruned.

    level        kept           three chargers
    3 minute     92 days        about 530,000 rows
    2 quarter    800 days       about 310,000 rows: this season beside the last two
    1 hour       for ever       about 35,000 rows a year
    0 day        for ever       local midnight to local midnight: 23, 24 or 25 hours
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo

DAY, HOUR, QUARTER, MINUTE = 0, 1, 2, 3
LENGTH_S = {DAY: 86400, HOUR: 3600, QUARTER: 900, MINUTE: 60}
KEPT_DAYS = {QUARTER: 800, MINUTE: 92}

HOUSE_SUMS = (
    "seconds",
    "grid_s",
    "grid_in_j",
    "grid_out_j",
    "solar_s",
    "solar_j",
    "battery_s",
    "battery_in_j",
    "battery_out_j",
    "house_s",
    "house_j",
    "chargers_j",
    "soc_s",
    "soc_percent_s",
    "buy_s",
    "buy_us",
    "sell_s",
    "sell_us",
)
CHARGER_SUMS = (
    *("seconds", "offered_as", "drawn_as", "energy_j", "sun_j", "battery_j", "grid_j"),
    *("priced_j", "cost_u", "saved_u"),
)

HouseSums = tuple[int, ...]
ChargerSums = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute's sums, in the order of HOUSE_SUMS and CHARGER_SUMS.

    `at` is the minute's start in seconds since 1970; None while the wall time is unknown, when only
    `mono_s` says when it began.
    """

    at: int | None
    mono_s: float
    house: HouseSums
    chargers: Mapping[str, ChargerSums] = field(default_factory=dict)


def _upsert(table: str, keys: tuple[str, ...], sums: tuple[str, ...], source: str) -> str:
    adding = ", ".join(f"{name} = {name} + excluded.{name}" for name in sums)
    names = ", ".join(keys + sums)
    return f"INSERT INTO {table} ({names}) {source} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {adding}"


def _marks(count: int) -> str:
    return f"VALUES ({', '.join('?' * count)})"


def _summed(table: str, keys: str, sums: tuple[str, ...], grouping: str) -> str:
    added = ", ".join(f"sum({name})" for name in sums)
    span = f"level = {MINUTE} AND at >= :start AND at < :end"
    return f"SELECT {keys}, {added} FROM {table} WHERE {span} {grouping}"


ADD_HOUSE = _upsert("house", ("level", "at"), HOUSE_SUMS, _marks(2 + len(HOUSE_SUMS)))
ADD_CHARGER = _upsert("charger", ("level", "at", "n"), CHARGER_SUMS, _marks(3 + len(CHARGER_SUMS)))

# Whole lengths by division; a day's midnight is given. Grouping keeps an empty day from becoming a row.
FOLD_HOUSE = _upsert(
    "house",
    ("level", "at"),
    HOUSE_SUMS,
    _summed("house", ":level, at / :length * :length", HOUSE_SUMS, "GROUP BY at / :length"),
)
FOLD_CHARGER = _upsert(
    "charger",
    ("level", "at", "n"),
    CHARGER_SUMS,
    _summed("charger", ":level, at / :length * :length, n", CHARGER_SUMS, "GROUP BY at / :length, n"),
)
FOLD_HOUSE_DAY = _upsert(
    "house",
    ("level", "at"),
    HOUSE_SUMS,
    _summed("house", f"{DAY}, :midnight", HOUSE_SUMS, "GROUP BY level"),
)
FOLD_CHARGER_DAY = _upsert(
    "charger",
    ("level", "at", "n"),
    CHARGER_SUMS,
    _summed("charger", f"{DAY}, :midnight, n", CHARGER_SUMS, "GROUP BY n"),
)


def added(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """Two rows of sums as one."""
    return tuple(a + b for a, b in zip(one, other, strict=True))


def midnight_before(at: int, zone: tzinfo) -> int:
    """The local midnight that begins the day of `at` (seconds since 1970)."""
    day = datetime.fromtimestamp(at, UTC).astimezone(zone).date()
    return int(datetime.combine(day, time(), zone).timestamp())


def midnight_after(at: int, zone: tzinfo, days: int = 1) -> int:
    """The local midnight that ends the day of `at`, or one some days further on."""
    day = datetime.fromtimestamp(at, UTC).astimezone(zone).date() + timedelta(days=days)
    return int(datetime.combine(day, time(), zone).timestamp())


def days_between(start: int, end: int, zone: tzinfo) -> Iterator[tuple[int, int, int]]:
    """The local days that [start, end) touches: midnight, and the part within the range."""
    while start < end:
        next_midnight = max(midnight_after(start, zone), start + 1)
        yield midnight_before(start, zone), start, min(end, next_midnight)
        start = next_midnight


def starts_of(at: int, zone: tzinfo) -> tuple[tuple[int, int], ...]:
    """The rows of all levels above the minute that a minute belongs to: (level, at)."""
    quarter, hour = LENGTH_S[QUARTER], LENGTH_S[HOUR]
    return (
        (QUARTER, at // quarter * quarter),
        (HOUR, at // hour * hour),
        (DAY, midnight_before(at, zone)),
    )


def folded_to(connection: sqlite3.Connection) -> int:
    """Up to where minutes have been added to the coarser levels."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'folded_to'").fetchone()
    return int(row[0]) if row else 0


def fold(connection: sqlite3.Connection, before: int, zone: tzinfo) -> None:
    """Add all minutes since the mark and before the hour of `before` to the coarser levels.

    Call it inside a transaction: the sums and the mark move together or not at all.
    """
    start, end = folded_to(connection), before // 3600 * 3600
    (first,) = connection.execute(
        f"SELECT min(at) FROM house WHERE level = {MINUTE} AND at >= ?", (start,)
    ).fetchone()
    if end <= start:
        return
    if first is not None:
        for level in (QUARTER, HOUR):
            span = {"level": level, "length": LENGTH_S[level], "start": start, "end": end}
            connection.execute(FOLD_HOUSE, span)
            connection.execute(FOLD_CHARGER, span)
        for midnight, day_start, day_end in days_between(max(start, first), end, zone):
            part = {"midnight": midnight, "start": day_start, "end": day_end}
            connection.execute(FOLD_HOUSE_DAY, part)
            connection.execute(FOLD_CHARGER_DAY, part)
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('folded_to', ?)", (end,))


def prune(connection: sqlite3.Connection, now: int) -> None:
    """Drop at most one day of minutes and of quarters that are older than they are kept.

    One day at a time, so that a clock which is wrong for an afternoon cannot empty the history.
    """
    mark = folded_to(connection)
    for level, days in KEPT_DAYS.items():
        (oldest,) = connection.execute("SELECT min(at) FROM house WHERE level = ?", (level,)).fetchone()
        if oldest is None:
            continue
        end = min(oldest + 86400, now - days * 86400, mark)
        for table in ("house", "charger"):
            connection.execute(f"DELETE FROM {table} WHERE level = ? AND at < ?", (level, end))
