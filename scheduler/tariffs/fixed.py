"""Time-of-use tariffs: prices by season, weekday, holiday and time of day. Pure.

    [tariff]
    kind = "fixed"
    currency = "USD"
    price = 0.31                      # whenever nothing below says otherwise: off-peak
    feed_in = 0.05
    holidays = ["us-utility"]

    [[tariff.periods]]
    name = "peak"
    months = "6-9"
    days = "mon-fri"
    from = "16:00"
    to = "21:00"
    price = 0.62

Of several periods that hold at once, the first in the list counts. A period belongs to the day on which it
begins, also for weekday, month and holiday, when it goes over midnight. On a holiday no period holds,
unless it says `holidays = true`. On the two DST nights the clock on the wall decides, so a day of 23 or 25
hours has 23 or 25 hours of prices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from scheduler.tariffs.holidays import Holidays
from scheduler.tariffs.slots import PriceSlot
from scheduler.wallclock import EVERY_DAY, at, first_showing

OFF_PEAK = "off-peak"
EVERY_MONTH = frozenset(range(1, 13))
_MONTHS = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Period:
    """One price at some times of some days. Minutes after midnight, as in a window."""

    name: str
    price_per_kwh: float
    from_minute: int = 0
    to_minute: int = 24 * 60
    days: frozenset[int] = EVERY_DAY
    months: frozenset[int] = EVERY_MONTH
    on_holidays: bool = False

    def begins_on(self, day: date, holidays: Holidays) -> bool:
        """Whether it has a turn that begins on this day."""
        if day.weekday() not in self.days or day.month not in self.months:
            return False
        return self.on_holidays or day not in holidays

    def holds(self, day: date, minute: int, holidays: Holidays) -> bool:
        """Whether it holds when the clock shows this minute of this day."""
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute and self.begins_on(day, holidays)
        if minute >= self.from_minute:
            return self.begins_on(day, holidays)
        return minute < self.to_minute and self.begins_on(day - timedelta(days=1), holidays)


@dataclass(frozen=True, slots=True)
class FixedTariff:
    """A whole time-of-use tariff. `price_per_kwh` holds whenever no period does."""

    price_per_kwh: float
    periods: tuple[Period, ...] = ()
    holidays: Holidays = field(default_factory=Holidays)

    def period_at(self, day: date, minute: int) -> Period:
        """What holds when the house's clock shows this minute of this day."""
        off_peak = Period(OFF_PEAK, self.price_per_kwh)
        held = (period for period in self.periods if period.holds(day, minute, self.holidays))
        return next(held, off_peak)

    def slots(self, wall: datetime, days: int = 2) -> tuple[PriceSlot, ...]:
        """The prices from the midnight before `wall` on, for so many local days; its zone is the house's."""
        if wall.tzinfo is None:
            raise ValueError("prices need a wall time with its time zone")
        first = wall.date()
        return tuple(
            slot for step in range(days) for slot in self._day(first + timedelta(days=step), wall.tzinfo)
        )

    def _day(self, day: date, zone: tzinfo) -> Iterator[PriceSlot]:
        """One local day, a slot for each stretch with the same period."""
        minutes = sorted({0, *(m % 1440 for p in self.periods for m in (p.from_minute, p.to_minute))})
        ends = [first_showing(day, minute, zone) for minute in minutes[1:]]
        ends.append(first_showing(day + timedelta(days=1), 0, zone))
        start = first_showing(day, 0, zone)
        for minute, after, end in zip(minutes, [*minutes[1:], None], ends, strict=True):
            period = self.period_at(day, minute)
            if after is not None and self.period_at(day, after) == period:
                continue
            if end > start:
                yield PriceSlot(at(start, zone), at(end, zone), period.price_per_kwh, period.name)
                start = end


def period_now(slots: Sequence[PriceSlot], wall: datetime) -> tuple[str, datetime] | None:
    """The name of what holds at `wall` and when it ends (touching slots of that name are one)."""
    name, until = None, wall
    for slot in slots:
        holds = slot.start.timestamp() <= until.timestamp() < slot.end.timestamp()
        if holds and name in (None, slot.name):
            name, until = slot.name, slot.end
    return None if name is None else (name, until)


def read_months(text: str) -> frozenset[int]:
    """Months (January is 1) of "5-10", "11-4" or "1,7". Raises ValueError."""
    months: set[int] = set()
    for part in text.split(","):
        found = _MONTHS.fullmatch(part.strip())
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not (1 <= first <= 12 and 1 <= last <= 12):
            raise ValueError('write months like "5-10", "11-4" or "1,7"')
        months |= {(first + step - 1) % 12 + 1 for step in range((last - first) % 12 + 1)}
    return frozenset(months)
