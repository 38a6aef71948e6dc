"""A forecast along the time line: joining planes, adding up, and learning from yesterday. Pure.

The truth corrects the forecast: after each day its measured energy is held against what was forecast for it,
and a third of the difference goes into a factor for the days to come. A shadow, dirt, or a panel that was
never there is so learned within a week. A day without measurements, or of hardly any sun, teaches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

LEARNS = 0.33
LEAST_FACTOR, MOST_FACTOR = 0.3, 2.0
LEAST_WH = 300.0

Heat = tuple[float, float]  # seconds since 1970, degrees Celsius


@dataclass(frozen=True, slots=True)
class SolarSlot:
    """Mean watts of all panels from `start_s` to `end_s` (seconds since 1970)."""

    start_s: float
    end_s: float
    watts: float

    @property
    def watt_hours(self) -> float:
        """The slot's energy."""
        return self.watts * (self.end_s - self.start_s) / 3600


def joined(planes: Iterable[Sequence[SolarSlot]], most_watts: float | None = None) -> list[SolarSlot]:
    """All planes together, no more than the inverter can."""
    sums: dict[tuple[float, float], float] = {}
    for plane in planes:
        for slot in plane:
            key = (slot.start_s, slot.end_s)
            sums[key] = sums.get(key, 0.0) + slot.watts
    limit = most_watts if most_watts is not None else float("inf")
    return [SolarSlot(start, end, min(watts, limit)) for (start, end), watts in sorted(sums.items())]


def corrected(slots: Iterable[SolarSlot], factor: float) -> list[SolarSlot]:
    """Every slot times the factor that the past has taught."""
    return [replace(slot, watts=round(slot.watts * factor, 1)) for slot in slots]


def energy_wh(slots: Iterable[SolarSlot], start_s: float, end_s: float) -> float:
    """What comes between two instants."""
    total = 0.0
    for slot in slots:
        overlap_s = min(slot.end_s, end_s) - max(slot.start_s, start_s)
        total += slot.watts * max(0.0, overlap_s) / 3600
    return total


def learned(factor: float, forecast_wh: float, measured_wh: float | None) -> float:
    """The factor after a day: `forecast_wh` without any factor, `measured_wh` None where it isn't known."""
    if measured_wh is None or forecast_wh < LEAST_WH:
        return factor
    found = factor + LEARNS * (measured_wh / forecast_wh - factor)
    return min(MOST_FACTOR, max(LEAST_FACTOR, found))
