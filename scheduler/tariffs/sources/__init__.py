"""Where day-ahead prices come from: one file for each service, as an ask and a meaning.

Each file has `ADDRESS`, what it `NEEDS` of [tariff] and of credentials.env (`SECRET`), `asks(...)`, which
says what to ask for from the midnight before `wall` to the end of the next day, and the pure `decode(text)`.
Prices are per kWh as the service gives them; [tariff] formula makes the owner's price of them. `FINAL`: the
service's price holds all fees and taxes already. `REFRESH_S`: its forecasts change, so ask again after that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from itertools import pairwise
from typing import Any, Protocol

from scheduler.fetch import Ask, BadAnswer
from scheduler.tariffs.slots import PriceSlot

KINDS = ("awattar", "energy_charts", "entsoe", "nordpool", "octopus", "tibber", "amber")
A_DAY = timedelta(days=1)
DEAREST_PER_KWH = 100.0  # nobody sells that: a unit was misunderstood, or a digit is wrong


class Place(Protocol):
    """What a source may know of [tariff]."""

    @property
    def zone(self) -> str: ...
    @property
    def product(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def home(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def address(self) -> str: ...


class Source(Protocol):
    """One service: a module of this folder."""

    ADDRESS: str
    NEEDS: tuple[str, ...]
    SECRET: str
    FINAL: bool
    REFRESH_S: float

    def asks(self, place: Place, secret: str, wall: datetime) -> list[Ask]:
        """What to ask for today and tomorrow."""

    def decode(self, text: str, place: Place) -> list[PriceSlot]:
        """What one answer means. Raises BadAnswer."""


def source_of(kind: str) -> Source:
    """The module of one kind."""
    module: Any = import_module(f"{__name__}.{kind}")
    found: Source = module
    return found


def midnights(wall: datetime) -> tuple[datetime, datetime, datetime]:
    """The local midnights before today, tomorrow and the day after; a DST day between them has 23 or 25 h."""

    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), wall.tzinfo)

    today = wall.date()
    return midnight(today), midnight(today + timedelta(days=1)), midnight(today + timedelta(days=2))


# --- reading answers -------------------------------------------------------------------------------


def table(text: str, who: str) -> Mapping[str, Any]:
    """A JSON object. Raises BadAnswer, for a page of HTML too."""
    found = anything(text, who)
    if not isinstance(found, dict):
        raise BadAnswer(f"{who} answers something else than prices.")
    return found


def anything(text: str, who: str) -> Any:
    """JSON. Raises BadAnswer."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadAnswer(f"{who} answers something else than JSON.") from None


def rows(found: object, who: str) -> list[Mapping[str, Any]]:
    """A list of JSON objects. Raises BadAnswer."""
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise BadAnswer(f"{who} answers no list of prices.")
    return found


def price(value: object, who: str, per: float = 1.0) -> float:
    """A price per kWh out of one per `per` kWh (or cents). Raises BadAnswer."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e9 < value < 1e9:
        raise BadAnswer(f"{who} gives a price that is no number.")
    if abs(value / per) > DEAREST_PER_KWH:
        raise BadAnswer(f"{who} gives a price of {value / per:g} per kWh, which can't be.")
    return value / per


def instant(value: object, who: str) -> datetime:
    """An aware time out of ISO text. Raises BadAnswer."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadAnswer(f"{who} gives a time that is none.")
    return found


def seconds(value: object, who: str, per: float = 1.0) -> float:
    """Seconds since 1970 out of a number. Raises BadAnswer."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11 * per:
        raise BadAnswer(f"{who} gives a time that is none.")
    return value / per


def within(slots: Iterable[PriceSlot], wall: datetime) -> list[PriceSlot]:
    """Slots longer than a day (prices that hold for good), cut to the two days that were asked for."""
    begin, _, end = midnights(wall)
    return [_cut(slot, begin, end) if slot.end - slot.start > A_DAY else slot for slot in slots]


def _cut(slot: PriceSlot, begin: datetime, end: datetime) -> PriceSlot:
    return replace(slot, start=max(slot.start, begin.astimezone(UTC)), end=min(slot.end, end.astimezone(UTC)))


def lasting(starts: Sequence[float], usual_s: float = 3600.0) -> list[float]:
    """When each slot of a list of starts (UTC seconds, in order) ends: where the next one begins.

    What is missing in a list stays missing: a slot that seems longer than both of its neighbours is not. The
    last one lasts as long as the one before.
    """
    if not starts:
        return []
    steps = [after - start for start, after in pairwise(starts)]
    steps.append(steps[-1] if steps else usual_s)
    ends = []
    for number, (start, step) in enumerate(zip(starts, steps, strict=True)):
        beside = [steps[one] for one in (number - 1, number + 1) if 0 <= one < len(steps) and steps[one] > 0]
        ends.append(start + (min(beside) if beside and step > max(beside) else step))
    return ends
