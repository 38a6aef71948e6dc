"""Carries news: takes events out of every room's box, stamps the time, and hands them to all who listen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.model import Event, Moment
from agent.parts import Outbox

BEAT_S = 0.5
LEVELS = {
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}
log = logging.getLogger("sunward")


class Herald:
    """One part; `listeners` must return at once."""

    name = "herald"

    def __init__(self, boxes: Sequence[Outbox[Event]], listeners: Sequence[Callable[[Event], None]]) -> None:
        self._boxes = tuple(boxes)
        self._listeners = list(listeners)

    def listen(self, listener: Callable[[Event], None]) -> None:
        """One more who hears everything from now on; it must return at once."""
        self._listeners.append(listener)

    def step(self, moment: Moment) -> float:
        """Carry everything that waits."""
        for box in self._boxes:
            for event in box.drain():
                told = event if event.at_wall else replace(event, at_wall=moment.wall)
                log.log(LEVELS[told.severity], "%s", told.sentence)
                for listen in self._listeners:
                    listen(told)
        return moment.mono_s + BEAT_S
