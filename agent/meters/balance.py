"""Do the meters agree? Where grid, sun (and battery) and the house are all measured, one too many is known.

    house = grid + solar + battery - chargers

A clamp put on backwards, a forgotten second inverter or a wrong scale shows here and nowhere else. Meters
are read at different moments, so only a difference that lasts is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.model import Event, Reading, Role

LASTS_S = 600.0
LEAST_WATTS = 500.0
LEAST_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Balance:
    """Since when the meters have disagreed (None: they don't), and whether it was told."""

    since_mono_s: float | None = None
    is_told: bool = False


AGREED = Balance()


def difference(readings: Mapping[Role, Reading], chargers_watts: float) -> float | None:
    """Measured house less what the others say it takes, in watts; None where nothing can be compared."""
    house, grid, solar = readings.get("house"), readings.get("grid"), readings.get("solar")
    if house is None or grid is None or solar is None:
        return None
    battery = readings.get("battery")
    sum_of_others = grid.watts + solar.watts + (battery.watts if battery else 0.0) - chargers_watts
    return house.watts - sum_of_others


def weigh(
    before: Balance, readings: Mapping[Role, Reading], chargers_watts: float, now: float
) -> tuple[Balance, Event | None]:
    """The balance after this second, and an event when a lasting disagreement begins or ends."""
    gap = difference(readings, chargers_watts)
    if gap is None:
        return before, None
    house = readings["house"].watts
    if abs(gap) <= max(LEAST_WATTS, LEAST_SHARE * max(house, house - gap)):
        if not before.is_told:
            return AGREED, None
        sentence = "The measured house and the other meters agree again."
        return AGREED, Event("meter_agrees", sentence, "info", "meters", "meter_disagrees")
    since = now if before.since_mono_s is None else before.since_mono_s
    if before.is_told or now - since < LASTS_S:
        return Balance(since, before.is_told), None
    sentence = (
        f"The house meter says {house:.0f} W, but the other meters leave {house - gap:.0f} W for it. "
        "Look for a clamp put on backwards, a second inverter that nobody reads, or whether the house meter "
        "sees the chargers (cars=inside or cars=outside)."
    )
    data = {"house_w": round(house), "others_w": round(house - gap)}
    return Balance(since, True), Event("meter_disagrees", sentence, "warning", "meters", data=data)
