"""The car and its charger, second by second: the same for every controller.

The order of one second:

1. The car moves. Its aim is the limit once the charger has been enabled for 20 s, and 0 A before
   and otherwise. It rises by 1 A/s, falls by 4 A/s while enabled and by 16 A/s when disabled.
2. The controller sees the second's grid power (import is positive) and the plant, and answers amps,
   or None to leave all as it is.
3. An answer of at least 6 A enables (at most 32 A count), a smaller one disables. It takes effect
   in the next second.

The car is always plugged in and never full. One phase, 240 V.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Protocol

from benchmarks.solar.traces import Day

VOLTS = 240.0
MIN_AMPS = 6.0
MAX_AMPS = 32.0
START_LAG_S = 20
RISE_AMPS_PER_S = 1.0
FALL_AMPS_PER_S = 4.0
CUT_AMPS_PER_S = 16.0


class Plant:
    """What a controller may see of the charger: real amps, the limit in force, and since when."""

    __slots__ = ("amps", "enabled", "enabled_at_s", "limit")

    def __init__(self) -> None:
        self.amps = 0.0
        self.limit = 0.0
        self.enabled = False
        self.enabled_at_s = 0

    def move(self, t: int) -> float:
        """Let the car follow its limit for one second; returns the new amps."""
        amps = self.amps
        aim = self.limit if self.enabled and t - self.enabled_at_s >= START_LAG_S else 0.0
        if amps < aim:
            amps = min(aim, amps + RISE_AMPS_PER_S)
        elif amps > aim:
            amps = max(aim, amps - (FALL_AMPS_PER_S if self.enabled else CUT_AMPS_PER_S))
        self.amps = amps
        return amps

    def command(self, t: int, amps: float) -> None:
        """Obey an answer: enable with a limit, or disable and forget it."""
        if amps < MIN_AMPS:
            self.enabled = False
            self.limit = 0.0
            return
        if not self.enabled:
            self.enabled = True
            self.enabled_at_s = t
        self.limit = min(amps, MAX_AMPS)


class Controller(Protocol):
    """Whoever decides: called every `period_s` seconds, from second 0 on."""

    name: str
    period_s: int

    def step(self, t: int, grid_w: float, plant: Plant) -> float | None:
        """Answer amps (below 6 A: off), or None to change nothing. `grid_w` contains the car."""


@dataclass(frozen=True)
class Track:
    """A day as it went: real amps, and the amps allowed at the end of each second (0: disabled)."""

    amps: array[float]
    allowed: array[float]


def drive(day: Day, controller: Controller) -> Track:
    """Run one controller through one day."""
    plant = Plant()
    move, step, period = plant.move, controller.step, controller.period_s
    amps_by_second, allowed = array("d"), array("d")
    for t, net in enumerate(day.net_w):
        amps = move(t)
        if t % period == 0:
            answer = step(t, amps * VOLTS - net, plant)
            if answer is not None:
                plant.command(t, answer)
        amps_by_second.append(amps)
        allowed.append(plant.limit)
    return Track(amps_by_second, allowed)
