"""What is remembered, as the rows that doors hand out: plain JSON values, units in names, ISO times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from agent.boosts import Refused
from agent.doors.rooms import Row
from agent.history.charts import ChargerRow, HouseRow
from agent.history.reader import HistoryError, KeptChange, KeptEvent, Reader
from agent.history.sessions import Session

END_WORDS = {
    "": "",
    "unplugged": "The car was unplugged.",
    "stopped_drawing": "The car stopped taking power.",
    "other_car": "Another car was plugged in.",
    "not_watched": "Nobody watched for a while.",
}


class Past:
    """Answers doors from the history's reader. Raises Refused with one sentence."""

    def __init__(self, reader: Reader, names: Mapping[str, str]) -> None:
        self._reader = reader
        self._names = names

    def history(self, start: datetime, end: datetime, step_s: int) -> Sequence[Row]:
        """Mean watts and energies of the house and each charger in steps."""
        try:
            return [_stretch(row) for row in self._reader.history(start, end, step_s)]
        except HistoryError as error:
            raise _refused(error) from None

    def sessions(self, start: datetime, end: datetime) -> Sequence[Row]:
        """Charging sessions that touch the span."""
        try:
            return [self._session(one) for one in self._reader.sessions(start, end)]
        except HistoryError as error:
            raise _refused(error) from None

    def events(self, after_id: int, limit: int) -> Sequence[Row]:
        """Events after an id, or the newest ones for a negative id."""
        try:
            return [_event(one) for one in self._reader.events(None if after_id < 0 else after_id, limit)]
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
            "peak_amps": round(one.peak_amps, 1),
            "vin": one.vin,
            "start_reason": one.start_reason,
            "end_reason": END_WORDS.get(one.end_reason, one.end_reason),
            "note": one.note,
        }


def _refused(error: HistoryError) -> Refused:
    return Refused(409 if error.asker else 503, str(error))


def _iso(wall: datetime | None) -> str | None:
    return wall.isoformat(timespec="seconds") if wall else None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _stretch(row: HouseRow) -> Row:
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
        "chargers": {charger_id: _charger(one) for charger_id, one in row.chargers.items()},
    }


def _charger(row: ChargerRow) -> Row:
    return {
        "offered_amps": round(row.offered_amps, 2),
        "drawn_amps": round(row.drawn_amps, 2),
        "watts": round(row.watts),
        "energy_wh": round(row.energy_wh),
        "solar_wh": round(row.sun_wh),
        "battery_wh": round(row.battery_wh),
        "grid_wh": round(row.grid_wh),
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
