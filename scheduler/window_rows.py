"""Windows as rows of plain values: how they are written in sunward.toml and in the HTTP API.

    {"name": "night", "days": "mon-fri", "from": "21:30", "to": "07:15",
     "mode": "fast", "amps": 16, "charger": "", "enabled": true, "until": "2026-12-24"}

Reading is strict. Every problem of every row is told at once, each as one sentence that says where it
is and what to write instead; nothing is rounded, clamped or ignored.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, time
from typing import Any, TypeVar

from scheduler.wallclock import read_days, read_minute, write_days, write_minute
from scheduler.windows import EVERY_CHARGER, Mode, Window

T = TypeVar("T")
LEAST_AMPS = 6.0  # below 6 A no car charges (IEC 61851-1)
MOST_AMPS = 80.0  # the largest Wall Connector Gen 2
LONGEST_NAME = 60
# Names that may stand in an address of the API.
NAMES = rf"^[A-Za-z0-9_.-]([A-Za-z0-9 _.-]{{0,{LONGEST_NAME - 2}}}[A-Za-z0-9_.-])?$"
KEYS = ("name", "days", "from", "to", "mode", "amps", "charger", "enabled", "until")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NEEDED = ("name", "days", "from", "to", "mode")


class WindowError(ValueError):
    """Rows that are no windows. `problems` holds one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_windows(
    rows: object, chargers: Mapping[str, str] | None = None, where: str = "windows"
) -> tuple[Window, ...]:
    """The windows of a list of rows, in its order. Raises WindowError with every problem.

    With `chargers` (names by id) a window for a charger that isn't there is a problem too.
    """
    if not isinstance(rows, list | tuple):
        raise WindowError([f"{where}: must be a list of windows."])
    windows: list[Window] = []
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        try:
            windows.append(read_window(row, chargers, f"{where}[{number}]"))
        except WindowError as error:
            problems += error.problems
    problems += _doubles(windows, where)
    if problems:
        raise WindowError(problems)
    return tuple(windows)


def read_window(row: object, chargers: Mapping[str, str] | None = None, where: str = "window") -> Window:
    """The window of one row. Raises WindowError with every problem."""
    if not isinstance(row, Mapping):
        raise WindowError([f"{where}: must be a table with {', '.join(NEEDED)}."])
    reader = _Reader(row, where)
    reader.check_keys()
    window = Window(
        name=reader.value("name", _read_name, ""),
        days=reader.value("days", read_days, frozenset()),
        from_minute=reader.value("from", read_minute, 0),
        to_minute=reader.value("to", lambda text: read_minute(text, as_end=True), 0),
        mode=reader.value("mode", _read_mode, Mode.OFF),
        amps=reader.value("amps", _read_amps, None),
        charger=reader.value("charger", lambda text: _read_charger(text, chargers), EVERY_CHARGER),
        enabled=reader.value("enabled", _read_switch, True),
        until=reader.value("until", read_until, None),
    )
    if not reader.problems:
        reader.problems += _contradictions(window, where)
    if reader.problems:
        raise WindowError(reader.problems)
    return window


def write_window(window: Window) -> dict[str, Any]:
    """The row of a window, with JSON values; `read_window` reads it back the same."""
    return {
        "name": window.name,
        "days": write_days(window.days),
        "from": write_minute(window.from_minute),
        "to": write_minute(window.to_minute),
        "mode": str(window.mode),
        "amps": window.amps,
        "charger": window.charger,
        "enabled": window.enabled,
        "until": window.until.isoformat() if window.until else None,
    }


class _Reader:
    """Takes values out of one row and collects what is wrong with them."""

    def __init__(self, row: Mapping[str, Any], where: str) -> None:
        name = row.get("name")
        self._row = row
        self._where = f"{where} ({name})" if isinstance(name, str) and 0 < len(name) <= 60 else where
        self.problems: list[str] = []

    def check_keys(self) -> None:
        for key in self._row:
            if key not in KEYS:
                self.problems.append(f"{self._where}.{key}: there is no such key; use {', '.join(KEYS)}.")
        for key in NEEDED:
            if key not in self._row:
                self.problems.append(f"{self._where}.{key}: is missing and must be set.")

    def value(self, key: str, read: Callable[[Any], T], otherwise: T) -> T:
        if key not in self._row:
            return otherwise
        found = self._row[key]
        try:
            return read(found)
        except ValueError as error:
            self.problems.append(f"{self._where}.{key}: {error} (found {_shown(found)}).")
            return otherwise


def _shown(found: object) -> str:
    text = str(found) if isinstance(found, date | time) else repr(found)
    return text if len(text) <= 60 else text[:57] + "..."


def _read_name(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError('give the window a name, like "night"')
    if len(text) > LONGEST_NAME or not text.isprintable() or "/" in text or text != text.strip():
        raise ValueError(f"a name is at most {LONGEST_NAME} plain letters, without / or outer spaces")
    return text


def _read_mode(text: object) -> Mode:
    if isinstance(text, str) and text in set(Mode):
        return Mode(text)
    raise ValueError(f"the mode is one of {', '.join(Mode)}")


def _read_amps(amps: object) -> float | None:
    if amps is None:
        return None
    if isinstance(amps, bool) or not isinstance(amps, int | float) or not math.isfinite(amps):
        raise ValueError("amps is a number, like 16, or left out for all that the circuit allows")
    if not LEAST_AMPS <= amps <= MOST_AMPS:
        raise ValueError(f'amps lie between {LEAST_AMPS:g} and {MOST_AMPS:g}; not to charge is mode = "off"')
    return float(amps)


def _read_charger(text: object, chargers: Mapping[str, str] | None) -> str:
    if text is None:
        return EVERY_CHARGER
    if not isinstance(text, str):
        raise ValueError('charger is an id or name in quotes, like "3201", or left out for all')
    known = {word.casefold() for pair in (chargers or {}).items() for word in pair if word}
    if text and chargers is not None and text.casefold() not in known:
        have = ", ".join(sorted(f"{key} ({name})" if name else key for key, name in chargers.items()))
        raise ValueError(f"there is no such charger; there is {have or 'none yet'}")
    return text


def _read_switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("enabled is true or false")


def read_until(value: object) -> date | None:
    """The last day of "2026-12-24", or None. Raises ValueError."""
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError('until is the last day on which it opens, like "2026-12-24", or left out')


def _contradictions(window: Window, where: str) -> list[str]:
    here = f"{where} ({window.name})"
    problems = []
    if window.from_minute == window.to_minute:
        problems.append(f'{here}.to: is the same as from; a whole day is from "00:00" to "24:00".')
    if window.mode is Mode.OFF and window.amps is not None:
        problems.append(f"{here}.amps: mode off offers no amps; leave amps out, or choose another mode.")
    return problems


def _doubles(windows: Iterable[Window], where: str) -> list[str]:
    seen: set[str] = set()
    doubled = []
    for window in windows:
        if window.name.casefold() in seen:
            doubled.append(f"{where} ({window.name}).name: is used twice; give each window its own name.")
        seen.add(window.name.casefold())
    return doubled
