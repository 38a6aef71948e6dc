"""SQLite files that survive years: how they are opened, what can be wrong with them, and how a broken
one is put aside.

Nothing above this file sees an SQLite error: it becomes a `FileTrouble`, one of four kinds, whose sentence
says what to do.

    full        no space left                     wait for space, keep trying
    unwritable  the disk refuses, or is locked    wait, keep trying
    corrupt     not a database any more           put aside, begin anew
    newer       written by a newer sunward        leave it alone
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

TroubleKind = Literal["full", "unwritable", "corrupt", "newer"]
BUSY_TIMEOUT_S = 2.0
TOO_LITTLE_SPACE_BYTES = 4 * 1024 * 1024
BROKEN_KEPT = 3  # older ones are deleted: a dying card must not fill itself with them


class FileTrouble(Exception):
    """A database file can't be used as it should; str() is a sentence with the remedy."""

    def __init__(self, kind: TroubleKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


def connect(path: Path, journal: Literal["WAL", "DELETE"]) -> sqlite3.Connection:
    """Open for writing, durably: what is committed survives a power cut. Raises sqlite3.Error, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute(f"PRAGMA synchronous = {'FULL' if journal == 'WAL' else 'EXTRA'}")
        _check(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise sqlite3.DatabaseError(f"malformed: {answer}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block's changes, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def trouble(error: sqlite3.Error | OSError, path: Path) -> FileTrouble:
    """What an error means to the owner of the house."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "malformed" in str(error):
        return FileTrouble("corrupt", f"The database {path} is damaged ({error}).")
    if primary == sqlite3.SQLITE_FULL or _no_space(path):
        return FileTrouble(
            "full",
            f"The disk is full: {path} can't be written. Free some space; to see where it went, type: df -h",
        )
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return FileTrouble(
            "unwritable", f"Another program keeps {path} locked. Close what has it open for writing."
        )
    if primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM) or primary is None:
        return FileTrouble(
            "unwritable",
            f"{path} can't be written ({error}). Its folder must exist and belong to sunward's user.",
        )
    return FileTrouble(
        "unwritable",
        f"The disk refuses to write {path} ({error}). A worn SD card shows in dmesg: then replace it.",
    )


def _no_space(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < TOO_LITTLE_SPACE_BYTES
    except OSError:
        return False


def move_aside(path: Path, wall: datetime | None) -> Path:
    """Rename a damaged database (and its -wal, -shm, -journal) with a date; returns its new name.

    Raises OSError. Only the last few broken ones are kept.
    """
    date = wall.strftime("%Y-%m-%d-%H%M%S") if wall else "unknown-time"
    name, count = f"{path.name}.broken-{date}", 1
    while path.with_name(name).exists():
        count += 1
        name = f"{path.name}.broken-{date}-{count}"
    for ending in ("-wal", "-shm", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(path.with_name(name + ending))
    path.rename(path.with_name(name))
    _forget_old_ones(path)
    return path.with_name(name)


def _forget_old_ones(path: Path) -> None:
    endings = ("-wal", "-shm", "-journal")
    broken = [one for one in path.parent.glob(f"{path.name}.broken-*") if not one.name.endswith(endings)]
    broken.sort(key=lambda one: one.stat().st_mtime)
    for old in broken[:-BROKEN_KEPT]:
        for ending in ("", *endings):
            old.with_name(old.name + ending).unlink(missing_ok=True)


def version(connection: sqlite3.Connection) -> int:
    """The schema's version; 0 is an empty file."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def migrate(connection: sqlite3.Connection, path: Path, scripts: tuple[str, ...]) -> None:
    """Bring the schema to the last of `scripts`, one transaction each. Raises FileTrouble("newer")."""
    found = version(connection)
    if found > len(scripts):
        raise FileTrouble(
            "newer",
            f"{path} was written by a newer sunward (schema {found}, this one knows {len(scripts)}). "
            "Update sunward, or move that file away to begin a new one.",
        )
    for number, script in enumerate(scripts[found:], start=found + 1):
        with transaction(connection):
            for statement in statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one (executescript would commit between them)."""
    gathered = ""
    for line in script.splitlines(keepends=True):
        gathered += line
        if sqlite3.complete_statement(gathered):
            yield gathered
            gathered = ""


def opened(path: Path, journal: Literal["WAL", "DELETE"], scripts: tuple[str, ...]) -> sqlite3.Connection:
    """A checked connection with today's schema. Raises FileTrouble only."""
    try:
        connection = connect(path, journal)
    except (sqlite3.Error, OSError) as error:
        raise trouble(error, path) from error
    try:
        migrate(connection, path, scripts)
    except (sqlite3.Error, OSError) as error:
        connection.close()
        raise trouble(error, path) from error
    except FileTrouble:
        connection.close()
        raise
    return connection


def intact(path: Path) -> bool:
    """Whether the whole file passes SQLite's integrity check."""
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("PRAGMA integrity_check")] == ["ok"]
