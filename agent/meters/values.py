"""What a driver may say: values with our units and signs, or that the device's answer is junk.

Three outcomes, not two. *Good*: numbers. *Poor*: the device answered, and the answer is junk (null
where a number belongs, a meter that isn't fitted, a login page). *Down*: no answer at all. People are
told the last two differently: "the inverter answers, but its meter is missing" is not "the inverter
can't be reached".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from agent.model import Role

Key = Role | Literal["any"]  # "any": a number whose role only the settings line knows
Phases = tuple[float, ...]


class Poor(Exception):
    """The device answered, and the answer is junk: one sentence that says what to do."""


class Down(Exception):
    """No answer, or a refusal. `wait_s`: ask again no sooner (a lock-out, a rate limit)."""

    def __init__(self, sentence: str, wait_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Values:
    """One role's values, as the device gave them, in our units and signs (see agent/model.py).

    `age_s` is how old the device says they are; `at_wall` (aware) is its own time stamp instead.
    """

    watts: float
    amps_by_phase: Phases | None = None
    volts_by_phase: Phases | None = None
    energy_wh: float | None = None
    exported_wh: float | None = None
    soc_percent: float | None = None
    age_s: float = 0.0
    at_wall: datetime | None = None

    def flipped_power(self) -> Values:
        """The other sign for watts and amps; the counters stay, because their names said what they count."""
        amps = None if self.amps_by_phase is None else tuple(-a for a in self.amps_by_phase)
        return replace(self, watts=-self.watts, amps_by_phase=amps)

    def flipped(self) -> Values:
        """The same flow seen from the other side: the other sign, and the two counters swapped."""
        return replace(self.flipped_power(), energy_wh=self.exported_wh, exported_wh=self.energy_wh)


Meaning = dict[Key, Values | Poor]
Positive = Literal["import", "export", "production", "consumption", "discharging", "charging"]


def turned(values: Values, positive: Positive) -> Values:
    """In our signs, where the settings line had to say what a positive number means."""
    return values.flipped_power() if positive in ("export", "charging") else values


def by_role(**readers: Callable[[], Values | None]) -> Meaning:
    """Read each role apart, so that a missing meter doesn't hide the sun; None means: no such thing here."""
    meaning: Meaning = {}
    for role, read in readers.items():
        try:
            values = read()
        except Poor as problem:
            meaning[role] = problem  # type: ignore[index]
        else:
            if values is not None:
                meaning[role] = values  # type: ignore[index]
    return meaning


def signed_amps(amps: Phases | None, watts: Phases | None) -> Phases | None:
    """Currents that were given as magnitudes, with the signs of their phases' watts."""
    if amps is None or watts is None or len(amps) != len(watts):
        return amps
    return tuple(math.copysign(a, w) if a else 0.0 for a, w in zip(amps, watts, strict=True))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a home can do. Outside of it a number is junk, however well it was sent."""

    watts: float = 100_000.0
    amps: float = 500.0
    least_volts: float = 80.0
    most_volts: float = 300.0
    standby_watts: float = 100.0  # what a sleeping inverter or a clamp's noise may show below zero


def believe(role: Role, values: Values, bounds: Bounds | None = None) -> Values:
    """Values that a home can have, a little standby draw set to 0. Raises Poor on anything else.

    A phase without supply (0 V) is kept; volts of another kind (noise, phase to phase) are dropped.
    """
    bounds = bounds or Bounds()
    watts = values.watts
    if not math.isfinite(watts) or abs(watts) > bounds.watts:
        raise Poor(f"it says {watts:.6g} W, which no home has: is the scale or the register right?")
    if role in ("solar", "house") and watts < 0:
        if watts < -bounds.standby_watts:
            raise Poor(
                f"it says {watts:.0f} W of {role}, which can't be negative: is this another meter, "
                "or a clamp put on backwards?"
            )
        watts = 0.0
    if values.soc_percent is not None and not 0 <= values.soc_percent <= 100:
        raise Poor(f"it says that the battery is {values.soc_percent:.6g} % full")
    return replace(
        values,
        watts=watts + 0.0,  # never -0.0
        amps_by_phase=_within(values.amps_by_phase, -bounds.amps, bounds.amps),
        volts_by_phase=_within(values.volts_by_phase, bounds.least_volts, bounds.most_volts, or_zero=True),
        energy_wh=_counter(values.energy_wh),
        exported_wh=_counter(values.exported_wh),
    )


def _within(phases: Phases | None, least: float, most: float, or_zero: bool = False) -> Phases | None:
    if phases is None or len(phases) not in (1, 2, 3):
        return None
    fine = all(least <= one <= most or (or_zero and one == 0) for one in phases)
    return tuple(one + 0.0 for one in phases) if fine else None


def _counter(wh: float | None) -> float | None:
    return wh if wh is not None and math.isfinite(wh) and wh >= 0 else None
