"""Thermostats: pre-cool before a peak, set back in it as the battery falls, give back in the evening."""

from __future__ import annotations

from notify.settings import SettingsError
from scheduler.jobs import Context, Job
from scheduler.settings import SchedulerSettings

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
    if "battery" not in settings.tables and (rules.steps or (rules.precool and rules.precool.battery_below)):
        problems.append("thermostats.steps: they follow the house battery's charge: add [battery].")
    if rules.precool and rules.precool.hotter_than is not None and "forecast" not in settings.tables:
        problems.append("thermostats.precool.hotter_than: it needs the weather: add [forecast].")
    if problems:
        raise SettingsError(problems)

    def service(context: Context) -> Thermostats:
        wall = context.moment.wall
        kept = context.memory.data.setdefault("session", {})
        return Honeywell(rules.address, user, password, wall.timestamp() if wall else 0.0, kept)

    return Keeper(rules, service, _charge, _hottest).jobs()


def _charge(context: Context) -> float | None:
    """The house battery's charge; None where it can't be known now."""
    from scheduler.battery import look
    from scheduler.battery.site import BatteryError

    if "battery" not in context.settings.tables:
        return None
    try:
        return look(context).charge_percent
    except BatteryError:
        return None


def _hottest(context: Context) -> float | None:
    """Today's highest forecast temperature in the thermostats' degrees."""
    from scheduler.forecast.known import hottest_today

    return hottest_today(context.settings, context.moment.wall)
