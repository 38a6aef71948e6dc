"""Who gets the sun when several want it: whole cars, by priority, taking turns when it is short.

A car needs its minimum or nothing. So the sun first gives each running car its minimum, in order; what
is left is spread over the running ones; and a car that waits is told what it *could* have, because it
must see enough for a while before it starts (and beyond it some room for clouds for each running car, or
every cloud would stop somebody). The order: a car that has long taken nothing of its offer comes
last; else priority, and among equals

* by charge, where the charge of each car is known: the emptiest first. A running car counts as emptier by
  a hair (LEVEL_PERCENT), so that two that are level don't swap all day;
* else by turns of two hours: who runs, then who has waited longest (one hour at least), then those whose
  turn is over, the longest-running last.

A running car is counted as available to a waiting one before it in this order. When that one starts
and the sun does not feed both, the last of the order stops in the same second (`swaps`): nothing is bought
for a swap, and it costs one contactor cycle each.

A car takes whole amps. What that leaves over goes to the last one of its priority.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import NamedTuple

ROOM_ABOVE = 1.0  # of its minimum, that a running car keeps as room for clouds before another one starts


LEVEL_PERCENT = 5.0  # of charge, by which a running car may be fuller than one that waits
HAIR = 1e-6


class Claim(NamedTuple):
    """One charger's claim on the sun. Amps are per conductor; `watts_per_amp` is volts x phases."""

    charger_id: str
    on: bool
    watts_per_amp: float
    min_amps: float
    cap_amps: float
    priority: int = 1
    since_mono_s: float = 0.0
    turn_over: bool = False  # it runs, and somebody waits
    just_stopped: bool = False  # it waits, but not for long yet
    soc_percent: float | None = None  # of its car, where its cloud tells
    step_amps: float = 1.0  # between two levels
    level_amps: float = 0.0  # the whole amps that it has now
    sated: bool = False  # its car takes nothing of them

    @property
    def least_watts(self) -> float:
        """What it needs to run at all."""
        return self.min_amps * self.watts_per_amp


def in_order(claims: Sequence[Claim]) -> list[Claim]:
    """Who is served before whom."""
    told = all(claim.soc_percent is not None for claim in claims)

    def place(c: Claim) -> tuple[bool, int, float, float, str]:
        if told and c.soc_percent is not None:
            return c.sated, c.priority, c.soc_percent - LEVEL_PERCENT * c.on, c.since_mono_s, c.charger_id
        if c.on:
            return (
                c.sated,
                c.priority,
                2.0 * c.turn_over,
                c.since_mono_s * (-1 if c.turn_over else 1),
                c.charger_id,
            )
        return c.sated, c.priority, 3.0 if c.just_stopped else 1.0, c.since_mono_s, c.charger_id

    return sorted(claims, key=place)


def swaps(pool_watts: float, claims: Sequence[Claim], starting: Container[str]) -> list[tuple[Claim, Claim]]:
    """Who has to stop for whom, so that those that would start now do not have to buy."""
    order = in_order(claims)
    need = sum(claim.least_watts for claim in order if claim.on or claim.charger_id in starting)
    first = next((place for place, claim in enumerate(order) if claim.charger_id in starting), len(order))
    found = []
    for giver in reversed(order[first + 1 :]):
        if need <= pool_watts + HAIR:
            break
        if giver.on:
            found.append((giver, order[first]))
            need -= giver.least_watts
    return found


def share(pool_watts: float, claims: Sequence[Claim], pays: float = 1.0) -> dict[str, float]:
    """Amps of sun for each claim: what a running one has, what a waiting one could have (may be < 0).

    `pays` is the part of its minimum with which a car may start: what one could start with is nobody else's.
    """
    if len(claims) == 1:
        only = claims[0]
        return {only.charger_id: min(pool_watts / only.watts_per_amp, only.cap_amps)}
    awake = [claim for claim in claims if not claim.sated]
    if 0 < len(awake) < len(claims):  # what a car does not take is not kept for it
        given = share(pool_watts, awake, pays)
        pool_watts -= sum(given[claim.charger_id] * claim.watts_per_amp for claim in awake if claim.on)
        return given | share(pool_watts, [claim for claim in claims if claim.sated], pays)
    order = in_order(claims)
    given = {}
    pool = pool_watts
    for claim in order:
        if claim.on:
            least = claim.least_watts
            given[claim.charger_id] = min(pool, least) / claim.watts_per_amp
            pool -= max(0.0, min(pool, least)) if pool < least else least
    free = pool
    _spread(pool, [claim for claim in order if claim.on], given)
    return given | _could_have(free, order, pays)


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
        if group:
            _carry(group[-1], group[:-1], given)


def _carry(last: Claim, others: list[Claim], given: dict[str, float]) -> None:
    """Give the last one what the others leave over by taking whole amps (8 and 9 A of 17.4, not 8 and 8)."""
    over = [(given[c.charger_id] - c.level_amps) * c.watts_per_amp for c in others if _settled(c, given)]
    amps = given[last.charger_id] + sum(over) / last.watts_per_amp
    given[last.charger_id] = min(max(amps, last.min_amps), last.cap_amps)


def _settled(claim: Claim, given: dict[str, float]) -> bool:
    return abs(given[claim.charger_id] - claim.level_amps) < 1.0


def _could_have(free: float, order: list[Claim], pays: float) -> dict[str, float]:
    could: dict[str, float] = {}
    for index, claim in enumerate(order):
        if claim.on:
            continue
        staying = sum(c.least_watts for c in order[:index] if c.on)
        yielding = sum(c.least_watts for c in order[index + 1 :] if c.on)
        watts = free + (yielding or -ROOM_ABOVE * staying)  # a swap needs no more room than there is
        could[claim.charger_id] = min(watts / claim.watts_per_amp, claim.cap_amps)
        if could[claim.charger_id] >= pays * claim.min_amps:
            free -= claim.least_watts
    return could
