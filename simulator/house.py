"""A house at its grid connection: sun, load, battery and chargers, and what is left for the meter.

Signs as in agent/model.py: power into the house is positive. Grid + is import, battery + is
discharging, solar and load are never negative, and the load does not contain the chargers.

The home battery does what inverters do by themselves: it charges from what is left over and discharges
so that nothing has to be bought, within its limits. It cannot know that the load is a car.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simulator.trace import Trace


class Draws(Protocol):
    """Anything on the chargers' circuit; virtual chargers are."""

    volts: float

    @property
    def drawn_amps(self) -> float: ...
    @property
    def power_watts(self) -> float: ...


@dataclass(frozen=True, slots=True)
class BatteryProfile:
    """A home battery, seen from its AC side. Powers are watts; efficiency is for the whole way round."""

    capacity_wh: float = 13_500.0
    charge_watts: float = 5_000.0
    discharge_watts: float = 5_000.0
    soc_percent: float = 50.0
    reserve_percent: float = 10.0
    efficiency: float = 0.90


class HomeBattery:
    """One battery's charge, and its rule. `reserve_percent` and `holds_back` are its owner's to change."""

    def __init__(self, profile: BatteryProfile) -> None:
        self.profile = profile
        self.reserve_percent = profile.reserve_percent
        self.holds_back = False  # kept for an outage: it gives nothing, and takes what is left over
        self.soc_percent = profile.soc_percent
        self.watts = 0.0

    def answer(self, missing_watts: float, span_s: float) -> float:
        """What it gives (+) or takes (-) while `missing_watts` are wanted, over `span_s`."""
        profile = self.profile
        watts = max(-profile.charge_watts, min(missing_watts, profile.discharge_watts))
        if (watts > 0 and (self.holds_back or self.soc_percent <= self.reserve_percent)) or (
            watts < 0 and self.soc_percent >= 100.0
        ):
            watts = 0.0
        stored = watts if watts > 0 else watts * profile.efficiency
        self.soc_percent -= 100 * stored * span_s / 3600 / profile.capacity_wh
        self.soc_percent = max(0.0, min(100.0, self.soc_percent))
        self.watts = watts
        return watts


class Powers(NamedTuple):
    """One instant at the meter. Tuples are L1 L2 L3 or L1 alone; grid amps are + for import."""

    solar_w: float
    house_w: float
    battery_w: float
    chargers_w: float
    grid_w: float
    grid_amps: tuple[float, ...]
    volts: tuple[float, ...]
    soc_percent: float | None = None


@dataclass(frozen=True, slots=True)
class HouseProfile:
    """How a house is wired. `volts` per phase to neutral (240 between the legs in North America)."""

    phases: int = 1
    volts: float = 230.0
    load_split: tuple[float, ...] = (0.5, 0.3, 0.2)
    solar_phases: tuple[str, ...] = ("L1", "L2", "L3")
    grid_ohms: float = 0.0  # of the cable to the street: volts rise by day and sag under load
    starts_at_s: float = 0.0  # the time of day at `now` 0
    repeats_daily: bool = True


class House:
    """Ask it `at(now)`, with `now` never going back: the battery lives in between."""

    def __init__(
        self, trace: Trace, profile: HouseProfile | None = None, battery: HomeBattery | None = None
    ) -> None:
        self.trace = trace
        self.profile = profile or HouseProfile()
        self.battery = battery
        self.volts: tuple[float, ...] = (self.profile.volts,) * self.profile.phases
        self.extra_load_watts = 0.0  # somebody switches something on
        self._wired: list[tuple[Draws, tuple[int, ...]]] = []
        self._now: float | None = None
        self._amps = [0.0] * self.profile.phases

    def wire(self, charger: Draws, phases: tuple[str, ...] = ("L1",)) -> None:
        """Put a charger's conductors on supply phases, in their order."""
        places = tuple(int(phase[1:]) - 1 for phase in phases)
        if not places or max(places) >= self.profile.phases:
            raise ValueError(f"a house with {self.profile.phases} phases has no {', '.join(phases)}")
        self._wired.append((charger, places))
        charger.volts = self.volts[places[0]]

    def time_of_day_s(self, now: float) -> float:
        """The time of day at `now`; past midnight it goes on counting unless days repeat."""
        time_s = self.profile.starts_at_s + now
        return time_s % 86_400 if self.profile.repeats_daily else time_s

    def at(self, now: float) -> Powers:
        """What flows at `now`, with what the chargers draw at this instant."""
        span_s = 0.0 if self._now is None else max(0.0, now - self._now)
        self._now = now
        solar, load = self.trace.at(self.time_of_day_s(now))
        load += self.extra_load_watts
        chargers = 0.0
        for charger, _ in self._wired:
            chargers += charger.power_watts
        missing = load + chargers - solar
        stored = self.battery.answer(missing, span_s) if self.battery else 0.0
        grid = missing - stored
        amps = self._split(solar + stored, load) if self.profile.phases > 1 else (grid / self.volts[0],)
        if self.profile.grid_ohms:
            self._sag(amps)
        soc = self.battery.soc_percent if self.battery else None
        return Powers(solar, load, stored, chargers, grid, amps, self.volts, soc)

    def _split(self, inverter: float, load: float) -> tuple[float, ...]:
        """Signed amps per phase."""
        profile = self.profile
        watts = [load * profile.load_split[place] for place in range(profile.phases)]
        for phase in profile.solar_phases:
            watts[int(phase[1:]) - 1] -= inverter / len(profile.solar_phases)
        for charger, places in self._wired:
            used = (
                round(charger.power_watts / (charger.drawn_amps * charger.volts)) if charger.drawn_amps else 0
            )
            for place in places[:used]:
                watts[place] += charger.drawn_amps * charger.volts
        return tuple(power / volts for power, volts in zip(watts, self.volts, strict=True))

    def _sag(self, amps: tuple[float, ...]) -> None:
        nominal, ohms = self.profile.volts, self.profile.grid_ohms
        self.volts = tuple(nominal - amp * ohms for amp in amps)
        for charger, places in self._wired:
            charger.volts = self.volts[places[0]]
