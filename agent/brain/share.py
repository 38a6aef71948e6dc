"""Who gets the sun when several want it: whole cars, by priority, taking turns when it is short.

A car needs its minimum or nothing. So the sun first gives each running car its minimum, in order; what
is left is spread over the running ones; and a car that waits is told what it *could* have, because it
must see enough for a while before it starts (and beyond it some room for clouds for each running car, or
every cloud would stop somebody). Order: priority, then who runs and whose turn is not over, then the
emptiest car where the charge of each is known, then who has waited longest. A running car of lower
priority is counted as available to a waiting one of higher priority, and so is one whose turn is over:
the swap then happens by the ordinary start and stop rules, with one contactor cycle each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

ROOM_ABOVE = 1.0  # of its minimum, that a running car keeps as room for clouds before another one starts


class Claim(NamedTuple):
    """One charger's claim on the sun. Amps are per conductor; `watts_per_amp` is volts x phases."""

    charger_id: str
    on: bool
    watts_per_amp: float
    min_amps: float
    cap_amps: float
    priority: int = 1
    since_mono_s: float = 0.0
    turn_over: bool = False
    soc_percent: float | None = None  # of its car, where its cloud tells
    step_amps: float = 1.0  # between two levels


def share(pool_watts: float, claims: Sequence[Claim]) -> dict[str, float]:
    """Amps of sun for each claim: what a running one has, what a waiting one could have (may be < 0)."""
    if len(claims) == 1:
        only = claims[0]
        return {only.charger_id: min(pool_watts / only.watts_per_amp, only.cap_amps)}
    told = all(claim.soc_percent is not None for claim in claims)

    def place(c: Claim) -> tuple[int, bool, float, float, str]:
        charge = c.soc_percent if told and c.soc_percent is not None else 0.0
        return c.priority, not c.on or c.turn_over, charge, c.since_mono_s, c.charger_id

    order = sorted(claims, key=place)
    given: dict[str, float] = {}
    pool = pool_watts
    for claim in order:
        if claim.on:
            least = claim.min_amps * claim.watts_per_amp
            given[claim.charger_id] = min(pool, least) / claim.watts_per_amp
            pool -= max(0.0, min(pool, least)) if pool < least else least
    free = pool
    _spread(pool, [claim for claim in order if claim.on], given)
    return given | _could_have(free, order)


def _spread(pool: float, running: list[Claim], given: dict[str, float]) -> None:
    """Give what is left beyond the minimums, priority by priority, evenly in watts within one."""
    for priority in sorted({claim.priority for claim in running}):
        group = [c for c in running if c.priority == priority and given[c.charger_id] >= c.min_amps]
        group.sort(key=lambda c: (c.cap_amps - given[c.charger_id]) * c.watts_per_amp)
        for index, claim in enumerate(group):
            if pool <= 0:
                return
            room = (claim.cap_amps - given[claim.charger_id]) * claim.watts_per_amp
            extra = min(room, pool / (len(group) - index))
            given[claim.charger_id] += extra / claim.watts_per_amp
            pool -= extra


def _could_have(free: float, order: list[Claim]) -> dict[str, float]:
    could: dict[str, float] = {}
    for index, claim in enumerate(order):
        if claim.on:
            continue
        staying = sum(c.min_amps * c.watts_per_amp for c in order[:index] if c.on)
        yielding = sum(c.min_amps * c.watts_per_amp for c in order[index + 1 :] if c.on)
        watts = free + yielding - ROOM_ABOVE * staying
        could[claim.charger_id] = min(watts / claim.watts_per_amp, claim.cap_amps)
        if could[claim.charger_id] >= claim.min_amps:
            free -= claim.min_amps * claim.watts_per_amp
    return could
