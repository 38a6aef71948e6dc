"""Days and times as people say them ("mon-fri", "21:30"), and when the house's clock shows them.

Twice a year a local time is not what it seems. In spring some times never come: such a time is the
first instant after the gap. In autumn some come twice: `first_showing` and `last_showing` say which
one is meant. Everything is answered as seconds since 1970 (UTC), because two aware datetimes of the
same zone compare by their digits alone and get exactly those two nights wrong.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))
MINUTES_A_DAY = 24 * 60
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_HOW_TO_WRITE_DAYS = 'write days like "mon-fri", "sat,sun", "fri-mon" or "daily"'


def read_days(text: object) -> frozenset[int]:
    """Weekdays (Monday is 0) of "mon-fri", "mon,wed-fri", "fri-mon" or "daily". Raises ValueError."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError(_HOW_TO_WRITE_DAYS)
    days: set[int] = set()
    for part in text.lower().split(","):
        days |= _day_range(part.strip())
    return frozenset(days)


def _day_range(part: str) -> frozenset[int]:
    if part == "daily":
        return EVERY_DAY
    first, dash, last = (word.strip() for word in part.partition("-"))
    for word in (first, last) if dash else (first,):
        if word not in DAYS:
            shown = f"{word!r} is no day" if word else "a day is missing"
            raise ValueError(f"{shown}: {_HOW_TO_WRITE_DAYS}")
    start, end = DAYS.index(first), DAYS.index(last if dash else first)
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1))


def write_days(days: frozenset[int]) -> str:
    """The shortest text that `read_days` reads as these days; runs may go over the weekend."""
    if days == EVERY_DAY:
        return "daily"
    first = next((day for day in range(7) if day in days and (day - 1) % 7 not in days), 0)
    runs: list[list[int]] = []
    for day in ((first + step) % 7 for step in range(7)):
        if day not in days:
            continue
        if runs and (runs[-1][-1] + 1) % 7 == day:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(_write_run(run) for run in runs)


def _write_run(run: list[int]) -> str:
    names = [DAYS[day] for day in run]
    return f"{names[0]}-{names[-1]}" if len(names) > 2 else ",".join(names)


def read_minute(text: object, *, as_end: bool = False) -> int:
    """Minutes after midnight of "21:30"; "24:00" only `as_end`. Raises ValueError."""
    found = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError('write a time like "21:30", in quotes')
    hour, minute = int(found[1]), int(found[2])
    if as_end and (hour, minute) == (24, 0):
        return MINUTES_A_DAY
    if hour > 23 or minute > 59:
        latest = '"24:00"' if as_end else '"23:59"'
        raise ValueError(f'there is no such time of day: write "00:00" to {latest}')
    return hour * 60 + minute


def write_minute(minute: int) -> str:
    """ "21:30" for 1290."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def read_zone(name: object) -> ZoneInfo:
    """The time zone of an IANA name such as "Europe/Berlin". Raises ValueError."""
    if isinstance(name, str) and name.strip():
        try:
            return ZoneInfo(name.strip())
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise ValueError('is no time zone: write an IANA name like "Europe/Berlin" or "America/Los_Angeles"')


def first_showing(day: date, minute: int, zone: tzinfo) -> int:
    """When the zone's clock first shows `minute` of `day`; seconds since 1970."""
    early, late, skipped = _readings(day, minute, zone)
    return _end_of_gap(late, early, zone) if skipped else early


def last_showing(day: date, minute: int, zone: tzinfo) -> int:
    """When the zone's clock last shows `minute` of `day`; seconds since 1970."""
    early, late, skipped = _readings(day, minute, zone)
    return _end_of_gap(late, early, zone) if skipped else late


@lru_cache(maxsize=1024)
def _readings(day: date, minute: int, zone: tzinfo) -> tuple[int, int, bool]:
    """Both readings of a local time (equal on most days), and whether the clock skips it."""
    shown = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001
    early = shown.replace(tzinfo=zone)
    late = early.replace(fold=1)
    # PEP 495: read with the offset before a gap, a skipped time lies after it, and the other way round
    one, other = int(early.timestamp()), int(late.timestamp())
    return one, other, one > other


def _end_of_gap(before: int, after: int, zone: tzinfo) -> int:
    """The instant between two others at which the zone's clock jumps."""
    old = at(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if at(middle, zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def at(seconds: float, zone: tzinfo) -> datetime:
    """Seconds since 1970 as the zone's wall time."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone)
