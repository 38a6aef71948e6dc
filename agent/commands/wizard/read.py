"""Reading what people type: each function returns the value or raises ValueError with a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from email.utils import parseaddr
from zoneinfo import available_timezones

from scheduler.cars.settings import VIN
from scheduler.tariffs.fixed import read_months
from scheduler.tariffs.formula import read_formula
from scheduler.tariffs.holidays import read_holidays
from scheduler.wallclock import read_days, read_minute, read_zone

CHARGER_ID = re.compile(r"[0-9A-F]{4}")
CLOCK = re.compile(r"(\d{1,2})(?:[:.h]?(\d\d))?\s*(am|pm)?")
SIDES = ("north", "east", "south", "west")
POINTS = ("n", "nne", "ne", "ene", "e", "ese", "se", "sse", "s", "ssw", "sw", "wsw", "w", "wnw", "nw", "nnw")
DAY_WORDS = {"weekdays": "mon-fri", "weekend": "sat,sun", "weekends": "sat,sun", "all": "daily"}


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
            raise ValueError(f"Write a number from {least:g} to {most:g}{f' ({unit})' if unit else ''}.")
        return shortened(value)

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


def vins(text: str) -> list[str]:
    """VINs, in capitals, none twice; none at all is fine."""
    found = list(dict.fromkeys(text.upper().replace(",", " ").split()))
    for one in found:
        if not VIN.fullmatch(one):
            raise ValueError(f"{one!r} is no VIN: 17 letters and digits, without I, O and Q.")
    return found


def azimuth(text: str) -> float:
    """Where a roof looks, by the compass: "south", "SSW", "south-west", "200"; north is 0, east 90."""
    letters = re.sub(r"[\s-]", "", text.lower())
    for word in SIDES:
        letters = letters.replace(word, word[0])
    if letters in POINTS:
        return shortened(POINTS.index(letters) * 22.5)
    try:
        return number(0, 360, "°")(text)
    except ValueError:
        raise ValueError(
            "Write south, south-west, SSW ..., or degrees from 0 to 360 (180 is south)."
        ) from None


def compass(degrees: float) -> str:
    """The same as a word, where it is one of the sixteen points."""
    point, rest = divmod(degrees % 360, 22.5)
    if rest:
        return f"{degrees:g}"
    names = {word[0]: word for word in SIDES}
    return "-".join(names[letter] for letter in POINTS[int(point)])


def shortened(value: float) -> float:
    """Without a .0 behind it."""
    return int(value) if float(value).is_integer() else value


def several(text: str) -> list[str]:
    """Words with commas between them; "-" is none."""
    return [one.strip() for one in text.split(",") if one.strip() not in ("", "-")]


# --- times and prices --------------------------------------------------------------------------------


def clock(text: str) -> str:
    """A time of day as "16:00"; "16", "4 pm" and "16.30" are fine."""
    found = CLOCK.fullmatch(text.strip().lower())
    if found and found[3] and not 1 <= int(found[1]) <= 12:
        found = None
    hour, minute, half = found.groups() if found else ("99", "", "")
    number = int(hour) % 12 + 12 * (half == "pm") if half else int(hour)
    shown = f"{number:02}:{minute or '00'}"
    try:
        read_minute(shown, as_end=True)
    except ValueError:
        raise ValueError("Write a time of day like 16:00 or 4 pm.") from None
    return shown


def days(text: str) -> str:
    """Days of the week."""
    low = text.strip().lower()
    found = DAY_WORDS.get(low, low)
    try:
        read_days(found)
    except ValueError:
        raise ValueError("Write days like mon-fri, sat,sun or daily.") from None
    return found


def months(text: str) -> str:
    """Months by their numbers."""
    found = text.strip()
    try:
        read_months(found)
    except ValueError:
        raise ValueError(
            "Write months by their numbers: 6-9, 11-3, 1,2,12 or 1-12 for the whole year."
        ) from None
    return found


def holidays(text: str) -> list[str]:
    """Calendars and dates; "-" is none."""
    found = several(text)
    try:
        read_holidays(found)
    except ValueError as error:
        raise ValueError(f"{error}.") from None
    return found


def formula(text: str) -> str:
    """A price made of the exchange's."""
    try:
        read_formula(text.strip())
    except ValueError as error:
        raise ValueError(f"{error}.") from None
    return text.strip()


def price(text: str) -> float | str:
    """A price per kWh, or a formula."""
    try:
        return number(-10, 100, "")(text)
    except ValueError:
        if re.fullmatch(r"[-\d.,\s]*", text):
            raise
    return formula(text)
