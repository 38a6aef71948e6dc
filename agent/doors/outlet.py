"""What every outlet has in common: a step of its own, patience with what does not answer, one sentence.

An outlet is a part with a thread of its own. Whatever it writes to may hang, vanish or refuse; the house
hears of it once, and once more when it is over. In between it is tried again, first after 5 s and then
more and more seldom, up to five minutes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.doors.rooms import Rooms
from agent.model import Event, Moment
from notify.events import event_of

FIRST_PATIENCE_S = 5.0
LONGEST_PATIENCE_S = 300.0


class Trouble(Exception):
    """An outlet can't do its work now; str() is a sentence that says what to do."""


@dataclass(frozen=True)
class Surroundings:
    """What an outlet is given. `listen` takes a function that hears every event and returns at once."""

    rooms: Rooms
    state_dir: Path
    secrets: Mapping[str, str]
    tell: Callable[[Event], None]
    listen: Callable[[Callable[[Event], None]], None]


class Outlet:
    """A part; its own work goes into `work`, which may raise Trouble."""

    def __init__(self, name: str, tell: Callable[[Event], None]) -> None:
        self.name = name
        self._tell = tell
        self._patience_s = FIRST_PATIENCE_S
        self._busy = threading.RLock()  # the last words are a step too
        self.in_trouble = False

    def work(self, moment: Moment) -> float:
        """Do what is due; return when to come again (mono_s)."""
        raise NotImplementedError

    def rest(self) -> None:
        """Let go of whatever is open: after a trouble, and at the end. Never raises."""

    def close(self) -> None:
        """The end: the last words, then rest."""
        self.rest()

    def end(self) -> None:
        """Close, unless the thread still hangs in its work: then nothing is worth waiting for."""
        if self._busy.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._busy.release()

    def step(self, moment: Moment) -> float:
        """Work, or wait for better times."""
        with self._busy:
            return self._step(moment)

    def _step(self, moment: Moment) -> float:
        try:
            due = self.work(moment)
        except Trouble as trouble:
            return self._failed(str(trouble), moment)
        if self.in_trouble:
            self.in_trouble, self._patience_s = False, FIRST_PATIENCE_S
            self._tell(event_of("outlet_back", f"The outlet “{self.name}” works again.", self.name))
        return due

    def _failed(self, sentence: str, moment: Moment) -> float:
        self.rest()
        if not self.in_trouble:
            self.in_trouble = True
            self._tell(event_of("outlet_down", sentence, self.name))
        wait_s, self._patience_s = self._patience_s, min(2 * self._patience_s, LONGEST_PATIENCE_S)
        return moment.mono_s + wait_s
