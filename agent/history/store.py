"""The writing half of the history: one connection, one thread, one transaction at a time.

Each commit reaches the disk before `write` returns (WAL, synchronous FULL): a power cut loses what was
not yet handed over, at most the current minute, and never the file. Any number of readers may read
meanwhile (reader.py).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from agent.history import rollup
from agent.history.files import opened, transaction, trouble
from agent.history.journal import OfferChange
from agent.history.rollup import ADD_CHARGER, ADD_HOUSE, CHARGER_SUMS, HOUSE_SUMS, MINUTE, Minute
from agent.history.sessions import Session
from agent.model import Event, Moment

MIGRATIONS = tuple(
    Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("schema.sql", "schema_2.sql")
)

ADRIFT_KEPT = 14 * 1440  # minutes that wait for a clock: two weeks of them
EVENTS_KEPT = 200_000
JOURNAL_KEPT = 150_000
JOURNAL_KEPT_DAYS = 400
TIDIED_ROWS = 2000  # deleted at most in one go

WHEN_COLUMNS = ("start_at", "start_mono_s", "seen_at", "seen_mono_s", "end_at", "end_mono_s")
PLAIN_COLUMNS = tuple(one.name for one in fields(Session) if one.name not in ("start", "seen", "end"))
SESSION_COLUMNS = (*WHEN_COLUMNS, *PLAIN_COLUMNS)
PUT_SESSION = (
    f"INSERT INTO session ({', '.join(SESSION_COLUMNS)}) VALUES ({', '.join('?' * len(SESSION_COLUMNS))}) "
    f"ON CONFLICT (key) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in SESSION_COLUMNS)}"
)
PUT_EVENT = (
    "INSERT INTO event (at, boot, mono_s, kind, severity, subject, recovers, sentence, data) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
PUT_CHANGE = (
    "INSERT INTO journal (at, boot, mono_s, charger_id, before_amps, after_amps, reason, steps) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event and when history heard of it."""

    event: Event
    moment: Moment


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes."""

    minutes: tuple[Minute, ...] = ()
    events: tuple[Happened, ...] = ()
    changes: tuple[OfferChange, ...] = ()
    sessions: tuple[Session, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.minutes or self.events or self.changes or self.sessions)


class Store:
    """history.db, open for writing. `boot` names this run of the computer. Raises FileTrouble only."""

    def __init__(self, path: Path, boot: str) -> None:
        self.path = path
        self._boot = boot
        self._connection = opened(path, "WAL", MIGRATIONS)
        self._numbers: dict[str, int] = {}

    def close(self) -> None:
        """Close the connection; what was written is on disk already."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def write(self, batch: Batch, zone: tzinfo) -> None:
        """Write all of a batch or nothing of it."""
        try:
            with transaction(self._connection):
                mark = rollup.folded_to(self._connection)
                for minute in batch.minutes:
                    self._put_minute(minute, mark, zone)
                self._connection.executemany(PUT_SESSION, map(session_row, batch.sessions))
                self._connection.executemany(PUT_EVENT, (self._event_row(one) for one in batch.events))
                self._connection.executemany(PUT_CHANGE, (self._change_row(one) for one in batch.changes))
        except sqlite3.Error as error:
            self._numbers.clear()  # numbers given in a transaction that was undone
            raise trouble(error, self.path) from error

    def place(self, moment: Moment) -> int:
        """Give wall times to all that this boot wrote without; returns how many older minutes have none.

        Minutes of an earlier boot can never be placed: they are dropped and counted.
        """
        if moment.wall is None:
            return 0
        zero = moment.wall.timestamp() - moment.mono_s
        zone = moment.wall.tzinfo or UTC
        try:
            with transaction(self._connection):
                mark = rollup.folded_to(self._connection)
                for mono_s, body in self._connection.execute(
                    "SELECT mono_s, body FROM adrift WHERE boot = ?", (self._boot,)
                ).fetchall():
                    self._put_minute(_from_json(mono_s, body, zero), mark, zone)
                self._connection.execute("DELETE FROM adrift WHERE boot = ?", (self._boot,))
                lost = self._connection.execute("DELETE FROM adrift").rowcount
                for statement in _PLACE:
                    self._connection.execute(statement, {"zero": zero, "boot": self._boot})
        except sqlite3.Error as error:
            self._numbers.clear()
            raise trouble(error, self.path) from error
        return lost

    def fold(self, before: int, zone: tzinfo) -> None:
        """Add finished hours to the coarser levels."""
        try:
            if rollup.folded_to(self._connection) < before // 3600 * 3600:
                with transaction(self._connection):
                    rollup.fold(self._connection, before, zone)
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error

    def tidy(self, now: int) -> None:
        """Drop a little of what is older than it is kept; call it every few hours."""
        try:
            with transaction(self._connection):
                rollup.prune(self._connection, now)
                self._connection.execute(
                    "DELETE FROM journal WHERE id IN (SELECT id FROM journal WHERE at < :old OR "
                    "id <= (SELECT max(id) FROM journal) - :kept ORDER BY id LIMIT :rows)",
                    {"old": now - JOURNAL_KEPT_DAYS * 86400, "kept": JOURNAL_KEPT, "rows": TIDIED_ROWS},
                )
                self._connection.execute(
                    "DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?", (EVENTS_KEPT,)
                )
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error

    def unfinished(self, zone: tzinfo) -> list[Session]:
        """The sessions that lasted when the program last ran."""
        try:
            rows = self._connection.execute(
                f"SELECT {', '.join(SESSION_COLUMNS)} FROM session WHERE end_reason = ''"
            ).fetchall()
        except sqlite3.Error as error:
            raise trouble(error, self.path) from error
        return [session_of(row, zone) for row in rows]

    def _put_minute(self, minute: Minute, mark: int, zone: tzinfo) -> None:
        if minute.at is None:
            body = json.dumps([minute.house, dict(minute.chargers)], separators=(",", ":"))
            self._connection.execute(
                "INSERT INTO adrift (boot, mono_s, body) VALUES (?, ?, ?)", (self._boot, minute.mono_s, body)
            )
            self._connection.execute(
                "DELETE FROM adrift WHERE id <= (SELECT max(id) FROM adrift) - ?", (ADRIFT_KEPT,)
            )
            return
        rows: tuple[tuple[int, int], ...] = ((MINUTE, minute.at),)
        if minute.at < mark:  # the clock was set back: this time has been folded already
            rows += rollup.starts_of(minute.at, zone)
        for level, at in rows:
            self._connection.execute(ADD_HOUSE, (level, at, *minute.house))
            self._connection.executemany(
                ADD_CHARGER,
                ((level, at, self._number(name), *sums) for name, sums in minute.chargers.items()),
            )

    def _number(self, charger_id: str) -> int:
        number = self._numbers.get(charger_id)
        if number is None:
            self._connection.execute(
                "INSERT OR IGNORE INTO charger_name (charger_id) VALUES (?)", (charger_id,)
            )
            (number,) = self._connection.execute(
                "SELECT n FROM charger_name WHERE charger_id = ?", (charger_id,)
            ).fetchone()
            self._numbers[charger_id] = int(number)
        return int(number)

    def _event_row(self, one: Happened) -> tuple[object, ...]:
        event = one.event
        at = seconds_of(event.at_wall or one.moment.wall)
        named = (event.kind, event.severity, event.subject, event.recovers, event.sentence)
        return (at, self._boot, one.moment.mono_s, *map(_text, named), _data(event.data))

    def _change_row(self, one: OfferChange) -> tuple[object, ...]:
        steps = json.dumps(one.steps, separators=(",", ":"))
        return (
            seconds_of(one.moment.wall),
            self._boot,
            one.moment.mono_s,
            one.charger_id,
            one.before_amps,
            one.after_amps,
            _text(one.reason),
            steps,
        )


