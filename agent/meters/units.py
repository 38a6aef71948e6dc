"""Numbers as devices write them, and their units: the one place where text becomes a float.

Numbers may be strings. NaN, Infinity, "", "unavailable", "NULL", "---" are not numbers. A unit is read
from the answer where the answer has one; an unknown unit is junk, never a guess.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from agent.meters.values import Poor

SCALES = {  # unit -> (what it measures, how many of ours)
    "w": ("W", 1.0),
    "kw": ("W", 1e3),
    "mw": ("W", 1e6),
    "va": ("W", 1.0),
    "a": ("A", 1.0),
    "ma": ("A", 1e-3),
    "v": ("V", 1.0),
    "mv": ("V", 1e-3),
    "kv": ("V", 1e3),
    "wh": ("Wh", 1.0),
    "kwh": ("Wh", 1e3),
    "mwh": ("Wh", 1e6),
    "%": ("%", 1.0),
    "percent": ("%", 1.0),
    "s": ("s", 1.0),
}
MILLI = {"mW": ("W", 1e-3), "mWh": ("Wh", 1e-3)}  # the only case where a capital decides
LONGEST_TEXT = 60
_QUANTITY = re.compile(r"\s*([-+]?(?:\d[\d ]*)?[.,]?\d+(?:[eE][-+]?\d+)?)\s*([^\d\s][^\s]*)?\s*")


def number(value: object, what: str = "a value") -> float:
    """A finite number, also out of a string. Raises Poor, naming `what`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Poor(f"{what} is {_shown(value)} instead of a number")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise Poor(f"{what} is {_shown(value)} instead of a number") from None
    if not math.isfinite(found) or (isinstance(value, str) and "_" in value):
        raise Poor(f"{what} is {_shown(value)} instead of a number")
    return found


def number_or_none(value: object) -> float | None:
    """A finite number, or None for anything else: for what a device may leave out."""
    try:
        return number(value)
    except Poor:
        return None


def convert(value: float, unit: str, into: str, what: str = "a value") -> float:
    """`value` in W, A, V, Wh, % or s (`into`), from the unit that the device wrote. Raises Poor."""
    unit = unit.strip()
    measures, factor = MILLI.get(unit) or SCALES.get(unit.lower(), ("", 0.0))
    if measures != into:
        raise Poor(f"{what} comes in {unit or 'no unit'!r}, which is not a unit that can become {into}")
    return value * factor


def quantity(text: str, into: str, bare_unit: str = "", what: str = "a value") -> float:
    """A number with its unit beside it ("-2.35 kW", "12,5 W"); a bare one is in `bare_unit`. Raises Poor."""
    match = _QUANTITY.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if not match:
        raise Poor(f"{what} is {_shown(text)} instead of a number")
    digits, unit = match.group(1).replace(" ", "").replace(",", "."), match.group(2) or bare_unit
    return convert(number(digits, what), unit, into, what)


def measured(value: object, into: str, unit: str = "", what: str = "a value") -> float:
    """A number or a text, in `unit` unless the text brings its own, as W, A, V, Wh, % or s. Raises Poor."""
    if isinstance(value, str):
        return quantity(value, into, unit, what)
    return convert(number(value, what), unit, into, what)


def stamp(value: object) -> datetime | None:
    """A device's time, aware: seconds or milliseconds since 1970, or ISO text; None for anything else.

    Text without an offset is local time in an unknown zone. It is taken for UTC: hours away from ours, it
    still tells whether it moves, and that is all that the frame then makes of it (part.py).
    """
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        seconds = number(value)
        if seconds <= 0:
            return None  # a clock that was never set
        return datetime.fromtimestamp(seconds / 1e3 if seconds > 1e11 else seconds, UTC)
    except (Poor, ValueError, OverflowError, OSError):
        return None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
