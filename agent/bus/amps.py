"""The last line before the wire: no order passes that the circuit, the wiring or the rating can't bear.

A charger repeats whatever it is told and nothing behind it checks again, so this does. Each charger may
have what the circuit leaves beside what all others *hold*: the most that they offer, draw, or were told
without an echo yet. So amps move from one to another in the right order by themselves: the order to lower
goes out, its echo comes, the car follows, and only then is there room to raise.

After our own start, named chargers that have not been heard yet may still draw what a run before us let
them have. For 35 s their whole wiring is *presumed* used: nobody is raised above the safe amps into it.
The same holds for the moment between a charger's announcement and its first heartbeat.

An order is 0 or at least the charger's minimum, in whole amps unless the settings say otherwise (fractions
make a Tesla fall to 5 A). Orders for 0 A and reductions always pass.

The 6 A trap: some Teslas drop to 6 A after a raise and stay there; offering 21 A (16 A on units up to
40 A) for 5 s frees them. Where the rules allow that spike, it goes through the same clamp: where it
doesn't fit, it isn't tried. (Sources as in frames.py; thresholds are hearsay, hence off by default.)
"""

from __future__ import annotations

from collections.abc import Iterable
from math import floor

from agent.bus.charger import Charger
from agent.bus.rules import BusRules, ChargerLimits
from agent.model import Offer

TOLERANCE_AMPS = 1e-6

TRAPPED_BELOW_AMPS = 6.3
TRAPPED_AFTER_S = 15.0
SPIKE_S = 6.0
SPIKE_AGAIN_S = 600.0
SPIKE_AMPS, SMALL_UNIT_SPIKE_AMPS, SMALL_UNIT_AMPS = 21.0, 16.0, 40.0


class Circuit:
    """What may be ordered now, with all chargers on the one circuit."""

    def __init__(self, rules: BusRules, now: float) -> None:
        self._rules = rules
        self._presumed_until = now + rules.reserve_s
        self._held_amps = 0.0
        self._presumed_amps = 0.0
        self._spikes: dict[str, float] = {}

    def reckon(self, chargers: Iterable[Charger], now: float) -> None:
        """Sum up anew what all chargers hold: whenever one of them says that it has changed."""
        starting = now < self._presumed_until
        self._held_amps = self._presumed_amps = 0.0
        for charger in chargers:
            self._held_amps += charger.held_amps
            if not charger.linked and ((starting and charger.heard_at is None) or charger.is_announced(now)):
                self._presumed_amps += charger.presumed_amps

    @property
    def presumes(self) -> bool:
        """Whether something unheard is being allowed for: `reckon` again each second while so."""
        return self._presumed_amps > 0

    @property
    def held_amps(self) -> float:
        """What all chargers together may be offering or drawing."""
        return self._held_amps

    def order(self, charger: Charger, offer: Offer | None, now: float) -> float:
        """The amps to order of this charger now."""
        if charger.lost:
            return 0.0
        rules, before = self._rules, charger.told_amps or 0.0
        if offer is not None and now <= offer.good_until_mono_s:
            amps = offer.amps
        else:
            amps = min(before, rules.safe_amps)
        room = rules.circuit_amps - (self._held_amps - charger.held_amps)
        if charger.in_conflict:
            room /= 2  # two units obey the same order
            amps = min(amps, before)
        amps = min(amps, charger.cap_amps, room)
        if self._presumed_amps and amps > before:
            amps = self._raise_beside_unheard(charger, amps, before, room)
        if rules.spike and amps > TRAPPED_BELOW_AMPS:
            amps = self._spike(charger, amps, min(charger.cap_amps, room), now)
        return self._tidy(amps, charger.limits)

    def _raise_beside_unheard(self, charger: Charger, amps: float, before: float, room: float) -> float:
        presumed = self._presumed_amps - (0.0 if charger.linked else charger.presumed_amps)
        return min(amps, max(before, self._rules.safe_amps, room - max(0.0, presumed)))

    def _tidy(self, amps: float, limits: ChargerLimits) -> float:
        parts = (2 if limits.half_amps else 1) if self._rules.whole_amps else 100
        amps = floor((amps + TOLERANCE_AMPS) * parts) / parts
        return amps if amps >= limits.min_amps else 0.0

    def _spike(self, charger: Charger, amps: float, most: float, now: float) -> float:
        spike = SPIKE_AMPS if charger.rating_amps > SMALL_UNIT_AMPS else SMALL_UNIT_SPIKE_AMPS
        began = self._spikes.get(charger.charger_id)
        if began is not None and now < began + SPIKE_S:
            return max(amps, spike) if most >= spike else amps
        is_trapped = (
            charger.charging
            and charger.drawn_amps < TRAPPED_BELOW_AMPS < amps < spike
            and charger.confirmed_amps == charger.told_amps
            and now - charger.told_since > TRAPPED_AFTER_S
        )
        if is_trapped and most >= spike and (began is None or now > began + SPIKE_AGAIN_S):
            self._spikes[charger.charger_id] = now
            return spike
        return amps
