"""[thermostats] of sunward.toml: set back when the battery runs low in a peak, and pre-cool before it.

    [thermostats]
    service = "honeywell"
    devices = ["Downstairs", "2200043"]     # names or ids; none: all of the account
    months = "5-10"
    days = "mon-fri"
    from = "14:00"
    to = "20:15"                            # holds end here, and are released
    steps = [{ battery_percent = 50, degrees = 2 }, { battery_percent = 20, degrees = 4 }]
    precool = { from = "12:00", setpoint = 67, battery_below = 90, hotter_than = 105 }

Degrees are those that the thermostats show.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from notify.settings import Section
from scheduler.wallclock import read_minute
from scheduler.when import Days, From, Holidays, Months

SAFE_URL = r"^(https://[^/]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?)?$"
Degrees = Annotated[float, Field(ge=5, le=130, allow_inf_nan=False)]


class StepSettings(Section):
    """One set-back: at this charge or below, so many degrees warmer."""

    battery_percent: Annotated[float, Field(ge=1, le=100)]
    degrees: Annotated[float, Field(gt=0, le=10)]


class PrecoolSettings(Section):
    """Cool down before the peak, if the battery is low or the day hot. It lasts until the peak begins."""

    from_: From = Field("12:00", alias="from")
    setpoint: Degrees
    battery_below: Annotated[float, Field(ge=0, le=100)] | None = None
    hotter_than: Degrees | None = None


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

    @field_validator("from_", "to")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        read_minute(value)
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if read_minute(self.from_) >= read_minute(self.to):
            raise ValueError("from must be before to, on the same day")
        if self.precool and read_minute(self.precool.from_) >= read_minute(self.from_):
            raise ValueError("precool begins before from")
        if self.lowest >= self.highest:
            raise ValueError("lowest must be below highest")
        charges = [step.battery_percent for step in self.steps]
        if charges != sorted(charges, reverse=True) or len(set(charges)) < len(charges):
            raise ValueError("steps go down: the highest battery_percent first")
        return self
