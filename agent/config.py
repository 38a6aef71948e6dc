"""sunward.toml as the agent reads it: every section, every problem at once, in words.

The file is only read, never written: what the page changes is kept in the state folder. Each room of the
scheduler and of notify describes its own sections; here they are joined with the agent's own, and
turned into the plain values (`Rules`, `BusRules`) that bus and brain work with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator

from agent.bus.rules import BusRules, ChargerLimits
from agent.doors.outlet_settings import OutletSettings
from agent.doors.settings import (
    EvccSettings,
    HomeAssistantSettings,
    LegacySettings,
    MqttSettings,
    OcppSettings,
    door_problems,
)
from agent.meters import BadLine
from agent.meters.plan import Plan, plan
from agent.model import ROLES, ChargerRules, Mode, Role, Rules
from notify.settings import Section, SettingsError, explain, read_credentials, read_toml
from scheduler.settings import SiteSettings
from scheduler.window_rows import WindowError, read_windows
from scheduler.windows import Window

CREDENTIALS = "credentials.env"
MISSED_BEATS = 2.5  # of a meter, before its reading counts as old
Amps = Annotated[float, Field(ge=0, le=80)]
Seconds = Annotated[float, Field(ge=0, le=86400)]
Phase = Literal["L1", "L2", "L3"]
PHASES = ("L1", "L2", "L3")


class BusSettings(Section):
    """[bus]: the RS-485 line and the circuit that all chargers share."""

    port: str
    circuit_amps: Annotated[float, Field(ge=6, le=240)]
    primary_id: str = "7777"
    max_chargers: Annotated[int, Field(ge=1, le=16)] = 3
    spike: bool = False

    @field_validator("primary_id")
    @classmethod
    def _four_hex(cls, value: str) -> str:
        return _charger_id(value)

    @field_validator("port")
    @classmethod
    def _a_port(cls, value: str) -> str:
        if value.startswith("/") or _is_network_port(value):
            return value
        raise ValueError(
            "write a device like /dev/serial/by-id/..., or socket://HOST:PORT, or rfc2217://HOST:PORT"
        )


class ChargerSettings(Section):
    """[[chargers]]: one Wall Connector."""

    id: str
    name: str = ""
    max_amps: Annotated[float, Field(ge=6, le=80)]
    min_amps: Annotated[float, Field(ge=5, le=32)] = 6.0
    priority: Annotated[int, Field(ge=1, le=100)] = 1
    phases: Annotated[tuple[Phase, ...], Field(min_length=1, max_length=3)] = ("L1",)
    mode: Mode | None = None
    half_amps: bool = False

    @field_validator("id", mode="before")
    @classmethod
    def _four_hex(cls, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError('write the id in quotes, like id = "3201"')
        return _charger_id(value)

    @field_validator("phases", mode="before")
    @classmethod
    def _supply(cls, value: object) -> object:
        """One phase may stand alone: "L2" is ["L2"]."""
        phases = [value] if isinstance(value, str) else value
        listed = phases if isinstance(phases, list | tuple) else []
        if not listed or any(one not in PHASES or listed.count(one) > 1 for one in listed):
            raise ValueError('write the supply phases that it is wired to, like ["L1"] or ["L1", "L2", "L3"]')
        return listed


class MeterSettings(Section):
    """[meters]: for each role one source, or several in order; ages in seconds."""

    grid: tuple[str, ...] = ()
    solar: tuple[str, ...] = ()
    battery: tuple[str, ...] = ()
    house: tuple[str, ...] = ()
    max_age_s: Annotated[float, Field(ge=3, le=3600)] = 120.0
    minimum_after_s: Annotated[float, Field(ge=2, le=3600)] = 30.0
    no_raise_after_s: Annotated[float, Field(ge=1, le=3600)] = 10.0
    unwatched_fuse_amps: Amps | None = None

    @field_validator(*ROLES, mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        lines = (value,) if isinstance(value, str) else value
        if not isinstance(lines, list | tuple) or not all(isinstance(one, str) for one in lines):
            raise ValueError('write a line like "solaredge://192.168.0.27:1502", or a list of such lines')
        return lines

    def ages(self) -> tuple[float, float, float]:
        """Seconds until amps are not raised, fall to the minimum, to the safe offer.

        Whoever sets one of them need not set the others: those keep their distance in proportion.
        """
        set_ = self.model_fields_set
        minimum_s, no_raise_s = self.minimum_after_s, self.no_raise_after_s
        if "minimum_after_s" not in set_:
            minimum_s = min(minimum_s, self.max_age_s * 2 / 3)
        if "no_raise_after_s" not in set_:
            no_raise_s = min(no_raise_s, minimum_s / 2)
        elif "minimum_after_s" not in set_:
            minimum_s = max(minimum_s, no_raise_s)
        return no_raise_s, minimum_s, self.max_age_s

    def lines(self) -> dict[Role, tuple[str, ...]]:
        """The settings lines by role, only where there are any."""
        return {role: getattr(self, role) for role in ROLES if getattr(self, role)}


class SolarSettings(Section):
    """[solar]: how the sun is followed."""

    min_solar_share: float | Literal["auto"] = "auto"
    start_delay_s: Seconds = 20.0
    min_on_s: Seconds = 60.0
    min_off_s: Seconds = 60.0
    reserve_watts: Annotated[float, Field(ge=-5000, le=20000)] = 0.0
    battery: Literal["house_first", "car_first", "ignore"] = "house_first"
    battery_full_percent: Annotated[float, Field(ge=0, le=100)] = 90.0
    battery_kwh: Annotated[float, Field(ge=0, le=1000)] = 0.0  # for plans; 0: unknown
    plug_in_grace_s: Seconds = 60.0

    @field_validator("min_solar_share", mode="before")
    @classmethod
    def _a_share(cls, value: object) -> object:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value == "auto" or (number and 0.1 <= float(str(value)) <= 1.0):
            return value
        raise ValueError('write a number from 0.1 to 1.0, or "auto": by the prices of the tariff')


class WebSettings(Section):
    """[web]: where the page and the HTTP API listen, who stands in front, and what the page's money is.

    Prices are per kWh in `currency`; without a currency the page shows no money.
    """

    listen: str = "127.0.0.1:8080"
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    tls_cert: str = ""
    tls_key: str = ""
    currency: Annotated[str, Field(max_length=5)] = ""
    grid_price: Annotated[float, Field(ge=-10, le=1000)] = 0.0
    sell_price: Annotated[float, Field(ge=-10, le=1000)] = 0.0

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, colon, port = value.rpartition(":")
        if not colon or not host or not port.isdigit() or not 0 <= int(port) <= 65535:
            raise ValueError('write an address and a port, like "127.0.0.1:8080"')
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            try:
                ip_network(line)
            except ValueError:
                raise ValueError(
                    'write addresses or networks, like ["127.0.0.1", "192.168.0.0/24"]'
                ) from None
        return value

    @model_validator(mode="after")
    def _both_files(self) -> WebSettings:
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key belong together: set both, or none")
        return self

    @property
    def url(self) -> str:
        """The page's address as the settings have it."""
        return f"http{'s' if self.tls_cert else ''}://{self.listen}"


