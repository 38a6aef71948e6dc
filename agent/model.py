"""The nouns of the house: frozen values with a unit in every name, shared by all rooms of the agent.

Signs, once and for all: **power into the house is positive.** Grid + is import, - is export. Solar is
never negative. Battery + is discharging, - is charging. House load is never negative and does not
contain the chargers.

A reading has an age, not a validity flag. A failed read is not 0 W: it is an older reading, and a
`MeterHealth` that says what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from notify.events import Event as Event
from scheduler.clock import Moment as Moment
from scheduler.windows import ActiveWindow as ActiveWindow
from scheduler.windows import Mode as Mode

Role = Literal["grid", "solar", "battery", "house"]
ROLES: tuple[Role, ...] = ("grid", "solar", "battery", "house")


# --- meters ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """One role's power at one instant, in our signs. Per-phase values are L1 L2 L3 (or L1 alone).

    `energy_wh` counts what came in (import, production, discharge), `exported_wh` what went out.
    """

    watts: float
    at_mono_s: float
    source: str
    amps_by_phase: tuple[float, ...] | None = None
    volts_by_phase: tuple[float, ...] | None = None
    energy_wh: float | None = None
    exported_wh: float | None = None
    soc_percent: float | None = None


@dataclass(frozen=True, slots=True)
class MeterHealth:
    """How one source of one role fares; `problem` is a sentence that says what to do, or empty."""

    role: Role
    source: str
    ok: bool
    problem: str = ""
    watts: float | None = None
    at_mono_s: float | None = None


@dataclass(frozen=True, slots=True)
class MeterView:
    """All meters at one instant: for each role the first fresh source's reading, and every health."""

    readings: Mapping[Role, Reading] = field(default_factory=dict)
    health: tuple[MeterHealth, ...] = ()


# --- chargers and cars -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChargerStatus:
    """What one charger last said. Amps are per conductor; `offered` is what it repeats to its car.

    `confirmed_amps` is our last order that the charger has echoed. `state` is a word of
    bus.frames.STATE_WORDS. `charging` already allows for the unit's own idle offset.
    """

    charger_id: str
    state: str = "unheard"
    rating_amps: float = 0.0
    offered_amps: float = 0.0
    confirmed_amps: float = 0.0
    drawn_amps: float = 0.0
    volts_by_phase: tuple[float, ...] | None = None
    energy_wh: float | None = None
    vin: str = ""
    heard_at_mono_s: float | None = None
    linked: bool = False
    plugged: bool | None = None  # None: cannot be told
    charging: bool = False
    wants_power: bool = False  # it asks: state 04 or 08
    protocol: int = 0
    serial: str = ""
    firmware: str = ""
    problem: str = ""
    contactor_closings: int = 0

    @property
    def has_car(self) -> bool:
        """Whether anything says that a car is there (a sleeping one may not show)."""
        return bool(self.plugged) or self.charging or self.wants_power


@dataclass(frozen=True, slots=True)
class CarStatus:
    """What is known of one car, mostly from its cloud; None where nothing is known."""

    vin: str
    name: str = ""
    soc_percent: float | None = None
    limit_percent: float | None = None
    charging_state: str = ""
    plugged: bool | None = None
    asleep: bool | None = None
    at_wall: datetime | None = None
    note: str = ""  # what the owner asked of the car's own app, in words
    plan: Mapping[str, object] | None = None
    calls: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class SunAhead:
    """Mean watts that the sun is forecast to give from `start` (included) to `end` (not), wall times."""

    start: datetime
    end: datetime
    watts: float


