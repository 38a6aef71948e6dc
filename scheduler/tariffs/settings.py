"""[tariff] of sunward.toml: what a kilowatt-hour costs, and which charging windows follow the price.

[tariff]
kind = "energy_charts"            # or fixed, awattar, entsoe, nordpool, octopus, tibber, amber
zone = "DE-LU"
formula = "(spot + 0.1568) * 1.19"
feed_in = 0.08

[[tariff.windows]]
name = "cheap night"
hours = 3                         # the cheapest 3 hours ...
before = "07:00"                  # ... before 7 (after 7 the day before, or what `after` says)
mode = "fast"
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from notify.settings import Section
from scheduler.tariffs.fixed import EVERY_MONTH, FixedTariff, Period, read_months
from scheduler.tariffs.formula import read_formula
from scheduler.tariffs.holidays import read_holidays
from scheduler.tariffs.sources import source_of
from scheduler.wallclock import read_days, read_minute
from scheduler.when import Days, From, Holidays, Months, To
from scheduler.window_rows import LEAST_AMPS, MOST_AMPS, NAMES
from scheduler.windows import Mode

Kind = Literal["fixed", "awattar", "energy_charts", "entsoe", "nordpool", "octopus", "tibber", "amber"]
MONEY = {"octopus": "GBP", "amber": "AUD"}
Price = Annotated[float, Field(ge=-10, le=100, allow_inf_nan=False)]


class PeriodSettings(Section):
    """[[tariff.periods]]: one price at some times of some days."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    price: Price
    months: Months = "1-12"
    days: Days = "daily"
    from_: From = Field("00:00", alias="from")
    to: To = "24:00"
    holidays: bool = False

    def period(self) -> Period:
        """The same as the pure tariff wants it."""
        begin, end = read_minute(self.from_), read_minute(self.to, as_end=True)
        months = read_months(self.months) if self.months else EVERY_MONTH
        return Period(self.name, self.price, begin, end, read_days(self.days), months, self.holidays)


class PriceWindowSettings(Section):
    """[[tariff.windows]]: a charging window that follows the price, or the CO2 of the power."""

    name: Annotated[str, Field(pattern=NAMES, max_length=40)]
    below: float | None = Field(None, ge=-10, le=10_000)
    hours: float | None = Field(None, gt=0, le=24)
    after: str = ""
    before: str = "07:00"
    days: Days = "daily"
    by: Literal["price", "co2"] = "price"
    in_one_piece: bool = False
    mode: Mode = Mode.FAST
    amps: Annotated[float, Field(ge=LEAST_AMPS, le=MOST_AMPS)] | None = None
    charger: str = ""

    @field_validator("before", "after")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if value:
            read_minute(value)
        return value

    @model_validator(mode="after")
    def _one_rule(self) -> PriceWindowSettings:
        if (self.below is None) == (self.hours is None):
            raise ValueError("give either below (a price) or hours (so many of the cheapest), not both")
        if self.mode is Mode.OFF and self.amps is not None:
            raise ValueError("mode off offers no amps; leave amps out, or choose another mode")
        return self

    @property
    def before_minute(self) -> int:
        """Minutes after midnight."""
        return read_minute(self.before)

    @property
    def after_minute(self) -> int:
        """Minutes after midnight; the deadline's own time of day where nothing is said."""
        return read_minute(self.after) if self.after else self.before_minute


class TariffSettings(Section):
    """[tariff]. Prices per kWh in `currency`."""

    kind: Kind
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    zone: Annotated[str, Field(max_length=40)] = ""
    product: Annotated[str, Field(max_length=80, pattern="^[A-Za-z0-9-]*$")] = ""
    region: Annotated[str, Field(pattern="^[A-Pa-p]?$")] = ""
    home: Annotated[str, Field(max_length=80, pattern="^[A-Za-z0-9-]*$")] = ""
    address: Annotated[str, Field(pattern="^(https?://[^/]+)?$")] = ""
    formula: str = "spot"
    feed_in: float | str | None = None
    co2: Literal["", "gb"] = ""
    co2_address: Annotated[str, Field(pattern="^(https?://[^/]+)?$")] = ""
    tomorrow_at: time = time(13, 0)
    price: Price | None = None
    periods: tuple[PeriodSettings, ...] = ()
    holidays: Holidays = ()
    windows: tuple[PriceWindowSettings, ...] = ()

    @field_validator("formula")
    @classmethod
    def _is_arithmetic(cls, value: str) -> str:
        read_formula(value)
        return value

    @field_validator("feed_in")
    @classmethod
    def _is_a_price(cls, value: float | str | None) -> float | str | None:
        if value is not None:
            read_formula(str(value))
        return value

    @field_validator("tomorrow_at", mode="before")
    @classmethod
    def _is_a_time(cls, value: object) -> object:
        minute = read_minute(value)
        return time(minute // 60, minute % 60)

    @model_validator(mode="before")
    @classmethod
    def _in_its_money(cls, values: object) -> object:
        """Without `currency`: that in which the service sells."""
        if isinstance(values, dict) and "currency" not in values:
            return values | {"currency": MONEY.get(str(values.get("kind")), "EUR")}
        return values

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> TariffSettings:
        names = [window.name.casefold() for window in self.windows]
        if len(set(names)) < len(names):
            raise ValueError("two windows have the same name: give each its own")
        if self.kind == "fixed":
            if self.price is None:
                raise ValueError("a fixed tariff needs price: what holds when no period does")
            return self
        if self.price is not None or self.periods:
            raise ValueError('price and periods belong to kind = "fixed"; use formula for fees and taxes')
        for key in source_of(self.kind).NEEDS:
            if not getattr(self, key):
                raise ValueError(f"{self.kind} needs {key}: see docs/tariffs.md")
        return self

    def secret_problem(self, credentials: Mapping[str, str]) -> str:
        """A sentence where the service's key is missing, or nothing."""
        name = "" if self.kind == "fixed" else source_of(self.kind).SECRET
        if not name or credentials.get(name):
            return ""
        return f"tariff.kind: {self.kind} needs a key. Write {name}=... into credentials.env."

    def fixed(self) -> FixedTariff | None:
        """The time-of-use tariff, where it is one."""
        if self.price is None:
            return None
        periods = tuple(period.period() for period in self.periods)
        return FixedTariff(self.price, periods, read_holidays(self.holidays))
