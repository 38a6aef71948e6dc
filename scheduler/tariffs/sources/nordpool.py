"""Nord Pool's data portal: day-ahead prices of the north, the Baltics and central Europe, without a key.

    GET https://dataportal-api.nordpoolgroup.com/api/DayAheadPrices?date=2026-06-10&market=DayAhead
        &deliveryArea=SE3&currency=EUR
    {"deliveryDateCET": "2026-06-10", "multiAreaEntries": [{"deliveryStart": "2026-06-09T22:00:00Z",
        "deliveryEnd": "2026-06-09T22:15:00Z", "entryPerArea": {"SE3": 12.34}}], "currency": "EUR", ...}

One question for each delivery day (days of central European time); 204 without a body: not published yet.
Money per MWh. Nord Pool allows private use only.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.fetch import Ask, BadAnswer
from scheduler.tariffs.slots import PriceSlot
from scheduler.tariffs.sources import Place, instant, midnights, price, rows, table

WHO = "Nord Pool"
ADDRESS = "https://dataportal-api.nordpoolgroup.com"
NEEDS = ("zone",)
SECRET = ""
FINAL = False
REFRESH_S = 0.0
MARKET_ZONE = ZoneInfo("Europe/Paris")


def asks(place: Place, secret: str, wall: datetime) -> list[Ask]:
    """A question for each day of the market that today and tomorrow touch."""
    begin, middle, _ = midnights(wall)
    days = sorted({moment.astimezone(MARKET_ZONE).date() for moment in (begin, wall, middle)})
    last = midnights(middle)[1].astimezone(MARKET_ZONE).date()
    if last not in days and middle.astimezone(MARKET_ZONE).hour:
        days.append(last)
    return [
        Ask(
            f"{place.address or ADDRESS}/api/DayAheadPrices",
            {
                "date": day.isoformat(),
                "market": "DayAhead",
                "deliveryArea": place.zone,
                "currency": place.currency,
            },
        )
        for day in days
    ]


def decode(text: str, place: Place) -> list[PriceSlot]:
    """Money per MWh of one delivery day; none where it isn't published yet."""
    if not text:
        return []
    slots = []
    for row in rows(table(text, WHO).get("multiAreaEntries"), WHO):
        area = row.get("entryPerArea")
        if not isinstance(area, dict) or place.zone not in area:
            raise BadAnswer(f"{WHO} gives no price for {place.zone}. Look at tariff.zone.")
        start, end = instant(row.get("deliveryStart"), WHO), instant(row.get("deliveryEnd"), WHO)
        slots.append(PriceSlot(start, end, price(area[place.zone], WHO, 1000)))
    return slots
