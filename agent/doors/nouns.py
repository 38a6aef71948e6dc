"""The nouns of `GET /state`: frozen values whose field names are the JSON's keys.

Watts are in the house's signs (power into the house is positive); None means "not known", never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.model import Price, Role

SILENT_AFTER_S = 15.0  # so long after the last decision the house counts as not looked after


@dataclass(frozen=True, slots=True)
class PowerState:
    """Watts now. `house_w` does not contain the chargers."""

    grid_w: float | None
    solar_w: float | None
    battery_w: float | None
    house_w: float | None
    chargers_w: float


@dataclass(frozen=True, slots=True)
class BoostState:
    """A boost in force; `charger` null means each. `left_s` counts down to its latest end."""

    charger: str | None
    amps: float | None
    ends: datetime | None
    left_s: float | None
    to_soc_percent: float | None
    to_energy_kwh: float | None


@dataclass(frozen=True, slots=True)
class LimitState:
    """An order to leave room, in force for all chargers together. `left_s` null: until it is taken back."""

    amps: float | None
    watts: float | None
    reserved_watts: tuple[float, ...]
    ends: datetime | None
    left_s: float | None


@dataclass(frozen=True, slots=True)
class WindowState:
    """A charging window: the one in force (`until` is its end) or the next one (`begins` is set)."""

    name: str
    mode: str
    amps: float | None
    charger: str | None
    begins: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class CarState:
    """What is known of a car, mostly from its maker's cloud."""

    vin: str
    name: str
    soc_percent: float | None
    limit_percent: float | None
    charging_state: str
    plugged: bool | None
    asleep: bool | None
    at_wall: datetime | None
    note: str
    plan: Mapping[str, Any] | None
    calls: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ChargerState:
    """One charger. `mode` holds without boost and window; `own_mode` is null where the site's does.

    `limit_amps` is what somebody asked it not to exceed for now, null where nobody did.
    """

    id: str
    name: str
    state: str
    linked: bool
    plugged: bool | None
    charging: bool
    min_amps: float
    max_amps: float
    limit_amps: float | None
    rating_amps: float
    offered_amps: float
    confirmed_amps: float
    drawn_amps: float
    drawn_w: float
    volts_by_phase: tuple[float, ...] | None
    energy_wh: float | None
    vin: str
    car: CarState | None
    mode: str
    own_mode: str | None
    boost: BoostState | None
    window: WindowState | None
    wanted_amps: float | None
    reason: str
    problem: str
    heard_s: float | None
    serial: str
    firmware: str


@dataclass(frozen=True, slots=True)
class StepState:
    """One rule at work: amps before and after, and why. `charger` is empty for the whole house."""

    rule: str
    charger: str
    before_amps: float
    after_amps: float
    why: str


@dataclass(frozen=True, slots=True)
class MeterState:
    """One source of one role. `age_s` is null while it has never answered."""

    role: Role
    source: str
    watts: float | None
    age_s: float | None
    ok: bool
    problem: str


@dataclass(frozen=True, slots=True)
class WishState:
    """What a car's cloud should make true."""

    vin: str
    action: str
    value: float | None
    why: str
    charger: str


@dataclass(frozen=True, slots=True)
class BusState:
    """The RS-485 line since start."""

    port: str
    open: bool
    problem: str
    frames: int
    checksum_errors: int
    junk_bytes: int
    echoes: int
    unanswered: int
    reopened: int
    other_primary: str
    worst_gap_s: float


@dataclass(frozen=True, slots=True)
class State:
    """One second of the house. `age_s` says how old it is: above a few seconds the brain is silent.

    `min_solar_share` of a charger's minimum must be sun for it to go on; `..._why` is a sentence where prices
    decide that, and empty where the settings do. `price` is what a kWh costs now, null where nobody knows;
    `currency` ("EUR") is empty where nobody has told any.
    """

    now: datetime | None
    age_s: float
    site: str
    circuit_amps: float
    mode: str
    boost: BoostState | None
    boosts: tuple[BoostState, ...]
    limit: LimitState | None
    power: PowerState
    battery_soc_percent: float | None
    chargers: tuple[ChargerState, ...]
    budget_amps: float
    steps: tuple[StepState, ...]
    meters: tuple[MeterState, ...]
    window: WindowState | None
    next_window: WindowState | None
    wishes: tuple[WishState, ...]
    bus: BusState
    min_solar_share: float
    min_solar_share_why: str
    price: Price | None
    currency: str
