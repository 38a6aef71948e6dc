"""The doctor's look at the scheduler: does it run, is somebody signed in, do its services answer.

It reads what the scheduler keeps in its state folder, and asks each service of prices and weather once, where
that has not asked for a rest. Tesla and Honeywell are not asked at all: the first is billed, the second locks
accounts that sign in often. What can't be reached now is worth a look and no fault of the settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.commands.doctor import Finding
from notify.channels import SendError
from notify.channels.smtp import Mail
from notify.settings import SettingsError
from scheduler.cars.keys import accounts_of, battery_account, why_dead, why_soon
from scheduler.cars.login import tools_at
from scheduler.cars.settings import read_settings
from scheduler.clock import SystemClock
from scheduler.fetch import Ask, FetchFailed, KeyRefused, fetch
from scheduler.forecast.job import SERVICES
from scheduler.forecast.settings import ForecastSettings
from scheduler.jobs import record_of
from scheduler.kept import KeepError, Memory
from scheduler.letters import Letters
from scheduler.rooms import ROOMS, jobs_of
from scheduler.settings import SchedulerSettings
from scheduler.tariffs.settings import TariffSettings
from scheduler.tariffs.sources import source_of
from scheduler.watch import JOB as WATCH

STILL_S = 15 * 60.0  # cron runs it every five minutes
START = "Type: ./sunward scheduler run, or for every start: sudo ./sunward install (docs/install.md)."


def scheduler_findings(path: Path, credentials: Path | None, *, agent_runs: bool) -> Iterator[Finding]:
    """Nothing where no section of the scheduler is set up."""
    try:
        settings = SchedulerSettings.load(path, credentials)
        if not settings.tables.keys() & ROOMS.keys():
            return
        names = [job.name for job in jobs_of(settings)]
        letters = Letters(settings)
    except SettingsError as error:
        yield from (Finding("bad", "scheduler", problem) for problem in error.problems)
        return
    wall = SystemClock(settings.site.zone).now().wall
    if wall is None:
        return  # the clock's own finding says what to do; without the time none of it works
    yield from _ticks(settings, names, wall, agent_runs=agent_runs)
    yield from _accounts(settings, wall)
    yield from _thermostats(settings, wall)
    yield from _prices(settings, wall)
    yield from _weather(settings, wall)
    yield from _mail(letters)


# --- does it run -------------------------------------------------------------------------------------


def _ticks(
    settings: SchedulerSettings, names: list[str], wall: datetime, *, agent_runs: bool
) -> Iterator[Finding]:
    """When it last ran, and which jobs fail. That it stands still is bad where the agent runs."""
    _, last_s = _kept(settings, WATCH.name)
    age_s = wall.timestamp() - last_s
    still = "bad" if agent_runs else "odd"
    if not last_s:
        yield Finding(still, "scheduler", f"It has never run, so nothing of it happens. {START}")
        return
    when = datetime.fromtimestamp(last_s, wall.tzinfo)
    if age_s > STILL_S:
        yield Finding(still, "scheduler", f"It last ran on {when:%Y-%m-%d at %H:%M}. {START}")
    else:
        yield Finding("good", "scheduler", f"It ran {max(0.0, age_s):.0f} s ago.")
    for name in names:
        if failures := record_of(_kept(settings, name)[0])["failures"]:
            times = "once" if failures == 1 else f"{failures} times in a row"
            says = f"Its job {name} failed {times}. What it says: ./sunward scheduler {name}"
            yield Finding("odd", "scheduler", says)


def _kept(settings: SchedulerSettings, job: str) -> tuple[Mapping[str, Any], float]:
    """What a job remembers, and when it last ran (seconds since 1970, or 0); read only, if at all."""
    try:
        memory = Memory(settings.state_dir / "scheduler" / f"{job}.json", dry_run=True)
    except KeepError:
        return {}, 0.0
    return memory.data, memory.marked_s


def _rests(settings: SchedulerSettings, job: str, wall: datetime) -> str:
    """Until when a service wants to be left alone; empty where it may be asked."""
    until = _kept(settings, job)[0].get("rest_until")
    if not isinstance(until, int | float) or not 0 < until - wall.timestamp() < 86400:
        return ""
    return f"{datetime.fromtimestamp(until, wall.tzinfo):%H:%M}"


# --- accounts ----------------------------------------------------------------------------------------


def _accounts(settings: SchedulerSettings, wall: datetime) -> Iterator[Finding]:
    """The sign-ins at Tesla that cars and Powerwall need, as the token files tell."""
    garage = read_settings(settings)
    names = dict.fromkeys(accounts_of(garage), "the cars")
    if account := battery_account(settings):
        names[account] = "cars and Powerwall" if account in names else "the Powerwall"
    tools = tools_at(settings, garage.tesla, wall)
    for name, who in names.items():
        about, tokens = f"Tesla ({name})", tools.tokens(name)
        try:
            kept = tokens.kept()
        except KeepError as error:
            yield Finding("odd", about, f"{error} It belongs to whom sunward runs as.")
            continue
        if dead := why_dead(kept, tools.now_s):
            yield Finding("bad", about, f"{dead} Needed for {who}. Type: {tokens.how}")
        elif soon := why_soon(kept, tools):
            yield Finding("odd", about, f"{soon[:1].upper()}{soon[1:]} To sign in anew: {tokens.how}")
        elif kept.pair:
            renewed = datetime.fromtimestamp(kept.pair.made_s, wall.tzinfo)
            yield Finding("good", about, f"Signed in for {who}, renewed {renewed:%Y-%m-%d %H:%M}.")


def _thermostats(settings: SchedulerSettings, wall: datetime) -> Iterator[Finding]:
    """That name and password are there was checked with the settings."""
    if "thermostats" not in settings.tables:
        return
    if until := _rests(settings, "thermostats", wall):
        says = f"Honeywell refused the sign-in or has locked the account; it is left alone until {until}."
        yield Finding("odd", "thermostats", f"{says} Look at HONEYWELL_PASSWORD in credentials.env.")
        return
    yield Finding(
        "good", "thermostats", "Name and password are there (not tried: the portal locks accounts)."
    )


# --- services ----------------------------------------------------------------------------------------


def _prices(settings: SchedulerSettings, wall: datetime) -> Iterator[Finding]:
    tariff = settings.section("tariff", TariffSettings)
    if tariff is None or tariff.kind == "fixed":
        return
    if until := _rests(settings, "tariff", wall):
        yield Finding("odd", "prices", f"{tariff.kind} wants to be left alone until {until}.")
        return
    source = source_of(tariff.kind)
    secret = settings.credentials.get(source.SECRET, "") if source.SECRET else ""
    try:
        text = fetch(source.asks(tariff, secret, wall)[0])
        count = len(source.decode(text, tariff)) if text else 0
    except FetchFailed as error:
        yield _failed("prices", error)
    else:
        yield Finding("good", "prices", f"{tariff.kind} answers with {count} prices.")


def _weather(settings: SchedulerSettings, wall: datetime) -> Iterator[Finding]:
    forecast = settings.section("forecast", ForecastSettings)
    if forecast is None:
        return
    if until := _rests(settings, "forecast", wall):
        yield Finding("odd", "forecast", f"{forecast.service} wants to be left alone until {until}.")
        return
    service, plane = SERVICES[forecast.service], forecast.planes[0]
    ask: Ask = service.ask(forecast, plane, settings.credentials.get(service.SECRET, ""))
    try:
        service.decode(fetch(ask), plane)
    except FetchFailed as error:
        yield _failed("forecast", error)
    else:
        yield Finding("good", "forecast", f"{forecast.service} answers.")


def _failed(about: str, error: FetchFailed) -> Finding:
    """A key that is refused wants a hand; all else may be over in an hour."""
    if isinstance(error, KeyRefused):
        return Finding("bad", about, str(error))
    return Finding("odd", about, f"{error} It is asked again by itself.")


def _mail(letters: Letters) -> Iterator[Finding]:
    """The mail server is greeted as for a letter, without a sign-in."""
    mails = [one for one in letters.wishes.channels if isinstance(one, Mail)]
    if not mails:
        return
    try:
        mails[0].greet()
    except SendError as error:
        later = error.cause == "later"
        waits = " Letters wait until then." if later else ""
        yield Finding("odd" if later else "bad", "mail", f"{error}{waits}")
    else:
        yield Finding(
            "good", "mail", f"{mails[0].server.label} answers. A test letter: ./sunward notify test"
        )
