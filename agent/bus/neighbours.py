"""Who else speaks as a primary on our wires: our own echo, or somebody whom we must not talk over.

Half-duplex adapters may hand back what we send. Bytes that we sent within the last seconds are that echo,
dropped and counted. Anything else that carries our id may be a second program with the same id (7777 is
what others use as well).

While another primary is there, we stay silent for 30 s after its last word: two primaries make every
charger flash red. The checksum is weak and does not cover the first byte, and thirty seconds of silence stop
every car, so one frame is no proof. A stranger is believed when it is heard twice within 30 s (a real
primary speaks every second); our own id, which a damaged echo carries too, three times within ten. As long
as we have not spoken yet, the first word is enough to go on listening. Frames that carry a linked charger's
id as the sender, or ours as the receiver, are a charger's own words with a damaged first byte.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from agent.bus.frames import Contactor, PrimaryHeartbeat, PrimaryReady, Query

SILENT_FOR_S = 30.0
SUSPICION_S = 3.0
ECHO_WITHIN_S = 5.0
MOST_REMEMBERED = 64
MOST_HEARD = 16
TIMES = 2
OWN_ID_TIMES = 3
OWN_ID_WITHIN_S = 10.0

Spoken = PrimaryReady | PrimaryHeartbeat | Query | Contactor


class Neighbours:
    """What has been heard of other primaries, and of ourselves."""

    def __init__(self, own_id: str) -> None:
        self._own_id = own_id
        self._sent: dict[bytes, float] = {}
        self._spoke_at: float | None = None
        self._heard: deque[tuple[str, float]] = deque(maxlen=MOST_HEARD)
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
        times, within_s = TIMES, SILENT_FOR_S
        if self._spoke_at is None:
            self.silent_until = max(self.silent_until, now + SUSPICION_S)
        elif said.primary == self._own_id:
            times, within_s = OWN_ID_TIMES, OWN_ID_WITHIN_S
        self._heard.append((said.primary, now))
        return sum(who == said.primary and now - at <= within_s for who, at in self._heard) >= times

    def gone(self, now: float) -> bool:
        """Whether the other primary has just been silent for long enough."""
        if not self.other_id or now < self.silent_until:
            return False
        self.other_id = ""
        self._heard.clear()
        return True