class Settings(Section):
    """The whole of sunward.toml."""

    site: SiteSettings = SiteSettings()
    bus: BusSettings
    chargers: tuple[ChargerSettings, ...] = ()
    meters: MeterSettings = MeterSettings()
    solar: SolarSettings = SolarSettings()
    windows: tuple[dict[str, Any], ...] = ()
    web: WebSettings = WebSettings()
    mqtt: MqttSettings | None = None
    homeassistant: HomeAssistantSettings | None = None
    evcc: EvccSettings | None = None
    ocpp: OcppSettings | None = None
    legacy: LegacySettings | None = None
    # The other programs' sections: the agent runs whatever they say, and `agent check` has them checked.
    notify: Any = None
    cars: Any = None
    tesla: Any = None
    tariff: Any = None
    battery: Any = None
    thermostats: Any = None
    forecast: Any = None
    clouds: Any = None
    outlets: OutletSettings = OutletSettings()


@dataclass(frozen=True, slots=True)
class House:
    """Settings that have been understood: what app.py wires the house from."""

    path: Path
    settings: Settings
    credentials: Mapping[str, str]
    windows: tuple[Window, ...]
    meters: Plan
    rules: Rules
    bus_rules: BusRules

    @property
    def state_dir(self) -> Path:
        """Where everything that must survive a restart lies."""
        return self.settings.site.state_path(self.path)


