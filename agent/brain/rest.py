"""A house at rest decides nothing new: at night one second is like the one before.

No car charges, no sun is left, nobody waits for anything and nothing is pending. As long as that holds,
the last decision holds, with its end moved on. A day has ten thousands of such seconds, and both a small
computer and a simulated year are grateful.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from agent.brain.memory import ChargerMemory
from agent.model import ChargerStatus, Decision, Moment, Offer, Rules, Snapshot


class Rest(NamedTuple):
    """A decision that holds while nothing stirs, and what it was made from."""

    rules: Rules
    snapshot: Snapshot
    decision: Decision


def at_rest(
    rules: Rules, snapshot: Snapshot, decision: Decision, chargers: dict[str, ChargerMemory]
) -> Rest | None:
    """What to remember if nothing is going on, else None."""
    calm = not decision.events and not decision.wishes and not any(offer.amps for offer in decision.offers)
    calm = calm and not rules.peak_watts and snapshot.control.dimming is None  # time moves these
    if calm and _dark(snapshot) and all(_idle(past) for past in chargers.values()):
        return Rest(rules, snapshot, decision)
    return None


def still(rest: Rest, rules: Rules, snapshot: Snapshot, moment: Moment, good_s: float) -> Decision | None:
    """The same decision again, or None when something stirs."""
    before = rest.snapshot
    same = (
        rules is rest.rules
        and snapshot.control is before.control
        and snapshot.bus_problem == before.bus_problem
        and snapshot.windows == before.windows
        and snapshot.cars == before.cars
        and _dark(snapshot)
        and moment.mono_s - snapshot.readings["grid"].at_mono_s <= rules.stale_no_raise_s
        and len(snapshot.chargers) == len(before.chargers)
        and all(map(_alike, snapshot.chargers, before.chargers))
    )
    if not same:
        return None
    until = moment.mono_s + good_s
    offers = tuple(Offer(o.charger_id, o.amps, o.reason, until) for o in rest.decision.offers)
    return replace(rest.decision, offers=offers)


def _dark(snapshot: Snapshot) -> bool:
    """Whether the house buys, so that no rule of the battery can find sun."""
    grid, battery = snapshot.readings.get("grid"), snapshot.readings.get("battery")
    return grid is not None and grid.watts >= 0 and (battery is None or battery.watts >= 0)


def _idle(past: ChargerMemory) -> bool:
    """Whether nothing of this charger is under way that time alone would change."""
    return (
        not past.on
        and past.following.gain == 0.0
        and past.unheard_since_mono_s is None
        and past.idle_since_mono_s is None
        and past.defiant_since_mono_s is None
        and past.grace_until_mono_s < past.following.at_mono_s
        and past.cut_until_mono_s < past.following.at_mono_s
    )


def _alike(one: ChargerStatus, other: ChargerStatus) -> bool:
    """Whether two words of a charger mean the same to the brain."""
    return (
        one.state == other.state
        and one.linked == other.linked
        and one.plugged == other.plugged
        and one.drawn_amps == other.drawn_amps
        and one.offered_amps == other.offered_amps
        and one.charging == other.charging
        and one.wants_power == other.wants_power
        and one.vin == other.vin
        and one.rating_amps == other.rating_amps
        and one.volts_by_phase == other.volts_by_phase
    )
