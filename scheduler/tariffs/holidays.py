"""Which days are holidays: named calendars, and the owner's own dates. Pure.

A calendar is a list of rules, so it is right in any year: a fixed date, a weekday of a month (the fourth
Thursday of November, the last Monday of May), or a distance from Easter. `observed` is the American
government's way: a holiday on a Saturday is kept on Friday, on a Sunday on Monday; utilities mostly move
only the one on a `sunday`. `substitute` is the English way: a holiday on a weekend moves to the next free
weekday.

Own dates: "2026-12-24" is that day, "12-24" is that day of every year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same date each year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Nth:
    """The nth weekday of a month; -1 is the last."""

    month: int
    weekday: int
    nth: int


@dataclass(frozen=True, slots=True)
class Easter:
    """So many days after Easter Sunday."""

    days: int


Rule = Fixed | Nth | Easter


@dataclass(frozen=True, slots=True)
class Calendar:
    """A named list of holidays."""

    about: str
    rules: tuple[Rule, ...]
    moved: Literal["", "sunday", "observed", "substitute"] = ""


_NEW_YEAR, _MAY_1, _CHRISTMAS, _BOXING = Fixed(1, 1), Fixed(5, 1), Fixed(12, 25), Fixed(12, 26)
_GOOD_FRIDAY, _EASTER_MONDAY, _ASCENSION, _WHIT_MONDAY = Easter(-2), Easter(1), Easter(39), Easter(50)
_CHURCH = (_EASTER_MONDAY, _ASCENSION, _WHIT_MONDAY)
_PRESIDENTS, _MEMORIAL, _LABOR, _THANKS = Nth(2, 0, 3), Nth(5, 0, -1), Nth(9, 0, 1), Nth(11, THURSDAY, 4)
_US: tuple[Rule, ...] = (
    *(_NEW_YEAR, _PRESIDENTS, _MEMORIAL, Fixed(7, 4)),
    *(_LABOR, Fixed(11, 11), _THANKS, _CHRISTMAS),
)
_US_FEDERAL = (*_US, Nth(1, MONDAY, 3), Fixed(6, 19), Nth(10, MONDAY, 2))
_DE = (*_CHURCH, _GOOD_FRIDAY, _NEW_YEAR, _MAY_1, Fixed(10, 3), _CHRISTMAS, _BOXING)
_AT = (
    *(*_CHURCH, Easter(60), _NEW_YEAR, Fixed(1, 6), _MAY_1, Fixed(8, 15)),
    *(Fixed(10, 26), Fixed(11, 1), Fixed(12, 8), _CHRISTMAS, _BOXING),
)
_FR = (
    *(*_CHURCH, _NEW_YEAR, _MAY_1, Fixed(5, 8), Fixed(7, 14)),
    *(Fixed(8, 15), Fixed(11, 1), Fixed(11, 11), _CHRISTMAS),
)
_ENGLAND = (
    *(_NEW_YEAR, _GOOD_FRIDAY, _EASTER_MONDAY, Nth(5, MONDAY, 1), Nth(5, MONDAY, -1)),
    *(Nth(8, MONDAY, -1), _CHRISTMAS, _BOXING),
)

CALENDARS: Mapping[str, Calendar] = {
    "us-utility": Calendar("the eight holidays of many American time-of-use tariffs", _US, "sunday"),
    "us-federal": Calendar("the eleven federal holidays of the United States", _US_FEDERAL, "observed"),
    "de": Calendar("the nine holidays of all Germany", _DE),
    "at": Calendar("the thirteen holidays of Austria", _AT),
    "fr": Calendar("the eleven holidays of France", _FR),
    "england": Calendar("the bank holidays of England and Wales", _ENGLAND, "substitute"),
}
MOVES: Mapping[str, Mapping[int, int]] = {
    "": {},
    "sunday": {SUNDAY: 1},
    "observed": {SATURDAY: -1, SUNDAY: 1},
}

_OWN = re.compile(r"(?:([0-9]{4})-)?([0-9]{2})-([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Holidays:
    """The holidays that an owner chose."""

    calendars: tuple[str, ...] = ()
    dates: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()

    def __contains__(self, day: date) -> bool:
        return (
            day in self.dates
            or (day.month, day.day) in self.yearly
            or any(day in _days(name, year) for name in self.calendars for year in (day.year, day.year + 1))
        )


def read_holidays(words: Iterable[str]) -> Holidays:
    """Holidays from names of calendars and dates. Raises ValueError with a sentence."""
    calendars: list[str] = []
    dates: set[date] = set()
    yearly: set[tuple[int, int]] = set()
    for word in words:
        if word in CALENDARS:
            calendars.append(word)
            continue
        found = _OWN.fullmatch(word)
        try:
            day = (
                date(int(found[1] or 2028), int(found[2]), int(found[3])) if found else None
            )  # 2028 has 29 Feb
        except ValueError:
            day = None
        if found is None or day is None:
            names = ", ".join(CALENDARS)
            raise ValueError(f'{word!r} is no calendar and no date: use {names}, "2026-12-24" or "12-24"')
        if found[1]:
            dates.add(day)
        else:
            yearly.add((day.month, day.day))
    return Holidays(tuple(calendars), frozenset(dates), frozenset(yearly))


@lru_cache(maxsize=64)
def _days(name: str, year: int) -> frozenset[date]:
    """A calendar's holidays of one year (a moved New Year's Day may lie in the year before)."""
    calendar = CALENDARS[name]
    days = sorted(_day_of(rule, year) for rule in calendar.rules)
    if calendar.moved == "substitute":
        kept = {day for day in days if day.weekday() < SATURDAY}
        for day in (day for day in days if day.weekday() >= SATURDAY):
            while day.weekday() >= SATURDAY or day in kept:
                day += timedelta(days=1)
            kept.add(day)
        return frozenset(kept)
    moves = MOVES[calendar.moved]
    return frozenset(day + timedelta(days=moves.get(day.weekday(), 0)) for day in days)


def _day_of(rule: Rule, year: int) -> date:
    match rule:
        case Fixed():
            return date(year, rule.month, rule.day)
        case Easter():
            return easter(year) + timedelta(days=rule.days)
        case Nth(nth=-1):
            last = date(year + rule.month // 12, rule.month % 12 + 1, 1) - timedelta(days=1)
            return last - timedelta(days=(last.weekday() - rule.weekday) % 7)
        case _:
            first = date(year, rule.month, 1)
            return first + timedelta(days=(rule.weekday - first.weekday()) % 7 + 7 * (rule.nth - 1))


def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (Gauss, as completed by Lichtenberg)."""
    century = year // 100
    moon_shift = 15 + (3 * century + 3) // 4 - (8 * century + 13) // 25
    sun_shift = 2 - (3 * century + 3) // 4
    lunar = year % 19
    seed = (19 * lunar + moon_shift) % 30
    correction = (seed + lunar // 11) // 29
    full_moon = 21 + seed - correction
    first_sunday = 7 - (year + year // 4 + sun_shift) % 7
    return date(year, 3, 1) + timedelta(days=full_moon + 7 - (full_moon - first_sunday) % 7 - 1)
