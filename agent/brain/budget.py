"""How many watts the sun leaves for cars, and how sure that is.

    surplus = -grid + what the chargers drew when the grid was measured - reserve, by the battery's rule

Both must be of the same instant. A car that ramps up while the reading is five seconds old would be counted
as extra sun, and one that ramps while the charger's last word is a second old as lost sun: the offer would
then flap. So draws are remembered with the time they were heard, and taken at the meter's time; and while a
car moves, a reading newer than the last word waits for the next one.

Battery rules. `house_first`: what flows into the house battery is not for cars until it is nearly full.
`car_first`: it is. Under both, what the battery gives is not sun and is subtracted. `ignore`: the grid
meter alone decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent.brain.memory import Watched
from agent.model import ChargerStatus, Reading, Role, Rules

PLAUSIBLE_VOLTS = (80.0, 300.0)
DRAWS_KEPT = 20  # one a second ...
DRAWS_BEFORE_SLOW = 1300  # ... or back to the reading of a meter that is asked every so often
GRIDS_KEPT = 4
SAME_S = 0.05
MOVES_FOR_S = 3.0  # after a new offer
STILL_WATTS = 70.0
LONGEST_WAIT_S = 2.5
IDLE_AMPS = 1.0
TELLING_WATTS = 300.0  # into the house battery, from which on its part is told


class Sun(NamedTuple):
    """The surplus in watts, and the age of what it was computed from; None: nothing is known."""

    watts: float | None
    age_s: float
    why: str


NO_METER = Sun(None, float("inf"), "no meter tells what the grid does")


def volts_of(status: ChargerStatus, rules: Rules) -> float:
    """The voltage between a charger's conductor and neutral: measured where plausible, else as set."""
    measured = status.volts_by_phase
    if measured:
        usable = [v for v in measured if PLAUSIBLE_VOLTS[0] <= v <= PLAUSIBLE_VOLTS[1]]
        if usable:
            return sum(usable) / len(usable)
    return rules.volts


def drawn_amps(status: ChargerStatus) -> float:
    """What a car draws, less what an idle unit's sensor imagines."""
    return status.drawn_amps if status.charging or status.drawn_amps > IDLE_AMPS else 0.0


def watch(kept: Watched, at: float, watts: float, most: int) -> Watched:
    """Remember one more (time, watts), at most so many; the same time twice is the same thing."""
    if kept and at <= kept[-1][0]:
        return kept
    return (*kept[-most + 1 :], (at, watts))


def kept_for(draws: Watched, grid: Reading | None) -> int:
    """How many draws to remember: back to the instant of the grid's reading, however old that is."""
    if grid is None or len(draws) < DRAWS_KEPT or draws[-DRAWS_KEPT + 1][0] <= grid.at_mono_s:
        return DRAWS_KEPT
    before = next((n for n in range(DRAWS_KEPT, len(draws)) if draws[-n][0] <= grid.at_mono_s), len(draws))
    return min(before + 1, DRAWS_BEFORE_SLOW)


def heard_at(statuses: Sequence[ChargerStatus], now: float) -> float:
    """When the chargers said what they draw: the mean over those that are linked."""
    times = [s.heard_at_mono_s for s in statuses if s.linked and s.heard_at_mono_s is not None]
    return sum(times) / len(times) if times else now


def drawn_at(draws: Watched, at: float) -> float:
    """The chargers' watts at an instant, on the line between what was heard before and after it."""
    after = None
    for since, watts in reversed(draws):
        if since <= at:
            if after is None:
                return watts
            return watts + (after[1] - watts) * (at - since) / (after[0] - since)
        after = (since, watts)
    return draws[0][1] if draws else 0.0


def sun(
    rules: Rules,
    readings: Mapping[Role, Reading],
    draws: Watched,
    grids: Watched,
    offered_mono_s: float,
    now: float,
) -> Sun:
    """What may be spent on cars without buying, at this second."""
    grid = readings.get("grid")
    if grid is None:
        return NO_METER
    at, watts = _paired(draws, grids, offered_mono_s, now) if grids else (grid.at_mono_s, grid.watts)
    surplus = drawn_at(draws, at) - watts
    why = ""
    battery = readings.get("battery")
    if battery is not None and rules.battery_rule != "ignore":
        surplus, why = _after_battery(surplus, battery, rules, now)
    return Sun(surplus - rules.reserve_watts, now - grid.at_mono_s, why)


def _paired(draws: Watched, grids: Watched, offered_mono_s: float, now: float) -> tuple[float, float]:
    """The grid reading to use: the newest, or while a car moves the newest that a draw was heard after."""
    newest = grids[-1]
    heard = draws[-1][0] if draws else now
    if newest[0] <= heard + SAME_S or not _moving(draws, offered_mono_s, now):
        return newest
    for reading in reversed(grids[:-1]):
        if newest[0] - reading[0] > LONGEST_WAIT_S:
            break
        if reading[0] <= heard + SAME_S:
            return reading
    return newest


def _moving(draws: Watched, offered_mono_s: float, now: float) -> bool:
    if now - offered_mono_s < MOVES_FOR_S:
        return True
    recent = draws[-3:]
    return any(abs(watts - recent[-1][1]) > STILL_WATTS for _, watts in recent)


def _after_battery(surplus: float, battery: Reading, rules: Rules, now: float) -> tuple[float, str]:
    """An old reading may still take sun away from the cars, but no longer give them any."""
    if battery.watts > 0:
        return surplus - battery.watts, ""
    if now - battery.at_mono_s > rules.stale_minimum_s:
        return surplus, "the house battery is silent, so its share is left alone"
    nearly_full = battery.soc_percent is not None and battery.soc_percent >= rules.battery_full_percent
    if rules.battery_rule == "car_first" or nearly_full:
        return surplus - battery.watts, ""
    return surplus, "the house battery comes first" if battery.watts < -TELLING_WATTS else ""
