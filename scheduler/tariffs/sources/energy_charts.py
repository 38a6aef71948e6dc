"""Energy-Charts of Fraunhofer ISE: day-ahead prices of most bidding zones of Europe, without a key.

    GET https://api.energy-charts.info/price?bzn=DE-LU&start=2026-06-10&end=2026-06-11
    {"unix_seconds": [1781042400, ...], "price": [81.3, ...], "unit": "EUR / MWh", ...}

Starts of slots only: each lasts to the next, and the last as long as the one before. Slots are 15 minutes
since October 2025 and were 60 before. A price may be null: then it is unknown.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from scheduler.fetch import Ask, BadAnswer
from scheduler.tariffs.slots import PriceSlot
from scheduler.tariffs.sources import Place, lasting, midnights, price, seconds, table

WHO = "Energy-Charts"
ADDRESS = "https://api.energy-charts.info"
NEEDS = ("zone",)
SECRET = ""
FINAL = False
REFRESH_S = 0.0


def asks(place: Place, secret: str, wall: datetime) -> list[Ask]:
    """Two days in one question; both dates belong to it."""
    today, tomorrow, _ = midnights(wall)
    query = {"bzn": place.zone, "start": today.date().isoformat(), "end": tomorrow.date().isoformat()}
    return [Ask(f"{place.address or ADDRESS}/price", query)]


def decode(text: str, place: Place) -> list[PriceSlot]:
    """EUR/MWh."""
    found = table(text, WHO)
    starts, prices = found.get("unix_seconds"), found.get("price")
    if not isinstance(starts, list) or not isinstance(prices, list) or len(starts) != len(prices):
        raise BadAnswer(f"{WHO} answers no list of prices.")
    if "MWh" not in str(found.get("unit", "EUR / MWh")):
        raise BadAnswer(f"{WHO} answers in another unit than EUR/MWh.")
    begins = [seconds(start, WHO) for start in starts]
    if any(later <= earlier for earlier, later in pairwise(begins)):
        raise BadAnswer(f"{WHO} answers times that are not in order.")
    return [
        PriceSlot(
            datetime.fromtimestamp(begin, UTC),
            datetime.fromtimestamp(min(end, begin + 3600), UTC),
            price(value, WHO, 1000),
        )
        for begin, end, value in zip(begins, lasting(begins), prices, strict=True)
        if value is not None
    ]
