"""Tibber: the customer's own price, fees and taxes included, in 15 minute slots.

    POST https://api.tibber.com/v1-beta/gql, Authorization: Bearer TOKEN (developer.tibber.com)
    {"data": {"viewer": {"homes": [{"id": "...", "currentSubscription": {"priceInfo": {"today": [
        {"total": 0.2541, "startsAt": "2026-06-10T00:00:00.000+02:00"}], "tomorrow": []}}}]}}}

`tomorrow` is empty until about 13:00. With errors the status is 200, too: `{"errors": [{"message": "..."}]}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from scheduler.fetch import Ask, BadAnswer
from scheduler.tariffs.slots import PriceSlot
from scheduler.tariffs.sources import Place, instant, lasting, price, rows, table

WHO = "Tibber"
ADDRESS = "https://api.tibber.com"
NEEDS: tuple[str, ...] = ()
SECRET = "TIBBER_TOKEN"
FINAL = True
REFRESH_S = 0.0
QUERY = (
    "{viewer{homes{id currentSubscription{priceInfo(resolution:QUARTER_HOURLY)"
    "{today{total startsAt}tomorrow{total startsAt}}}}}}"
)


def asks(place: Place, secret: str, wall: datetime) -> list[Ask]:
    """One question for both days."""
    headers = {"Authorization": f"Bearer {secret}"}
    return [Ask(f"{place.address or ADDRESS}/v1-beta/gql", {}, headers, {"query": QUERY}, "POST")]


def decode(text: str, place: Place) -> list[PriceSlot]:
    """Money per kWh, all included; the home of [tariff] home, or the first one with a contract."""
    found = table(text, WHO)
    if found.get("errors"):
        raise BadAnswer(f"{WHO} refuses the question. Is TIBBER_TOKEN right?")
    homes = rows(_inside(_inside(found, "data"), "viewer").get("homes"), WHO)
    for home in homes:
        contract = home.get("currentSubscription")
        if contract and place.home in ("", home.get("id")):
            info = _inside(contract, "priceInfo")
            days = [rows(info.get(day) or [], WHO) for day in ("today", "tomorrow")]
            return [slot for day in days for slot in _day(day)]
    ids = ", ".join(str(home.get("id")) for home in homes)
    raise BadAnswer(f"{WHO} knows no such home with a contract; it knows {ids or 'none'}.")


def _day(day: list[Mapping[str, Any]]) -> list[PriceSlot]:
    """Starts only: each slot lasts to the next one."""
    starts = [instant(row.get("startsAt"), WHO).timestamp() for row in day]
    if starts != sorted(starts):
        raise BadAnswer(f"{WHO} answers times that are not in order.")
    return [
        PriceSlot(
            datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC), price(row.get("total"), WHO)
        )
        for start, end, row in zip(starts, lasting(starts), day, strict=True)
    ]


def _inside(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = found.get(key)
    if not isinstance(inner, dict):
        raise BadAnswer(f"{WHO} answers something else than prices.")
    return inner
