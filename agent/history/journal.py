"""Why an offer changed, kept for later: "why did it stop at 14:05?"

A sentence often carries a figure ("2.3 kW of sun to spare") and the amps follow the sun all day; a line
for each would bury the answer. A line is written when a charger's offer begins or ends, and when its
sentence becomes another one, figures apart; flutter between sentences is written at most every ten
seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.model import Decision, Moment, Offer

CALM_S = 10.0
_FIGURES = re.compile(r"\d+(?:[.,:]\d+)*")
_SPANS = re.compile(r"# (?:s|min)\b|a while\b")  # "in 90 s" says what "in 2 min" said


@dataclass(frozen=True, slots=True)
class OfferChange:
    """One change: amps before (None: the first offer seen) and after, the sentence, and the rules' steps.

    Each step is (rule, amps before, amps after, why), the house's and this charger's, in order.
    """

    moment: Moment
    charger_id: str
    before_amps: float | None
    after_amps: float
    reason: str
    steps: tuple[tuple[str, float, float, str], ...] = ()


class Journal:
    """Watches decisions and picks out the changes worth a line."""

    def __init__(self) -> None:
        self._last: dict[str, OfferChange] = {}
        self._amps: dict[str, float] = {}
        self._reasons: dict[str, str] = {}

    def step(self, decision: Decision, moment: Moment) -> list[OfferChange]:
        """The changes of one decision."""
        changes = []
        for offer in decision.offers:
            change = self._look(offer, decision, moment)
            self._amps[offer.charger_id] = offer.amps
            if change is not None:
                changes.append(change)
        return changes

    def _look(self, offer: Offer, decision: Decision, moment: Moment) -> OfferChange | None:
        charger_id = offer.charger_id
        before = self._amps.get(charger_id)
        if before == offer.amps and self._reasons.get(charger_id) == offer.reason:
            return None  # the usual second
        self._reasons[charger_id] = offer.reason
        last = self._last.get(charger_id)
        if last is not None and before is not None and (before > 0) == (offer.amps > 0):
            if moment.mono_s - last.moment.mono_s < CALM_S:
                self._reasons.pop(charger_id)  # look again when it is calm
                return None
            if _shape(last.reason) == _shape(offer.reason):
                return None
        change = OfferChange(
            moment, charger_id, before, offer.amps, offer.reason, _steps(decision, charger_id)
        )
        self._last[charger_id] = change
        return change


def _shape(sentence: str) -> str:
    return _SPANS.sub("#", _FIGURES.sub("#", sentence))


def _steps(decision: Decision, charger_id: str) -> tuple[tuple[str, float, float, str], ...]:
    return tuple(
        (step.rule, step.before_amps, step.after_amps, step.why)
        for step in decision.steps
        if step.charger_id in ("", charger_id)
    )
