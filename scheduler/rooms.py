"""Which timed jobs this house has: those of every house, and those of each room that its owner set up.

A room is a folder (or file) of the scheduler with `jobs(settings) -> list[Job]` in the module named here;
it is imported only when sunward.toml has its section, so nobody pays for a cloud that he doesn't use.
"""

from __future__ import annotations

from importlib import import_module

from notify.settings import SettingsError
from scheduler import watch
from scheduler.jobs import Job
from scheduler.settings import SchedulerSettings

# A room that another one reads stands before it: prices and the forecast are known before they are used.
ROOMS: dict[str, str] = {
    "tariff": "scheduler.tariffs",
    "forecast": "scheduler.forecast",
    "clouds": "scheduler.clouds.room",
    "cars": "scheduler.cars.room",
    "battery": "scheduler.battery",
    "thermostats": "scheduler.thermostats",
    "notify": "scheduler.reports",
}


def jobs_of(settings: SchedulerSettings) -> list[Job]:
    """Every job of this house. Raises SettingsError with the problems of all rooms."""
    found = [watch.JOB]
    problems: list[str] = []
    for section, module in ROOMS.items():
        if section not in settings.tables:
            continue
        try:
            found += import_module(module).jobs(settings)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    return found
