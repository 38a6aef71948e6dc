"""How many watts the sun leaves for cars, and how sure that is.

    surplus = -grid + what the chargers drew when the grid was measured - reserve, by the battery's rule

The chargers' draw is taken at the instant of the meter's reading, not now: a car that ramps up while
the reading is five seconds old would otherwise be counted as extra sun.

Battery rules. `house_first`: what flows into the house battery is not for cars until it is nearly full.
`car_first`: it is. Under both, what the battery gives is not sun and is subtracted. `ignore`: the grid
meter alone decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.brain.memory import Memory
from agent.model import ChargerRules, ChargerStatus, Reading, Role, Rules

PLAUSIBLE_VOLTS = (80.0, 300.0)
DRAWS_KEPT_S = 30.0


@dataclass(frozen=True, slots=True)
class Sun:
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


def watts_per_amp(charger: ChargerRules, status: ChargerStatus, rules: Rules) -> float:
    """What one more ampere per conductor costs: volts x phases."""
    return volts_of(status, rules) * len(charger.phases)


def remember_draw(
    draws: tuple[tuple[float, float], ...], now: float, watts: float
) -> tuple[tuple[float, float], ...]:
    """Add this second's draw; equal neighbours are kept once, old ones dropped."""
    if draws and draws[-1][1] == watts:
        return draws
    kept = draws if not draws or now - draws[0][0] <= DRAWS_KEPT_S else _since(draws, now - DRAWS_KEPT_S)
    return (*kept, (now, watts))


def _since(draws: tuple[tuple[float, float], ...], oldest: float) -> tuple[tuple[float, float], ...]:
    for index in range(len(draws) - 1):
        if draws[index + 1][0] > oldest:
            return draws[index:]
    return draws[-1:]


def drawn_at(draws: tuple[tuple[float, float], ...], at: float) -> float:
    """The chargers' watts at an earlier instant; the oldest known for anything before."""
    for since, watts in reversed(draws):
        if since <= at:
            return watts
    return draws[0][1] if draws else 0.0


def sun(rules: Rules, readings: Mapping[Role, Reading], memory: Memory, now: float) -> Sun:
    """What may be spent on cars without buying, at this second."""
    grid = readings.get("grid")
    battery = readings.get("battery")
    if grid is None:
        return NO_METER
    surplus = drawn_at(memory.draws, grid.at_mono_s) - grid.watts
    why = ""
    if battery is not None and rules.battery_rule != "ignore":
        surplus, why = _after_battery(surplus, battery, rules)
    return Sun(surplus - rules.reserve_watts, now - grid.at_mono_s, why)


def _after_battery(surplus: float, battery: Reading, rules: Rules) -> tuple[float, str]:
    if battery.watts > 0:
        return surplus - battery.watts, "what the house battery gives is not sun"
    nearly_full = battery.soc_percent is not None and battery.soc_percent >= rules.battery_full_percent
    if rules.battery_rule == "car_first" or nearly_full:
        return surplus - battery.watts, "the car comes before the house battery"
    return surplus, "the house battery comes first"
