"""[battery] of sunward.toml: which mode and reserve the house battery has, and when.

[battery]
service = "owner"                 # or "fleet"
site = "1234567"                  # the energy site's id
holidays = ["us-utility"]
off_peak = { reserve = 100 }

[[battery.periods]]
name = "summer peak"
months = "5-10"
days = "mon-fri"
from = "14:00"
to = "20:00"
reserve = 0                       # any of mode, reserve, grid_charging, export
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from notify.settings import Section
from scheduler.wallclock import read_minute
from scheduler.when import Days, From, Holidays, Months, To

BatteryMode = Literal["backup", "self_consumption", "autonomous"]
Export = Literal["pv_only", "battery_ok", "never"]
Url = Annotated[str, Field(pattern="^(https://[^/]+|http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?)?$")]


class Action(Section):
    """What the battery should be set to; what is left out stays as it is."""

    mode: BatteryMode | None = None
    reserve: Annotated[int, Field(ge=0, le=100)] | None = None
    grid_charging: bool | None = None
    export: Export | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return all(one is None for one in (self.mode, self.reserve, self.grid_charging, self.export))


class PeriodSettings(Action):
    """[[battery.periods]]: one action at some times of some days. `report`: a letter at its end."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    months: Months = "1-12"
    days: Days = "mon-fri"
    from_: From = Field(alias="from")
    to: To
    holidays: bool = False
    lead_minutes: Annotated[int, Field(ge=0, le=120)] = 5
    lag_minutes: Annotated[int, Field(ge=0, le=120)] = 1
    peak: bool = True
    report: bool = True

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if read_minute(self.from_) == read_minute(self.to, as_end=True):
            raise ValueError("from and to are the same")
        return self


class BatterySettings(Section):
    """[battery]."""

    service: Literal["owner", "fleet"] = "owner"
    region: Literal["", "na", "eu", "cn"] = ""  # without it, that of [tesla]
    site: Annotated[str, Field(pattern="^[0-9]{1,20}$")]
    address: Url = ""
    gateway: Annotated[str, Field(pattern="^(https?://[^/]+)?$")] = ""
    gateway_login: Literal["customer", "wifi"] = "customer"
    holidays: Holidays = ()
    off_peak: Action = Action()
    periods: tuple[PeriodSettings, ...] = ()
    grid_used_watts: Annotated[float, Field(ge=50, le=100_000)] = 500.0
    drain_watts: Annotated[float, Field(ge=50, le=100_000)] = 1000.0
    low_percent: Annotated[float, Field(ge=0, le=100)] = 20.0
    check_every_min: Annotated[int, Field(ge=5, le=720)] = 30

    @model_validator(mode="after")
    def _can_sign_in(self) -> BatterySettings:
        if self.gateway_login == "wifi" and not self.gateway.startswith("https://"):
            raise ValueError('gateway_login = "wifi" needs gateway = "https://192.168.91.1"')
        return self

    @model_validator(mode="after")
    def _comes_back(self) -> BatterySettings:
        names = [period.name.casefold() for period in self.periods]
        if len(set(names)) < len(names):
            raise ValueError("two periods have the same name: give each its own")
        for period in self.periods:
            for key in ("mode", "reserve", "grid_charging", "export"):
                if getattr(period, key) is not None and getattr(self.off_peak, key) is None:
                    raise ValueError(
                        f"{period.name} sets {key}, but off_peak does not say what it is afterwards: "
                        f"add {key} to off_peak"
                    )
        return self
