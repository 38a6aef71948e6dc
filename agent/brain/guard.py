"""The last word on every offer: it may only lower.

In this order: the charger's own rating and wiring; the age of the meter; the main fuse, phase by phase;
the circuit that all chargers share; and nothing between 0 and the minimum. The bus clamps once more at
the wire (agent/bus), so that no bug here can command a dangerous current.

A meter that has gone silent is not 0 W. By default: no raise once the reading is 10 s old, down to the
minimum from 30 s, the safe offer from 120 s (`solar` nothing, `solar_min` its minimum, `fast` what the
circuit allows, or the minimum where a main fuse is set whose meter is blind).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agent.brain.budget import drawn_at
from agent.brain.memory import Watched
from agent.model import ChargerRules, ChargerStatus, Mode, Reading, Rules, Step

PHASES = ("L1", "L2", "L3")
MAIN_FUSE = "main fuse"
FUSE_CALM_S = 60.0


class Proposal(NamedTuple):
    """An offer on its way through the guard."""

    rules: ChargerRules
    status: ChargerStatus
    mode: Mode
    amps: float
    why: str
    before_amps: float  # what is offered now


def guard(
    proposals: Sequence[Proposal],
    rules: Rules,
    sun_age_s: float,
    grid: Reading | None,
    draws: Watched,
    fuse_cut_mono_s: float | None,
    now: float,
) -> tuple[list[Proposal], list[Step]]:
    """The proposals, lowered where a limit says so, and the steps that tell which limit it was."""
    steps: list[Step] = []
    out = [_own_limits(p, steps) for p in proposals]
    if rules.has_meter and sun_age_s > rules.stale_no_raise_s:
        out = [_stale(p, rules, sun_age_s, steps) for p in out]
    if rules.main_fuse_amps > 0 and grid is not None and now - grid.at_mono_s <= rules.stale_safe_s:
        for phase in PHASES[: rules.site_phases]:
            out = _fit(
                out, _fuse_room(phase, out, rules, grid, draws), f"{MAIN_FUSE} on {phase}", phase, steps
            )
        if fuse_cut_mono_s is not None and now - fuse_cut_mono_s < FUSE_CALM_S:
            out = [_no_raise_yet(p, steps) for p in out]
    return _fit(out, rules.circuit_amps, "circuit", None, steps), steps


def _no_raise_yet(p: Proposal, steps: list[Step]) -> Proposal:
    why = "the main fuse was full a moment ago: no raise before it has had room for a minute"
    return _lower(p, p.before_amps, "main fuse calm", why, steps)


def _lower(p: Proposal, amps: float, rule: str, why: str, steps: list[Step]) -> Proposal:
    if amps >= p.amps:
        return p
    if amps < p.rules.min_amps:
        amps = 0.0
    steps.append(Step(rule, p.rules.charger_id, p.amps, amps, why))
    return p._replace(amps=amps, why=why)


def _own_limits(p: Proposal, steps: list[Step]) -> Proposal:
    limit = own_limit(p.rules, p.status)
    if p.amps <= limit:
        return p
    return _lower(p, limit, "own limit", f"this charger may offer {limit:.0f} A at the most", steps)


def own_limit(rules: ChargerRules, status: ChargerStatus) -> float:
    """The most that one charger may ever offer: its wiring, and its rating once known."""
    return min(rules.max_amps, status.rating_amps) if status.rating_amps else rules.max_amps


def _stale(p: Proposal, rules: Rules, age_s: float, steps: list[Step]) -> Proposal:
    silent = (
        "the grid meter has never answered"
        if age_s == float("inf")
        else f"the grid meter is silent for {age_s:.0f} s"
    )
    if p.mode is Mode.FAST:
        if rules.main_fuse_amps <= 0:
            return p
        blind = p.rules.min_amps if rules.blind_fast_amps is None else rules.blind_fast_amps
        if age_s > rules.stale_minimum_s:
            return _lower(
                p, blind, "stale meter", f"{silent}: only {blind:.0f} A beside an unwatched main fuse", steps
            )
    elif age_s > rules.stale_safe_s:
        safe = p.rules.min_amps if p.mode is Mode.SOLAR_MIN else 0.0
        return _lower(p, safe, "stale meter", f"{silent}: {_offer_words(safe)} until it is back", steps)
    elif age_s > rules.stale_minimum_s:
        return _lower(p, p.rules.min_amps, "stale meter", f"{silent}: down to the minimum", steps)
    if p.amps > p.before_amps:
        return _lower(p, p.before_amps, "stale meter", f"{silent}: no raise before it is back", steps)
    return p


def _offer_words(amps: float) -> str:
    return f"{amps:.0f} A" if amps else "no charging"


def _fuse_room(
    phase: str, proposals: Sequence[Proposal], rules: Rules, grid: Reading, draws: Watched
) -> float:
    """Amps that all chargers together may draw from one phase: the fuse less what the house draws."""
    drawn_now = sum(p.status.drawn_amps for p in proposals if phase in p.rules.phases)
    index = PHASES.index(phase)
    if grid.amps_by_phase and index < len(grid.amps_by_phase):
        import_amps = grid.amps_by_phase[index]
    else:
        # Not known which phase carries it: count it all on this one rather than too little.
        import_amps = grid.watts / rules.volts
    drawn_then = drawn_now * _ratio(draws, grid)
    return rules.main_fuse_amps - (import_amps - drawn_then)


def _ratio(draws: Watched, grid: Reading) -> float:
    """How the chargers' draw at the meter's reading compares with now (1.0 when nothing moved)."""
    if not draws or draws[-1][1] <= 0:
        return 1.0
    return min(1.0, drawn_at(draws, grid.at_mono_s) / draws[-1][1])


def _fit(
    proposals: list[Proposal], room_amps: float, what: str, phase: str | None, steps: list[Step]
) -> list[Proposal]:
    """Lower the chargers on `phase` (None: all) until they fit: evenly, last priority first to zero."""
    mine = [p for p in proposals if p.amps > 0 and (phase is None or phase in p.rules.phases)]
    excess = sum(p.amps for p in mine) - room_amps
    if excess <= 1e-9:
        return proposals
    lowered = _squeeze(mine, max(0.0, room_amps))
    why = f"the {what} allows {max(0.0, room_amps):.0f} A for all chargers together"
    return [
        _lower(p, lowered[p.rules.charger_id], what, why, steps) if p.rules.charger_id in lowered else p
        for p in proposals
    ]


def _squeeze(mine: list[Proposal], room_amps: float) -> dict[str, float]:
    """Whole amps for each: first the chargers with cars, then, from what is left, the others."""
    amps: dict[str, float] = {}
    for has_car in (True, False):
        group = [p for p in mine if p.status.has_car is has_car]
        group.sort(key=lambda p: (p.rules.priority, not p.status.charging, p.rules.charger_id))
        amps |= _spread(group, room_amps - sum(amps.values()))
    return amps


def _spread(order: list[Proposal], room_amps: float) -> dict[str, float]:
    """The minimum for each in order while it lasts, then the rest, one ampere at a time."""
    amps: dict[str, float] = {}
    for p in order:
        least = min(p.amps, p.rules.min_amps)
        amps[p.rules.charger_id] = least if least <= room_amps else 0.0
        room_amps -= amps[p.rules.charger_id]
    growing = [p for p in order if amps[p.rules.charger_id]]
    while room_amps >= 1 and growing:
        growing = [p for p in growing if p.amps - amps[p.rules.charger_id] >= 1]
        for p in growing[: int(room_amps)]:
            amps[p.rules.charger_id] += 1
            room_amps -= 1
    return amps
