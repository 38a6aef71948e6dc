"""The outbox: what happened goes in, letters come out, at least once and in the normal case exactly once.

Any program of the house may put events in; any may deliver, one at a time. The way of a piece of news:

    append -> events -> (quiet.plan) -> letters, one for each channel -> claim -> send -> sent

Each arrow is one transaction. The attempt is written down before the letter goes out and the success after
it; a power cut in between sends the same letter again under the same Message-ID. While a channel's letter
waits, newer news gathers in one letter behind it, so days without a mail server end in two letters.

When the file can't be written (full disk, worn-out card), news is kept in memory, bounded, and delivered from
there. Nothing here asks for the time: `now` comes in, aware, or None while the clock is not set.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from notify import rows
from notify.channels import SendError
from notify.events import Event, Severity
from notify.file import OutboxError, OutboxFile
from notify.policy import Policy
from notify.quiet import HOUR, Waiting, plan
from notify.redact import Redactor
from notify.rows import Job

log = logging.getLogger(__name__)

MOST_HELD = 1000
TRY_AGAIN_AFTER_S = {
    "later": (60.0, 300.0, 900.0, 3600.0),
    "settings": (300.0, 3600.0),
    "letter": (3600.0, 6 * 3600.0),
}
TRIES_OF_A_REFUSED_LETTER = 3
LONGEST_WAIT_S = 6 * 3600.0
GIVE_UP_AFTER_S = 30 * 86400.0


class Outbox:
    """The house's one outbox, in `path` (None: in memory only). Safe from any thread."""

    def __init__(self, path: Path | None, redact: Redactor | None = None, *, patience_s: float = 3.0) -> None:
        self.problem = ""  # why the file can't be written, or empty
        self._file = OutboxFile(path, patience_s)
        self._redact = redact or Redactor()
        self._held: deque[tuple[Event, datetime | None]] = deque()
        self._lost = 0  # dropped from memory while the file could not be written
        self._held_lock = threading.Lock()
        self._sent: set[int] = set()  # letters that went out but could not be marked yet
        self._spare: Outbox | None = None

    def append(self, events: Iterable[Event], now: datetime | None) -> bool:
        """Put events in; False if they are only in memory yet. Never raises for the file's sake.

        It waits for the disk: not for a thread that owes anybody a heartbeat.
        """
        with self._held_lock:
            for event in events:
                clean = replace(
                    event,
                    sentence=self._redact.text(event.sentence),
                    subject=self._redact.text(event.subject),
                    data=self._redact.data(event.data),
                )
                if len(self._held) >= MOST_HELD and not self._flush(now):
                    self._held.popleft()
                    self._lost += 1
                self._held.append((clean, now))
            return self._flush(now)

    def _flush(self, now: datetime | None) -> bool:
        if not self._held:
            return True

        def work(db: sqlite3.Connection) -> None:
            for event, noted in self._held:
                rows.add_event(db, event, noted)
            if self._lost:
                rows.add_overflow(db, self._lost, now)
            rows.keep_within_bounds(db, now)

        try:
            self._file.do(work)
        except OutboxError as error:
            if str(error) != self.problem:
                log.error("%s", error)
            self.problem = str(error)
            return False
        self.problem = ""
        self._held.clear()
        self._lost = 0
        return True

    def boxes(self, now: datetime) -> list[Outbox]:
        """What a deliverer has to look through: this outbox, and the one in memory if the disk failed."""
        with self._held_lock:
            if not self._flush(now):
                self._spare = self._spare or Outbox(None, self._redact)
                for event, noted in self._held:
                    self._spare.append([event], noted)
                self._held.clear()
        return [self, self._spare] if self._spare else [self]

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether we are the only deliverer, for as long as the block lasts. Raises OutboxError."""
        with self._file.alone() as mine:
            yield mine

    # --- letters -----------------------------------------------------------------------------------

    def is_idle(self) -> bool:
        """Whether there is neither news nor a letter that waits. Raises OutboxError."""
        return not self._file.do(_has_work)

    def make_letters(
        self, policy: Policy, channels: Mapping[str, Severity], now: datetime
    ) -> datetime | None:
        """Turn what is due into letters; returns when there may be more to do. Raises OutboxError.

        `channels`: by name, the least severity that each wants to hear of.
        """
        return self._file.do(lambda db: _make_letters(db, policy, channels, now))

    def claim(self, channel: str, now: datetime, *, hurry: bool = False) -> Job | None:
        """The channel's oldest letter, if it is due; the attempt is written down. Raises OutboxError."""

        def work(db: sqlite3.Connection) -> Job | None:
            for done in self._sent:
                _mark(db, done, "sent", now)
            found = db.execute(
                "SELECT id, next_s FROM letters WHERE channel = ? AND state = 'waiting' ORDER BY id LIMIT 1",
                (channel,),
            ).fetchone()
            if not found or not (hurry or _is_due(found[1], now)):
                return None
            db.execute("UPDATE letters SET attempts = attempts + 1 WHERE id = ?", (found[0],))
            return rows.read_letters(db, "id = ?", [found[0]])[0]

        job = self._file.do(work)
        self._sent.clear()
        return job

    def sent(self, job: Job, now: datetime) -> None:
        """The letter went out."""
        self._sent.add(job.id)
        with contextlib.suppress(OutboxError):  # then the next claim marks it first
            self._file.do(lambda db: _mark(db, job.id, "sent", now))
            self._sent.discard(job.id)

    def failed(self, job: Job, error: SendError, now: datetime) -> datetime | None:
        """The letter was not taken; returns when to try again, or None if it is given up."""
        steps = TRY_AGAIN_AFTER_S[error.cause]
        again = now + timedelta(seconds=steps[min(job.attempts, len(steps)) - 1])
        refused = error.cause == "letter" and job.attempts >= TRIES_OF_A_REFUSED_LETTER
        too_old = (now - job.made).total_seconds() > GIVE_UP_AFTER_S

        def work(db: sqlite3.Connection) -> None:
            if refused or too_old:
                _mark(db, job.id, "given up", now)
            db.execute(
                "UPDATE letters SET next_s = ?, problem = ? WHERE id = ?",
                (again.timestamp(), str(error), job.id),
            )

        with contextlib.suppress(OutboxError):
            self._file.do(work)
        return None if refused or too_old else again

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        self._file.close()

    # --- looking -----------------------------------------------------------------------------------

    def letters(self) -> list[Job]:
        """All letters of the last month, oldest first. Raises OutboxError."""
        return self._file.do(rows.read_letters)

    def waiting(self, now: datetime) -> list[Waiting]:
        """All events that nobody was told of yet, oldest first. Raises OutboxError."""
        return self._file.do(lambda db: rows.waiting_events(db, now))

    def pending(self) -> tuple[int, int]:
        """How many events and how many letters wait. Raises OutboxError."""

        def work(db: sqlite3.Connection) -> tuple[int, int]:
            (events,) = db.execute("SELECT coalesce(sum(count), 0) FROM events").fetchone()
            (letters,) = db.execute("SELECT count(*) FROM letters WHERE state = 'waiting'").fetchone()
            return events, letters

        return self._file.do(work)


