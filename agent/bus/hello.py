"""How we make ourselves known: FC E1, which nobody answers, and rarely FB E2.

Five FC E1 open our part of the talk, one greets each charger that announces itself, and five more make a
charger with our own id take another. FB E2 makes all unlinked chargers talk at once (they ignore the
first and answer the second), so two of them are kept for a charger that goes on announcing itself in vain:
some units are said to wait for the limit that these messages carry.
"""

from __future__ import annotations

from math import inf

from agent.bus.frames import PrimaryReady
from agent.bus.rules import HIGHEST_AMPS, BusRules

OPENING = 5
EVERY_S = 0.150
TAKES_S = 0.019  # 16 bytes and a guard
CALLS = 2
CALL_EVERY_S = 1.0
CALL_TAKES_S = 0.4  # five announcements of one charger answer it


class Hello:
    """What is left to be announced; `due` says when (inf: nothing), `takes_s` how long the line is needed."""

    def __init__(self, rules: BusRules, at: float) -> None:
        limit = min(rules.circuit_amps, HIGHEST_AMPS) if rules.linkready_limit else None
        self._first = PrimaryReady(rules.primary_id, rules.sign, False, limit).encode()
        self._second = PrimaryReady(rules.primary_id, rules.sign, True, limit).encode()
        self._firsts, self._seconds = OPENING, 0
        self.due = at

    @property
    def takes_s(self) -> float:
        return TAKES_S if self._firsts else CALL_TAKES_S

    def greet(self, at: float, times: int = 1) -> None:
        """Say FC E1 from `at` on."""
        self._firsts, self.due = max(times, self._firsts), at

    def call(self, at: float) -> None:
        """Say FB E2 twice from `at` on, unless that is under way."""
        if not self._seconds:
            self._seconds, self.due = CALLS, min(self.due, at)

    def say(self, now: float) -> bytes:
        """The next announcement, which is due."""
        if self._firsts:
            self._firsts -= 1
            message, pause_s = self._first, EVERY_S
        else:
            self._seconds -= 1
            message, pause_s = self._second, CALL_EVERY_S
        self.due = now + pause_s if self._firsts or self._seconds else inf
        return message
