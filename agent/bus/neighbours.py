"""Who else speaks as a primary on our wires: our own echo, or somebody whom we must not talk over.

Half-duplex adapters may hand back what we send. Bytes that we sent within the last seconds are that echo,
dropped and counted. Anything else that carries our id is a second program with the same id (7777 is what
others use as well): at once while we have said nothing yet, otherwise when it comes three times within ten
seconds, for an echo can be damaged and still look sound.

While another primary is there, we stay silent for 30 s after its last word: two primaries make every
charger flash red. One FC E1, heartbeat, query or contactor order of a stranger is proof enough. Three
frames may be a charger's own words with a damaged first byte, which no checksum covers: a heartbeat
addressed to *us*, an FB E2, and an old query, whose answers (FD 19, 1A, 1B) begin with text where a
query has its sender. The first is no proof at all, the others only when they come twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from agent.bus.frames import Contactor, PrimaryHeartbeat, PrimaryReady, Query, QueryCode

SILENT_FOR_S = 30.0
SUSPICION_S = 3.0
ECHO_WITHIN_S = 5.0
MOST_REMEMBERED = 64
OWN_ID_TIMES = 3
OWN_ID_WITHIN_S = 10.0

Spoken = PrimaryReady | PrimaryHeartbeat | Query | Contactor
OLD_QUERIES = (QueryCode.SERIAL_OLD, QueryCode.MODEL, QueryCode.VERSION)


def _may_be_damage(said: Spoken) -> bool:
    """Whether a charger's own message becomes this one when its first byte is damaged."""
    if isinstance(said, Query):
        return said.code in OLD_QUERIES
    return isinstance(said, PrimaryReady) and said.second


class Neighbours:
    """What has been heard of other primaries, and of ourselves."""

    def __init__(self, own_id: str) -> None:
        self._own_id = own_id
        self._sent: dict[bytes, float] = {}
        self._suspect = ""
        self._spoke_at = -ECHO_WITHIN_S
        self._own_heard: deque[float] = deque(maxlen=OWN_ID_TIMES)
        self.echoes = 0
        self.damaged = 0
        self.other_id = ""
        self.silent_until = 0.0

    def sent(self, raw: bytes, now: float) -> None:
        """Remember a message of ours, so that its echo is known."""
        self._sent[raw] = self._spoke_at = now
        if len(self._sent) > MOST_REMEMBERED:
            self._sent = {raw: at for raw, at in self._sent.items() if now - at < ECHO_WITHIN_S}

    def hear(self, said: Spoken, raw: bytes, chargers: Collection[str], now: float) -> bool:
        """Judge a primary's message; whether another primary has just been found."""
        if said.primary == self._own_id and now - self._sent.get(raw, -ECHO_WITHIN_S) < ECHO_WITHIN_S:
            self.echoes += 1
            return False
        to_us = isinstance(said, PrimaryHeartbeat) and said.charger == self._own_id
        if to_us or said.primary in chargers:
            self.damaged += 1
            return False
        if not self._is_proof(said, now):
            return False
        self.silent_until = now + SILENT_FOR_S
        was_known, self.other_id = bool(self.other_id), said.primary
        return not was_known

    def _is_proof(self, said: Spoken, now: float) -> bool:
        if said.primary == self._own_id and now - self._spoke_at < ECHO_WITHIN_S:
            self.damaged += 1
            self._own_heard.append(now)
            return len(self._own_heard) == OWN_ID_TIMES and now - self._own_heard[0] < OWN_ID_WITHIN_S
        was_suspect, self._suspect = said.primary == self._suspect, said.primary
        if _may_be_damage(said) and not was_suspect:
            self.silent_until = max(self.silent_until, now + SUSPICION_S)
            return False
        return True

    def gone(self, now: float) -> bool:
        """Whether the other primary has just been silent for long enough."""
        if not self.other_id or now < self.silent_until:
            return False
        self.other_id = self._suspect = ""
        return True
