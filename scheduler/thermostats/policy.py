"""What a thermostat should be set to. Pure: no clock, no network; whatever brand it is.

Each device has latches of its own: a step that was done for it is never done again in the same peak, so a
dead thermostat can't raise the others again, and one that comes back still gets its own. When the battery has
fallen past several steps at once, the largest outstanding one counts, never their sum. A set-back only ever
raises a cooling setpoint or lowers a heating one, and what is done before a peak only the other way round,
within the owner's and the device's bounds."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from scheduler.tariffs.fixed import read_months
from scheduler.tariffs.holidays import read_holidays
from scheduler.thermostats.settings import Aim, Season, StepSettings, ThermostatSettings
from scheduler.wallclock import at, first_showing, read_days, read_minute

SystemMode = Literal["cool", "auto", "heat", "off", "emergency heat"]
Hold = Literal["schedule", "temporary", "permanent"]
DOES: dict[Aim, tuple[SystemMode, ...]] = {"cool": ("cool", "auto"), "heat": ("heat", "auto")}
LEARNS_FROM_S = 2700.0  # how far back the battery's fall is measured
LEAST_SPAN_S = 540.0


@dataclass(frozen=True, slots=True)
class Device:
    """One thermostat, in its own degrees. `lowest` and `highest` bound `cool`, the other two `heat`."""

    id: str
    name: str
    mode: SystemMode
    hold: Hold
    cool: float
    heat: float
    lowest: float = -math.inf
    highest: float = math.inf
    heat_lowest: float = -math.inf
    heat_highest: float = math.inf
    dead_band: float = 0.0

    def setpoint(self, aim: Aim) -> float:
        """What it is set to."""
        return self.cool if aim == "cool" else self.heat

    def bounds(self, aim: Aim) -> tuple[float, float]:
        """What it can be set to; in auto mode cooling and heating keep their distance."""
        auto = self.mode == "auto"
        if aim == "cool":
            return max(self.lowest, self.heat + self.dead_band if auto else -math.inf), self.highest
        return self.heat_lowest, min(self.heat_highest, self.cool - self.dead_band if auto else math.inf)


@dataclass(frozen=True, slots=True)
class Battery:
    """The house battery in a peak. `lasts_s`: until it is at its reserve; None: its fall is not known."""

    charge_percent: float
    reserve_percent: float = 0.0
    lasts_s: float | None = None

    @property
    def words(self) -> str:
        """ "the battery is at 42.5 %"."""
        lasts = "" if self.lasts_s is None else f" and lasts {self.lasts_s / 60:.0f} min more"
        return f"the battery is at {self.charge_percent:.1f} %{lasts}"


class Thermostats(Protocol):
    """A brand's service. Every method raises ThermostatError."""

    def names(self) -> dict[str, str]:
        """Every thermostat's name by id."""

    def read(self, device_id: str, name: str) -> Device:
        """How it is now."""

    def hold(self, device_id: str, aim: Aim, degrees: float, until: datetime) -> None:
        """Cool (or heat) to this until then (its own schedule follows)."""

    def keep(self, device_id: str, aim: Aim, degrees: float) -> None:
        """Cool (or heat) to this for good."""

    def release(self, device_id: str) -> None:
        """Back to its own schedule."""


class ThermostatError(Exception):
    """It could not be read or set; the text is a sentence."""


class LockedOut(ThermostatError):
    """The service refuses the whole account for a while: `rest_s`."""

    def __init__(self, sentence: str, rest_s: float) -> None:
        super().__init__(sentence)
        self.rest_s = rest_s


@dataclass(frozen=True, slots=True)
class Day:
    """One season's times on one day; aware. `before` is `peak` where nothing is done before it."""

    season: Season
    before: datetime
    peak: datetime
    end: datetime

    @property
    def id(self) -> str:
        """The same for this peak, and for no other one."""
        return f"{self.peak:%Y-%m-%d %H:%M} {self.season.aim}"


def days_of(settings: ThermostatSettings, wall: datetime) -> list[Day]:
    """The times of this day, one for each peak in which anything is done."""
    zone, day = wall.tzinfo, wall.date()
    if zone is None:
        raise ValueError("thermostats need a wall time with its time zone")
    if day in read_holidays(settings.holidays):
        return []
    found = []
    for season in settings.seasons:
        if _counts(season, day):
            first = season.before.from_ if season.before else season.from_
            words = (first, season.from_, season.to)
            times = [at(first_showing(day, read_minute(word), zone), zone) for word in words]
            found.append(Day(season, *times))
    return found


