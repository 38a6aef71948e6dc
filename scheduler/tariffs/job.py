"""The tariff's jobs: know the prices of today and tomorrow, tell them to the agent (tell.py), and keep the
price windows right.

A service is asked only for what isn't known: once for today, and from the hour on at which tomorrow's prices
come, every quarter of an hour until they are there. What it said is on disk. A bad answer, an outage or a
lock-out changes nothing that is known, and what isn't known stays unknown; it is told when the price of this
hour is missing, and in the evening when tomorrow's are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from notify.events import event_of
from notify.figures import Figures
from scheduler.fetch import FetchFailed, fetch
from scheduler.jobs import Context, Job, JobFailed
from scheduler.tariffs import co2_gb, follow, tell
from scheduler.tariffs.prices import cache_of, coming_prices
from scheduler.tariffs.settings import PriceWindowSettings, TariffSettings
from scheduler.tariffs.slots import PriceSlot, known_until, price_at
from scheduler.tariffs.sources import midnights, source_of, within
from scheduler.window_rows import read_window, write_window

EVERY_S = 300.0
ASK_AGAIN_S = 900.0
LATE_HOUR = 20
SUBJECT = "tariff"


def jobs(tariff: TariffSettings) -> list[Job]:
    """What this tariff needs done."""
    found = []
    if tariff.kind != "fixed":
        found.append(
            Job(
                "tariff",
                EVERY_S,
                lambda context: learn(tariff, context),
                f"knows the prices of {tariff.kind}",
            )
        )
    found.append(
        Job(
            "prices",
            tell.EVERY_S,
            lambda context: tell.run(tariff, context),
            "tells the agent what power costs",
        )
    )
    if tariff.windows:
        found.append(
            Job(
                "price_windows",
                EVERY_S,
                lambda context: write_windows(tariff, context),
                "writes charging windows by price",
            )
        )
    return found


# --- knowing ---------------------------------------------------------------------------------------


def learn(tariff: TariffSettings, context: Context) -> Sequence[str]:
    """Ask for what isn't known yet. A service's failure is a sentence; only missing prices are told."""
    wall = _wall(context)
    cache = cache_of(context.settings, tariff)
    slots = cache.read()
    said, why = list[str](), list[str]()
    if _is_time(tariff, context, slots, wall):
        context.memory.data["asked"] = wall.timestamp()
        try:
            found = ask_for(tariff, context, wall)
        except FetchFailed as error:
            context.memory.data["rest_until"] = wall.timestamp() + error.rest_s
            why.append(str(error))
            context.memory.data["problem"] = str(error)
        else:
            news = {slot.start.timestamp() for slot in found} - {slot.start.timestamp() for slot in slots}
            context.memory.data["problem"] = ""
            slots = cache.add(found, wall) if not context.dry_run else slots
            if news:
                said.append(f"{len(news)} new prices, known until {_hour(known_until(slots, wall), wall)}.")
    _tell_missing(tariff, context, slots, wall)
    return [*why, *said]


def ask_for(tariff: TariffSettings, context: Context, wall: datetime) -> list[PriceSlot]:
    """What the service says of today and tomorrow. Raises FetchFailed."""
    source = source_of(tariff.kind)
    secret = context.settings.credentials.get(source.SECRET, "") if source.SECRET else ""
    asks = source.asks(tariff, secret, wall)
    found = within((slot for ask in asks for slot in source.decode(fetch(ask), tariff)), wall)
    if tariff.co2 == "gb":
        try:
            grams = co2_gb.decode(fetch(co2_gb.ask(tariff.co2_address, wall)))
        except FetchFailed:
            return found  # the price matters more
        return co2_gb.with_grams(found, grams)
    return found


def _is_time(tariff: TariffSettings, context: Context, slots: Sequence[PriceSlot], wall: datetime) -> bool:
    now = wall.timestamp()
    asked, rest = _number(context, "asked"), _number(context, "rest_until")
    if 0 <= now - asked < ASK_AGAIN_S - 60 or now < rest < now + 86400:
        return False
    refresh_s = source_of(tariff.kind).REFRESH_S
    if refresh_s:
        return not 0 <= now - asked < refresh_s - 60
    until = known_until(slots, wall)
    _, tomorrow, after = midnights(wall)
    return until < tomorrow or (wall.time() >= tariff.tomorrow_at and until < after)


def _tell_missing(
    tariff: TariffSettings, context: Context, slots: Sequence[PriceSlot], wall: datetime
) -> None:
    """Tell once that prices are missing, and once that they are back."""
    _, tomorrow, _ = midnights(wall)
    until = known_until(slots, wall)
    what = ""
    if price_at(slots, wall) is None:
        what = "The price of this hour is not known."
    elif wall.hour >= LATE_HOUR and until <= tomorrow and not source_of(tariff.kind).REFRESH_S:
        what = "The prices of tomorrow are not known."
    was = context.memory.data.get("missing") is True
    why = context.memory.data.get("problem")
    if what and not was:
        says = f"{what}{f' {why}' if why else ''} Price windows wait; nothing counts as free."
        context.tell(event_of("tariff_missing", says, SUBJECT))
        context.memory.data["missing"] = True
    elif was and price_at(slots, wall) is not None and (wall.hour < LATE_HOUR or until > tomorrow):
        context.tell(event_of("tariff_back", f"Prices are known until {_hour(until, wall)}.", SUBJECT))
        context.memory.data["missing"] = False


# --- windows ---------------------------------------------------------------------------------------


def write_windows(tariff: TariffSettings, context: Context) -> Sequence[str]:
    """Give the agent the windows that the prices mean, and take away those that they don't mean any more."""
    wall = _wall(context)
    slots = coming_prices(context.settings, tariff, wall)
    said: list[str] = []
    wanted: dict[str, dict[str, Any]] = {}
    for rule in tariff.windows:
        former = _former(context, rule)
        now = follow.plan(rule, slots, wall, former)
        ahead = [part for part in now.stretches if part[1] > wall.timestamp()]
        wanted |= {row["name"]: row for row in follow.rows(rule, ahead, context.settings.site.zone)}
        if former is None or now.stretches != former.stretches:
            said += [_in_words(rule, now, wall)] if now.stretches or former else []
        plans = context.memory.data.setdefault("plans", {})
        plans[rule.name] = {"at": now.deadline_s, "parts": [list(part) for part in now.stretches]}
    _close_the_difference(context, [rule.name for rule in tariff.windows], wanted)
    return said


