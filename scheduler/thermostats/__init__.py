"""Thermostats: pre-cool before a peak, set back in it as the battery falls, give back in the evening."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notify.settings import SettingsError
from scheduler.jobs import Context, Job
from scheduler.settings import SchedulerSettings

if TYPE_CHECKING:
    from scheduler.thermostats.policy import Battery
    from scheduler.thermostats.settings import Aim, Season

USER, PASSWORD = "HONEYWELL_USER", "HONEYWELL_PASSWORD"


def jobs(settings: SchedulerSettings) -> list[Job]:
    """The job of [thermostats]. Raises SettingsError."""
    from scheduler.thermostats.honeywell import Honeywell
    from scheduler.thermostats.keeper import Keeper
    from scheduler.thermostats.policy import Thermostats
    from scheduler.thermostats.settings import ThermostatSettings

    rules = settings.section("thermostats", ThermostatSettings)
    if rules is None:
        return []
    user, password = settings.credentials.get(USER, ""), settings.credentials.get(PASSWORD, "")
    problems = []
    if not user or not password:
        problems.append(f"thermostats.service: write {USER}=... and {PASSWORD}=... into credentials.env.")
    seasons = rules.seasons
    follows = any(one.steps or (one.before and one.before.battery_below) for one in seasons)
    if "battery" not in settings.tables and follows:
        problems.append("thermostats.steps: they follow the house battery's charge: add [battery].")
    for one in seasons:
        if one.before and one.before.beyond is not None and "forecast" not in settings.tables:
            problems.append(f"thermostats.{_beyond(one.aim)}: it needs the weather: add [forecast].")
        elif one.before and one.before.beyond is not None and _is_fahrenheit(one, settings):
            problems.append(
                f"thermostats.{_beyond(one.aim)}: {one.before.beyond:g} looks like Fahrenheit, but the "
                'forecast is in Celsius: set degrees = "F" in [forecast].'
            )
    if problems:
        raise SettingsError(problems)

    def service(context: Context) -> Thermostats:
        wall = context.moment.wall
        kept = context.memory.data.setdefault("session", {})
        return Honeywell(rules.address, user, password, wall.timestamp() if wall else 0.0, kept)

    return Keeper(rules, service, _battery, _extreme).jobs()


def _beyond(aim: Aim) -> str:
    return "precool.hotter_than" if aim == "cool" else "preheat.colder_than"


def _is_fahrenheit(season: Season, settings: SchedulerSettings) -> bool:
    """Whether a bound of the weather can only be Fahrenheit, where the forecast is in Celsius."""
    forecast = settings.tables["forecast"]
    unit = forecast.get("degrees", "C") if isinstance(forecast, dict) else ""
    bound = season.before.beyond if season.before else None
    most = 55.0 if season.aim == "cool" else 20.0  # nowhere so hot; no cold that calls for heat so warm
    return unit == "C" and bound is not None and bound > most


def _battery(context: Context) -> Battery | None:
    """The house battery's charge and reserve; None where they can't be known now."""
    from scheduler.battery import look
    from scheduler.battery.site import BatteryError
    from scheduler.thermostats.policy import Battery

    if "battery" not in context.settings.tables:
        return None
    try:
        site = look(context)
    except BatteryError:
        return None
    return None if site.charge_percent is None else Battery(site.charge_percent, site.reserve_percent or 0.0)


def _extreme(context: Context, aim: Aim) -> float | None:
    """Today's highest (for heating: lowest) forecast temperature in the thermostats' degrees."""
    from scheduler.forecast.known import coldest_today, hottest_today

    asked = hottest_today if aim == "cool" else coldest_today
    return asked(context.settings, context.moment.wall)
