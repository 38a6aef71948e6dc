"""Amber Electric, Australia: the customer's own price, forecast for the coming day and changing with it.

    GET https://api.amber.com.au/v1/sites/SITE/prices/current?next=96&previous=48&resolution=30
        Authorization: Bearer TOKEN
    [{"type": "ForecastInterval", "channelType": "general", "duration": 30, "perKwh": 24.33,
      "startTime": "2026-06-10T02:00:01Z", "endTime": "2026-06-10T02:30:00Z", "renewables": 45.3}]

Cents, GST included. A start is one second late, so the end and the duration count. `feedIn` rows are what
is paid for sun and are left out here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.fetch import Ask, BadAnswer
from scheduler.tariffs.slots import PriceSlot
from scheduler.tariffs.sources import Place, anything, instant, price, rows

WHO = "Amber"
ADDRESS = "https://api.amber.com.au"
NEEDS = ("home",)
SECRET = "AMBER_TOKEN"
FINAL = True
REFRESH_S = 1800.0


def asks(place: Place, secret: str, wall: datetime) -> list[Ask]:
    """What was since yesterday and what is forecast."""
    query = {"next": "96", "previous": "48", "resolution": "30"}
    headers = {"Authorization": f"Bearer {secret}"}
    return [Ask(f"{place.address or ADDRESS}/v1/sites/{place.home}/prices/current", query, headers)]


def decode(text: str, place: Place) -> list[PriceSlot]:
    """Cents per kWh of the general channel."""
    slots = []
    for row in rows(anything(text, WHO), WHO):
        if row.get("channelType") != "general":
            continue
        minutes = row.get("duration")
        if minutes not in (5, 15, 30, 60):
            raise BadAnswer(f"{WHO} gives slots of a length that is not understood.")
        end = instant(row.get("endTime"), WHO)
        slots.append(PriceSlot(end - timedelta(minutes=minutes), end, price(row.get("perKwh"), WHO, 100)))
    return slots