def day_of(settings: ThermostatSettings, wall: datetime) -> Day | None:
    """The last peak of this day that has begun, or is being prepared."""
    now = wall.timestamp()
    begun = [one for one in days_of(settings, wall) if one.before.timestamp() <= now]
    return max(begun, key=lambda one: one.before.timestamp(), default=None)


def fall(seen: Sequence[tuple[float, float]], reserve_percent: float) -> float | None:
    """How many seconds the battery lasts at the fall of these looks (seconds, per cent); None: not known."""
    if len(seen) < 2 or seen[-1][0] - seen[0][0] < LEAST_SPAN_S:
        return None
    (first_s, first), (last_s, last) = seen[0], seen[-1]
    if last >= first:
        return None
    return max(0.0, last - reserve_percent) * (last_s - first_s) / (first - last)


def crossed(steps: Sequence[StepSettings], battery: Battery, left_s: float) -> list[int]:
    """The steps (by number) that hold now; `left_s`: so much of the peak is still to come."""
    return [number for number, step in enumerate(steps) if _holds(step, battery, left_s)]


def _holds(step: StepSettings, battery: Battery, left_s: float) -> bool:
    if step.battery_percent is not None and battery.charge_percent > step.battery_percent:
        return False
    if step.lasts_minutes is not None:
        soon_s = min(60 * step.lasts_minutes, left_s)
        if battery.lasts_s is None or battery.lasts_s > soon_s:
            return False
    return step.peak_minutes_left is None or left_s >= 60 * step.peak_minutes_left


def set_back(
    season: Season, device: Device, crossed: Collection[int], done: Collection[int]
) -> tuple[float, list[int]] | None:
    """The new setpoint and the steps that are then done; None: nothing to do."""
    open_steps = [number for number in crossed if number not in done]
    if not open_steps or device.mode not in DOES[season.aim]:
        return None
    degrees = max(season.steps[number].degrees for number in open_steps)
    lowest, highest = _bounds(season, device)
    now = device.setpoint(season.aim)
    if season.aim == "cool":
        return max(now, min(now + degrees, highest)), open_steps
    return min(now, max(now - degrees, lowest)), open_steps


def prepared(season: Season, device: Device) -> float | None:
    """The setpoint before the peak, if it cools (or heats) more than the present one."""
    if season.before is None or device.mode not in DOES[season.aim]:
        return None
    lowest, highest = _bounds(season, device)
    now = device.setpoint(season.aim)
    if season.aim == "cool":
        wanted = max(season.before.setpoint, lowest)
        return wanted if wanted < now else None
    wanted = min(season.before.setpoint, highest)
    return wanted if wanted > now else None


def reasons_before(season: Season, charge: float | None, extreme: float | None) -> list[str]:
    """Why the house should be cooled or heated before the peak; empty: it should not.

    `extreme` is today's highest forecast temperature for cooling, the lowest one for heating.
    """
    rule = season.before
    reasons = []
    if rule and rule.battery_below is not None and charge is not None and charge <= rule.battery_below:
        reasons.append(f"the battery is at {charge:.1f} %")
    if rule and rule.beyond is not None and extreme is not None:
        so = extreme >= rule.beyond if season.aim == "cool" else extreme <= rule.beyond
        reasons += [f"{extreme:.0f} degrees are forecast"] if so else []
    return reasons


def is_open(season: Season, charge: float | None, extreme: float | None) -> bool:
    """Whether a reason to begin before the peak could not be judged, for want of a figure."""
    rule = season.before
    if rule is None:
        return False
    return (rule.battery_below is not None and charge is None) or (
        rule.beyond is not None and extreme is None
    )


def quarters(until: datetime) -> int:
    """Quarter hours after midnight, rounded up: how some portals want the end of a hold."""
    return math.ceil((until.hour * 60 + until.minute) / 15)


def _bounds(season: Season, device: Device) -> tuple[float, float]:
    lowest, highest = device.bounds(season.aim)
    return max(season.lowest, lowest), min(season.highest, highest)


def _counts(season: Season, day: date) -> bool:
    return day.weekday() in read_days(season.days) and day.month in read_months(season.months)
