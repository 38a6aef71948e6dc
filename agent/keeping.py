"""What the desk keeps across restarts, as JSON values, and who keeps it."""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from agent import boosts, dimming, prices
from agent.history.kept import KeepError as KeepError
from agent.model import CarStatus, Control, Mode, Moment, PricesAhead
from scheduler.window_rows import WindowError, read_windows, write_window
from scheduler.windows import Window

log = logging.getLogger(__name__)


class Kept(Protocol):
    """JSON values that survive a restart. `put` and `put_all` (all or none) raise KeepError."""

    def get(self, key: str) -> Any: ...

    def put(self, key: str, value: object) -> None: ...

    def put_all(self, values: Mapping[str, object]) -> None: ...


@dataclass
class KeptNowhere:
    """A `Kept` for tests and for a house that wants to forget: it lives as long as its object."""

    values: dict[str, object] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        """The value last put, or None."""
        return self.values.get(key)

    def put(self, key: str, value: object) -> None:
        """Remember a value until the process ends."""
        self.values[key] = value

    def put_all(self, values: Mapping[str, object]) -> None:
        """Remember several."""
        for key, value in values.items():
            self.put(key, value)


def control_to_keep(control: Control, moment: Moment) -> dict[str, object]:
    """Modes, boosts and limits, for `put_all`."""
    return {"control": control_to_json(control, moment)}


def kept_control(kept: Kept, mode: Mode, moment: Moment, chargers: Container[str]) -> Control:
    """Modes, boosts and limits as they were, without chargers that are gone; else only `mode`."""
    found = kept.get("control")
    if found is None:
        return Control(mode=mode)
    try:
        return control_from_json(found, moment, chargers)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        log.warning("The kept modes can't be read; the settings' mode holds: %r", error)
        return Control(mode=mode)


def windows_to_keep(windows: tuple[Window, ...], written: tuple[Window, ...]) -> dict[str, object]:
    """Windows; those of single days that a program adds leave the `written` ones to the settings."""
    added = tuple(one for one in windows if one.until and one not in written)
    if tuple(one for one in windows if one not in added) == written:
        return {"dated_windows": [write_window(one) for one in added], "windows": None}
    return {"windows": [write_window(one) for one in windows]}


def kept_windows(kept: Kept, written: tuple[Window, ...]) -> tuple[Window, ...]:
    """The windows as they were; those of the settings where nobody changed them, or none can be read."""
    found = kept.get("windows")
    try:
        if found is not None:
            return read_windows(found)
        names = {one.name.casefold() for one in written}
        added = read_windows(kept.get("dated_windows") or [])
        return (*written, *(one for one in added if one.name.casefold() not in names))
    except WindowError as error:
        log.warning("The kept windows can't be read; those of the settings hold: %s", error)
        return written


def prices_to_keep(ahead: PricesAhead) -> dict[str, object]:
    """What a kWh costs from now on."""
    return {"prices": prices.to_json(ahead)}


def kept_prices(kept: Kept) -> PricesAhead:
    """What was known of prices; nothing where it can't be read."""
    found = kept.get("prices")
    try:
        return prices.from_json(found) if found else PricesAhead()
    except (KeyError, ValueError, TypeError) as error:
        log.warning("The kept prices can't be read; the scheduler tells them again: %r", error)
        return PricesAhead()


def cars_to_keep(cars: Mapping[str, CarStatus]) -> dict[str, object]:
    """What is known of cars."""
    return {"cars": [car_to_json(known) for known in cars.values()]}


def kept_cars(kept: Kept) -> dict[str, CarStatus]:
    """What was known of each car, by VIN; nothing where it can't be read."""
    found = kept.get("cars")
    try:
        cars = [car_from_json(item) for item in found] if isinstance(found, list) else []
    except (KeyError, ValueError, TypeError) as error:
        log.warning("The kept cars can't be read; the scheduler tells them again: %r", error)
        return {}
    return {car.vin: car for car in cars}


def control_to_json(control: Control, moment: Moment) -> dict[str, object]:
    """Modes, boosts and limits as they are kept."""
    return {
        "mode": control.mode.value,
        "chargers": {key: mode.value for key, mode in control.mode_by_charger.items()},
        "boosts": [boosts.to_json(boost, moment) for boost in control.boosts],
        "limits": dict(control.limit_by_charger),
        "dimming": dimming.to_json(control.dimming, moment) if control.dimming else None,
    }


def control_from_json(kept: Any, moment: Moment, chargers: Container[str]) -> Control:
    """Modes and boosts in a new process, without chargers that are gone.

    Raises KeyError, ValueError, TypeError or AttributeError for what this version can't read.
    """
    known = (boosts.from_json(item, moment) for item in kept["boosts"])
    return Control(
        mode=Mode(kept["mode"]),
        mode_by_charger={key: Mode(word) for key, word in kept["chargers"].items() if key in chargers},
        boosts=tuple(boost for boost in known if boost.charger_id is None or boost.charger_id in chargers),
        limit_by_charger={
            key: float(amps) for key, amps in kept.get("limits", {}).items() if key in chargers
        },
        dimming=dimming.from_json(kept["dimming"], moment) if kept.get("dimming") else None,
    )


def phases_from_json(kept: Any) -> dict[str, int]:
    """How many phases each car loads, as it was kept; what can't be read is learned again."""
    if not isinstance(kept, dict):
        return {}
    return {str(car): count for car, count in kept.items() if type(count) is int and 1 <= count <= 3}


def keep_phases(kept: Kept, phases_by_car: Mapping[str, int]) -> None:
    """Keep it. A disk that does not take it costs a minute of learning after the next restart."""
    try:
        kept.put("phases", dict(phases_by_car))
    except KeepError as error:
        log.warning("The phases that a car loads were not kept: %s", error)


def car_to_json(car: CarStatus) -> dict[str, object]:
    return {
        "vin": car.vin,
        "name": car.name,
        "soc_percent": car.soc_percent,
        "limit_percent": car.limit_percent,
        "charging_state": car.charging_state,
        "plugged": car.plugged,
        "asleep": car.asleep,
        "at_wall": car.at_wall.isoformat() if car.at_wall else None,
        "note": car.note,
        "plan": dict(car.plan) if car.plan is not None else None,
        "calls": dict(car.calls) if car.calls is not None else None,
    }


def car_from_json(kept: dict[str, object]) -> CarStatus:
    at = kept.get("at_wall")
    return CarStatus(**{**kept, "at_wall": datetime.fromisoformat(str(at)) if at else None})  # type: ignore[arg-type]
