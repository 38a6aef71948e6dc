"""What the sun is expected to bring into a car, out of the house's forecast.

From the forecast's watts goes what the house itself usually takes at that hour; what is left may charge. It
counts only where it is enough for the least that a car can take (6 A): below that a car does not charge at
all. A fifth is taken off, because a plan that counts on the sun in vain buys its hours later and dearer.

With `[solar] battery = "house_first"` and its `battery_kwh`, the house battery eats first: today what it
lacks up to `battery_full_percent`, on the days after what it lacks from a night that left it at 20 % (or at
its present charge, if that is less).

What the house usually takes is the mean of the last seven days by hour of the day, asked of the agent once
a day and kept in the job's memory. An hour that was hardly watched counts as 400 W.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from scheduler.agent_api import AgentError
from scheduler.cars.goals import Power
from scheduler.cars.outlook import Sun, no_sun
from scheduler.cars.planner import SunSlot
from scheduler.forecast.known import known_forecast
from scheduler.forecast.slots import SolarSlot
from scheduler.jobs import Context
from scheduler.settings import SchedulerSettings
from scheduler.wallclock import at

HOUSE_WATTS = 400.0
LEAST_AMPS = 6.0
BELIEVED = 0.8
FULL_PERCENT = 90.0
NIGHT_LEAVES_PERCENT = 20.0
EFFICIENCY = 0.95  # from the roof into a house battery
LEARNS_FROM_DAYS = 7
LEAST_ROWS = 3
AGAIN_S = 86400.0
AFTER_TROUBLE_S = 3600.0
STEP_S = 3600


def sun_of(settings: SchedulerSettings) -> Sun:
    """What plans are given: the forecast where there is a [forecast], else no sun at all."""
    return forecast_sun if "forecast" in settings.tables else no_sun


def forecast_sun(context: Context, power: Power) -> Sequence[SunSlot]:
    """The coming slots in which the sun alone is expected to charge."""
    wall = context.moment.wall
    slots = known_forecast(context.settings).slots
    if wall is None or not slots:
        return ()
    coming = [slot for slot in slots if slot.end_s > wall.timestamp()]
    hunger = hunger_of(context, wall)
    return sunny(coming, house_watts(context, wall), power, context.settings.site.zone, hunger)


@dataclass(frozen=True, slots=True)
class Hunger:
    """What the house battery takes of the sun before a car does: on `today`, and on each day after."""

    today: date
    today_wh: float = 0.0
    later_wh: float = 0.0


def hunger_of(context: Context, wall: datetime) -> Hunger | None:
    """The house battery's appetite by its rule, size and charge; None where it has none or is not known."""
    solar = context.settings.tables.get("solar", {})
    wh = 1000 * _number(solar.get("battery_kwh"), 0.0)
    if not wh or solar.get("battery", "house_first") != "house_first":
        return None
    try:
        charge = context.agent.state().get("power", {}).get("battery_soc_percent")
    except AgentError:
        charge = None
    full = _number(solar.get("battery_full_percent"), FULL_PERCENT)
    now = _number(charge, NIGHT_LEAVES_PERCENT)
    lacks, later = (max(0.0, full - one) for one in (now, min(now, NIGHT_LEAVES_PERCENT)))
    today = wall.astimezone(context.settings.site.zone).date()
    return Hunger(today, wh * lacks / 100 / EFFICIENCY, wh * later / 100 / EFFICIENCY)


def sunny(
    slots: Iterable[SolarSlot],
    house_by_hour: Sequence[float],
    power: Power,
    zone: tzinfo,
    hunger: Hunger | None = None,
) -> list[SunSlot]:
    """Shares of full power; slots without enough sun are left out. `house_by_hour`: 24 watts, local time."""
    eaten: dict[date, float] = {}
    least_watts = min(LEAST_AMPS * power.volts * power.phases, power.watts)
    found = []
    for slot in slots:
        start = at(slot.start_s, zone)
        spare = BELIEVED * slot.watts - house_by_hour[start.hour]
        if hunger and spare > 0:
            spare -= _eats(hunger, eaten, start.date(), spare, (slot.end_s - slot.start_s) / 3600)
        if spare >= least_watts:
            found.append(SunSlot(start, at(slot.end_s, zone), min(1.0, spare / power.watts)))
    return found


def _eats(hunger: Hunger, eaten: dict[date, float], day: date, spare: float, hours: float) -> float:
    """Mean watts of this slot that go into the house battery."""
    most_wh = hunger.today_wh if day <= hunger.today else hunger.later_wh
    takes_wh = max(0.0, min(spare * hours, most_wh - eaten.get(day, 0.0)))
    eaten[day] = eaten.get(day, 0.0) + takes_wh
    return takes_wh / hours if hours > 0 else 0.0


def _number(found: object, otherwise: float) -> float:
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else otherwise


def by_hour(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> list[float]:
    """Mean `house_w` by local hour out of the agent's history; 24 watts."""
    seen: list[list[float]] = [[] for _ in range(24)]
    for row in rows:
        watts = row.get("house_w")
        if isinstance(watts, int | float):
            hour = datetime.fromisoformat(str(row["at"])).astimezone(zone).hour
            seen[hour].append(float(watts))
    return [round(sum(one) / len(one), 1) if len(one) >= LEAST_ROWS else HOUSE_WATTS for one in seen]


def house_watts(context: Context, wall: datetime) -> list[float]:
    """What the house usually takes, by hour; learned anew once a day. A failing agent changes nothing."""
    kept, now_s = context.memory.data.setdefault("house", {}), wall.timestamp()
    zone = context.settings.site.zone
    if not 0 <= float(kept.get("next_s", 0.0)) - now_s <= AGAIN_S:
        kept["next_s"] = now_s + AGAIN_S
        hour = wall.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        try:
            rows = context.agent.history(hour - timedelta(days=LEARNS_FROM_DAYS), hour, STEP_S)
            kept["watts"] = by_hour(rows, zone)
        except AgentError:
            kept["next_s"] = now_s + AFTER_TROUBLE_S
    watts = kept.get("watts")
    return watts if isinstance(watts, list) and len(watts) == 24 else [HOUSE_WATTS] * 24
