"""Octopus Energy, Great Britain: Agile and every other product by its code, without a key.

    GET https://api.octopus.energy/v1/products/PRODUCT/electricity-tariffs/E-1R-PRODUCT-REGION/standard-unit-rates/
        ?period_from=2026-06-09T23:00:00Z&period_to=2026-06-11T23:00:00Z&page_size=1500
    {"count": 2, "next": null, "results": [{"value_exc_vat": 15.2, "value_inc_vat": 15.96,
        "valid_from": "2026-06-10T22:30:00Z", "valid_to": "2026-06-10T23:00:00Z"}]}

Pence with VAT, newest first. The region is a letter, A to P. `valid_to` null: for good.
Tomorrow's prices come at about 16:00.
"""

from __future__ import annotations

from datetime import UTC, datetime

from scheduler.fetch import Ask
from scheduler.tariffs.slots import PriceSlot
from scheduler.tariffs.sources import Place, instant, midnights, price, rows, table

WHO = "Octopus"
ADDRESS = "https://api.octopus.energy"
NEEDS = ("product", "region")
SECRET = ""
FINAL = True
REFRESH_S = 0.0
FOR_GOOD = datetime(9000, 1, 1, tzinfo=UTC)  # whoever asked knows how much of it he wanted


def asks(place: Place, secret: str, wall: datetime) -> list[Ask]:
    """Two local days."""
    begin, _, end = midnights(wall)
    code = f"E-1R-{place.product}-{place.region.upper()}"
    path = f"/v1/products/{place.product}/electricity-tariffs/{code}/standard-unit-rates/"
    query = {"period_from": _zulu(begin), "period_to": _zulu(end), "page_size": "1500"}
    return [Ask((place.address or ADDRESS) + path, query)]


def decode(text: str, place: Place) -> list[PriceSlot]:
    """Pence per kWh; those for people who pay by direct debit, where there are two."""
    slots = []
    for row in rows(table(text, WHO).get("results"), WHO):
        if row.get("payment_method") not in (None, "DIRECT_DEBIT"):
            continue
        start = instant(row.get("valid_from"), WHO)
        end = FOR_GOOD if row.get("valid_to") is None else instant(row.get("valid_to"), WHO)
        slots.append(PriceSlot(start, end, price(row.get("value_inc_vat"), WHO, 100)))
    return slots


def _zulu(wall: datetime) -> str:
    return wall.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
