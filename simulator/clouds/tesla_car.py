"""One car as its maker's cloud sees it: charge, limit, schedule, sleep. The world around sets its cable.

It falls asleep after a quarter of an hour without charging and without anybody reading its data; asking
only whether it is awake doesn't count. Awake again takes `wake_s` from a wake-up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SLEEPS_AFTER_S = 900.0
NUMBER_BASE = 3744000111222333


@dataclass
class CloudCar:
    """One car. `offered_amps` and `plugged` are its cable's; the rest is its own."""

    vin: str = "5YJ3E1EA7KF000042"
    name: str = "Comet"
    number: int = NUMBER_BASE
    soc_percent: float = 54.0
    limit_percent: int = 80
    request_amps: int = 32
    request_max_amps: int = 32
    plugged: bool = False
    offered_amps: float = 0.0
    stopped: bool = False  # by its driver or by a command
    owner_stopped: bool | None = None
    schedule_pending: bool = False
    override: bool = False
    managed: bool = False
    needs_signing: bool = True
    mobile_access: bool = True
    obeys: bool = True  # says yes, but does nothing
    wake_s: float = 20.0
    schedules: list[dict[str, Any]] = field(default_factory=list)
    busy_s: float = 0.0
    waking_until_s: float | None = None
    told: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def charging_state(self) -> str:
        """The maker's word."""
        if not self.plugged:
            return "Disconnected"
        if self.soc_percent >= self.limit_percent:
            return "Complete"
        if self.stopped or (self.schedule_pending and not self.override):
            return "Stopped"
        return "NoPower" if self.offered_amps < 5 or self.request_amps < 1 else "Charging"

    @property
    def drawn_amps(self) -> float:
        """What it takes of what it is offered."""
        if self.charging_state != "Charging":
            return 0.0
        return min(self.offered_amps, self.request_amps)

    def plug(self, now_s: float, offered_amps: float = 0.0) -> None:
        """The cable goes in: it is awake, and its driver's stop is forgotten."""
        self.plugged, self.offered_amps = True, offered_amps
        self.stopped, self.owner_stopped, self.override = False, None, False
        self.busy_s, self.waking_until_s = now_s, None

    def unplug(self, now_s: float) -> None:
        """The cable goes out."""
        self.plugged, self.offered_amps, self.busy_s = False, 0.0, now_s

    def awake(self, now_s: float) -> bool:
        """Whether it can be read now."""
        if self.waking_until_s is not None and now_s >= self.waking_until_s:
            self.busy_s, self.waking_until_s = max(self.busy_s, self.waking_until_s), None
        if self.charging_state == "Charging":
            self.busy_s = now_s
        return now_s - self.busy_s < SLEEPS_AFTER_S

    def wake(self, now_s: float) -> None:
        """Somebody wants it awake."""
        if not self.awake(now_s) and self.waking_until_s is None:
            self.waking_until_s = now_s + self.wake_s

    def do(self, name: str, form: Any) -> str:
        """Follow a command. Answers "" or the car's reason why not."""
        self.told.append((name, next(iter(form.values()), None)))
        reason = self._reason(name, form)
        if not reason and self.obeys:
            self._change(name, form)
        return reason

    def _reason(self, name: str, form: Any) -> str:
        state = self.charging_state
        if name in ("charge_start", "charge_stop") and state == "Disconnected":
            return "disconnected"
        if name == "charge_start":
            return {"Charging": "is_charging", "Complete": "complete"}.get(state, "")
        if name == "charge_stop":
            return "" if state == "Charging" else "not_charging"
        if name == "set_charge_limit" and int(form["percent"]) == self.limit_percent:
            return "already_set"
        return ""

    def _change(self, name: str, form: Any) -> None:
        if name == "charge_start":
            self.stopped, self.override = False, self.schedule_pending
        elif name == "charge_stop":
            self.stopped = True
        elif name == "set_charging_amps":
            asked = int(form["charging_amps"])
            again = len(self.told) > 1 and self.told[-2] == self.told[-1]
            self.request_amps = asked if asked >= 5 or asked == 0 or again else 5
        elif name == "set_charge_limit":
            self.limit_percent = min(max(int(form["percent"]), 50), 100)

    def data(self, now_s: float) -> dict[str, Any]:
        """`vehicle_data`; it keeps the car awake."""
        self.busy_s = now_s
        charging = self.charging_state == "Charging"
        charge = {
            "timestamp": int(now_s * 1000),
            "charging_state": self.charging_state,
            "battery_level": int(self.soc_percent),
            "charge_limit_soc": self.limit_percent,
            "charge_limit_soc_min": 50,
            "charge_amps": self.request_amps,
            "charge_current_request": self.request_amps,
            "charge_current_request_max": self.request_max_amps,
            "charger_actual_current": int(self.drawn_amps),
            "charger_voltage": 241 if charging else 2,
            "charger_phases": 1 if charging else None,
            "charge_enable_request": charging,
            "user_charge_enable_request": False if self.owner_stopped else None,
            "charging_schedule_override": self.override,
            "scheduled_charging_mode": "StartAt" if self.schedule_pending else "Off",
            "scheduled_charging_pending": self.schedule_pending and not self.override,
            "scheduled_charging_start_time_minutes": 1380,
            "managed_charging_active": self.managed,
            "minutes_to_full_charge": 195 if charging else 0,
            "charge_port_door_open": self.plugged,
        }
        return self.summary(now_s) | {
            "charge_state": charge,
            "charge_schedule_data": {"charge_schedules": self.schedules},
        }

    def summary(self, now_s: float) -> dict[str, Any]:
        """The row of the car in lists; asking for it changes nothing."""
        return {
            "id": self.number,
            "id_s": str(self.number),
            "vehicle_id": 1689000444,
            "vin": self.vin,
            "display_name": self.name,
            "access_type": "OWNER",
            "state": "online" if self.awake(now_s) else "asleep",
            "in_service": False,
            "command_signing": "required" if self.needs_signing else "off",
        }