@dataclass(frozen=True, slots=True)
class PriceAhead:
    """What a kWh costs from `start` (included) to `end` (not), wall times, and what selling one brings.

    None is unknown, never 0. `name` is the tariff's own word for it, such as "peak".
    """

    start: datetime
    end: datetime
    buy_per_kwh: float
    sell_per_kwh: float | None = None
    co2_g_per_kwh: float | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class PricesAhead:
    """Prices in `currency` (three letters), in order, none over another; a gap is a time without a price."""

    currency: str = ""
    slots: tuple[PriceAhead, ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """What a kWh costs and what selling one brings, at one instant; `sell_per_kwh` None: nobody knows."""

    buy_per_kwh: float
    sell_per_kwh: float | None
    currency: str


@dataclass(frozen=True, slots=True)
class BusHealth:
    """How the RS-485 line fares since start; `problem` is a sentence, or empty."""

    port: str = ""
    open: bool = False
    problem: str = ""
    frames: int = 0
    checksum_errors: int = 0
    junk_bytes: int = 0
    echoes: int = 0
    unanswered: int = 0
    reopened: int = 0
    other_primary: str = ""
    worst_gap_s: float = 0.0


@dataclass(frozen=True, slots=True)
class BusView:
    """The bus at one instant: every charger ever heard or configured, and the line itself."""

    chargers: tuple[ChargerStatus, ...] = ()
    health: BusHealth = field(default_factory=BusHealth)


# --- what people ask for ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Boost:
    """Fast charging with an end, for one charger or (without `charger_id`) for each.

    `amps` None means all that the circuit allows. At least one end is always set.
    """

    amps: float | None = None
    charger_id: str | None = None
    ends_mono_s: float | None = None
    ends_wall: datetime | None = None
    to_soc_percent: float | None = None
    to_energy_wh: float | None = None
    energy_start_wh: float | None = None


@dataclass(frozen=True, slots=True)
class Dimming:
    """An order from outside (a grid operator's box, a heat pump's controller) to leave room for others.

    `amps` and `watts` are for all chargers together; `reserved_watts` are kept free on each phase beside
    the main fuse. Without an end it holds until it is taken back.
    """

    amps: float | None = None
    watts: float | None = None
    reserved_watts: tuple[float, ...] = ()
    ends_mono_s: float | None = None
    ends_wall: datetime | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """What people want now: the site's mode, each charger's own, boosts. Windows are evaluated apart.

    `limit_by_charger` are amps that a charger may not exceed for now, whatever its mode, boost or window.
    """

    mode: Mode = Mode.SOLAR
    mode_by_charger: Mapping[str, Mode] = field(default_factory=dict)
    boosts: tuple[Boost, ...] = ()
    limit_by_charger: Mapping[str, float] = field(default_factory=dict)
    dimming: Dimming | None = None


# --- the brain -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChargerRules:
    """One charger's settings. `phases` are the supply phases that its conductors sit on."""

    charger_id: str
    name: str = ""
    max_amps: float = 6.0
    min_amps: float = 6.0
    priority: int = 1  # 1 is served first
    phases: tuple[str, ...] = ("L1",)
    mode: Mode | None = None
    half_amps: bool = False  # the sun is followed in half amps; some cars can't bear them

    @property
    def label(self) -> str:
        """How people call it."""
        return self.name or f"charger {self.charger_id}"


@dataclass(frozen=True, slots=True)
class Rules:
    """All settings that the brain needs. Amps per conductor or phase, watts in our signs."""

    chargers: tuple[ChargerRules, ...] = ()
    circuit_amps: float = 6.0
    main_fuse_amps: float = 0.0  # per phase; 0: unknown
    site_phases: int = 1
    reserved_watts: tuple[float, ...] = ()  # kept free on each phase beside the main fuse
    imbalance_amps: float = 0.0  # the fullest phase above the emptiest; 0: any
    peak_watts: float = 0.0  # of what is bought; 0: any
    peak_over: Literal["quarter_hour", "now"] = "quarter_hour"
    volts: float = 230.0  # nominal, between a charger's conductor and neutral (or L1-L2 in the US)
    min_solar_share: float = 1.0
    start_delay_s: float = 20.0
    min_on_s: float = 60.0
    min_off_s: float = 60.0
    reserve_watts: float = 0.0
    battery_rule: Literal["house_first", "car_first", "ignore"] = "house_first"
    battery_full_percent: float = 90.0
    stale_no_raise_s: float = 10.0
    stale_minimum_s: float = 30.0
    stale_safe_s: float = 120.0
    blind_fast_amps: float | None = None  # on a phase of a main fuse that no meter watches; None: the minimum
    has_meter: bool = True  # a source that tells the surplus is set up
    grace_s: float = 60.0


@dataclass(frozen=True, slots=True)
class SunShare:
    """The part of a charger's minimum that must be sun for it to go on (0 to 1), by prices, and why."""

    share: float
    why: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the brain may look at. Windows are None while the wall time is unknown."""

    chargers: tuple[ChargerStatus, ...] = ()
    readings: Mapping[Role, Reading] = field(default_factory=dict)
    cars: Mapping[str, CarStatus] = field(default_factory=dict)
    control: Control = field(default_factory=Control)
    windows: Mapping[str, ActiveWindow] | None = field(default_factory=dict)
    sun_share: SunShare | None = None  # None: the settings' own
    bus_problem: str = ""  # why nothing that is decided reaches a charger; a sentence


@dataclass(frozen=True, slots=True)
class Offer:
    """What one charger may offer its car. It expires: a silent brain lets the bus fall to safety."""

    charger_id: str
    amps: float
    reason: str
    good_until_mono_s: float


@dataclass(frozen=True, slots=True)
class Step:
    """One rule at work on one charger (or on the house, with charger_id ""): amps before and after."""

    rule: str
    charger_id: str
    before_amps: float
    after_amps: float
    why: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a car's cloud should make true: `start`, `stop`, `set_limit`, `set_amps`."""

    vin: str
    action: str
    value: float | None = None
    why: str = ""
    charger_id: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The brain's answer for one second."""

    offers: tuple[Offer, ...] = ()
    budget_amps: float = 0.0
    steps: tuple[Step, ...] = ()
    wishes: tuple[Wish, ...] = ()
    events: tuple[Event, ...] = ()


# --- what the doors show ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Published:
    """One second of the house, whole: what doors, history and letters are told from."""

    moment: Moment
    snapshot: Snapshot = field(default_factory=Snapshot)
    decision: Decision = field(default_factory=Decision)
    bus: BusView = field(default_factory=BusView)
    meters: MeterView = field(default_factory=MeterView)
