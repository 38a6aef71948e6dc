"""The forecast that this house knows: what others of the scheduler ask for, without asking any service.

`sun.json` in the scheduler's state folder; slots there are as the service gave them, `factor` is what
the past days have taught.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from scheduler.forecast.settings import ForecastSettings
from scheduler.forecast.slots import Heat, SolarSlot, corrected
from scheduler.settings import SchedulerSettings

FILE = "sun.json"


@dataclass(frozen=True, slots=True)
class Forecast:
    """`slots` are corrected, `raw` are not; `heat` in Celsius. Empty where nothing is known."""

    slots: tuple[SolarSlot, ...] = ()
    raw: tuple[SolarSlot, ...] = ()
    heat: tuple[Heat, ...] = ()
    factor: float = 1.0


def known_forecast(settings: SchedulerSettings) -> Forecast:
    """What is on disk; an empty forecast where that is missing or damaged."""
    return read(path_of(settings))


def hottest_today(settings: SchedulerSettings, wall: datetime | None) -> float | None:
    """Today's highest temperature in the degrees of [forecast], or None."""
    return max(_temperatures(settings, wall), default=None)


def coldest_today(settings: SchedulerSettings, wall: datetime | None) -> float | None:
    """Today's lowest temperature in the degrees of [forecast], or None."""
    return min(_temperatures(settings, wall), default=None)


def _temperatures(settings: SchedulerSettings, wall: datetime | None) -> list[float]:
    forecast = settings.section("forecast", ForecastSettings)
    if forecast is None or wall is None:
        return []
    zone = settings.site.zone
    today = wall.astimezone(zone).date()
    known = [value for at_s, value in known_forecast(settings).heat if _day(at_s, zone) == today]
    return known if forecast.degrees == "C" else [value * 9 / 5 + 32 for value in known]


def path_of(settings: SchedulerSettings) -> Path:
    """Where the forecast lies."""
    return settings.state_dir / "scheduler" / FILE


def read(path: Path) -> Forecast:
    """The file's forecast, or an empty one."""
    try:
        return _known(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return Forecast()


@lru_cache(maxsize=2)
def _known(text: str) -> Forecast:
    """A file's forecast. Often asked for, seldom changed."""
    found: Mapping[str, Any] = json.loads(text)
    raw = tuple(SolarSlot(float(a), float(b), float(watts)) for a, b, watts in found["slots"])
    heat = tuple((float(at_s), float(value)) for at_s, value in found["heat"])
    factor = float(found["factor"])
    return Forecast(tuple(corrected(raw, factor)), raw, heat, factor)


def _day(at_s: float, zone: Any) -> Any:
    return datetime.fromtimestamp(at_s, zone).date()
