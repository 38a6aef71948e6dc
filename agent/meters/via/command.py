"""A program of the owner's, run anew for each reading; what it prints is the answer (a Page).

No shell is between us: the path is the program, and its arguments are split as a shell would split them, with
nothing expanded. It gets no input, and only PATH, HOME, LANG and TZ of our surroundings. When the line's
timeout is over, it is killed with all that it started. What it says on stderr is not passed on, for secrets
may be in it.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess

from agent.meters.line import Source
from agent.meters.values import Down, Poor
from agent.meters.via import Answered, Problem, problem
from agent.meters.via.pages import Page
from scheduler.clock import Clock, Moment

LARGEST_BYTES = 256 << 10
SURROUNDINGS = ("PATH", "HOME", "LANG", "TZ")
BY_HAND = "Type it by hand, as the user that sunward runs as."


def open_line(source: Source, clock: Clock) -> CommandLine:
    """The line to a source's program."""
    return CommandLine(clock)


class CommandLine:
    """Runs a program at every poll."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """Run it, and hand out what it printed."""
        try:
            arguments = shlex.split(getattr(source.options, "args", ""))
        except ValueError:
            return Problem("poor", "its args have a quotation mark without its other half")
        try:
            text = self._run([source.path, *arguments], source.timeout_s)
        except (Poor, Down) as error:
            return problem(error)
        return Answered(Page(text), moment.mono_s)

    def close(self) -> None:
        """Nothing runs between two polls."""

    def _run(self, line: list[str], timeout_s: float) -> str:
        name = line[0]
        until_s = self._clock.now().mono_s + timeout_s
        try:
            process = subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={key: os.environ[key] for key in SURROUNDINGS if key in os.environ},
                start_new_session=True,
            )
        except OSError as error:
            raise Down(f"{name} can't be run: {_why(error)}.") from None
        assert process.stdout is not None
        with process.stdout as pipe:
            try:
                printed = self._read(pipe.fileno(), until_s)
                status = process.wait(max(0.1, until_s - self._clock.now().mono_s))
            except (TimeoutError, subprocess.TimeoutExpired):
                _kill(process)
                raise Down(f"{name} took longer than {timeout_s:g} s and was ended. {BY_HAND}") from None
            except Poor:
                _kill(process)
                raise
        if status:
            how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
            raise Down(f"{name} {how}. {BY_HAND}")
        return printed.decode("utf-8", "replace")

    def _read(self, pipe: int, until_s: float) -> bytes:
        """All that it prints. Raises TimeoutError, or Poor for a flood."""
        printed = b""
        while True:
            left_s = until_s - self._clock.now().mono_s
            if left_s <= 0 or not select.select([pipe], [], [], left_s)[0]:
                raise TimeoutError
            piece = os.read(pipe, 65536)
            if not piece:
                return printed
            printed += piece
            if len(printed) > LARGEST_BYTES:
                raise Poor(f"it printed more than {LARGEST_BYTES >> 10} KiB")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it with all that it started; it is not reaped yet, so the group is surely its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    if isinstance(error, PermissionError):
        return "it may not be run (type chmod +x, and let sunward's user read it)"
    return "it is no program (does a script's first line begin with #!)"
