"""The history as tables that other databases can hold: what doors/sql.py keeps a copy of.

A copy is kept level with the original, not fed: rows are values, not increments, each with a key that
never changes, so that sending one twice changes nothing. Two questions are enough to find what a copy
lacks: "what is fresh since ...?" for every minute, and "how many rows, and which sum, has each day?" for
everything else (an outage, a clock that was set back, a copy that was restored from last week).

Minutes are kept here for about three months and hours for ever; a copy keeps both for ever. Rows that
still wait for a wall time are left out until they have one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.history.reader import reading
from agent.history.rollup import CHARGER_SUMS, HOUR, HOUSE_SUMS, MINUTE

DAY_S = 86400
Kind = Literal["key", "word", "text", "whole", "real"]
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `key` and `word` are short, `whole` has 64 bits; `key` and `needed` are never NULL."""

    name: str
    kind: Kind
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the copy. `source` yields `columns` in order from the history.

    `at_s` says to which UTC day a row belongs, `fresh_s` when it last changed; both are columns. The sum
    of `summed` tells two versions of a day apart.
    """

    name: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    summed: tuple[str, ...]
    source: str
    fresh: str = "at_s"
    recent: str = ""  # narrows the search for fresh rows where the original has no index by time

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one UTC day of a table holds: enough to see whether two copies agree."""

    rows: int
    total: int


def _whole(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "whole") for name in names)


def _house(name: str, level: int) -> Table:
    return Table(
        name,
        (Column("at_s", "whole", needed=True), *_whole(*HOUSE_SUMS)),
        ("at_s",),
        HOUSE_SUMS,
        f"SELECT at AS at_s, {', '.join(HOUSE_SUMS)} FROM house WHERE level = {level}",
    )


def _charger(name: str, level: int) -> Table:
    return Table(
        name,
        (Column("at_s", "whole", needed=True), Column("charger_id", "key"), *_whole(*CHARGER_SUMS)),
        ("at_s", "charger_id"),
        CHARGER_SUMS,
        f"SELECT at AS at_s, charger_id, {', '.join(CHARGER_SUMS)} "
        f"FROM charger JOIN charger_name USING (n) WHERE level = {level}",
    )


_SESSIONS = Table(
    "session",
    (
        Column("session_key", "key"),
        Column("charger_id", "word"),
        Column("vin", "word"),
        *_whole("at_s", "end_s", "fresh_s"),
        Column("start_reason", "text"),
        Column("end_reason", "text"),
        *_whole("charged_s", "energy_j", "sun_j", "battery_j", "grid_j"),
        Column("peak_amps", "real"),
        Column("counter_start_wh", "real"),
        Column("counter_end_wh", "real"),
        Column("note", "text"),
        *_whole("priced_j"),
        Column("cost", "real"),
        Column("saved", "real"),
        Column("currency", "word"),
    ),
    ("session_key",),
    ("fresh_s", "charged_s", "energy_j"),
    """SELECT key AS session_key, charger_id, vin, CAST(start_at AS INTEGER) AS at_s,
        CAST(end_at AS INTEGER) AS end_s, CAST(max(seen_at, coalesce(end_at, 0)) AS INTEGER) AS fresh_s,
        start_reason, end_reason, CAST(charged_s AS INTEGER) AS charged_s,
        CAST(round(energy_wh * 3600) AS INTEGER) AS energy_j, CAST(round(sun_wh * 3600) AS INTEGER) AS sun_j,
        CAST(round(battery_wh * 3600) AS INTEGER) AS battery_j,
        CAST(round(grid_wh * 3600) AS INTEGER) AS grid_j,
        peak_amps, counter_start_wh, counter_end_wh, note,
        CAST(round(priced_wh * 3600) AS INTEGER) AS priced_j, cost, saved, currency
    FROM session WHERE start_at IS NOT NULL AND seen_at IS NOT NULL""",
    fresh="fresh_s",
)
_EVENTS = Table(
    "event",
    (
        Column("event_key", "key"),
        Column("at_s", "whole"),
        *(Column(name, "word") for name in ("kind", "severity", "subject", "recovers")),
        Column("sentence", "text"),
        Column("data", "text"),
    ),
    ("event_key",),
    ("at_s",),
    "SELECT printf('%s/%.3f/%d', boot, mono_s, id) AS event_key, CAST(at AS INTEGER) AS at_s, "
    "kind, severity, subject, recovers, sentence, data FROM event WHERE at IS NOT NULL",
    recent="AND id > (SELECT max(id) FROM event) - 2000",
)
_DECISIONS = Table(
    "decision",
    (
        Column("decision_key", "key"),
        Column("at_s", "whole"),
        Column("charger_id", "word"),
        Column("before_amps", "real"),
        Column("after_amps", "real"),
        Column("reason", "text"),
        Column("steps", "text"),
    ),
    ("decision_key",),
    ("at_s",),
    "SELECT printf('%s/%.3f/%d', boot, mono_s, id) AS decision_key, CAST(at AS INTEGER) AS at_s, "
    "charger_id, before_amps, after_amps, reason, steps FROM journal WHERE at IS NOT NULL",
    recent="AND id > (SELECT max(id) FROM journal) - 2000",
)
TABLES = (
    _house("house_minute", MINUTE),
    _house("house_hour", HOUR),
    _charger("charger_minute", MINUTE),
    _charger("charger_hour", HOUR),
    _SESSIONS,
    _EVENTS,
    _DECISIONS,
)


class Copies:
    """Reads history.db for those who keep a copy of it. Every method may raise HistoryError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def days(self, table: Table) -> Mapping[int, Tally]:
        """What each day holds, by days since 1970 (UTC)."""
        total = " + ".join(f"coalesce(sum({name}), 0)" for name in table.summed)
        rows = self._ask(
            f"SELECT at_s / {DAY_S}, count(*), {total} FROM ({table.source}) GROUP BY at_s / {DAY_S}", ()
        )
        return {int(str(day)): Tally(int(str(count)), int(str(total))) for day, count, total in rows}

    def of_day(self, table: Table, day: int) -> list[Row]:
        """All rows of one day, oldest first."""
        return self._ask(
            f"SELECT * FROM ({table.source}) WHERE at_s >= ? AND at_s < ? ORDER BY at_s",
            (day * DAY_S, (day + 1) * DAY_S),
        )

    def since(self, table: Table, fresh_s: int, limit: int) -> list[Row]:
        """The first `limit` rows that changed at `fresh_s` or later, oldest first."""
        source = f"{table.source} {table.recent}"
        return self._ask(
            f"SELECT * FROM ({source}) WHERE {table.fresh} >= ? ORDER BY {table.fresh} LIMIT ?",
            (fresh_s, limit),
        )

    def _ask(self, question: str, values: tuple[int, ...]) -> list[Row]:
        with reading(self._path) as connection:
            return [] if connection is None else connection.execute(question, values).fetchall()
