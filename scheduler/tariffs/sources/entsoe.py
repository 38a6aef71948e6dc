"""ENTSO-E's transparency platform: day-ahead prices of all Europe, with a free key.

    GET https://web-api.tp.entsoe.eu/api?securityToken=KEY&documentType=A44&in_Domain=EIC&out_Domain=EIC
        &periodStart=202606092200&periodEnd=202606112200          (UTC)

XML: Publication_MarketDocument > TimeSeries > Period > timeInterval, resolution (PT15M, PT60M), Point >
position, price.amount (per MWh). A position that is left out has the price of the one before it (curve type
A03). A zone with two auctions gives one TimeSeries each: the first (classificationSequence position 1)
counts, and of two resolutions the finer. Nothing there yet: an Acknowledgement_MarketDocument.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta

from scheduler.fetch import Ask, BadAnswer
from scheduler.tariffs.slots import PriceSlot
from scheduler.tariffs.sources import Place, instant, midnights, price

WHO = "ENTSO-E"
ADDRESS = "https://web-api.tp.entsoe.eu"
NEEDS = ("zone",)
SECRET = "ENTSOE_TOKEN"
FINAL = False
REFRESH_S = 0.0
STEPS_S = {"PT15M": 900, "PT30M": 1800, "PT60M": 3600, "PT1H": 3600}
# The zones by their names; any other is written as its EIC code.
ZONES = {
    "DE-LU": "10Y1001A1001A82H",
    "AT": "10YAT-APG------L",
    "CH": "10YCH-SWISSGRIDZ",
    "FR": "10YFR-RTE------C",
    "NL": "10YNL----------L",
    "BE": "10YBE----------2",
    "DK1": "10YDK-1--------W",
    "DK2": "10YDK-2--------M",
    "SE3": "10Y1001A1001A46L",
    "SE4": "10Y1001A1001A47J",
    "FI": "10YFI-1--------U",
    "ES": "10YES-REE------0",
    "PT": "10YPT-REN------W",
    "PL": "10YPL-AREA-----S",
    "CZ": "10YCZ-CEPS-----N",
}


def asks(place: Place, secret: str, wall: datetime) -> list[Ask]:
    """Two local days in one question."""
    begin, _, end = midnights(wall)
    eic = ZONES.get(place.zone.upper(), place.zone)
    query = {"securityToken": secret, "documentType": "A44", "in_Domain": eic, "out_Domain": eic}
    query |= {"periodStart": _minute(begin), "periodEnd": _minute(end)}
    return [Ask(f"{place.address or ADDRESS}/api", query)]


def decode(text: str, place: Place) -> list[PriceSlot]:
    """Money per MWh."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadAnswer(f"{WHO} answers a web page instead of prices.")
    try:
        top = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        raise BadAnswer(f"{WHO} answers something else than XML.") from None
    for element in top.iter():
        element.tag = element.tag.rpartition("}")[2]
    if top.tag == "Acknowledgement_MarketDocument":
        return []
    found = [
        (_step_s(period), slot)
        for series in top.iter("TimeSeries")
        if series.findtext("classificationSequence_AttributeInstanceComponent.position", "1") == "1"
        for period in series.iter("Period")
        for slot in _period(period)
    ]
    finest = min((step_s for step_s, _ in found), default=0)
    return [slot for step_s, slot in found if step_s == finest]


def _period(period: ElementTree.Element) -> list[PriceSlot]:
    begin = instant(period.findtext("timeInterval/start"), WHO)
    end = instant(period.findtext("timeInterval/end"), WHO)
    step_s = _step_s(period)
    amounts: dict[int, float] = {}
    try:
        for point in period.iter("Point"):
            amount = float(point.findtext("price.amount", ""))
            amounts[int(point.findtext("position", ""))] = price(amount, WHO, 1000)
    except ValueError:
        raise BadAnswer(f"{WHO} gives a price that is no number.") from None
    slots: list[PriceSlot] = []
    for number in range(min(int((end - begin).total_seconds() / step_s), 400)):
        start = begin + timedelta(seconds=number * step_s)
        if number + 1 in amounts:
            slots.append(PriceSlot(start, start + timedelta(seconds=step_s), amounts[number + 1]))
        elif slots:
            slots.append(PriceSlot(start, start + timedelta(seconds=step_s), slots[-1].price_per_kwh))
    return slots


def _step_s(period: ElementTree.Element) -> int:
    word = period.findtext("resolution", "")
    if word not in STEPS_S:
        raise BadAnswer(f"{WHO} gives slots of {word or 'no length'}, which are not understood.")
    return STEPS_S[word]


def _minute(wall: datetime) -> str:
    return wall.astimezone(UTC).strftime("%Y%m%d%H%M")
