"""[tesla] and [[cars]] of sunward.toml.

A car is reached by lines of the form scheme://address?option=value, one file of `links/` for each scheme:
`reads` asks, `commands` tells, and each may be a list in order of trust.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, RootModel, ValidationError, field_validator, model_validator

from notify.settings import Section, SettingsError, explain
from scheduler.settings import SchedulerSettings
from scheduler.wallclock import read_days

SCHEMES = ("owner", "fleet", "fleet-proxy", "ble", "teslamate")
READ_ONLY = ("teslamate",)
CLOUDS = ("owner", "fleet", "fleet-proxy")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SECRET = "TESLA_CLIENT_SECRET"
VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "owner": (),
    "fleet": (),
    "fleet-proxy": ("cert", "tls"),
    "ble": (),
    "teslamate": ("car", "namespace", "user", "password", "tls"),
}

Percent = Annotated[float, Field(ge=0, le=100)]
Region = Literal["na", "eu", "cn"]
Preference = Literal["cheapest", "greenest"]


@dataclass(frozen=True, slots=True)
class Line:
    """One way to a car, taken apart. `text` is the line as it was written."""

    scheme: str
    host: str
    port: int | None
    options: Mapping[str, str]
    text: str


def read_line(text: str) -> Line:
    """Take a line apart. Raises ValueError with a sentence."""
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES or "://" not in text:
        raise ValueError(f"a way to a car begins with {', '.join(f'{one}://' for one in SCHEMES)}")
    if parts.username or parts.password:
        raise ValueError("secrets don't belong into a line: put them into credentials.env (docs/cars.md)")
    allowed = OPTIONS[parts.scheme]
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in options:
        if name not in allowed:
            have = f"there is {', '.join(allowed)}" if allowed else "it has none"
            raise ValueError(f"{parts.scheme}:// has no option {name!r}: {have}")
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("the port is a number from 1 to 65535") from None
    if parts.scheme in ("fleet-proxy", "ble", "teslamate") and not host:
        raise ValueError(f"say where it is, like {parts.scheme}://192.168.0.40")
    if parts.scheme in ("owner", "fleet") and (host or parts.path.strip("/")):
        raise ValueError(f"{parts.scheme}:// takes no address; the region stands in [tesla]")
    if parts.scheme == "teslamate" and not options.get("car", "").isdecimal():
        raise ValueError("say which car it is, like teslamate://192.168.0.5?car=1 (TeslaMate tells no VIN)")
    return Line(parts.scheme, host, port, options, text)


class TeslaSettings(Section):
    """[tesla]: the account, and what its calls may cost. Prices in `currency` for each call."""

    region: Region = "na"
    client_id: str = ""
    redirect_url: str = ""
    domain: str = ""  # where the public key of your app lies
    currency: Annotated[str, Field(min_length=1, max_length=8)] = "USD"
    price_per_read: Annotated[float, Field(ge=0, le=10)] = 0.002
    price_per_command: Annotated[float, Field(ge=0, le=10)] = 0.001
    price_per_wake: Annotated[float, Field(ge=0, le=10)] = 0.02
    reads_per_day: Annotated[int, Field(ge=0, le=5000)] = 150
    commands_per_day: Annotated[int, Field(ge=0, le=5000)] = 60
    wakes_per_day: Annotated[int, Field(ge=0, le=100)] = 3
    price_per_energy_read: Annotated[float, Field(ge=0, le=10)] = 0.0
    price_per_energy_command: Annotated[float, Field(ge=0, le=10)] = 0.0
    energy_reads_per_day: Annotated[int, Field(ge=0, le=20000)] = 1000
    energy_commands_per_day: Annotated[int, Field(ge=0, le=5000)] = 60
    money_per_month: Annotated[float, Field(ge=0, le=1000)] = 10.0
    fleet_url: str = ""
    fleet_auth_url: str = ""
    owner_url: str = ""
    sso_url: str = ""

    @field_validator("fleet_url", "fleet_auth_url", "owner_url", "sso_url", "redirect_url")
    @classmethod
    def _keeps_secrets_to_itself(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("tokens go there: it must begin with https://")
        return value.rstrip("/")


class PlanSettings(Section):
    """[[cars.plans]]: how full by when. `by` is the house's clock."""

    soc_percent: Annotated[float, Field(ge=1, le=100)]
    by: time
    days: str = "daily"
    prefer: Preference = "cheapest"
    one_piece: bool = False
    precondition_min: Annotated[float, Field(ge=0, le=360)] = 0.0
    remind_at: time | None = None

    @field_validator("by", "remind_at", mode="before")
    @classmethod
    def _a_time(cls, value: Any) -> Any:
        if isinstance(value, str):
            if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value):
                raise ValueError('write a time of day like "07:00"')
            return time.fromisoformat(value.zfill(5))
        return value

    @field_validator("days")
    @classmethod
    def _days(cls, value: str) -> str:
        read_days(value)
        return value

    @property
    def weekdays(self) -> frozenset[int]:
        """Weekdays (Monday is 0) on which it wants to be ready."""
        return read_days(self.days)


