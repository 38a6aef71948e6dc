"""`agent check`: reads the settings and says every problem, or what the house will be."""

from __future__ import annotations

import sys
from pathlib import Path

from agent.commands.keys import is_locked
from agent.config import House, load
from agent.doors.web.keyfile import KeyFileError
from agent.doors.web.origins import is_loopback
from notify.settings import SettingsError
from scheduler.letters import Letters
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings

TIMED = ("cars", "tariff", "forecast", "battery", "thermostats", "clouds", "notify")  # the scheduler's part


def check(path: Path, credentials: Path | None) -> int:
    """0 when the settings can be used, else 1 with each problem on a line of its own."""
    house, problems = None, list[str]()
    try:
        house = load(path, credentials)
    except SettingsError as error:
        problems += error.problems
    problems += [one for one in _of_the_scheduler(path, credentials) if one not in problems]
    problems += _unlocked(house) if house else []
    if house is None or problems:
        for problem in problems:
            print(problem, file=sys.stderr)
        count = len(problems)
        print(f"{path}: {count} problem{'s' if count > 1 else ''}. Nothing was started.", file=sys.stderr)
        return 1
    for line in summary(house):
        print(line)
    return 0


def _of_the_scheduler(path: Path, credentials: Path | None) -> list[str]:
    """What is wrong in the sections of the other two programs: letters, and every room of the scheduler."""
    problems: list[str] = []
    try:
        settings = SchedulerSettings.load(path, credentials)
    except SettingsError as error:
        return error.problems
    for read in (Letters, jobs_of):
        try:
            read(settings)
        except SettingsError as error:
            problems += error.problems
    return problems


def _unlocked(house: House) -> list[str]:
    """A page that is open to the network without a password: the agent would refuse to start."""
    listen = house.settings.web.listen
    if is_loopback(listen.rpartition(":")[0].strip("[]")):
        return []
    try:
        locked = is_locked(house)
    except KeyFileError:
        return []  # another user's state folder: the agent itself will tell
    says = (
        f"web.listen: {listen} opens the page to the network, and there is no password: type "
        "./sunward agent password (or put WEB_PASSWORD=... into credentials.env), or listen on 127.0.0.1."
    )
    return [] if locked else [says]


def summary(house: House) -> list[str]:
    """The house that these settings describe, for a person to recognise."""
    settings = house.settings
    chargers = ", ".join(
        f"{c.id}{f' ({c.name})' if c.name else ''} up to {c.max_amps:g} A" for c in settings.chargers
    )
    lines = [
        f"{house.path} is fine.",
        f"  bus       {settings.bus.port}, {settings.bus.circuit_amps:g} A for all chargers together",
        f"  chargers  {chargers or 'none named yet: those that are heard are offered nothing'}",
    ]
    for role, sources in settings.meters.lines().items():
        lines.append(f"  {role:<9} {', then '.join(sources)}")
    if not settings.meters.lines():
        lines.append("  meters    none: the sun can't be followed, windows and fast charging work")
    lines += [f"  window    {window.name}" for window in house.windows]
    if timed := [name for name in TIMED if getattr(settings, name) is not None]:
        lines.append(f"  scheduler {', '.join(timed)}: understood")
    return [*lines, f"  page      {settings.web.url}/"]
