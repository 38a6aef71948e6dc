"""Which day, week or month is over and may be told. Pure, in the house's time zone.

A day goes from 21:00 to 21:00, so that its letter comes in the evening and the night's charging is in none
twice. A week goes from Monday to Monday, a month from its first to the next one's, both by the calendar.
Only the newest period of a kind counts: after a long absence nobody wants a pile of old news.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from functools import lru_cache

from scheduler.wallclock import at, first_showing

EVENING_MINUTE = 21 * 60
MORNING_MINUTE = 7 * 60
SETTLE_S = 300  # the agent writes the last minute down a little later


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that is over: `kind` of the event, `first` and `last` local days, both included.

    `spans` are its parts, in seconds since 1970: one for an evening's letter, else one for each day.
    """

    kind: str
    first: date
    last: date
    spans: tuple[tuple[int, int], ...]

    @property
    def key(self) -> str:
        """Its name in a memory; a later period has a greater one."""
        return self.last.isoformat()


def over(now_s: float, zone: tzinfo) -> tuple[Period, ...]:
    """The newest day, week and month that may be told at `now_s` (seconds since 1970)."""
    return _day(now_s, zone), _week(now_s, zone), _month(now_s, zone)


def day_span(day: date, zone: tzinfo) -> tuple[int, int]:
    """One local day of 23, 24 or 25 hours, in seconds since 1970."""
    return first_showing(day, 0, zone), first_showing(day + timedelta(days=1), 0, zone)


def _day(now_s: float, zone: tzinfo) -> Period:
    day = at(now_s, zone).date()
    if now_s < first_showing(day, EVENING_MINUTE, zone) + SETTLE_S:
        day -= timedelta(days=1)
    before = day - timedelta(days=1)
    begin, end = (first_showing(one, EVENING_MINUTE, zone) for one in (before, day))
    return Period("end_of_day", day, day, ((begin, end),))


def _week(now_s: float, zone: tzinfo) -> Period:
    today = at(now_s, zone).date()
    monday = today - timedelta(days=today.weekday())
    if now_s < first_showing(monday, MORNING_MINUTE, zone):
        monday -= timedelta(days=7)
    return _days("weekly_report", monday - timedelta(days=7), monday, zone)


def _month(now_s: float, zone: tzinfo) -> Period:
    end = at(now_s, zone).date().replace(day=1)
    if now_s < first_showing(end, MORNING_MINUTE, zone):
        end = (end - timedelta(days=1)).replace(day=1)
    return _days("monthly_report", (end - timedelta(days=1)).replace(day=1), end, zone)


@lru_cache(maxsize=8)
def _days(kind: str, first: date, end: date, zone: tzinfo) -> Period:
    spans = tuple(day_span(day, zone) for day in _each(first, end))
    return Period(kind, first, end - timedelta(days=1), spans)


def _each(first: date, end: date) -> Iterator[date]:
    for step in range((end - first).days):
        yield first + timedelta(days=step)
