"""Figures for people: an event's `data`, whose names carry the units, as lines of a letter.

    {"solar_wh": 12345, "cost_eur": 3.2, "drawn_s": 5400}
    Solar 12.3 kWh · Cost 3.20 EUR · Drawn 1 h 30 min

The name's ending is the unit, the rest is the label. Numbers are written as the owner writes them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

Style = Literal["1,234.5", "1.234,5", "1 234,5", "1'234.5"]
CURRENCIES = frozenset(
    {"aud", "cad", "chf", "czk", "dkk", "eur", "gbp", "jpy", "nok", "nzd", "pln", "sek", "usd"}
)
_PROGRAM_WORD = re.compile(r"[a-z]+(_[a-z]+)+")
_PLAIN_UNITS = {
    "amps": ("A", 1),
    "volts": ("V", 0),
    "percent": ("%", 0),
    "kwh": ("kWh", 1),
    "kw": ("kW", 1),
    "km": ("km", 0),
    "celsius": ("°C", 1),
    "fahrenheit": ("°F", 0),
    "degrees": ("°", 1),
    "days": ("days", 0),
    "g": ("g", 0),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """How one owner reads numbers and times."""

    style: Style = "1,234.5"
    zone: tzinfo | None = None

    def number(self, value: float, decimals: int = 0) -> str:
        """A finite number with the owner's separators."""
        text = f"{value:,.{decimals}f}"
        thousands, point = self.style[1], self.style[5]
        return text.replace(",", "\0").replace(".", point).replace("\0", thousands)

    def time(self, wall: datetime, beside: datetime) -> str:
        """A time of day, with its date unless it is the same day as `beside`."""
        here, there = wall.astimezone(self.zone), beside.astimezone(self.zone)
        if here.date() == there.date():
            return f"{here:%H:%M}"
        return f"{here:%a} {here.day} {here:%b} {here:%H:%M}"

    def lines(self, data: Mapping[str, object], beside: datetime) -> list[tuple[str, str]]:
        """(label, value) for everything worth a line; nested tables open up, None and "" are left out."""
        found: list[tuple[str, str]] = []
        for name, value in data.items():
            if isinstance(value, Mapping):
                inner = self.lines(value, beside)
                found += [(f"{_label(name)}, {label[:1].lower()}{label[1:]}", text) for label, text in inner]
            elif value not in (None, ""):
                label, text = self._line(name, value, beside)
                found.append((label, text))
        return found

    def _line(self, name: str, value: object, beside: datetime) -> tuple[str, str]:
        if isinstance(value, bool):
            return _label(name), "yes" if value else "no"
        if isinstance(value, list | tuple):
            return _label(name), ", ".join(self._line(name, item, beside)[1] for item in value) or "–"
        stem, _, ending = name.rpartition("_")
        if isinstance(value, float) and not math.isfinite(value):
            return _label(stem or name), "–"
        if isinstance(value, int | float):
            written = self._with_unit(float(value), ending) if stem else None
            return (_label(stem), written) if written else (_label(name), self._bare(value))
        if ending == "wall" and (wall := _as_wall(value, self.zone)):
            return _label(stem), self.time(wall, beside)
        return _label(name), _words(str(value))

    def _bare(self, value: float) -> str:
        return self.number(value, 0 if float(value).is_integer() else 2)

    def _with_unit(self, value: float, ending: str) -> str | None:
        ending = ending.lower()
        if ending in CURRENCIES:
            return f"{self.number(value, 2)} {ending.upper()}"
        if ending in _PLAIN_UNITS:
            unit, decimals = _PLAIN_UNITS[ending]
            return f"{self.number(value, decimals)} {unit}"
        special: dict[str, Callable[[float], str]] = {
            "wh": lambda wh: f"{self.number(wh / 1000, 1)} kWh",
            "watts": self._watts,
            "w": self._watts,
            "s": self.duration,
            "min": lambda minutes: self.duration(minutes * 60),
        }
        return special[ending](value) if ending in special else None

    def _watts(self, watts: float) -> str:
        return f"{self.number(watts / 1000, 1)} kW" if abs(watts) >= 1000 else f"{self.number(watts)} W"

    def duration(self, seconds: float) -> str:
        """A span in the two units that matter: `40 s`, `12 min`, `3 h 20 min`, `2 days 4 h`."""
        whole = max(0, round(seconds))
        if whole < 60:
            return f"{whole} s"
        minutes, hours, days = round(whole / 60), whole // 3600, whole // 86400
        if minutes < 60:
            return f"{minutes} min"
        if days:
            rest = whole % 86400 // 3600
            return f"{days} day{'s' if days > 1 else ''}" + (f" {rest} h" if rest else "")
        hours, rest = divmod(minutes, 60)
        return f"{hours} h" + (f" {rest} min" if rest else "")


def _words(text: str) -> str:
    """A program's word as people write it, `self_consumption` as `self consumption`; other text as it is."""
    plain = " ".join(text.split())
    return plain.replace("_", " ") if _PROGRAM_WORD.fullmatch(plain) else plain


def _label(name: str) -> str:
    words = " ".join(str(name).replace("_", " ").split())
    return words[:1].upper() + words[1:]


def _as_wall(value: object, zone: tzinfo | None) -> datetime | None:
    try:
        wall = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return wall if wall.tzinfo else wall.replace(tzinfo=zone)
