"""Charging windows: on which days, from when to when, which mode and how many amps.

A window is asked by level, never fired like an alarm: "what is in force at this instant, until when,
and what comes next" has one answer, right after a power cut in its middle as on any other day.

**Which window counts.** Several may hold at once. For each charger the one meant for that charger
wins over one for all; then the one that opened later; then the one that stands first in the list.

**From and to.** A window belongs to the day on which it opens. If `to` is not after `from`, it closes
on the next day. It opens when the house's clock *first* shows `from` and closes when the clock *last*
shows `to`. In autumn, when an hour comes twice, a window to 02:30 so lasts to the second 02:30 and one
from 02:30 opens at the first: nobody gets less than he wrote. In spring, a time that the clock skips is
the first instant after the gap: a window from 02:30 opens at 03:00, one to 02:30 closes there, and one
wholly inside the gap has no turn that night.

**Until.** A window with a last day is not for good: the prices of one night, the weeks of a holiday. It opens
for the last time on that day. So whoever wrote it may die without leaving a stale window behind.

Everything is pure; instants are compared as UTC seconds, and only what is shown is wall time again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from scheduler.wallclock import at, first_showing, last_showing

# How far ahead anything is looked for: a week, and a day for what began in the week before.
HORIZON_S = 8 * 86400
EVERY_CHARGER = ""


class Mode(StrEnum):
    """How a charger treats the sun."""

    OFF = "off"  # exactly 0 A
    SOLAR = "solar"  # the surplus, or nothing
    SOLAR_MIN = "solar_min"  # never below the minimum, the surplus above it
    FAST = "fast"  # all that the circuit allows


@dataclass(frozen=True, slots=True)
class Window:
    """One charging window. `days` are weekdays (Monday is 0) on which it opens; minutes after midnight.

    `charger` is an id or a name, or empty for all. `amps` None: all that the mode and circuit allow.
    `until` is the last day on which it opens; None: for good.
    """

    name: str
    days: frozenset[int]
    from_minute: int
    to_minute: int
    mode: Mode
    amps: float | None = None
    charger: str = EVERY_CHARGER
    enabled: bool = True
    until: date | None = None

    def opens_on(self, day: date) -> bool:
        """Whether it has a turn that begins on this day."""
        return day.weekday() in self.days and (self.until is None or day <= self.until)

    def is_for(self, charger_id: str, name: str = "") -> bool:
        """Whether it speaks of this charger."""
        wanted = self.charger.casefold()
        return not wanted or wanted in (charger_id.casefold(), name.casefold())


@dataclass(frozen=True, slots=True)
class ActiveWindow:
    """A charging window in force for one charger. `until` is wall time: when something else applies.

    A window that never ends (daily, 00:00-24:00) says the end of the horizon, eight days ahead.
    """

    name: str
    mode: Mode
    amps: float | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """One stretch of time in which one window is in force; wall times. `charger_id` "" is all of them."""

    start: datetime
    end: datetime
    window: Window
    charger_id: str


Chargers = Iterable[str] | Mapping[str, str]
"""The chargers' ids, or their names by id where windows may use names."""


def in_force(windows: Iterable[Window], wall: datetime, chargers: Chargers) -> dict[str, ActiveWindow]:
    """What applies at `wall` for each charger that has a window now. The zone is that of `wall`."""
    return _active(_stretches_by_charger(windows, wall, chargers, HORIZON_S), wall)


def next_change(
    windows: Iterable[Window], wall: datetime, chargers: Chargers | None = None
) -> datetime | None:
    """The next instant at which another window, or none, applies to any charger; None within 8 days."""
    now = wall.timestamp()
    found = _stretches_by_charger(windows, wall, chargers, HORIZON_S)
    change = _first_change(found, now)
    return None if change >= now + HORIZON_S else at(change, _zone_of(wall))


def coming(windows: Iterable[Window], wall: datetime, chargers: Chargers | None = None) -> Turn | None:
    """The next turn that begins after `wall`, for any charger."""
    now = wall.timestamp()
    return next((turn for turn in preview(windows, wall, 8, chargers) if turn.start.timestamp() > now), None)


def preview(
    windows: Iterable[Window], wall: datetime, days: int = 7, chargers: Chargers | None = None
) -> list[Turn]:
    """The turns of the coming days, first begun first; the first may have begun already.

    Without `chargers` they are told for each charger that a window names, and for all the others ("").
    A turn that is the same for every charger is told once, with `charger_id` "".
    """
    windows = tuple(windows)
    found = _stretches_by_charger(windows, wall, chargers, days * 86400)
    shared: dict[_Stretch, list[str]] = {}
    for charger_id, stretches in found.items():
        for stretch in stretches:
            shared.setdefault(stretch, []).append(charger_id)
    zone = _zone_of(wall)
    turns = [
        (stretch.start, Turn(at(stretch.start, zone), at(stretch.end, zone), stretch.window, charger_id))
        for stretch, ids in shared.items()
        for charger_id in ([EVERY_CHARGER] if len(ids) == len(found) else ids)
    ]
    return [turn for _, turn in sorted(turns, key=lambda told: told[0])]


