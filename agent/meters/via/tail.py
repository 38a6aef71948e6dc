"""The last line of a file that another program writes to. The answer is a Tail: first line and last.

The file is opened anew at each poll, by its name, so a rotated one is simply the next. A last line without
its end is still being written, and the one before it counts. A line is as old as its arrival; the first one
that we see is as old as the file's own time, and where our clock isn't known yet, it counts for nothing until
another one comes.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from agent.meters.line import Source
from agent.meters.values import Down, Poor
from agent.meters.via import Answered, Problem, problem
from scheduler.clock import Clock, Moment

TAIL_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Tail:
    """The first line of a file, and its last whole one."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the end of the file looked like, and when it came to look so (None: nobody knows)."""

    file: int
    size: int
    last: str
    at_mono_s: float | None


def open_line(source: Source, clock: Clock) -> TailLine:
    """The line to a source's file."""
    return TailLine()


class TailLine:
    """One file, and what was last seen of it."""

    def __init__(self) -> None:
        self._seen: Seen | None = None

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """Look at the file's end."""
        try:
            return self._look(source.path, moment)
        except OSError as error:
            return problem(Down(f"{source.path} can't be read: {_why(error)}."))
        except Poor as error:
            return problem(error)

    def close(self) -> None:
        """Nothing is open between two polls."""

    def _look(self, path: str, moment: Moment) -> Answered | Problem:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise Poor(f"{path} is no file")
            first = file.readline(TAIL_BYTES)
            file.seek(max(0, about.st_size - TAIL_BYTES))
            tail = last_whole_line(file.read(TAIL_BYTES + 1), about.st_size > TAIL_BYTES)
        if not tail or not first.endswith(b"\n"):
            return Problem("waiting", f"{path} has no whole line yet.")
        last = tail.decode("utf-8", "replace")
        at_s = self._at_s(about, last, moment)
        if at_s is None:
            return Problem("waiting", f"{path} has not changed since we look, and our clock isn't set yet.")
        return Answered(Tail(first.decode("utf-8-sig", "replace").rstrip("\r\n"), last), at_s)

    def _at_s(self, about: os.stat_result, last: str, moment: Moment) -> float | None:
        """When the last line came."""
        seen = self._seen
        if seen and (seen.file, seen.size, seen.last) == (about.st_ino, about.st_size, last):
            at_s = seen.at_mono_s
        else:
            at_s = moment.mono_s if seen else None
        if at_s is None and moment.wall is not None:
            at_s = moment.mono_s - max(0.0, moment.wall.timestamp() - about.st_mtime)
        self._seen = Seen(about.st_ino, about.st_size, last, at_s)
        return at_s


def last_whole_line(tail: bytes, is_cut: bool) -> bytes:
    """The last line that has its end and isn't empty. Raises Poor for one that has none in TAIL_BYTES."""
    lines = [line.strip() for line in tail.split(b"\n")[1 if is_cut else 0 : -1]]
    if is_cut and not lines:
        raise Poor(f"its last line is longer than {TAIL_BYTES >> 10} KiB")
    return next((line for line in reversed(lines) if line), b"")


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    return "let sunward's user read it" if isinstance(error, PermissionError) else "is it a file?"
