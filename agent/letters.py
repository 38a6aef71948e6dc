"""Puts the house's news into the outbox of letters, from a thread that may wait for the disk.

The agent only puts in: it never talks to a mail server. Whoever may (the scheduler, `notify deliver` from
cron) takes the letters out.
"""

from __future__ import annotations

from agent.model import Event, Moment
from agent.parts import Outbox
from notify.outbox import Outbox as Letters

BEAT_S = 2.0


class LettersPart:
    """One part; `box` takes events at once, from any thread."""

    name = "letters"

    def __init__(self, letters: Letters) -> None:
        self._letters = letters
        self.box: Outbox[Event] = Outbox()

    def step(self, moment: Moment) -> float:
        """Put in what waits."""
        events = self.box.drain()
        if events:
            self._letters.append(events, moment.wall)
        return moment.mono_s + BEAT_S

    def finish(self, moment: Moment) -> None:
        """The last ones, and the file back."""
        self.step(moment)
        self._letters.close()