class Evaluator:
    """`in_force` for somebody who asks every second: thinks again only when something changes."""

    def __init__(self, windows: Iterable[Window], chargers: Chargers, zone: tzinfo | None = None) -> None:
        self.windows = tuple(windows)
        self._chargers = chargers if isinstance(chargers, Mapping) else dict.fromkeys(chargers, "")
        self._zone = zone
        self._good_from = self._good_to = 0.0
        self._answer: Mapping[str, ActiveWindow] = {}

    def in_force(self, wall: datetime | None) -> Mapping[str, ActiveWindow] | None:
        """What applies now for each charger that has a window; None while the wall time is unknown."""
        if wall is None:
            return None
        now = wall.timestamp()
        if not self._good_from <= now < self._good_to:
            wall = wall.astimezone(self._zone) if self._zone else wall
            found = _stretches_by_charger(self.windows, wall, self._chargers, HORIZON_S)
            self._answer = _active(found, wall)
            self._good_from, self._good_to = now, _first_change(found, now)
        return self._answer


# --- the thinking, in UTC seconds ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of time that belongs to one window."""

    start: float
    end: float
    window: Window


@dataclass(frozen=True, slots=True)
class _Span:
    """One night (or day) of one window, as written: `rank` tells who wins."""

    start: float
    end: float
    window: Window
    rank: tuple[bool, float, int]


def _zone_of(wall: datetime) -> tzinfo:
    if wall.tzinfo is None:
        raise ValueError("windows need a wall time with its time zone")
    return wall.tzinfo


def _stretches_by_charger(
    windows: Iterable[Window], wall: datetime, chargers: Chargers | None, ahead_s: float
) -> dict[str, list[_Stretch]]:
    """For each charger what is in force from `wall` on, without what is over already."""
    windows = tuple(windows)
    spans = _spans(windows, wall, ahead_s)
    now = wall.timestamp()
    if chargers is None:
        chargers = {EVERY_CHARGER: "", **{window.charger: "" for window in windows}}
    names = chargers if isinstance(chargers, Mapping) else dict.fromkeys(chargers, "")
    return {
        charger_id: _who_wins(
            [span for span in spans if span.window.is_for(charger_id, name)], now, now + ahead_s
        )
        for charger_id, name in names.items()
    }


def _spans(windows: tuple[Window, ...], wall: datetime, ahead_s: float) -> list[_Span]:
    """Every opening and closing that touches the time from a day before `wall` to `ahead_s` after it."""
    zone = _zone_of(wall)
    first, days = wall.date() - timedelta(days=2), int(ahead_s / 86400) + 4
    spans = []
    for order, window in enumerate(windows):
        if not window.enabled:
            continue
        for day in (first + timedelta(days=step) for step in range(days)):
            if window.opens_on(day):
                start, end = _open_and_close(window, day, zone)
                rank = (bool(window.charger), start, -order)
                if start < end:
                    spans.append(_Span(start, end, window, rank))
    return sorted(spans, key=lambda span: span.start)


def _open_and_close(window: Window, day: date, zone: tzinfo) -> tuple[int, int]:
    overnight = window.to_minute <= window.from_minute
    last_day = day + timedelta(days=1) if overnight else day
    return first_showing(day, window.from_minute, zone), last_showing(last_day, window.to_minute, zone)


def _who_wins(spans: list[_Span], begin: float, end: float) -> list[_Stretch]:
    """The winning window along the time line; touching stretches of the same window are one."""
    borders = sorted({edge for span in spans for edge in (span.start, span.end)})
    stretches: list[_Stretch] = []
    waiting = spans[::-1]
    held: list[_Span] = []
    for border, after in pairwise(borders):
        while waiting and waiting[-1].start <= border:
            held.append(waiting.pop())
        held = [span for span in held if span.end > border]
        if not held:
            continue
        window = max(held, key=lambda span: span.rank).window
        if stretches and stretches[-1].end == border and stretches[-1].window is window:
            stretches[-1] = _Stretch(stretches[-1].start, after, window)
        else:
            stretches.append(_Stretch(border, after, window))
    return [
        _Stretch(stretch.start, min(stretch.end, end), stretch.window)
        for stretch in stretches
        if stretch.end > begin and stretch.start < end
    ]


def _active(found: Mapping[str, list[_Stretch]], wall: datetime) -> dict[str, ActiveWindow]:
    """What holds at `wall`; the stretches of each charger begin with the one that holds or comes next."""
    now, zone = wall.timestamp(), _zone_of(wall)
    return {
        charger_id: ActiveWindow(held.window.name, held.window.mode, held.window.amps, at(held.end, zone))
        for charger_id, (held, *_) in ((key, items) for key, items in found.items() if items)
        if held.start <= now
    }


def _first_change(found: Mapping[str, list[_Stretch]], now: float) -> float:
    """The first start or end of a stretch after `now`, or the end of the horizon."""
    edges = [edge for stretches in found.values() for item in stretches for edge in (item.start, item.end)]
    return min((edge for edge in edges if edge > now), default=now + HORIZON_S)