def load(path: Path, credentials: Path | None = None) -> House:
    """Read and check everything. Raises SettingsError with every problem, one sentence each."""
    tables = read_toml(path)
    problems: list[str] = []
    secrets: dict[str, str] = {}
    try:
        secrets = read_credentials(credentials or path.parent / CREDENTIALS, wanted=credentials is not None)
    except SettingsError as error:
        problems += error.problems
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as error:
        problems += explain(error)
        raise SettingsError(problems + _wrong_lines(tables, secrets, path)) from None
    windows: tuple[Window, ...] = ()
    try:
        windows = read_windows(settings.windows, {c.id: c.name for c in settings.chargers})
    except WindowError as error:
        problems += error.problems
    problems += _contradictions(settings)
    meters, meter_problems = _meter_plan(settings.meters, secrets, settings.site.state_path(path))
    problems += meter_problems or _too_seldom(settings.meters, meters)
    problems += door_problems(settings.mqtt, settings.homeassistant, settings.legacy, secrets)
    problems += settings.outlets.missing_secrets(secrets)
    if problems:
        raise SettingsError(problems)
    rules = patient(rules_of(settings), meters, "max_age_s" in settings.meters.model_fields_set)
    return House(path, settings, secrets, windows, meters, rules, bus_rules_of(settings))


def rules_of(settings: Settings) -> Rules:
    """What the brain needs of the settings."""
    site, solar, meters = settings.site, settings.solar, settings.meters
    no_raise_s, minimum_s, safe_s = meters.ages()
    return Rules(
        chargers=tuple(
            ChargerRules(c.id, c.name, c.max_amps, c.min_amps, c.priority, c.phases, c.mode, c.half_amps)
            for c in settings.chargers
        ),
        circuit_amps=settings.bus.circuit_amps,
        main_fuse_amps=site.main_fuse_amps,
        site_phases=site.phases,
        reserved_watts=site.reserved_watts,
        imbalance_amps=site.imbalance_amps,
        peak_watts=site.peak_watts,
        peak_over=site.peak_over,
        volts=site.volts,
        min_solar_share=1.0 if solar.min_solar_share == "auto" else solar.min_solar_share,
        start_delay_s=solar.start_delay_s,
        min_on_s=solar.min_on_s,
        min_off_s=solar.min_off_s,
        reserve_watts=solar.reserve_watts,
        battery_rule=solar.battery,
        battery_full_percent=solar.battery_full_percent,
        stale_no_raise_s=no_raise_s,
        stale_minimum_s=minimum_s,
        stale_safe_s=safe_s,
        blind_fast_amps=meters.unwatched_fuse_amps,
        has_meter=bool(meters.lines()),
        grace_s=solar.plug_in_grace_s,
    )


def bus_rules_of(settings: Settings) -> BusRules:
    """What the bus needs of the settings."""
    bus = settings.bus
    limits = tuple(
        ChargerLimits(c.id, c.max_amps, c.min_amps, c.name, c.half_amps) for c in settings.chargers
    )
    return BusRules(
        circuit_amps=bus.circuit_amps,
        chargers=limits,
        primary_id=bus.primary_id,
        max_chargers=bus.max_chargers,
        spike=bus.spike,
    )


def _contradictions(settings: Settings) -> Iterator[str]:
    """What each value allows and their sum does not."""
    ids = [charger.id for charger in settings.chargers]
    for double in sorted({one for one in ids if ids.count(one) > 1}):
        yield f"chargers: the id {double} stands there twice. Each Wall Connector has its own."
    if len(ids) > settings.bus.max_chargers:
        yield (
            f"chargers: {len(ids)} are listed, but bus.max_chargers is {settings.bus.max_chargers}. "
            "Raise it only for units that were set up as one network."
        )
    for number, charger in enumerate(settings.chargers, 1):
        where = f"chargers[{number}]"
        if charger.min_amps > charger.max_amps:
            yield f"{where}.min_amps: {charger.min_amps:g} A is more than max_amps {charger.max_amps:g} A."
        if charger.id == settings.bus.primary_id:
            yield f"{where}.id: {charger.id} is our own id on the bus. Give bus.primary_id another one."
        beyond = [phase for phase in charger.phases if int(phase[1]) > settings.site.phases]
        if beyond:
            yield (
                f"{where}.phases: {', '.join(beyond)} does not exist in a house with "
                f"site.phases = {settings.site.phases}."
            )
    yield from _limits_that_cannot_be(settings)
    no_raise_s, minimum_s, safe_s = settings.meters.ages()
    if not no_raise_s <= minimum_s <= safe_s:
        yield "meters: no_raise_after_s, minimum_after_s and max_age_s must rise in this order."
    unwatched, fuse = settings.meters.unwatched_fuse_amps, settings.site.main_fuse_amps
    if unwatched is not None and unwatched > fuse:
        yield (
            f"meters.unwatched_fuse_amps = {unwatched:g} is more than the main fuse: write what it bears "
            f"beside all else in the house, below site.main_fuse_amps (found {fuse:g})."
        )


