"""What the JSON of a car means: Tesla's `vehicle_data` (Owner, Fleet and Bluetooth spellings). Pure.

    {"charge_state": {"charging_state": "Stopped", "battery_level": 54, "charge_limit_soc": 80, ...},
     "charge_schedule_data": {"charge_schedules": [{"days_of_week": 62, "start_time": 1380, ...}]}}

`timestamp` is in milliseconds, over Bluetooth in seconds. Enums come plain ("Off") or with their type's
name in front ("ScheduledChargingModeOff"), and "<invalid>" means nothing. Since 2024 the app writes its
schedules into `charge_schedule_data` (a bit for each weekday, Sunday is 1), and the older fields may
say "Off" beside them; an older car has only those.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo

from scheduler.cars.model import ChargeReading, Values
from scheduler.wallclock import write_days, write_minute

UNPLUGGED = ("Disconnected", "Unknown", "")
MILLISECONDS_FROM = 1e11  # as seconds that would be in the year 5138


def charge_reading(data: Values, source: str, asked_at: datetime) -> ChargeReading:
    """The meaning of one `vehicle_data` answer; `asked_at` (aware) is used where it tells no time."""
    charge = _table(data.get("charge_state"))
    zone = asked_at.tzinfo
    state = _word(charge.get("charging_state"))
    schedule, departure = _schedules(charge, _table(data.get("charge_schedule_data")), zone)
    return ChargeReading(
        at=_time(charge.get("timestamp"), zone) or asked_at,
        source=source,
        charging_state=state,
        soc_percent=_within(charge.get("battery_level"), 0, 100),
        limit_percent=_within(charge.get("charge_limit_soc"), 1, 100),
        lowest_limit_percent=_within(charge.get("charge_limit_soc_min"), 1, 100) or 50.0,
        request_amps=_within(charge.get("charge_current_request"), 0, 100),
        request_max_amps=_within(charge.get("charge_current_request_max"), 0, 100),
        actual_amps=_within(charge.get("charger_actual_current"), 0, 500),
        volts=_within(charge.get("charger_voltage"), 0, 1000),
        plugged=None if "charging_state" not in charge else state not in UNPLUGGED,
        schedule=schedule,
        departure=departure,
        schedule_pending=charge.get("scheduled_charging_pending") is True,
        override=charge.get("charging_schedule_override") is True,
        owner_stopped=charge.get("user_charge_enable_request") is False,
        managed=charge.get("managed_charging_active") is True,
        minutes_left=_within(charge.get("minutes_to_full_charge"), 0, 100000),
    )


def _schedules(charge: Values, newer: Values, zone: tzinfo | None) -> tuple[str, str]:
    """What the app itself plans: when it starts to charge, and when it wants to be ready; words or ""."""
    mode = _word(charge.get("scheduled_charging_mode")).removeprefix("ScheduledChargingMode")
    starts = list(_newer_schedules(newer.get("charge_schedules")))
    if not starts and mode == "StartAt":
        starts = [_clock(charge, "scheduled_charging_start_time", zone)]
    departure = ""
    if mode == "DepartBy":
        departure = _clock(charge, "scheduled_departure_time", zone)
    return " and ".join(filter(None, starts)), departure


def _newer_schedules(rows: object) -> Iterator[str]:
    for row in rows if isinstance(rows, list) else ():
        if (
            not isinstance(row, dict)
            or row.get("enabled") is not True
            or row.get("start_enabled") is not True
        ):
            continue
        minute = _within(row.get("start_time"), 0, 1439)
        if minute is not None:
            days = write_days(frozenset(_weekdays(row.get("days_of_week"))))
            yield f"{write_minute(int(minute))}{f' {days}' if days not in ('', 'daily') else ''}"


def _weekdays(bits: object) -> Iterable[int]:
    """Weekdays (Monday is 0) of Tesla's bits (Sunday is 1, Monday 2 ... Saturday 64)."""
    number = bits if isinstance(bits, int) and not isinstance(bits, bool) else 0
    return ((bit - 1) % 7 for bit in range(7) if number >> bit & 1)


def _clock(charge: Values, name: str, zone: tzinfo | None) -> str:
    """A time of day: from minutes after midnight, or from an instant."""
    minute = _within(charge.get(f"{name}_minutes"), 0, 1439)
    if minute is not None:
        return write_minute(int(minute))
    instant = _time(charge.get(name), zone)
    return f"{instant:%H:%M}" if instant else "a set time"


def _time(value: object, zone: tzinfo | None) -> datetime | None:
    number = _within(value, 1e9, 1e14)
    if number is None:
        return None
    seconds = number / 1000 if number > MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, zone or UTC) if seconds < 1e10 else None


def _word(value: object) -> str:
    return value if isinstance(value, str) and value != "<invalid>" else ""


def _within(value: object, least: float, most: float) -> float | None:
    """A number that can be, or None: a car's nonsense is "it did not say"."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if least <= value <= most else None


def _table(value: object) -> Values:
    return value if isinstance(value, dict) else {}
