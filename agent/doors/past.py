"""What is remembered, as the rows that doors hand out: plain JSON values, units in names, ISO times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from agent.boosts import Refused
from agent.doors.rooms import Row, Span
from agent.history.charts import ChargerRow, HouseRow
from agent.history.reader import HistoryError, KeptChange, KeptEvent, Reader
from agent.history.sessions import Session
from agent.model import Price

END_WORDS = {
    "": "",
    "unplugged": "The car was unplugged.",
    "stopped_drawing": "The car stopped taking power.",
    "other_car": "Another car was plugged in.",
    "not_watched": "Nobody watched for a while.",
}


class Past:
    """Answers doors from the history's reader. Raises Refused with one sentence."""

    def __init__(
        self, reader: Reader, names: Mapping[str, str], flat: Callable[[], Price | None] = lambda: None
    ) -> None:
        """`flat`: the settings' prices, for what was charged while no other price was known."""
        self._reader = reader
        self._names = names
        self._flat = flat

    def history(self, start: datetime, end: datetime, step_s: int) -> Sequence[Row]:
        """Mean watts and energies of the house and each charger in steps."""
        try:
            return [_stretch(row, self._flat()) for row in self._reader.history(start, end, step_s)]
        except HistoryError as error:
            raise _refused(error) from None

    def sessions(self, start: datetime, end: datetime) -> Sequence[Row]:
        """Charging sessions that touch the span."""
        try:
            return [self._session(one) for one in self._reader.sessions(start, end)]
        except HistoryError as error:
            raise _refused(error) from None

    def events(self, after_id: int, limit: int, span: Span | None = None) -> Sequence[Row]:
        """Events after an id, or the newest ones for a negative id; with a span those in it."""
        after = None if after_id < 0 else after_id
        try:
            return [_event(one) for one in self._reader.events(after, limit, span=span)]
        except HistoryError as error:
            raise _refused(error) from None

    def decisions(self, start: datetime, end: datetime, charger_id: str | None, limit: int) -> Sequence[Row]:
        """Why offers changed, each with the rules behind it."""
        try:
            return [_change(one) for one in self._reader.decisions(start, end, charger_id, limit)]
        except HistoryError as error:
            raise _refused(error) from None

    def _session(self, one: Session) -> Row:
        return {
            "id": one.key,
            "charger": one.charger_id,
            "name": self._names.get(one.charger_id, one.charger_id),
            "started": _iso(one.start.wall),
            "ended": _iso(one.end.wall) if one.end else None,
            "charged_s": round(one.charged_s),
            "energy_wh": round(one.energy_wh),
            "solar_wh": round(one.sun_wh),
            "battery_wh": round(one.battery_wh),
            "grid_wh": round(one.grid_wh),
            "solar_share_percent": round(100 * one.sun_wh / one.energy_wh, 1) if one.energy_wh else None,
            **self._money_of(one),
            "peak_amps": round(one.peak_amps, 1),
            "vin": one.vin,
            "start_reason": one.start_reason,
            "end_reason": END_WORDS.get(one.end_reason, one.end_reason),
            "note": one.note,
        }

    def _money_of(self, one: Session) -> Row:
        flat = self._flat()
        usable = flat if flat and one.currency in ("", flat.currency) else None
        priced_wh, cost, saved = _priced(one, usable)
        if priced_wh < one.energy_wh / 2:
            return {"cost": None, "saved": None, "currency": None}
        currency = one.currency or (flat.currency if flat else "")
        return {"cost": round(cost, 2), "saved": round(saved, 2), "currency": currency}


def _priced(one: Session | ChargerRow, flat: Price | None) -> tuple[float, float, float]:
    """Watt-hours with a price, what they cost, what was saved; the flat price for those without another."""
    missing_wh = one.energy_wh - one.priced_wh
    if flat is None or missing_wh < 1.0:
        return one.priced_wh, one.cost, one.saved
    own_kwh = (one.sun_wh + one.battery_wh) * missing_wh / one.energy_wh / 1000
    sell = flat.sell_per_kwh or 0.0
    cost = (missing_wh / 1000 - own_kwh) * flat.buy_per_kwh + own_kwh * sell
    return one.energy_wh, one.cost + cost, one.saved + own_kwh * (flat.buy_per_kwh - sell)


def _refused(error: HistoryError) -> Refused:
    return Refused(409 if error.asker else 503, str(error))


def _iso(wall: datetime | None) -> str | None:
    return wall.isoformat(timespec="seconds") if wall else None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _stretch(row: HouseRow, flat: Price | None) -> Row:
    return {
        "at": _iso(row.at_wall),
        "step_s": row.step_s,
        "seconds": row.seconds,
        "grid_w": _whole(row.grid_w),
        "solar_w": _whole(row.solar_w),
        "battery_w": _whole(row.battery_w),
        "house_w": _whole(row.house_w),
        "chargers_w": _whole(row.chargers_w),
        "soc_percent": row.soc_percent,
        "import_wh": round(row.import_wh),
        "export_wh": round(row.export_wh),
        "solar_wh": round(row.solar_wh),
        "discharged_wh": round(row.discharged_wh),
        "charged_wh": round(row.charged_wh),
        "house_wh": round(row.house_wh),
        "chargers_wh": round(row.chargers_wh),
        "buy_per_kwh": _price(row.buy_per_kwh),
        "sell_per_kwh": _price(row.sell_per_kwh),
        "chargers": {charger_id: _charger(one, flat) for charger_id, one in row.chargers.items()},
    }


def _price(per_kwh: float | None) -> float | None:
    return None if per_kwh is None else round(per_kwh, 5)


def _charger(row: ChargerRow, flat: Price | None) -> Row:
    priced_wh, cost, saved = _priced(row, flat)
    return {
        "offered_amps": round(row.offered_amps, 2),
        "drawn_amps": round(row.drawn_amps, 2),
        "watts": round(row.watts),
        "energy_wh": round(row.energy_wh),
        "solar_wh": round(row.sun_wh),
        "battery_wh": round(row.battery_wh),
        "grid_wh": round(row.grid_wh),
        "priced_wh": round(priced_wh),
        "cost": round(cost, 5),
        "saved": round(saved, 5),
    }


def _event(one: KeptEvent) -> Row:
    return {
        "id": one.id,
        "at": _iso(one.at_wall),
        "kind": one.kind,
        "severity": one.severity,
        "subject": one.subject,
        "recovers": one.recovers,
        "sentence": one.sentence,
        "data": dict(one.data),
    }


def _change(one: KeptChange) -> Row:
    return {
        "id": one.id,
        "at": _iso(one.at_wall),
        "charger": one.charger_id,
        "before_amps": one.before_amps,
        "after_amps": one.after_amps,
        "reason": one.reason,
        "steps": [
            {"rule": rule, "before_amps": before, "after_amps": after, "why": why}
            for rule, before, after, why in one.steps
        ],
    }
