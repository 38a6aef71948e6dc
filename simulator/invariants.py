"""What must hold in every second of every simulated day, whatever goes wrong; each breach is a sentence.

* the sum of max(offered, drawn) never exceeds the circuit;
* no offer lies between 0 and the minimum;
* every linked charger hears a heartbeat within 1.5 s; on a noisy wire, or just after a collision, one is at
  least sent within 5 s (a damaged announcement may look like another primary: it is right to listen then);
* a stale meter leads to the safe offer within its age limit and two seconds;
* every charger has an offer, with a reason;
* no charger is ever sent what must never be sent;
* while the meter is honest, the main fuse is not overloaded for more than 10 s by a charging car.

What the chargers truly offer and draw is asked of the chargers, not of the program under test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.model import Decision, Mode, Reading, Rules
from simulator.charger import VirtualCharger

GAP_S, NOISY_GAP_S = 1.5, 5.0
STALE_SLACK_S = 2.0
FUSE_SECONDS = 10
MOST_SENTENCES = 50
HAIR = 0.011  # amps travel in hundredths


@dataclass(slots=True)
class Second:
    """All that can be judged about one second. `quiet_since` is when the line last came back."""

    now: float
    chargers: Sequence[VirtualCharger]
    decision: Decision
    grid: Reading | None
    solar_modes: dict[str, Mode]  # by charger id: only those that follow the sun now
    spoken_at: dict[str, float]  # by charger id: the last heartbeat put on the wire
    wire_is_clean: bool
    line_is_whole: bool
    quiet_since: float
    grid_amps: tuple[float, ...] = ()
    meter_is_honest: bool = True
    charging_phases: frozenset[int] = frozenset()


@dataclass(slots=True)
class Invariants:
    """Checks second after second; `violations` holds the first sentences, `count` all of them."""

    rules: Rules
    watches_meter: bool = True
    violations: list[str] = field(default_factory=list)
    count: int = 0
    _overload_s: dict[int, int] = field(default_factory=dict)

    def check(self, second: Second) -> None:
        """Judge one second."""
        self._circuit(second)
        self._offers(second)
        if second.line_is_whole and second.now - second.quiet_since > 5.0:
            self._heartbeats(second)
        if self.watches_meter:
            self._stale(second)
        if self.rules.main_fuse_amps and second.meter_is_honest:
            self._fuse(second)

    def _say(self, second: Second, sentence: str) -> None:
        self.count += 1
        if len(self.violations) < MOST_SENTENCES:
            self.violations.append(f"at {second.now:.0f} s {sentence}")

    def _circuit(self, second: Second) -> None:
        total = 0.0
        for charger in second.chargers:
            offered, drawn = charger.offered_amps, charger.drawn_amps
            total += offered if offered > drawn else drawn
            if 0 < offered < 6.0 - HAIR:
                self._say(second, f"charger {charger.charger_id} offers {offered:.2f} A, which no car bears")
            if charger.abuses:
                self._say(second, f"charger {charger.charger_id} was harmed: {', '.join(charger.abuses)}")
                charger.abuses.clear()
        if total > self.rules.circuit_amps + HAIR:
            limit = self.rules.circuit_amps
            self._say(second, f"the chargers hold {total:.2f} A together on a circuit of {limit:.0f} A")

    def _offers(self, second: Second) -> None:
        offers = second.decision.offers
        for place, charger in enumerate(self.rules.chargers):
            offer = offers[place] if place < len(offers) else None
            if offer is None or offer.charger_id != charger.charger_id:
                offer = next((each for each in offers if each.charger_id == charger.charger_id), None)
            if offer is None:
                self._say(second, f"{charger.label} has no offer")
                continue
            amps = offer.amps
            if amps != 0 and not charger.min_amps <= amps <= charger.max_amps:  # so also NaN
                self._say(second, f"{charger.label} is to offer {amps} A")
            if not offer.reason:
                self._say(second, f"{charger.label} is to offer {amps:.0f} A and nobody says why")
            if offer.good_until_mono_s <= second.now:
                self._say(second, f"the offer to {charger.label} has expired before it was made")

    def _heartbeats(self, second: Second) -> None:
        for charger in second.chargers:
            if not charger.linked_to:
                continue
            heard_at, limit_s = charger.heard_at, GAP_S
            if not second.wire_is_clean:
                heard_at = max(heard_at, second.spoken_at.get(charger.charger_id, heard_at))
                limit_s = NOISY_GAP_S
            if second.now - heard_at > limit_s:
                gap_s = second.now - heard_at
                self._say(second, f"charger {charger.charger_id} has heard nothing for {gap_s:.2f} s")

    def _stale(self, second: Second) -> None:
        rules = self.rules
        age_s = second.now - (second.grid.at_mono_s if second.grid else 0.0)
        if age_s <= rules.stale_minimum_s + STALE_SLACK_S:
            return
        for offer in second.decision.offers:
            mode = second.solar_modes.get(offer.charger_id)
            minimum = next((c.min_amps for c in rules.chargers if c.charger_id == offer.charger_id), 6.0)
            safe = minimum if mode is Mode.SOLAR_MIN else 0.0
            limit = minimum if age_s <= rules.stale_safe_s + STALE_SLACK_S else safe
            if mode is not None and offer.amps > limit:
                self._say(
                    second,
                    f"the meter is silent for {age_s:.0f} s and charger {offer.charger_id} "
                    f"is still to offer {offer.amps:.0f} A",
                )

    def _fuse(self, second: Second) -> None:
        for phase, amps in enumerate(second.grid_amps):
            over = amps > self.rules.main_fuse_amps + HAIR and phase in second.charging_phases
            seconds = self._overload_s[phase] = self._overload_s.get(phase, 0) + 1 if over else 0
            if seconds == FUSE_SECONDS + 1:
                fuse = self.rules.main_fuse_amps
                self._say(
                    second, f"L{phase + 1} has carried {amps:.1f} A over a {fuse:.0f} A fuse for {seconds} s"
                )
