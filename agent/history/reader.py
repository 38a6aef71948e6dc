"""The reading half of the history, for the doors: each question opens a connection of its own, read-only.

Ask from any thread. What is asked wrongly, and what can't be answered, is a HistoryError with a sentence.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from agent.history.charts import HouseRow, days, stretches
from agent.history.files import BUSY_TIMEOUT_S, trouble
from agent.history.rollup import DAY, LENGTH_S
from agent.history.sessions import Session
from agent.history.store import SESSION_COLUMNS, session_of, wall_of

MOST_ROWS = 10_000
MOST_EVENTS = 1000


class HistoryError(Exception):
    """The question can't be answered; str() is a sentence. `asker` is true when the question is wrong."""

    def __init__(self, sentence: str, *, asker: bool) -> None:
        super().__init__(sentence)
        self.asker = asker


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event as remembered. `at_wall` is None if nobody ever learned the time."""

    id: int
    at_wall: datetime | None
    kind: str
    severity: str
    subject: str
    recovers: str
    sentence: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class KeptChange:
    """A change of an offer and why; each step is (rule, amps before, amps after, why)."""

    id: int
    at_wall: datetime | None
    charger_id: str
    before_amps: float | None
    after_amps: float
    reason: str
    steps: tuple[tuple[str, float, float, str], ...]


class Reader:
    """Answers questions about `path`, with wall times in `zone`. A history not begun yet is empty.

    Every method may raise HistoryError.
    """

    def __init__(self, path: Path, zone: tzinfo) -> None:
        self._path, self._zone = path, zone

    def history(self, from_wall: datetime, to_wall: datetime, step_s: int) -> tuple[HouseRow, ...]:
        """The house from `from_wall` to before `to_wall`, oldest first, in stretches of `step_s`.

        Stretches are counted from `from_wall` (brought down to the full minute); a step of whole days
        means local days. Stretches in which nothing was watched are left out. For times whose minutes
        are no longer kept the step may come out longer: look at each row's `step_s`.
        """
        start, end = _question(from_wall, to_wall, step_s)
        with reading(self._path) as connection:
            if connection is None:
                return ()
            if step_s % LENGTH_S[DAY] == 0:
                return days(connection, start, end, step_s, self._zone)
            return stretches(connection, start, end, step_s, self._zone)

    def sessions(self, from_wall: datetime, to_wall: datetime) -> tuple[Session, ...]:
        """Charging sessions that touch [from_wall, to_wall), oldest first, lasting ones included.

        Energy in Wh; a session whose time nobody ever learned is not among them.
        """
        span = (to_wall.timestamp(), from_wall.timestamp())
        with reading(self._path) as connection:
            if connection is None:
                return ()
            rows = connection.execute(
                f"SELECT {', '.join(SESSION_COLUMNS)} FROM session WHERE start_at < ? "
                "AND coalesce(end_at, seen_at) >= ? ORDER BY start_at, id",
                span,
            )
            return tuple(session_of(row, self._zone) for row in rows)

    def events(
        self,
        after_id: int | None = None,
        limit: int = 100,
        kinds: Sequence[str] = (),
        span: tuple[datetime, datetime] | None = None,
    ) -> tuple[KeptEvent, ...]:
        """Events oldest first: the `limit` first ones after `after_id`, or without it the last ones.

        With a `span` only those in it, its end not included; an event whose time is unknown is in none.
        """
        _within("limit", limit, MOST_EVENTS)
        wanted = f"AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
        wanted += " AND at >= ? AND at < ?" if span else ""
        ends = (span[0].timestamp(), span[1].timestamp()) if span else ()
        order = "DESC" if after_id is None else "ASC"
        with reading(self._path) as connection:
            if connection is None:
                return ()
            rows = connection.execute(
                "SELECT id, at, kind, severity, subject, recovers, sentence, data FROM event "
                f"WHERE id > ? {wanted} ORDER BY id {order} LIMIT ?",
                (after_id or 0, *kinds, *ends, limit),
            ).fetchall()
        found = [
            KeptEvent(id_, wall_of(at, self._zone), kind, severity, subject, over, words, json.loads(kept))
            for id_, at, kind, severity, subject, over, words, kept in rows
        ]
        return tuple(sorted(found, key=lambda event: event.id))

    def decisions(
        self, from_wall: datetime, to_wall: datetime, charger_id: str | None = None, limit: int = 1000
    ) -> tuple[KeptChange, ...]:
        """Why offers changed in [from_wall, to_wall), oldest first; the last `limit` of them."""
        _within("limit", limit, MOST_ROWS)
        with reading(self._path) as connection:
            if connection is None:
                return ()
            rows = connection.execute(
                "SELECT id, at, charger_id, before_amps, after_amps, reason, steps FROM journal "
                "WHERE at >= ? AND at < ? AND charger_id = coalesce(?, charger_id) "
                "ORDER BY at DESC, id DESC LIMIT ?",
                (from_wall.timestamp(), to_wall.timestamp(), charger_id, limit),
            ).fetchall()
        return tuple(self._change(row) for row in reversed(rows))

    def _change(self, row: tuple[int, float, str, float | None, float, str, str]) -> KeptChange:
        steps = tuple((rule, before, after, why) for rule, before, after, why in json.loads(row[6]))
        return KeptChange(row[0], wall_of(row[1], self._zone), row[2], row[3], row[4], row[5], steps)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A read-only connection within one read transaction; None while there is no history."""
    if not path.exists():
        yield None
        return
    connection = None
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        connection.execute("BEGIN")
        (begun,) = connection.execute("PRAGMA user_version").fetchone()
        yield connection if begun else None
    except (sqlite3.Error, OSError) as error:
        raise HistoryError(str(trouble(error, path)), asker=False) from error
    finally:
        if connection is not None:
            connection.close()


def _question(from_wall: datetime, to_wall: datetime, step_s: int) -> tuple[int, int]:
    """The range in seconds since 1970; a question that makes no sense is a HistoryError."""
    if from_wall.tzinfo is None or to_wall.tzinfo is None:
        raise HistoryError("from and to must carry a time zone, as in 2026-05-03T00:00:00+02:00.", asker=True)
    start, end = int(from_wall.timestamp()) // 60 * 60, int(to_wall.timestamp())
    if end <= start:
        raise HistoryError("to must be later than from.", asker=True)
    if step_s < 60 or step_s % 60:
        raise HistoryError(f"step_s must be a multiple of 60 (found {step_s}).", asker=True)
    rows = (end - start) / step_s
    if rows > MOST_ROWS:
        raise HistoryError(
            f"That would be {rows:.0f} rows, and {MOST_ROWS} is the most. Ask for a longer step_s.",
            asker=True,
        )
    return start, end


def _within(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise HistoryError(f"{name} must be between 1 and {most} (found {value}).", asker=True)
