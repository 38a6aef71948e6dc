"""[thermostats] of sunward.toml: set back when the battery runs low in a peak, pre-cool or pre-heat before.

    [thermostats]
    service = "honeywell"
    devices = ["Downstairs", "2200043"]     # names or ids; none: all of the account
    months = "5-10"
    days = "mon-fri"
    from = "14:00"
    to = "20:15"                            # holds end here, and are released
    steps = [{ battery_percent = 50, degrees = 2 }, { battery_percent = 20, degrees = 4 }]
    precool = { from = "12:00", setpoint = 67, battery_below = 90, hotter_than = 105 }

    [[thermostats.heating]]                 # the same for heat: steps lower it, preheat raises it
    months = "11-4"
    from = "17:00"
    to = "21:00"
    steps = [{ lasts_minutes = 60, degrees = 3 }]
    preheat = { from = "15:00", setpoint = 72, battery_below = 90, colder_than = 30 }

Degrees are those that the thermostats show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from notify.settings import Section
from scheduler.wallclock import read_minute
from scheduler.when import Days, From, Holidays, Months

SAFE_URL = r"^(https://[^/]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?)?$"
Degrees = Annotated[float, Field(ge=5, le=130, allow_inf_nan=False)]
Minutes = Annotated[float, Field(gt=0, le=720)]
Percent = Annotated[float, Field(ge=0, le=100)]
Aim = Literal["cool", "heat"]


class StepSettings(Section):
    """One set-back of so many degrees. It counts when all that it says is so:

    `battery_percent`: the battery is at this charge or below. `lasts_minutes`: at its present fall it reaches
    its reserve in so many minutes or less, and before the peak is over. `peak_minutes_left`: at least so much
    of the peak is still to come.
    """

    battery_percent: Annotated[float, Field(ge=1, le=100)] | None = None
    lasts_minutes: Minutes | None = None
    peak_minutes_left: Minutes | None = None
    degrees: Annotated[float, Field(gt=0, le=10)]

    @model_validator(mode="after")
    def _has_a_reason(self) -> Self:
        if self.battery_percent is None and self.lasts_minutes is None:
            raise ValueError("a step needs battery_percent or lasts_minutes")
        return self


class PrecoolSettings(Section):
    """Cool down before the peak, if the battery is low or the day hot. It lasts until the peak begins."""

    from_: From = Field("12:00", alias="from")
    setpoint: Degrees
    battery_below: Percent | None = None
    hotter_than: Degrees | None = None


class PreheatSettings(Section):
    """Heat up before the peak, if the battery is low or the day cold. It lasts until the peak begins."""

    from_: From = Field("12:00", alias="from")
    setpoint: Degrees
    battery_below: Percent | None = None
    colder_than: Annotated[float, Field(ge=-60, le=130, allow_inf_nan=False)] | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """What is done before a peak, whichever way: `beyond` is a day hotter (or colder) than this."""

    from_: str
    setpoint: float
    battery_below: float | None
    beyond: float | None


@dataclass(frozen=True, slots=True)
class Season:
    """One peak of some days of the year, and what it does to the cooling or the heating setpoint."""

    aim: Aim
    months: str
    days: str
    from_: str
    to: str
    steps: tuple[StepSettings, ...]
    before: Before | None
    lowest: float
    highest: float


class HeatingSettings(Section):
    """[[thermostats.heating]]: one peak in which heating is set back."""

    months: Months = "11-4"
    days: Days = "mon-fri"
    from_: From = Field("17:00", alias="from")
    to: From = "21:00"
    steps: tuple[StepSettings, ...] = ()
    preheat: PreheatSettings | None = None
    lowest: Degrees = 60.0
    highest: Degrees = 75.0

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        _check(self.from_, self.to, self.preheat, "preheat", self.steps, self.lowest, self.highest)
        return self

    def season(self) -> Season:
        """As the policy has it."""
        rule = self.preheat
        before = Before(rule.from_, rule.setpoint, rule.battery_below, rule.colder_than) if rule else None
        words = (self.months, self.days, self.from_, self.to)
        return Season("heat", *words, self.steps, before, self.lowest, self.highest)


class ThermostatSettings(Section):
    """[thermostats]."""

    service: Literal["honeywell"] = "honeywell"
    address: Annotated[str, Field(pattern=SAFE_URL)] = ""
    devices: tuple[str, ...] = ()
    months: Months = "5-10"
    days: Days = "mon-fri"
    holidays: Holidays = ()
    from_: str = Field("14:00", alias="from")
    to: str = "20:15"
    steps: tuple[StepSettings, ...] = ()
    precool: PrecoolSettings | None = None
    lowest: Degrees = 60.0
    highest: Degrees = 84.0
    check_every_min: Annotated[int, Field(ge=5, le=120)] = 15
    heating: tuple[HeatingSettings, ...] = ()

    @field_validator("from_", "to")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        read_minute(value)
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        _check(self.from_, self.to, self.precool, "precool", self.steps, self.lowest, self.highest)
        return self

    @property
    def seasons(self) -> tuple[Season, ...]:
        """Every peak in which anything is done, the cooling one first."""
        rule = self.precool
        before = Before(rule.from_, rule.setpoint, rule.battery_below, rule.hotter_than) if rule else None
        words = (self.months, self.days, self.from_, self.to)
        cooling = Season("cool", *words, self.steps, before, self.lowest, self.highest)
        found = (cooling, *(one.season() for one in self.heating))
        return tuple(one for one in found if one.steps or one.before)


def _check(
    from_: str,
    to: str,
    before: PrecoolSettings | PreheatSettings | None,
    name: str,
    steps: Sequence[StepSettings],
    lowest: float,
    highest: float,
) -> None:
    if read_minute(from_) >= read_minute(to):
        raise ValueError("from must be before to, on the same day")
    if before and read_minute(before.from_) >= read_minute(from_):
        raise ValueError(f"{name} begins before from")
    if lowest >= highest:
        raise ValueError("lowest must be below highest")
    for measure in ("battery_percent", "lasts_minutes"):
        found = [value for step in steps if (value := getattr(step, measure)) is not None]
        if found != sorted(found, reverse=True):
            raise ValueError(f"steps go down: the highest {measure} first")
