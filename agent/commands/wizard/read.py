"""Reading what people type: each function returns the value or raises ValueError with a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from email.utils import parseaddr
from zoneinfo import available_timezones

from scheduler.wallclock import read_zone

CHARGER_ID = re.compile(r"[0-9A-F]{4}")


def words(text: str) -> str:
    """A line, as it is."""
    return text.strip()


def number(least: float, most: float, unit: str) -> Callable[[str], float]:
    """A number between two bounds; "20", "20 A", "12,5" are fine."""

    def read(text: str) -> float:
        plain = text.strip().removesuffix(unit).strip().replace(",", ".")
        try:
            value = float(plain)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise ValueError(f"Write a number from {least:g} to {most:g} ({unit}).")
        return int(value) if value.is_integer() else value

    return read


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """One of these words."""

    def read(text: str) -> str:
        if text.strip().lower() not in choices:
            raise ValueError(f"Write one of: {', '.join(choices)}.")
        return text.strip().lower()

    return read


def zone(text: str) -> str:
    """An IANA time zone; a city alone is answered with its whole name."""
    try:
        return read_zone(text.strip()).key
    except ValueError as error:
        city = text.strip().replace(" ", "_").lower()
        near = sorted(one for one in available_timezones() if one.lower().rpartition("/")[2] == city)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(f"{text.strip()!r} {error}.{hint}") from None


def charger_ids(text: str) -> list[str]:
    """Ids of Wall Connectors, in capitals, none twice."""
    found = list(dict.fromkeys(text.upper().replace(",", " ").split()))
    for one in found:
        if not CHARGER_ID.fullmatch(one):
            raise ValueError(f"{one!r} is no id: four hexadecimal digits, like 3201.")
    return found


def phases(text: str) -> list[str]:
    """L1, or several."""
    found = list(dict.fromkeys(text.upper().replace(",", " ").split()))
    if not found or any(one not in ("L1", "L2", "L3") for one in found):
        raise ValueError("Write L1, or L1 L2 L3, as it is wired.")
    return found


def addresses(text: str) -> list[str]:
    """Mail addresses with commas between them."""
    found = [one.strip() for one in text.split(",") if one.strip()]
    for one in found:
        user, at, domain = parseaddr(one)[1].rpartition("@")
        if not (at and user and domain):
            raise ValueError(f"{one!r} is no mail address.")
    if not found:
        raise ValueError("Write a mail address.")
    return found


def sender(text: str) -> str:
    """One mail address."""
    return addresses(text)[0]
