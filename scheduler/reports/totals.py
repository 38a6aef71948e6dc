"""Sums of what went into the cars, where it came from, what it cost; how full the house battery was. Pure.

The agent's history knows what each stretch cost and saved (docs/history.md says how it counts), so a letter
says what the page says. What was charged at an unknown price is apart as `unpriced_wh`, and never free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from typing import Any

from scheduler.reports.periods import Period

Json = dict[str, Any]
HARDLY_WH = 50.0
COLUMNS = ("energy_wh", "solar_wh", "battery_wh", "grid_wh", "cost", "saved", "priced_wh")
SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD"}


@dataclass(frozen=True, slots=True)
class Totals:
    """Energy into all cars and its sources in Wh; money in the house's currency, for what has a price."""

    charged_wh: float = 0.0
    solar_wh: float = 0.0
    battery_wh: float = 0.0
    grid_wh: float = 0.0
    cost: float = 0.0
    saved: float = 0.0
    unpriced_wh: float = 0.0

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))

    def to_json(self) -> Json:
        """As `from_json` reads it."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def from_json(found: object) -> Totals | None:
    """What `to_json` made; None for anything else."""
    if not isinstance(found, dict):
        return None
    try:
        return Totals(**{name: float(value) for name, value in found.items()})
    except (TypeError, ValueError):
        return None


def summed(rows: Iterable[Mapping[str, Any]]) -> Totals:
    """Rows of the agent's history."""
    total = Totals()
    for row in rows:
        chargers = row.get("chargers")
        parts = list(chargers.values()) if isinstance(chargers, dict) else []
        charged, solar, battery, grid, cost, saved, priced = (
            sum(float(one.get(name) or 0.0) for one in parts) for name in COLUMNS
        )
        total += Totals(charged, solar, battery, grid, cost, saved, max(0.0, charged - priced))
    return total


@dataclass(frozen=True, slots=True)
class Charge:
    """How full the house's battery was over a span: percent, of means over the history's steps."""

    least: float
    mean: float
    most: float

    def to_json(self) -> Json:
        """The event's figures."""
        return {f"battery_{name}_percent": round(value) for name, value in asdict(self).items()}

    @property
    def words(self) -> str:
        """The letter's sentence."""
        return (
            f"The house battery was at {self.least:.0f} to {self.most:.0f} %, {self.mean:.0f} % on average."
        )


def charge_of(rows: Iterable[Mapping[str, Any]]) -> Charge | None:
    """The battery's charge over rows of the agent's history; None where nobody measured it."""
    known = [float(row["soc_percent"]) for row in rows if row.get("soc_percent") is not None]
    return Charge(min(known), sum(known) / len(known), max(known)) if known else None


def starts(sessions: Iterable[Mapping[str, Any]], begin_s: float, end_s: float) -> int:
    """How many charging sessions began in the span."""
    began = (
        datetime.fromisoformat(str(one["started"])).timestamp() for one in sessions if one.get("started")
    )
    return sum(1 for start_s in began if begin_s <= start_s < end_s)


def data_of(total: Totals, started: int, currency: str) -> Json:
    """The event's figures, units in names; without a currency there is no money in it."""
    found: Json = {
        "charged_wh": round(total.charged_wh),
        "solar_wh": round(total.solar_wh),
        "battery_wh": round(total.battery_wh) if total.battery_wh >= HARDLY_WH else None,
        "grid_wh": round(total.grid_wh),
        "solar_share_percent": _share(total),
        "starts": started,
    }
    if currency and total.unpriced_wh < total.charged_wh:
        unit = _code(currency).lower()
        found |= {f"cost_{unit}": round(total.cost, 2), f"saved_{unit}": round(total.saved, 2)}
        if total.unpriced_wh >= HARDLY_WH:
            found["without_a_price_wh"] = round(total.unpriced_wh)
    return {name: value for name, value in found.items() if value is not None}


def in_words(period: Period, total: Totals, currency: str) -> str:
    """The letter's sentence."""
    when = _when(period)
    if total.charged_wh < HARDLY_WH:
        return f"Nothing was charged {when}."
    says = f"{total.charged_wh / 1000:.1f} kWh were charged {when}, {_share(total)} % of it from the sun."
    if not currency or total.unpriced_wh >= total.charged_wh:
        return says
    unit = _code(currency)
    less = f", {total.saved:.2f} {unit} less than from the grid alone" if total.saved >= 0.005 else ""
    known = total.charged_wh - total.unpriced_wh
    which = f"The {known / 1000:.1f} kWh with a known price" if total.unpriced_wh >= HARDLY_WH else "It"
    return f"{says} {which} cost {total.cost:.2f} {unit}{less}."


def _when(period: Period) -> str:
    first, last = period.first, period.last
    if period.kind == "end_of_day":
        return f"in the day up to the evening of {last:%A}, {last.day} {last:%B}"
    if period.kind == "monthly_report":
        return f"in {first:%B %Y}"
    return f"in the week from {first.day} {first:%B} to {last.day} {last:%B}"


def _share(total: Totals) -> int | None:
    return round(100 * total.solar_wh / total.charged_wh) if total.charged_wh > 0 else None


def _code(currency: str) -> str:
    return SYMBOLS.get(currency, currency).strip()
