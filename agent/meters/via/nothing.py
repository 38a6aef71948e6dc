"""For sources that need no device: the answer is None, and it is always there."""

from __future__ import annotations

from agent.meters.line import Source
from agent.meters.via import Answered, Problem
from scheduler.clock import Clock, Moment


def open_line(source: Source, clock: Clock) -> Nothing:
    """A line to nowhere."""
    return Nothing()


class Nothing:
    """Answers at once."""

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """The driver's options are all it needs."""
        return Answered(None, moment.mono_s)

    def close(self) -> None:
        """There is nothing to close."""