def _has_work(db: sqlite3.Connection) -> bool:
    """Most looks find nothing, and then nothing is written: memory cards wear."""
    known = db.execute(
        "SELECT 1 FROM events UNION ALL SELECT 1 FROM letters WHERE state = 'waiting'"
    ).fetchone()
    return known is not None


def _make_letters(
    db: sqlite3.Connection, policy: Policy, channels: Mapping[str, Severity], now: datetime
) -> datetime | None:
    now_s = now.timestamp()
    if not channels:
        db.execute("DELETE FROM events WHERE last_s < ?", (now_s - rows.KEEP_S,))
        return None
    _drop_gone_channels(db, channels, now)
    db.execute("DELETE FROM made WHERE at_s < ? OR at_s > ?", (now_s - HOUR.total_seconds(), now_s))
    made = [rows.at(at_s) for (at_s,) in db.execute("SELECT at_s FROM made")]
    what = plan(policy, rows.waiting_events(db, now), rows.read_told(db), made, now)
    if what.letter:
        db.execute("INSERT INTO made VALUES (?)", (now_s,))
    for channel, least in channels.items():
        if letter := [item for item in what.letter if item.is_at_least(least)]:
            rows.add_letters(db, [channel], "letter", letter, now)
        if digest := [item for item in what.digest if item.is_at_least(least)]:
            rows.add_letters(db, [channel], "digest", digest, now)
    db.executemany("DELETE FROM events WHERE id = ?", [(id,) for id in what.used])
    if what.told or what.used:
        rows.write_told(db, what.told, now)
        rows.forget_done(db, now)
    return what.next


def _drop_gone_channels(db: sqlite3.Connection, channels: Collection[str], now: datetime) -> None:
    marks = ", ".join("?" * len(channels))
    db.execute(
        "UPDATE letters SET state = 'given up', done_s = ?, problem = 'It is no longer in the settings.' "
        f"WHERE state = 'waiting' AND channel NOT IN ({marks})",
        (now.timestamp(), *channels),
    )


def _mark(db: sqlite3.Connection, letter_id: int, state: str, now: datetime) -> None:
    db.execute(
        "UPDATE letters SET state = ?, done_s = ?, problem = '' WHERE id = ?",
        (state, now.timestamp(), letter_id),
    )


def _is_due(next_s: float, now: datetime) -> bool:
    """A next try further off than any wait that we set is the work of a clock that jumped."""
    ahead_s = next_s - now.timestamp()
    return ahead_s <= 0 or ahead_s > LONGEST_WAIT_S