_ADRIFT = "at = :zero + mono_s WHERE at IS NULL AND boot = :boot"
_PLACE = (
    f"UPDATE event SET {_ADRIFT}",
    f"UPDATE journal SET {_ADRIFT}",
    """UPDATE session SET start_at = coalesce(start_at, :zero + start_mono_s),
           seen_at = coalesce(seen_at, :zero + seen_mono_s), end_at = coalesce(end_at, :zero + end_mono_s)
       WHERE (start_at IS NULL OR seen_at IS NULL) AND boot = :boot""",
)


def _text(words: str) -> str:
    """Words that SQLite can hold: half a character (from a file's odd name) becomes a question mark."""
    return words.encode("utf-8", "replace").decode("utf-8")


def _data(data: Mapping[str, object]) -> str:
    """An event's data as JSON; what is not JSON is kept as the words that Python has for it."""
    try:
        return json.dumps(dict(data), default=str, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps({"unreadable": repr(data)})


def seconds_of(wall: datetime | None) -> float | None:
    """Seconds since 1970, or None."""
    return None if wall is None else wall.timestamp()


def wall_of(seconds: float | None, zone: tzinfo) -> datetime | None:
    """The wall time in a zone, or None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).astimezone(zone)


def session_row(one: Session) -> tuple[object, ...]:
    """A session in the order of SESSION_COLUMNS."""
    ends = (None, None) if one.end is None else (seconds_of(one.end.wall), one.end.mono_s)
    return (
        *(seconds_of(one.start.wall), one.start.mono_s),
        *(seconds_of(one.seen.wall), one.seen.mono_s),
        *ends,
        *(getattr(one, name) for name in PLAIN_COLUMNS),
    )


def session_of(row: Iterable[object], zone: tzinfo) -> Session:
    """A session from SESSION_COLUMNS."""
    value: Mapping[str, object] = dict(zip(SESSION_COLUMNS, row, strict=True))

    def moment(name: str) -> Moment:
        at, mono_s = value[f"{name}_at"], value[f"{name}_mono_s"]
        assert isinstance(mono_s, float)
        return Moment(mono_s, wall_of(at if isinstance(at, float) else None, zone))

    plain = {name: value[name] for name in PLAIN_COLUMNS}
    end = None if value["end_mono_s"] is None else moment("end")
    return Session(start=moment("start"), seen=moment("seen"), end=end, **plain)  # type: ignore[arg-type]


def _from_json(mono_s: float, body: str, zero: float) -> Minute:
    house, chargers = json.loads(body)
    at = int(mono_s + zero) // 60 * 60
    return Minute(
        at,
        mono_s,
        _whole(house, HOUSE_SUMS),
        {name: _whole(sums, CHARGER_SUMS) for name, sums in chargers.items()},
    )


def _whole(sums: list[int], names: tuple[str, ...]) -> tuple[int, ...]:
    """Today's sums, from those of an older version too: what it did not know is 0."""
    return (*sums, *(0 for _ in names[len(sums) :]))