class CarSettings(Section):
    """[[cars]]: one car."""

    vin: str
    name: Annotated[str, Field(max_length=80)] = ""
    reads: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    charger: str = ""
    battery_kwh: Annotated[float, Field(ge=5, le=250)] = 75.0
    max_amps: Annotated[float, Field(ge=6, le=80)] = 32.0
    min_soc_percent: Annotated[float, Field(ge=0, le=90)] = 0.0
    allow_wake: bool = False
    wake_gap_min: Annotated[float, Field(ge=1, le=1440)] = 30.0
    owner_override: Literal["respect", "ignore"] = "respect"
    harder_stops: tuple[Literal["limit"], ...] = ()
    poll_charging_min: Annotated[float, Field(ge=1, le=120)] = 5.0
    self_start_wait_s: Annotated[float, Field(ge=0, le=3600)] = 180.0
    max_age_h: Annotated[float, Field(ge=0.1, le=48)] = 2.0
    plans: tuple[PlanSettings, ...] = ()

    @field_validator("vin")
    @classmethod
    def _a_vin(cls, value: str) -> str:
        if not VIN.fullmatch(value.upper()):
            raise ValueError(
                "a VIN has 17 letters and digits, without I, O and Q: see the car's page in the app"
            )
        return value.upper()

    @field_validator("reads", "commands", mode="before")
    @classmethod
    def _one_is_a_list_too(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("reads", "commands")
    @classmethod
    def _are_lines(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            read_line(text)
        return value

    @field_validator("commands")
    @classmethod
    def _can_command(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if read_line(text).scheme in READ_ONLY:
                raise ValueError(f"{text} can only read: use it for reads")
        return value

    @field_validator("charger")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()

    @model_validator(mode="after")
    def _plans_need_a_charge(self) -> CarSettings:
        if (self.plans or self.min_soc_percent) and not self.reads:
            raise ValueError("plans and min_soc_percent need the car's charge: set reads (docs/cars.md)")
        return self

    @property
    def label(self) -> str:
        """How people call it; a VIN is never shown whole."""
        return self.name or f"the car …{self.vin[-6:]}"


class _Cars(RootModel[tuple[CarSettings, ...]]):
    pass


@dataclass(frozen=True, slots=True)
class GarageSettings:
    """Both sections together."""

    cars: tuple[CarSettings, ...]
    tesla: TeslaSettings


def read_settings(settings: SchedulerSettings) -> GarageSettings:
    """[[cars]] and [tesla]. Raises SettingsError with every problem, one sentence each."""
    problems: list[str] = []
    cars: tuple[CarSettings, ...] = ()
    tesla = TeslaSettings()
    try:
        cars = _Cars.model_validate(settings.tables.get("cars", [])).root
    except ValidationError as error:
        problems += explain(error, "cars")
    try:
        tesla = settings.section("tesla", TeslaSettings) or tesla
    except SettingsError as error:
        problems += error.problems
    problems += _contradictions(cars, tesla, settings)
    if problems:
        raise SettingsError(problems)
    return GarageSettings(cars, tesla)


def _contradictions(
    cars: tuple[CarSettings, ...], tesla: TeslaSettings, settings: SchedulerSettings
) -> list[str]:
    problems = []
    vins = [car.vin for car in cars]
    for number, car in enumerate(cars, 1):
        if vins.count(car.vin) > 1 and vins.index(car.vin) == number - 1:
            problems.append(f"cars[{number}].vin: stands there twice; each car has one block.")
        if car.charger and car.charger not in settings.chargers:
            have = ", ".join(sorted(settings.chargers)) or "none yet"
            problems.append(f"cars[{number}].charger: there is no charger {car.charger}; there is: {have}.")
        schemes = {read_line(text).scheme for text in (*car.reads, *car.commands)}
        if schemes & {"fleet", "fleet-proxy"} and not tesla.client_id:
            problems.append(
                f"cars[{number}]: fleet:// needs your app's id: set client_id in [tesla] (see docs/cars.md)."
            )
    return problems
