"""What a time zone suggests: only ever proposals, for a person to take or to change."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from pathlib import Path

AMERICAN = (
    *("America/New_York", "America/Detroit", "America/Chicago", "America/Denver", "America/Phoenix"),
    *("America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu"),
)
CURRENCIES: Mapping[str, str] = {
    "Europe/London": "GBP",
    "Europe/Zurich": "CHF",
    "Europe/Oslo": "NOK",
    "Europe/Stockholm": "SEK",
    "Europe/Copenhagen": "DKK",
    "Europe/Warsaw": "PLN",
    "Europe/Prague": "CZK",
    "America/Toronto": "CAD",
    "America/Vancouver": "CAD",
    "Pacific/Auckland": "NZD",
}
CONTINENTS: Mapping[str, str] = {"Australia": "AUD", "America": "USD", "US": "USD", "Canada": "CAD"}
SYMBOLS: Mapping[str, str] = {"EUR": "€", "USD": "$", "GBP": "£"}
BIDDING: Mapping[str, str] = {
    "Europe/Berlin": "DE-LU",
    "Europe/Luxembourg": "DE-LU",
    "Europe/Vienna": "AT",
    "Europe/Zurich": "CH",
    "Europe/Paris": "FR",
    "Europe/Amsterdam": "NL",
    "Europe/Brussels": "BE",
    "Europe/Copenhagen": "DK1",
    "Europe/Stockholm": "SE3",
    "Europe/Helsinki": "FI",
    "Europe/Madrid": "ES",
    "Europe/Lisbon": "PT",
    "Europe/Warsaw": "PL",
    "Europe/Prague": "CZ",
}
CALENDARS: Mapping[str, str] = {
    "Europe/Berlin": "de",
    "Europe/Vienna": "at",
    "Europe/Paris": "fr",
    "Europe/London": "england",
} | dict.fromkeys(AMERICAN, "us-utility")


CITIES = "zone.tab"  # of the time zone database: country, place, zone, remarks
PLACE = re.compile(r"([+-])(\d\d)(\d\d)(?:\d\d)?([+-])(\d{3})(\d\d)(?:\d\d)?")  # ISO 6709


def coordinates(zone: str) -> tuple[float, float] | None:
    """Latitude and longitude of the zone's city in tenths of a degree, as the time zone database tells it."""
    for folder in zoneinfo.TZPATH:
        try:
            text = (Path(folder) / CITIES).read_text("utf-8")
        except (OSError, ValueError):
            continue
        rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
        for row in rows:
            if len(row) > 2 and row[2] == zone and (found := PLACE.fullmatch(row[1])):
                return _degrees(*found.group(1, 2, 3)), _degrees(*found.group(4, 5, 6))
    return None


def _degrees(sign: str, whole: str, minutes: str) -> float:
    return round(float(f"{sign}1") * (int(whole) + int(minutes) / 60), 1)


def currency(zone: str) -> str:
    """The money that is paid with there."""
    at_home = "USD" if zone in AMERICAN else CONTINENTS.get(zone.partition("/")[0], "EUR")
    return CURRENCIES.get(zone, at_home)


def symbol(code: str) -> str:
    """How people write a currency."""
    return SYMBOLS.get(code, code)


def region(zone: str) -> str:
    """Which of Tesla's clouds is near: na, eu or cn."""
    near = {"Europe": "eu", "Africa": "eu"}.get(zone.partition("/")[0], "na")
    return "cn" if zone == "Asia/Shanghai" else near
