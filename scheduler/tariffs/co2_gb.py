"""How dirty Great Britain's power is, forecast for two days: the National Grid's carbon intensity service.

    GET https://api.carbonintensity.org.uk/intensity/2026-06-10T00:00Z/fw48h
    {"data": [{"from": "2026-06-10T00:00Z", "to": "2026-06-10T00:30Z", "intensity": {"forecast": 166}}]}

Grams of CO2 per kWh by the half hour, without a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from scheduler.fetch import Ask, BadAnswer
from scheduler.tariffs.slots import PriceSlot
from scheduler.tariffs.sources import instant, rows, table

WHO = "The carbon intensity service"
ADDRESS = "https://api.carbonintensity.org.uk"

Grams = tuple[float, float, float]  # from, to (seconds since 1970), grams per kWh


def ask(address: str, wall: datetime) -> Ask:
    """Two days from the midnight (UTC) before `wall`."""
    begin = wall.astimezone(UTC).replace(hour=0, minute=0)
    return Ask(f"{address or ADDRESS}/intensity/{begin:%Y-%m-%dT%H:%MZ}/fw48h")


def decode(text: str) -> list[Grams]:
    """Raises BadAnswer."""
    found: list[Grams] = []
    for row in rows(table(text, WHO).get("data"), WHO):
        inner = row.get("intensity")
        grams = inner.get("forecast") if isinstance(inner, dict) else None
        if grams is None:
            continue
        if isinstance(grams, bool) or not isinstance(grams, int | float) or not 0 <= grams < 2000:
            raise BadAnswer(f"{WHO} gives a number that can't be.")
        begin, end = instant(row.get("from"), WHO), instant(row.get("to"), WHO)
        found.append((begin.timestamp(), end.timestamp(), float(grams)))
    return found


def with_grams(slots: Iterable[PriceSlot], grams: Sequence[Grams]) -> list[PriceSlot]:
    """The slots with the CO2 of the time at which they begin, where it is known."""
    told = []
    for slot in slots:
        at_s = slot.start.timestamp()
        known = next((value for begin, end, value in grams if begin <= at_s < end), None)
        told.append(replace(slot, co2_g_per_kwh=known) if known is not None else slot)
    return told
