"""What people changed on the page, kept through restarts: a small table of names and JSON values.

A value is on the disk before `put` returns (rollback journal, synchronous EXTRA: the file is always
whole, and it alone is the backup). All values are also in memory, so reading does not touch the disk,
and a file that breaks while sunward runs is put aside and written anew with everything in it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.history.files import FileTrouble, move_aside, opened, transaction, trouble
from agent.model import Event
from scheduler.clock import Clock

MIGRATIONS = ("CREATE TABLE kept (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;\n",)
PUT = "INSERT OR REPLACE INTO kept VALUES (?, ?)"


class KeepError(Exception):
    """The value could not be kept, and the former one still counts; str() is a sentence with the remedy."""


class Kept:
    """state.db. Use it from any thread. `tell` hears when the file can't be read or was put aside."""

    def __init__(self, path: Path, clock: Clock, tell: Callable[[Event], None]) -> None:
        self._path, self._clock, self._tell = path, clock, tell
        self._lock = threading.Lock()
        self._values: dict[str, str] = {}
        self._connection: sqlite3.Connection | None = None
        self._loaded = False
        with self._lock:
            try:
                self._load()
            except KeepError as problem:
                self._say("state_unreadable", f"{problem} What was set on the page is unknown until then.")

    def get(self, key: str) -> Any:
        """The value last put, or None."""
        if not self._loaded:
            with self._lock, suppress(KeepError):
                self._load()
        text = self._values.get(key)
        return None if text is None else json.loads(text)

    def put(self, key: str, value: object) -> None:
        """Keep a value for good. Raises KeepError, and then the former value still counts."""
        self.put_all({key: value})

    def put_all(self, values: Mapping[str, object]) -> None:
        """Keep several values for good, all of them or none. Raises KeepError like `put`."""
        texts = {key: _text(key, value) for key, value in values.items()}
        with self._lock:
            self._load()
            if texts.items() <= self._values.items():
                return  # it is on the disk already: an order that is repeated wears no memory card
            try:
                self._write(texts)
            except FileTrouble as problem:
                if problem.kind != "corrupt":
                    raise KeepError(f"{problem} The change was not kept.") from problem
                self._begin_anew(problem, self._values | texts)
            self._values |= texts

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._drop()

    def _load(self) -> None:
        """Read all values, once; a damaged file is put aside. Raises KeepError."""
        if self._loaded:
            return
        try:
            self._values = self._read()
        except FileTrouble as problem:
            if problem.kind != "corrupt":
                raise KeepError(str(problem)) from problem
            self._begin_anew(problem, {})
        self._loaded = True

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = opened(self._path, "DELETE", MIGRATIONS)
        return self._connection

    def _read(self) -> dict[str, str]:
        connection = self._open()
        try:
            values = dict(connection.execute("SELECT key, value FROM kept").fetchall())
            for text in values.values():
                json.loads(text)
        except sqlite3.Error as error:
            self._drop()
            raise trouble(error, self._path) from error
        except (TypeError, ValueError) as error:
            raise FileTrouble("corrupt", f"The database {self._path} is damaged ({error}).") from error
        return values

    def _write(self, values: Mapping[str, str]) -> None:
        connection = self._open()
        try:
            with transaction(connection):
                connection.executemany(PUT, values.items())
        except sqlite3.Error as error:
            self._drop()
            raise trouble(error, self._path) from error

    def _begin_anew(self, problem: FileTrouble, values: Mapping[str, str]) -> None:
        """Put the damaged file aside and write all that is in memory to a new one. Raises KeepError."""
        self._drop()
        try:
            aside = move_aside(self._path, self._clock.now().wall)
            self._write(values)
        except OSError as error:
            raise KeepError(f"{problem} It can't be renamed ({error}). Move it away by hand.") from error
        except FileTrouble as again:
            raise KeepError(f"{again} The change was not kept.") from again
        known = "with all that was known" if values else "empty: please look at the mode and the windows"
        self._say("state_corrupt", f"{problem} It was put aside as {aside.name}. A new one begins, {known}.")

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _say(self, kind: str, sentence: str) -> None:
        at_wall = self._clock.now().wall
        self._tell(Event(kind, sentence, "error", subject="state", at_wall=at_wall))


def _text(key: str, value: object) -> str:
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise KeepError(f"The value of {key} can't be kept: {error}.") from error
