"""What a timed job remembers between two runs: a small table in a file of its own, in the state folder.

A file is replaced whole or not at all, so a power cut leaves the old one or the new one. One that can't be
understood any more is set aside (`.broken`) and the job begins anew: jobs compare what should be with what
is, so nothing worse than a repeated letter comes of it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


class KeepError(Exception):
    """The state folder can't be used; the text is a sentence that says what to do."""


class Memory:
    """One job's table of JSON values. Change `data` and call `save`."""

    def __init__(self, path: Path, *, dry_run: bool = False) -> None:
        self.path = path
        self.problem = ""
        self.marked_s = 0.0  # the file's own date, see `save`
        self._dry_run = dry_run
        self._on_disk = ""
        self.data = self._load()

    def save(self, mark_s: float | None = None, *, hasty: bool = False, sure: bool = False) -> None:
        """Put it on disk, atomically and for its owner's eyes only; what is there already isn't written.

        `mark_s` (seconds since 1970) becomes the file's date: a job that ran and found nothing to do
        leaves no more behind than that, which spares a memory card. `hasty`: a power cut may take back the
        last changes, so nobody waits for the disk. `sure`: it may take back nothing, from now on. Raises
        KeepError.
        """
        if self._dry_run:
            return
        text = json.dumps(self.data, ensure_ascii=False) + "\n"  # line breaks would cost eight times as much
        if text != self._on_disk:
            write_atomically(self.path, text, hasty=hasty, sure=sure)
            self._on_disk = text
        if mark_s is not None:
            with suppress(OSError):
                os.utime(self.path, (mark_s, mark_s))

    def _load(self) -> dict[str, Any]:
        try:
            with open(self.path, encoding="utf-8") as file:
                self.marked_s = os.fstat(file.fileno()).st_mtime
                self._on_disk = file.read()
            found = json.loads(self._on_disk)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise KeepError(f"{self.path} can't be read: {error.strerror}.") from None
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found
        self.problem = f"{self.path} was damaged; it is kept as {self.path.name}.broken, and begun anew."
        if not self._dry_run:
            self.path.replace(self.path.with_name(self.path.name + ".broken"))
        return {}


def write_atomically(path: Path, text: str, *, hasty: bool = False, sure: bool = False) -> None:
    """Replace a file whole or not at all, mode 0600. Raises KeepError.

    A power cut in the next seconds leaves the old file or the new one. `hasty`: don't wait for the disk.
    `sure`: wait until it is the new one for good.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with open(_opened(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if not hasty:
                os.fsync(file.fileno())
        new.replace(path)
        if sure:
            _wait_for_the_folder(path.parent)
    except OSError as error:
        with suppress(OSError):  # there may be no folder to unlink it in
            new.unlink(missing_ok=True)
        blocked = isinstance(error, NotADirectoryError | FileExistsError)
        why = "A file stands where its folder should be." if blocked else "Is the disk full or read-only?"
        raise KeepError(f"{path} can't be written: {error.strerror}. {why}") from None


def _wait_for_the_folder(folder: Path) -> None:
    """A file's new name is on the disk when its folder is."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextmanager
def only_one(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Whether nobody else holds this lock file; if so, it is held until the end of the block.

    `wait`: stand in line for it, where everybody holds it for a moment only; then it is always true.
    The system lets go of it when a process dies, so a crash never leaves it locked. Raises KeepError.
    """
    try:
        file = _opened(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    except OSError as error:
        raise KeepError(f"{path} can't be opened: {error.strerror}. Who owns the state folder?") from None
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        yield free
    finally:
        os.close(file)


def _opened(path: Path, how: int) -> int:
    """A file for its owner's eyes only, in a folder that is made where it is missing. Raises OSError."""
    try:
        return os.open(path, how, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, how, 0o600)
