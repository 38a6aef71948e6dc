"""Charging windows that follow the price: which times a rule means, and the rows that the agent gets. Pure.

"Below 0.18" means every known time with such a price. "The cheapest 3 hours before 07:00" is a plan for the
stretch of time that ends at the next 07:00, and it is kept while it runs: hours that are over count as
served, and only the rest is chosen anew when prices change or new ones appear. While prices are known for a
part of the stretch only and there is time, nothing is chosen; twelve hours before the end what is known must
do.

A row is an ordinary window of one day with that day as its last (`until`), so a scheduler that dies leaves
nothing behind that would ever come true again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from scheduler.tariffs.settings import PriceWindowSettings
from scheduler.tariffs.slots import (
    Choice,
    PriceSlot,
    Span,
    below,
    cheapest,
    cheapest_in_one_piece,
    in_order,
    known_until,
    merged,
)
from scheduler.wallclock import at, first_showing, last_showing, read_days, write_days, write_minute

DECIDE_S = 12 * 3600.0
MOST_ROWS = 30
SHORTEST_S = 300.0  # nobody starts a car for less
DAY_S = 86400.0

Stretch = tuple[float, float]  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rule means now. `deadline_s` says which stretch of time it is for (0: none)."""

    stretches: tuple[Stretch, ...]
    deadline_s: float = 0.0
    short_s: float = 0.0


def plan(
    rule: PriceWindowSettings, slots: Sequence[PriceSlot], wall: datetime, former: Plan | None = None
) -> Plan:
    """The times that a rule means at `wall`; `former` is what it meant before. The zone is that of `wall`."""
    slots = by_co2(slots) if rule.by == "co2" else slots
    wall = wall.replace(second=0, microsecond=0)
    if rule.below is not None:
        chosen = below(slots, rule.below, wall - timedelta(hours=1), wall + timedelta(days=2))
        return Plan(_stretches(chosen.spans))
    begin, deadline = stretch(rule, wall)
    former = former if former and former.deadline_s == deadline.timestamp() else None
    now = wall.timestamp()
    served = [(start, min(end, now)) for start, end in (former.stretches if former else ()) if start < now]
    if former and served and rule.in_one_piece:
        return former
    need_s = (rule.hours or 0) * 3600 - sum(end - start for start, end in served)
    earliest = max(begin, wall)
    known = known_until(slots, earliest) >= deadline
    if not known and not served and (deadline - wall).total_seconds() > DECIDE_S:
        return Plan((), deadline.timestamp(), need_s)
    choose = cheapest_in_one_piece if rule.in_one_piece else cheapest
    found: Choice = choose(slots, need_s, earliest, deadline)
    whole = _joined([*served, *_stretches(found.spans)])
    lasting = (part for part in whole if part[0] < now or part[1] - part[0] >= SHORTEST_S)
    return Plan(tuple(lasting), deadline.timestamp(), found.short_s)


def stretch(rule: PriceWindowSettings, wall: datetime) -> tuple[datetime, datetime]:
    """The stretch of time that ends at the next deadline; its zone is that of `wall`."""
    zone = _zone(wall)
    days = read_days(rule.days)
    for step in range(9):
        day = wall.date() + timedelta(days=step)
        end_s = last_showing(day, rule.before_minute, zone)
        if day.weekday() in days and end_s > wall.timestamp():
            break
    first = day if rule.after_minute < rule.before_minute else day - timedelta(days=1)
    return at(first_showing(first, rule.after_minute, zone), zone), at(end_s, zone)


def rows(rule: PriceWindowSettings, stretches: Iterable[Stretch], zone: tzinfo) -> list[dict[str, Any]]:
    """Windows of one day each, as the agent takes them."""
    return [_row(rule, at(begin, zone), at(end, zone)) for begin, end in list(stretches)[:MOST_ROWS]]


def is_ours(rule_names: Iterable[str], name: str) -> bool:
    """Whether a window of that name was written for one of these rules."""
    return any(re.fullmatch(re.escape(rule) + r" \d\d-\d\d \d{4}b?", name) for rule in rule_names)


def by_co2(slots: Sequence[PriceSlot]) -> tuple[PriceSlot, ...]:
    """Slots whose "price" is the grams of CO2, only where they are known."""
    known = [slot for slot in slots if slot.co2_g_per_kwh is not None]
    return in_order(replace(slot, price_per_kwh=slot.co2_g_per_kwh or 0.0) for slot in known)


def _row(rule: PriceWindowSettings, begin: datetime, end: datetime) -> dict[str, Any]:
    first, last = _minute(begin), _minute(end)
    if begin.date() == end.date() and last <= first:
        first = max(0, last - 1)  # in the hour that comes twice: from its first showing to its last
    return {
        "name": f"{rule.name} {begin:%m-%d %H%M}{'b' if begin.fold else ''}",
        "days": write_days(frozenset({begin.weekday()})),
        "from": write_minute(first),
        "to": write_minute(last),
        "mode": str(rule.mode),
        "amps": rule.amps,
        "charger": rule.charger,
        "enabled": True,
        "until": begin.date().isoformat(),
    }


def _stretches(spans: Iterable[Span]) -> tuple[Stretch, ...]:
    """Touching spans as one, none longer than 20 hours (a window of one day can't be)."""
    out: list[Stretch] = []
    for start, stop in merged(spans):
        begin, end = start.timestamp(), stop.timestamp()
        while end - begin > 20 * 3600:
            out.append((begin, begin + 12 * 3600))
            begin += 12 * 3600
        out.append((begin, end))
    return tuple(out)


def _joined(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    out: list[Stretch] = []
    for begin, end in sorted(stretches):
        if out and out[-1][1] == begin:
            out[-1] = (out[-1][0], end)
        elif end > begin:
            out.append((begin, end))
    return tuple(out)


def _minute(wall: datetime) -> int:
    return wall.hour * 60 + wall.minute


def _zone(wall: datetime) -> tzinfo:
    if wall.tzinfo is None:
        raise ValueError("prices need a wall time with its time zone")
    return wall.tzinfo
