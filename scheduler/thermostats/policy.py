"""What a thermostat should be set to. Pure: no clock, no network; whatever brand it is.

Each device has latches of its own: a step that was done for it is never done again in the same peak, so a
dead thermostat can't raise the others again, and one that comes back still gets its own. When the battery has
fallen past several steps at once, the largest outstanding one counts, never their sum. A set-back only ever
raises a cooling setpoint and a pre-cool only lowers it, within the owner's and the device's bounds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from scheduler.tariffs.fixed import read_months
from scheduler.tariffs.holidays import read_holidays
from scheduler.thermostats.settings import StepSettings, ThermostatSettings
from scheduler.wallclock import at, first_showing, read_days, read_minute

SystemMode = Literal["cool", "auto", "heat", "off", "emergency heat"]
Hold = Literal["schedule", "temporary", "permanent"]
COOLS: tuple[SystemMode, ...] = ("cool", "auto")


@dataclass(frozen=True, slots=True)
class Device:
    """One thermostat, in its own degrees."""

    id: str
    name: str
    mode: SystemMode
    hold: Hold
    cool: float
    heat: float
    lowest: float = -math.inf
    highest: float = math.inf
    dead_band: float = 0.0


class Thermostats(Protocol):
    """A brand's service. Every method raises ThermostatError."""

    def names(self) -> dict[str, str]:
        """Every thermostat's name by id."""

    def read(self, device_id: str, name: str) -> Device:
        """How it is now."""

    def hold(self, device_id: str, cool: float, until: datetime) -> None:
        """Cool to this until then (its own schedule follows)."""

    def keep(self, device_id: str, cool: float) -> None:
        """Cool to this for good."""

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
    """One day's times; aware. `precool` is `peak` where nothing is pre-cooled."""

    precool: datetime
    peak: datetime
    end: datetime


def day_of(settings: ThermostatSettings, wall: datetime) -> Day | None:
    """The times of this day, if it is one on which anything is done."""
    zone, day = wall.tzinfo, wall.date()
    if zone is None:
        raise ValueError("thermostats need a wall time with its time zone")
    if not _counts(settings, day):
        return None
    first = settings.precool.from_ if settings.precool else settings.from_
    words = (first, settings.from_, settings.to)
    return Day(*(at(first_showing(day, read_minute(word), zone), zone) for word in words))


def crossed(steps: Sequence[StepSettings], charge_percent: float) -> list[int]:
    """The steps (by number) that this charge has fallen to or past."""
    return [number for number, step in enumerate(steps) if charge_percent <= step.battery_percent]


def set_back(
    settings: ThermostatSettings, device: Device, charge_percent: float, done: Collection[int]
) -> tuple[float, list[int]] | None:
    """The new cooling setpoint and the steps that are then done; None: nothing to do."""
    open_steps = [number for number in crossed(settings.steps, charge_percent) if number not in done]
    if not open_steps or device.mode not in COOLS:
        return None
    degrees = max(settings.steps[number].degrees for number in open_steps)
    highest = min(settings.highest, device.highest)
    return max(device.cool, min(device.cool + degrees, highest)), open_steps


def pre_cool(settings: ThermostatSettings, device: Device) -> float | None:
    """The cooling setpoint before the peak, if it is lower than the present one."""
    if settings.precool is None or device.mode not in COOLS:
        return None
    lowest = max(settings.lowest, device.lowest)
    if device.mode == "auto":
        lowest = max(lowest, device.heat + device.dead_band)
    wanted = max(settings.precool.setpoint, lowest)
    return wanted if wanted < device.cool else None


def precool_reasons(settings: ThermostatSettings, charge: float | None, hottest: float | None) -> list[str]:
    """Why the house should be cooled before the peak; empty: it should not."""
    rule = settings.precool
    reasons = []
    if rule and rule.battery_below is not None and charge is not None and charge <= rule.battery_below:
        reasons.append(f"the battery is at {charge:.1f} %")
    if rule and rule.hotter_than is not None and hottest is not None and hottest >= rule.hotter_than:
        reasons.append(f"{hottest:.0f} degrees are forecast")
    return reasons


def quarters(until: datetime) -> int:
    """Quarter hours after midnight, rounded up: how some portals want the end of a hold."""
    return math.ceil((until.hour * 60 + until.minute) / 15)


def _counts(settings: ThermostatSettings, day: date) -> bool:
    if day.weekday() not in read_days(settings.days) or day.month not in read_months(settings.months):
        return False
    return day not in read_holidays(settings.holidays)
