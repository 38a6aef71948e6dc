"""The demo's scheduler: the real command `scheduler run`, in a process of its own, on the demo's clock.

`Resident` is the demo's end of it, `main` the child's. The child makes itself ready, waits for a line on its
standard input, and ends when that is closed: whatever becomes of the demo, it never stays behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

from scheduler.wallclock import read_zone
from simulator.fast_clock import FastClock

PATIENCE_S = 5.0
NICER_BY = 10  # at 60 x the simulated wire has no time to lose on a busy computer


class Resident:
    """The child, seen from the demo."""

    def __init__(self, config: Path, clock: FastClock, zone: str) -> None:
        clock_words = (clock.wall.isoformat(), zone, repr(clock.began_mono_s), repr(clock.speed))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulator.resident", str(config), *clock_words],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the demo, which ends it in good order
        )
        self._ending = False
        threading.Thread(target=self._watch, name="demo scheduler", daemon=True).start()

    def begin(self) -> None:
        """Now there is something to look at."""
        self._say(b"go\n")

    def end(self) -> None:
        """End it, and wait until it has."""
        self._ending = True
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def _say(self, words: bytes) -> None:
        try:
            if self._process.stdin:
                self._process.stdin.write(words)
                self._process.stdin.flush()
        except OSError:
            pass  # it has ended: the watch tells

    def _watch(self) -> None:
        status = self._process.wait()
        if not self._ending:
            says = f"The demo's scheduler has ended by itself (exit status {status}); the house goes on."
            print(says, file=sys.stderr, flush=True)


def main(words: list[str]) -> int:
    """The child: `CONFIG WALL ZONE BEGAN_MONO_S SPEED`; its exit status."""
    config, wall, zone, began, speed = words
    os.nice(NICER_BY)
    here = read_zone(zone)
    clock = FastClock(datetime.fromisoformat(wall).astimezone(here), float(speed), float(began))

    from scheduler.__main__ import main as scheduler
    from scheduler.rooms import jobs_of
    from scheduler.settings import SchedulerSettings

    jobs_of(SchedulerSettings.load(Path(config)))  # whatever they need is imported while there is time
    if not os.read(0, 10):
        return 0
    threading.Thread(target=_end_with_the_demo, daemon=True).start()
    return scheduler(["run", "--config", config], clock=clock, pace=clock.speed)


def _end_with_the_demo() -> None:
    while os.read(0, 10):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
