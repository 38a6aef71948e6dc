"""The outbox's file: shared by programs and threads, whole after a power cut, replaced when damaged.

Every use is one transaction that is on the disk when it ends. A damaged file is set aside under
another name, what can still be read of it is taken over, and a notice tells about it.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from notify import rows
from notify.events import Event

T = TypeVar("T")
log = logging.getLogger(__name__)

SCHEMA = Path(__file__).with_name("outbox.sql")
SCHEMA_VERSION = 1
BROKEN_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
MOST_BROKEN_FILES = 3
TABLES = {"events": "id", "told": "kind", "letters": "id", "made": "at_s"}


class OutboxError(Exception):
    """The outbox's file can't be used now. The sentence says why and what to do."""


class OutboxFile:
    """Transactions on one file, for any number of threads and programs. Path None: in memory only."""

    def __init__(self, path: Path | None, patience_s: float = 3.0) -> None:
        self.path = path
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._inode = 0

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction. Raises OutboxError when the file can't be used."""
        with self._lock:
            try:
                return self._transaction(work)
            except sqlite3.DatabaseError as error:
                if self.path is None or not _is_broken(error):
                    raise OutboxError(self._sentence(error)) from error
            except OSError as error:
                raise OutboxError(self._sentence(error)) from error
            try:
                self._start_anew()
                return self._transaction(work)
            except (sqlite3.DatabaseError, OSError) as error:
                raise OutboxError(self._sentence(error)) from error

    @contextlib.contextmanager
    def alone(self, what: str = "post", *, wait: bool = False) -> Iterator[bool]:
        """Whether we are the only one at `what`; the kernel ends the claim of a program that dies."""
        if self.path is None:
            yield True
            return
        try:
            lock = os.open(f"{self.path}.{what}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OutboxError(self._sentence(error)) from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(lock)

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        db = self._connect()
        try:
            db.execute("BEGIN IMMEDIATE")
            _bring_up(db)
            result = work(db)
            db.execute("COMMIT")
            return result
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def _connect(self) -> sqlite3.Connection:
        if self.path is None:
            self._db = self._db or _open(":memory:", 0.0)
            return self._db
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        inode = self.path.stat().st_ino
        if self._db is None or inode != self._inode:  # new, or another program has set it aside
            self.close()
            self._db, self._inode = _open(str(self.path), self._patience_s), inode
        return self._db

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _sentence(self, error: Exception) -> str:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL or getattr(error, "errno", 0) == 28:
            return f"The disk with {self.path} is full. Make room; until then news is kept in memory."
        if code == sqlite3.SQLITE_BUSY:
            return f"{self.path} is in use by another program for over {self._patience_s:g} s."
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return f"{self.path} can't be written. Give this user the right to write in {self._folder}."
        return f"{self.path} can't be used: {getattr(error, 'strerror', None) or error}."

    @property
    def _folder(self) -> str:
        return str(self.path.parent) if self.path else ""

    def _start_anew(self) -> None:
        """Set a damaged file aside, and save from it what can be read."""
        assert self.path is not None
        with self.alone("repair", wait=True):
            if self._is_sound():
                return  # another program was faster
            aside = _free_name(self.path)
            self.close()
            os.replace(self.path, aside)
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self.path}-journal", f"{aside}-journal")
            saved = self._transaction(lambda db: _take_over(db, aside))
        log.error(
            "the outbox %s was damaged; %d entries were saved, the rest is in %s", self.path, saved, aside
        )

    def _is_sound(self) -> bool:
        try:
            found: object = self._transaction(lambda db: db.execute("PRAGMA integrity_check").fetchone())
        except sqlite3.DatabaseError:
            return False
        return found == ("ok",)


def _open(name: str, patience_s: float) -> sqlite3.Connection:
    db = sqlite3.connect(name, timeout=patience_s, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA synchronous = FULL")
    return db


def _bring_up(db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise OSError(None, "it was written by a newer sunward")
    for statement in SCHEMA.read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.execute("INSERT INTO about VALUES (?)", (uuid.uuid4().hex[:16],))
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _is_broken(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in BROKEN_CODES


def _free_name(path: Path) -> Path:
    names = [path.with_name(f"{path.name}.broken-{number}") for number in range(1, MOST_BROKEN_FILES + 1)]
    return next((name for name in names if not name.exists()), names[-1])


def _take_over(db: sqlite3.Connection, damaged: Path) -> int:
    """Copy every row that can still be read; returns how many events and letters that were."""
    saved = 0
    old = sqlite3.connect(f"file:{damaged}?mode=rw", uri=True)
    try:
        for table, key in TABLES.items():
            for row in _readable(old, table, key):
                marks = ", ".join("?" * len(row))
                db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)
                saved += key == "id"
    finally:
        old.close()
    sentence = (
        f"The outbox file was damaged and is new now. {saved} entries were saved; "
        f"others may be lost. The damaged file is kept as {damaged.name}."
    )
    rows.add_event(db, Event("outbox_broken", sentence, "warning"), None)
    return saved


def _readable(old: sqlite3.Connection, table: str, key: str) -> list[tuple[object, ...]]:
    """A damaged table's rows: its keys from both ends as far as one gets, then each row by itself."""
    keys: set[object] = set()
    for order in ("ASC", "DESC"):
        with contextlib.suppress(sqlite3.DatabaseError):
            for (value,) in old.execute(f"SELECT {key} FROM {table} ORDER BY {key} {order}"):
                keys.add(value)
    found: list[tuple[object, ...]] = []
    for value in keys:
        with contextlib.suppress(sqlite3.DatabaseError):
            found += old.execute(f"SELECT * FROM {table} WHERE {key} = ?", (value,)).fetchall()
    return found
