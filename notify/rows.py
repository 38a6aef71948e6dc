"""Events and letters as rows of the outbox's file, and back. Every function works inside a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from notify.events import SEVERITIES, Event, kind_of, recovered_kind, severity_of
from notify.items import Item, fold
from notify.letters import Form
from notify.quiet import Key, Told, Waiting

MOST_EVENTS = 1000
LONGEST_SENTENCE = 2000
LONGEST_DATA = 8000
KEEP_S = 30 * 86400.0
MOST_DONE = 300
OVERFLOW = "outbox_overflow"
UNREADABLE = "A notice could not be read any more: the memory card may be worn out."


@dataclass(frozen=True, slots=True)
class Job:
    """One letter for one channel. `attempts` counts this one too."""

    id: int
    message_id: str
    channel: str
    form: Form
    items: tuple[Item, ...]
    made: datetime
    attempts: int
    state: str = "waiting"
    problem: str = ""


def at(seconds: float) -> datetime:
    """A stored time as an aware one."""
    return datetime.fromtimestamp(seconds, UTC)


# --- events ----------------------------------------------------------------------------------------


def add_event(db: sqlite3.Connection, event: Event, now: datetime | None, count: int = 1) -> None:
    """Put one event at the end; a trouble (or an end) that waits already is counted instead."""
    now_s = now.timestamp() if now else event.at_wall.timestamp() if event.at_wall else None
    ends = recovered_kind(event)
    alike, first_s = (_clean(event.kind), _clean(event.subject), _clean(ends)), now_s
    rank = SEVERITIES.index(severity_of(event))
    if rank or (ends and kind_of(event.kind).delivery == "never"):
        found = db.execute(
            "SELECT id, first_s, count FROM events WHERE kind = ? AND subject = ? AND recovers = ?", alike
        ).fetchone()
        if found:
            first_s, count = found[1] if found[1] is not None else now_s, count + found[2]
            db.execute("DELETE FROM events WHERE id = ?", (found[0],))
    db.execute(
        "INSERT INTO events (kind, subject, recovers, rank, event, first_s, last_s, count) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*alike, rank, _event_text(event), first_s, now_s, count),
    )


def keep_within_bounds(db: sqlite3.Connection, now: datetime | None) -> None:
    """A full outbox loses its least and oldest events, and says so in one of its own."""
    (rows,) = db.execute("SELECT count(*) FROM events").fetchone()
    if rows <= MOST_EVENTS:
        return
    least = "SELECT id FROM events WHERE kind <> ? ORDER BY rank, id LIMIT ?"
    over = (OVERFLOW, rows - MOST_EVENTS + 1)
    (lost,) = db.execute(f"SELECT sum(count) FROM events WHERE id IN ({least})", over).fetchone()
    db.execute(f"DELETE FROM events WHERE id IN ({least})", over)
    add_overflow(db, lost, now)


def add_overflow(db: sqlite3.Connection, lost: int, now: datetime | None) -> None:
    """Say that so many events were dropped."""
    sentence = "More happened than the outbox can hold: the least important old notices were dropped."
    add_event(db, Event(OVERFLOW, sentence, "warning"), now, lost)


def waiting_events(db: sqlite3.Connection, now: datetime) -> list[Waiting]:
    """All that waits to be told, oldest first. What was noted without a clock counts as noted now."""
    now_s = now.timestamp()
    db.execute(
        "UPDATE events SET first_s = coalesce(first_s, ?), last_s = coalesce(last_s, ?) "
        "WHERE first_s IS NULL OR last_s IS NULL",
        (now_s, now_s),
    )
    rows = db.execute("SELECT id, event, first_s, last_s, count FROM events ORDER BY id")
    return [
        Waiting(id, event_from(text), at(first_s), at(last_s), count)
        for id, text, first_s, last_s, count in rows
    ]


def _event_text(event: Event) -> str:
    data = json.dumps(event.data, default=str, skipkeys=True)
    values: dict[str, Any] = {
        "kind": _clean(event.kind),
        "sentence": _clean(event.sentence)[:LONGEST_SENTENCE],
        "severity": event.severity,
        "subject": _clean(event.subject),
        "recovers": _clean(event.recovers),
        "at_wall": event.at_wall.isoformat() if event.at_wall and event.at_wall.tzinfo else None,
        "data": json.loads(data) if len(data) <= LONGEST_DATA else {"figures": "left out: too long"},
    }
    return json.dumps(values)


def event_from(text: str) -> Event:
    """An event out of its row; one that a worn-out card has garbled says just that."""
    try:
        values = json.loads(text)
        wall = values.pop("at_wall")
        return Event(**values, at_wall=datetime.fromisoformat(wall) if wall else None)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Event("outbox_broken", UNREADABLE, "warning")


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


# --- what was told ---------------------------------------------------------------------------------


def read_told(db: sqlite3.Connection) -> dict[Key, Told]:
    """What was told of each kind and subject."""
    rows = db.execute(
        "SELECT kind, subject, how, severity, since_s, told_s, last_s, letters, count, open FROM told"
    )
    return {
        (kind, subject): Told(how, severity, at(since), at(told), at(last), letters, count, bool(is_open))
        for kind, subject, how, severity, since, told, last, letters, count, is_open in rows
    }


def write_told(db: sqlite3.Connection, told: Mapping[Key, Told], now: datetime) -> None:
    """Remember; what ended a month ago is forgotten."""
    db.executemany(
        "INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *key,
                one.how,
                one.severity,
                one.since.timestamp(),
                one.told.timestamp(),
                one.last.timestamp(),
                one.letters,
                one.count,
                one.open,
            )
            for key, one in told.items()
        ],
    )
    db.execute("DELETE FROM told WHERE NOT open AND last_s < ?", (now.timestamp() - KEEP_S,))


# --- letters ---------------------------------------------------------------------------------------


def add_letters(
    db: sqlite3.Connection, channels: Iterable[str], form: Form, items: Sequence[Item], now: datetime
) -> None:
    """One letter for each channel; where one waits that was never tried, it takes these items too."""
    (name,) = db.execute("SELECT name FROM about").fetchone()
    for channel in channels:
        found = db.execute(
            "SELECT id, items FROM letters "
            "WHERE channel = ? AND form = ? AND state = 'waiting' AND attempts = 0",
            (channel, form),
        ).fetchone()
        if found:
            db.execute("DELETE FROM letters WHERE id = ?", (found[0],))
        whole = fold([*_items_from(found[1]), *items]) if found else items
        cursor = db.execute(
            "INSERT INTO letters (message_id, channel, form, items, made_s) VALUES ('', ?, ?, ?, ?)",
            (channel, form, json.dumps([item.to_json() for item in whole]), now.timestamp()),
        )
        db.execute(
            "UPDATE letters SET message_id = ? WHERE id = ?", (f"{name}.{cursor.lastrowid}", cursor.lastrowid)
        )


def read_letters(db: sqlite3.Connection, where: str = "1", values: Sequence[object] = ()) -> list[Job]:
    """Letters, oldest first; `where` is a condition in SQL."""
    rows = db.execute(
        "SELECT id, message_id, channel, form, items, made_s, attempts, state, problem FROM letters "
        f"WHERE {where} ORDER BY id",
        tuple(values),
    )
    return [
        Job(id, message_id, channel, form, _items_from(items), at(made_s), attempts, state, problem)
        for id, message_id, channel, form, items, made_s, attempts, state, problem in rows
    ]


def forget_done(db: sqlite3.Connection, now: datetime) -> None:
    """Letters that were sent or given up are kept for a month, and no more than some hundreds."""
    db.execute("DELETE FROM letters WHERE state <> 'waiting' AND done_s < ?", (now.timestamp() - KEEP_S,))
    db.execute(
        "DELETE FROM letters WHERE state <> 'waiting' AND id NOT IN "
        "(SELECT id FROM letters WHERE state <> 'waiting' ORDER BY id DESC LIMIT ?)",
        (MOST_DONE,),
    )


def _items_from(text: str) -> tuple[Item, ...]:
    try:
        return tuple(Item.from_json(values) for values in json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError):
        return (Item("outbox_broken", "", "warning", "notice", UNREADABLE, at(0), at(0)),)
