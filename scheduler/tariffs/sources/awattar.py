"""aWATTar, Germany and Austria: the EPEX day-ahead price by the hour, without a key.

GET https://api.awattar.de/v1/marketdata?start=MS&end=MS     (api.awattar.at for Austria)
{"data": [{"start_timestamp": MS, "end_timestamp": MS, "marketprice": 42.09, "unit": "Eur/MWh"}]}
"""

from __future__ import annotations

from datetime import UTC, datetime

from scheduler.fetch import Ask
from scheduler.tariffs.slots import PriceSlot
from scheduler.tariffs.sources import Place, midnights, price, rows, seconds, table

WHO = "aWATTar"
ADDRESS = "https://api.awattar.de"
AUSTRIA = "https://api.awattar.at"
NEEDS: tuple[str, ...] = ()
SECRET = ""
FINAL = False
REFRESH_S = 0.0


def asks(place: Place, secret: str, wall: datetime) -> list[Ask]:
    """Two local days in one question."""
    begin, _, end = midnights(wall)
    usual = AUSTRIA if place.zone.upper() == "AT" else ADDRESS
    query = {"start": f"{begin.timestamp() * 1000:.0f}", "end": f"{end.timestamp() * 1000:.0f}"}
    return [Ask(f"{place.address or usual}/v1/marketdata", query)]


def decode(text: str, place: Place) -> list[PriceSlot]:
    """EUR/MWh by the hour."""
    return [
        PriceSlot(
            datetime.fromtimestamp(seconds(row.get("start_timestamp"), WHO, 1000), UTC),
            datetime.fromtimestamp(seconds(row.get("end_timestamp"), WHO, 1000), UTC),
            price(row.get("marketprice"), WHO, 1000),
        )
        for row in rows(table(text, WHO).get("data"), WHO)
    ]
