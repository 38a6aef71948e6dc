"""What the bus says about a car: at which charger it is, and what it draws. No cloud, no GPS. Pure.

A charger with protocol 2 tells its car's VIN. Where none is told, a car is at the charger that its settings
name; in a house with one car and one charger, it is that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scheduler.cars.settings import CarSettings

DRAWS_FROM_AMPS = 1.0


@dataclass(frozen=True, slots=True)
class Sight:
    """One car as the bus sees it now. `certain` false: nothing can be told, so nothing has changed."""

    here: bool = False
    certain: bool = True
    charger_id: str = ""
    charger: str = ""
    drawn_amps: float = 0.0
    offered_amps: float = 0.0
    min_amps: float = 6.0
    max_amps: float = 32.0
    energy_wh: float | None = None
    mode: str = "solar"
    boost: Mapping[str, Any] | None = None

    @property
    def drawing(self) -> bool:
        """Whether it takes power."""
        return self.drawn_amps > DRAWS_FROM_AMPS


def see(car: CarSettings, state: Mapping[str, Any], was_at: str, cars: int) -> Sight:
    """Where a car is, from the agent's `GET /state`. `was_at`: the charger of the last look."""
    chargers = [one for one in state.get("chargers", []) if isinstance(one, dict)]
    row = _row_of(car, chargers, cars)
    if row is not None:
        return _sight(row)
    before = next((one for one in chargers if was_at and one.get("id") == was_at), None)
    lost = was_at and (before is None or before.get("linked") is False)
    unsure = before is not None and not before.get("vin") and before.get("plugged") is None
    return Sight(certain=not (lost or unsure or not chargers))


def guests(state: Mapping[str, Any], vins: Sequence[str]) -> list[tuple[str, str, str]]:
    """Cars at our chargers that are not in the settings: charger id, its name, VIN."""
    return [
        (str(one["id"]), str(one.get("name") or one["id"]), str(one["vin"]))
        for one in state.get("chargers", [])
        if isinstance(one, dict)
        and one.get("vin")
        and one["vin"] not in vins
        and one.get("plugged") is not False
    ]


def _row_of(car: CarSettings, chargers: Sequence[Mapping[str, Any]], cars: int) -> Mapping[str, Any] | None:
    for one in chargers:
        if one.get("vin") == car.vin and one.get("plugged") is not False:
            return one
    unnamed = [one for one in chargers if not one.get("vin") and (one.get("plugged") or one.get("charging"))]
    for one in unnamed:
        if one.get("id") == car.charger or (not car.charger and cars == 1 and len(chargers) == 1):
            return one
    return None


def _sight(row: Mapping[str, Any]) -> Sight:
    return Sight(
        here=True,
        charger_id=str(row.get("id", "")),
        charger=str(row.get("name") or f"charger {row.get('id')}"),
        drawn_amps=_number(row.get("drawn_amps"), 0.0),
        offered_amps=_number(row.get("offered_amps"), 0.0),
        min_amps=_number(row.get("min_amps"), 6.0),
        max_amps=_number(row.get("max_amps"), 32.0),
        energy_wh=row.get("energy_wh"),
        mode=str(row.get("mode") or "solar"),
        boost=row.get("boost"),
    )


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else otherwise