def _close_the_difference(context: Context, rules: Sequence[str], wanted: dict[str, dict[str, Any]]) -> None:
    """Put what is missing, delete what is ours and not wanted; nobody else's window is touched."""
    have = {str(row.get("name")): row for row in context.agent.windows()}
    changed = False
    for name, row in wanted.items():
        checked = write_window(read_window(row))
        if any(have.get(name, {}).get(key) != value for key, value in checked.items()):
            context.agent.put_window(name, checked)
            changed = True
    for name in have:
        if name not in wanted and follow.is_ours(rules, name):
            context.agent.delete_window(name)
    if context.dry_run or not changed:
        return
    found = {str(row.get("name")) for row in context.agent.windows()}
    if missing := sorted(set(wanted) - found):
        raise JobFailed(f"The agent took the window {missing[0]}, but does not show it.")


def _former(context: Context, rule: PriceWindowSettings) -> follow.Plan | None:
    """What the rule meant at the last run, whatever the file says."""
    try:
        kept = context.memory.data["plans"][rule.name]
        return follow.Plan(tuple((float(a), float(b)) for a, b in kept["parts"]), float(kept["at"]))
    except (KeyError, TypeError, ValueError):
        return None


def _in_words(rule: PriceWindowSettings, plan: follow.Plan, wall: datetime) -> str:
    zone = wall.tzinfo
    parts = [
        f"{_hour(datetime.fromtimestamp(begin, zone), wall)}-{datetime.fromtimestamp(end, zone):%H:%M}"
        for begin, end in plan.stretches
    ]
    short = f" ({Figures().duration(plan.short_s)} could not be found)" if plan.short_s > 60 else ""
    return f"{rule.name}: {', '.join(parts) or 'no time that is right'}{short}."


def _hour(moment: datetime, wall: datetime) -> str:
    """ "14:00", with the weekday where it isn't today."""
    here = moment.astimezone(wall.tzinfo)
    return f"{here:%H:%M}" if here.date() == wall.date() else f"{here:%a %H:%M}"


def _wall(context: Context) -> datetime:
    """The house's wall time (these jobs don't run without)."""
    wall = context.moment.wall
    if wall is None:
        raise JobFailed("The time of day is not known.")
    return wall.astimezone(context.settings.site.zone)


def _number(context: Context, key: str) -> float:
    found = context.memory.data.get(key)
    return float(found) if isinstance(found, int | float) else 0.0
