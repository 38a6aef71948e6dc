"""Retained topics of what is no more: a charger that was sold, a prefix that was changed.

A broker keeps what was once said, and Home Assistant would show a sold charger as a living one. So the
topics that were told are remembered through restarts, and those that nobody has told any more in the first
minutes of a run are taken away. (A charger that only the bus knows of needs these minutes to be found.)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from agent.keeping import KeepError, Kept

log = logging.getLogger(__name__)

LOOK_AFTER_S = 600.0


class Leftovers:
    """What is told now, and what was told before; one for each door, kept under `key`."""

    def __init__(self, kept: Kept, key: str) -> None:
        self._kept, self._key = kept, f"topics {key}"
        self._told: set[str] = set()
        self._begun_mono_s: float | None = None
        self._known: set[str] | None = None
        self._is_level = False

    def look(self, topics: Iterable[str], mono_s: float, take_away: Callable[[str], bool]) -> None:
        """Note what is told; in time `take_away` is called for each topic that is told no more."""
        if self._begun_mono_s is None:
            self._begun_mono_s = mono_s
        new = set(topics) - self._told
        self._told |= new
        if mono_s - self._begun_mono_s < LOOK_AFTER_S or (self._is_level and not new):
            return
        if self._known is None:
            found = self._kept.get(self._key)
            self._known = {str(topic) for topic in found} if isinstance(found, list) else set()
        self._is_level = all(take_away(topic) for topic in sorted(self._known - self._told))
        if self._is_level:
            self._keep()

    def _keep(self) -> None:
        if self._told == self._known:
            return
        try:
            self._kept.put(self._key, sorted(self._told))
            self._known = set(self._told)
        except KeepError as error:
            log.warning("Which topics were told was not kept: %s", error)
