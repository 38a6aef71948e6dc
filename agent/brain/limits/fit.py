"""An offer on its way through the guard, and how several are lowered until they fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from agent.brain.phases import NOTHING, Learned, felt_on
from agent.model import ChargerRules, ChargerStatus, Mode, Step

HAIR = 1e-9


class Proposal(NamedTuple):
    """An offer on its way through the guard.

    `phases` are the supply phases that the car really loads; `watts_per_amp` is volts x these.
    """

    rules: ChargerRules
    status: ChargerStatus
    mode: Mode
    amps: float
    why: str
    before_amps: float  # what is offered now
    phases: tuple[str, ...] = ("L1",)
    watts_per_amp: float = 230.0
    uncounted_watts: float = 0.0  # drawn besides, if a car whose phases are not known yet loads them all
    learned: Learned = NOTHING
    stray_amps: float = 0.0  # flow there whatever is offered
    sated: bool = False  # its car takes nothing of its offer

    @property
    def carried_amps(self) -> float:
        """What flows there at the most: as much as is offered, or more where an offer is not followed."""
        return max(self.amps, self.stray_amps)

    @property
    def felt(self) -> tuple[str, ...]:
        """The phases on which the meter contains what it draws."""
        return felt_on(self.learned, self.rules.phases)


Weight = Callable[[Proposal], float]


def each(p: Proposal) -> float:
    """Weight: every charger counts with its amps."""
    return 1.0


def watts(p: Proposal) -> float:
    """Weight: every charger counts with its watts."""
    return p.watts_per_amp


def on_phase(phase: str) -> Weight:
    """Weight: chargers that load this phase count with their amps, the others not at all."""
    return lambda p: 1.0 if phase in p.phases else 0.0


def lower(p: Proposal, amps: float, rule: str, why: str, steps: list[Step]) -> Proposal:
    """The same proposal with fewer amps, never between 0 and its minimum; and the step that tells it."""
    if amps >= p.amps:
        return p
    if amps < p.rules.min_amps:
        amps = 0.0
    steps.append(Step(rule, p.rules.charger_id, p.amps, amps, why))
    return p._replace(amps=amps, why=why)


def fit(
    proposals: list[Proposal], weight: Weight, room: float, rule: str, why: str, steps: list[Step]
) -> list[Proposal]:
    """Lower the chargers that weigh something until they fit into `room`, last priority first to zero.

    What flows whatever is offered (`stray_amps`) is taken off the room before the others share the rest.
    """
    used = 0.0
    mine = []
    for p in proposals:
        amps = p.amps if p.amps > p.stray_amps else p.stray_amps
        heavy = weight(p) if amps > 0 else 0.0
        if heavy > 0:
            used += amps * heavy
            mine.append((p, heavy))
    if used - room <= HAIR:
        return proposals
    lowered: dict[str, float] = {}
    strays = [(p, heavy) for p, heavy in mine if p.stray_amps > 0]
    if strays:
        room = _beside_strays(strays, room, lowered)
        why = ", ".join((why, *(_stray_words(p) for p, _ in strays)))
        mine = [(p, heavy) for p, heavy in mine if not p.stray_amps]
    _squeeze(mine, max(0.0, room), lowered)
    return [
        lower(p, lowered[p.rules.charger_id], rule, why, steps) if p.rules.charger_id in lowered else p
        for p in proposals
    ]


def _beside_strays(strays: Sequence[tuple[Proposal, float]], room: float, amps: dict[str, float]) -> float:
    """Offer those that do not follow no more than they take, less what is missing; the room left."""
    for p, heavy in strays:
        amps[p.rules.charger_id] = float(int(min(p.amps, p.stray_amps, max(0.0, room / heavy))))
        room -= p.stray_amps * heavy
    return room


def _stray_words(p: Proposal) -> str:
    if p.status.linked:
        return f"and {p.rules.label} takes {p.stray_amps:.0f} A unasked"
    return f"and {p.rules.label}, which fell silent, may take {p.stray_amps:.0f} A"


def _squeeze(mine: Sequence[tuple[Proposal, float]], room: float, amps: dict[str, float]) -> None:
    """Whole amps for each: first the chargers with cars, then, from what is left, the others."""
    for has_car in (True, False):
        group = [one for one in mine if one[0].status.has_car is has_car]
        group.sort(
            key=lambda one: (
                one[0].sated,
                one[0].rules.priority,
                not one[0].status.charging,
                one[0].rules.charger_id,
            )
        )
        room = _spread(group, room, amps)


def _spread(order: Sequence[tuple[Proposal, float]], room: float, amps: dict[str, float]) -> float:
    """The minimum for each in order while it lasts, then the rest, an ampere at a time; what is left.

    Nobody's amps are kept for a car that takes none but its minimum, with which it may wake up.
    """
    for p, heavy in order:
        least = min(p.amps, p.rules.min_amps)
        amps[p.rules.charger_id] = least if least * heavy <= room + HAIR else 0.0
        room -= amps[p.rules.charger_id] * heavy
    for sated in (False, True):
        room = _grow(
            [one for one in order if amps[one[0].rules.charger_id] and one[0].sated is sated], room, amps
        )
    return room


def _grow(growing: Sequence[tuple[Proposal, float]], room: float, amps: dict[str, float]) -> float:
    while growing:
        still = []
        for p, heavy in growing:
            if heavy <= room + HAIR and p.amps - amps[p.rules.charger_id] >= 1:
                amps[p.rules.charger_id] += 1
                room -= heavy
                still.append((p, heavy))
        growing = still
    return room