def _limits_that_cannot_be(settings: Settings) -> Iterator[str]:
    site, meters = settings.site, settings.meters
    if len(site.reserved_watts) > site.phases:
        yield f"site.reserved_watts: write one number for each of the {site.phases} phases, like [3000]."
    if any(site.reserved_watts) and not site.main_fuse_amps:
        yield "site.reserved_watts: these are kept free beside the main fuse, so set site.main_fuse_amps too."
    most = max(site.reserved_watts, default=0.0)
    if site.main_fuse_amps and most >= site.main_fuse_amps * site.volts:
        yield f"site.reserved_watts: {most:g} W leave nothing of the main fuse for cars."
    if site.imbalance_amps and site.phases == 1:
        yield "site.imbalance_amps: a house with one phase has nothing to compare; take the line away."
    if site.peak_watts and not meters.lines():
        yield "site.peak_watts: without a grid meter nobody knows what is bought. Add one to [meters]."


def _meter_plan(
    meters: MeterSettings, secrets: Mapping[str, str], state_path: Path
) -> tuple[Plan, list[str]]:
    lines = {role: list(lines) for role, lines in meters.lines().items()}
    try:
        return plan(lines, secrets, state_path), []
    except BadLine as error:
        return Plan(), list(error.problems)


def _wrong_lines(tables: Mapping[str, Any], secrets: Mapping[str, str], path: Path) -> list[str]:
    """What is wrong with lines of [meters] in a file where something else is wrong as well."""
    try:
        meters = MeterSettings.model_validate(tables.get("meters", {}))
    except ValidationError:
        return []  # told with the rest
    return _meter_plan(meters, secrets, path.parent)[1]


def _grid_every_s(meters: Plan) -> float:
    return max((one.every_s for sum_ in meters.choices.get("grid", ()) for one in sum_), default=0.0)


def _too_seldom(settings: MeterSettings, meters: Plan) -> list[str]:
    """A limit that someone has set and no reading can keep."""
    every_s = _grid_every_s(meters)
    if "max_age_s" not in settings.model_fields_set or settings.max_age_s >= 1.5 * every_s:
        return []
    says = (
        f"meters.max_age_s: the grid's source is read every {every_s:g} s, so its readings would be old "
        f"between two of them: write {1.5 * every_s:g} or more, or a shorter every_s in its line "
        f"(found {settings.max_age_s:g})."
    )
    return [says]


def patient(rules: Rules, meters: Plan, limit_is_set: bool = False) -> Rules:
    """The rules for a house whose grid meter is read seldom: it is not stale before it has missed a beat.

    An age limit that the owner has set holds as it stands; only the default one stretches.
    """
    every_s = _grid_every_s(meters)
    beat_s = MISSED_BEATS * every_s
    safe_s = rules.stale_safe_s if limit_is_set else max(rules.stale_safe_s, 4 * beat_s)
    return replace(
        rules,
        stale_no_raise_s=min(max(rules.stale_no_raise_s, beat_s), safe_s),
        stale_minimum_s=min(max(rules.stale_minimum_s, 2 * beat_s), safe_s),
        stale_safe_s=safe_s,
    )


def _is_network_port(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("socket", "rfc2217") and bool(parts.hostname and parts.port)
    except ValueError:
        return False


def _charger_id(value: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]{4}", value):
        raise ValueError("an id is four hexadecimal digits, like 3201: `agent sniff` shows those on your bus")
    return value.upper()
