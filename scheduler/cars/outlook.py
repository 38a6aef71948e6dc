"""What a plan is made from: prices, the sun to come, and hours in which the owner's windows say "off"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from scheduler.cars.goals import Power
from scheduler.cars.planner import Blocked, SunSlot
from scheduler.cars.settings import CarSettings, Preference
from scheduler.cars.sight import Sight
from scheduler.jobs import Context
from scheduler.settings import SchedulerSettings
from scheduler.tariffs.follow import by_co2
from scheduler.tariffs.prices import known_prices
from scheduler.tariffs.slots import PriceSlot
from scheduler.window_rows import WindowError, read_windows
from scheduler.windows import Mode, preview

Sun = Callable[[Context, Power], Sequence[SunSlot]]
Market = tuple[Sequence[PriceSlot], str]
DAYS_AHEAD = 3


def no_sun(context: Context, power: Power) -> Sequence[SunSlot]:
    """A house without a forecast plans as if the sun never shone, and takes it when it does."""
    return ()


def rates(settings: SchedulerSettings, wall: datetime, prefer: Preference) -> Market:
    """What is to be kept low, and its unit; empty where nothing is known."""
    prices = known_prices(settings, wall)
    if prices is None:
        return (), ""
    if prefer == "greenest":
        return by_co2(prices.buy), "g CO2 per kWh"
    return prices.buy, f"{prices.currency} per kWh"


def blocked(rows: Sequence[Mapping[str, Any]], wall: datetime, sight: Sight) -> Blocked:
    """When the owner's windows switch this charger off."""
    try:
        windows = read_windows(list(rows))
    except WindowError:  # of a newer agent: better no plan around them than none at all
        return ()
    turns = preview(windows, wall, DAYS_AHEAD, {sight.charger_id: sight.charger})
    return [(turn.start, turn.end) for turn in turns if turn.window.mode is Mode.OFF]


def power_of(settings: SchedulerSettings, car: CarSettings, sight: Sight, asked_amps: float | None) -> Power:
    """What the car can take at this charger."""
    rows = settings.tables.get("chargers", [])
    row: Mapping[str, Any] = next(
        (row for row in rows if str(row.get("id", "")).upper() == sight.charger_id), {}
    )
    phases = row.get("phases")
    amps = min(sight.max_amps, car.max_amps, asked_amps or car.max_amps)
    return Power(
        max(amps, 1.0), settings.site.volts, len(phases) if isinstance(phases, list) and phases else 1
    )
