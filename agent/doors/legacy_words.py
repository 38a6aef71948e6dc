"""The house in TWCManager's words: the same names and types that its clients have always read.

The oddest of them are kept on purpose. `["12.34"]`, an array of one text, comes from a stray comma that
every release since June 2021 has had, and a plain "0.00" where the value is zero; programs in the field
parse exactly that. Numbers that can be trusted to be numbers are in our own API.

A window called OLD_WINDOW is the one that these clients set; without it the first `fast` window is shown.
Source: the observed answers of ngardiner/TWCManager at a7c84f4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.boosts import Refused
from agent.bus.frames import STATE_WORDS
from agent.doors.nouns import ChargerState, State
from agent.doors.rooms import Rooms
from agent.doors.state import state_of
from agent.model import Mode, Moment, Published, Rules
from scheduler.windows import Window

OLD_WINDOW = "TWCManager schedule"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CODES = {word: code for code, word in STATE_WORDS.items()}
CHARGE_NOW = "Charge Now"
SCHEDULED = "Scheduled Charging"
GREEN = "Track Green Energy"
NON_SCHEDULED = "Non Scheduled Charging"
POLICIES = (CHARGE_NOW, SCHEDULED, GREEN, NON_SCHEDULED)
HISTORY_STEP_S, HISTORY_ROWS = 300, 576
SESSIONS_KNOWN_S = 20.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """The one schedule that TWCManager knew. Amps are for all chargers together; bit 0 is Monday."""

    amps: float = 0.0
    start_minute: int = -1
    end_minute: int = -1
    days: frozenset[int] = frozenset(range(7))

    @property
    def is_complete(self) -> bool:
        """Whether it can be in force."""
        return self.amps > 0 and self.start_minute >= 0 and self.end_minute >= 0 and bool(self.days)


def schedule_of(windows: Sequence[Window], rules: Rules) -> Schedule:
    """The window that old clients set, or the first that charges fast; an empty one without either."""
    fast = [window for window in windows if window.enabled and window.mode is Mode.FAST]
    window = next((one for one in fast if one.name == OLD_WINDOW), next(iter(fast), None))
    if window is None:
        return Schedule()
    units = sum(window.is_for(one.charger_id, one.name) for one in rules.chargers) or 1
    amps = rules.circuit_amps if window.amps is None else min(window.amps * units, rules.circuit_amps)
    return Schedule(amps, window.from_minute, window.to_minute % 1440, window.days)


@dataclass(frozen=True, slots=True)
class Look:
    """One second of the house, as an old client may ask for it."""

    state: State
    published: Published
    rules: Rules
    schedule: Schedule
    moment: Moment

    @property
    def volts(self) -> float:
        """What turns watts into TWCManager's amps: nominal volts times phases."""
        return self.rules.volts * self.rules.site_phases

    @property
    def policy(self) -> str:
        """The name of TWCManager's policy that comes nearest to what is in force."""
        state = self.state
        if not self.published.decision.offers:
            return "None"
        if state.boost:
            return CHARGE_NOW
        if state.window:
            return SCHEDULED
        return GREEN if state.mode in (Mode.SOLAR, Mode.SOLAR_MIN) else NON_SCHEDULED

    @property
    def action(self) -> int | None:
        """1 fixed rate, 2 do not charge, 3 track green energy; None before the first decision."""
        if not self.published.decision.offers:
            return None
        if self.state.boost:
            return 1
        mode = self.state.window.mode if self.state.window else self.state.mode
        return {Mode.FAST.value: 1, Mode.OFF.value: 2}.get(mode, 3)

    @property
    def fixed_amps(self) -> int:
        """nonScheduledAmpsMax as CD's page means it: -1 green, 0 do not charge, else amps for all."""
        if self.state.mode == Mode.OFF:
            return 0
        if self.state.mode != Mode.FAST:
            return -1
        each = [one.limit_amps or one.max_amps for one in self.state.chargers if one.mode != Mode.OFF]
        return int(min(sum(each), self.rules.circuit_amps))

    @property
    def boost_amps(self) -> float:
        """The amps of a boost for all chargers together; 0 without one."""
        own = [one.boost.amps or one.max_amps for one in self.state.chargers if one.boost]
        return min(sum(own), self.rules.circuit_amps)


class OldHouse:
    """Answers in TWCManager's words. It remembers only what the house itself does not keep."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._last_vin: dict[str, str] = {}
        self._started: dict[str, datetime] = {}
        self._started_at_s = float("-inf")

    def look(self) -> Look:
        """The house now."""
        rooms, moment = self._rooms, self._rooms.clock.now()
        published, rules = rooms.published.get(), rooms.site.rules
        state = state_of(published, rooms.desk.control.get(), rules, moment, site=rooms.site.name)
        self._last_vin |= {one.id: one.vin for one in state.chargers if one.vin}
        return Look(state, published, rules, schedule_of(rooms.desk.windows.get(), rules), moment)

    def status(self) -> dict[str, Any]:
        """getStatus."""
        look = self.look()
        state = look.state
        consumed, made = state.power.house_w or 0.0, state.power.solar_w or 0.0
        out: dict[str, Any] = {
            "carsCharging": sum(one.charging for one in state.chargers),
            "chargerLoadWatts": f"{state.power.chargers_w:.2f}",
            "chargerLoadAmps": [f"{state.power.chargers_w / look.volts:.2f}"],
            "currentPolicy": look.policy,
            "maxAmpsToDivideAmongSlaves": f"{state.budget_amps:.2f}",
            "consumptionAmps": odd_amps(consumed / look.volts),
            "consumptionWatts": f"{consumed:.2f}",
            "generationAmps": odd_amps(made / look.volts),
            "generationWatts": f"{made:.2f}",
            "isGreenPolicy": "Yes" if look.policy == GREEN else "No",
            **schedule_words(look.schedule),
        }
        if state.boost:
            if state.boost.ends is not None:
                out["chargeNowTimeEnd"] = state.boost.ends.timestamp()
            out["chargeNowAmps"] = look.boost_amps
        return out

    def slaves(self) -> dict[str, Any]:
        """getSlaveTWCs: one member for each unit in a steady order, and `total` last."""
        look = self.look()
        units = {one.id: self._slave(one, look) for one in look.state.chargers}
        total = {
            "carsCharging": sum(unit["carsCharging"] for unit in units.values()),
            "lastAmpsOffered": round(sum(unit["lastAmpsOffered"] for unit in units.values()), 2),
            "lifetimekWh": sum(unit["lifetimekWh"] for unit in units.values()),
            "maxAmps": min((unit["maxAmps"] for unit in units.values()), default=0.0),
            "reportedAmpsActual": sum(unit["reportedAmpsActual"] for unit in units.values()),
            "TWCID": "total",
        }
        return {**units, "total": total}

    def last_vin(self, charger_id: str) -> str:
        """The car that was last seen on a charger, empty when none was."""
        return self._last_vin.get(charger_id, "")

    def history(self) -> list[dict[str, Any]]:
        """getHistory: 576 rows of five minutes, oldest first; none while the time is unknown."""
        wall = self._rooms.clock.now().wall
        if wall is None:
            return []
        end = wall.replace(minute=wall.minute // 5 * 5, second=0, microsecond=0)
        starts = [end - timedelta(seconds=HISTORY_STEP_S * back) for back in range(HISTORY_ROWS, 0, -1)]
        rows = self._rooms.history.history(starts[0], end, HISTORY_STEP_S)
        watts = {datetime.fromisoformat(str(row["at"])).timestamp(): row.get("chargers_w") for row in rows}
        return [
            {
                "timestamp": start.isoformat(timespec="seconds"),
                "charger_power": watts.get(start.timestamp()) or 0,
            }
            for start in starts
        ]

    def config(self) -> dict[str, Any]:
        """getConfig: the limits, and nothing that is secret."""
        rules = self._rooms.site.rules
        each = max((one.max_amps for one in rules.chargers), default=rules.circuit_amps)
        return {
            "config": {
                "wiringMaxAmpsAllTWCs": rules.circuit_amps,
                "wiringMaxAmpsPerTWC": each,
                "minAmpsPerTWC": least_amps(rules),
                "defaultVoltage": rules.volts,
                "numberOfPhases": rules.site_phases,
            }
        }

    def _slave(self, one: ChargerState, look: Look) -> dict[str, Any]:
        volts = [round(volt) for volt in (*(one.volts_by_phase or ()), 0, 0, 0)[:3]]
        protocols = {status.charger_id: status.protocol for status in look.published.bus.chargers}
        out: dict[str, Any] = {
            "TWCID": one.id,
            "carsCharging": int(one.charging),
            "chargerLoadInW": round(one.drawn_w),
            "currentVIN": one.vin,
            "lastVIN": self.last_vin(one.id),
            "lastAmpsOffered": round(one.offered_amps, 2),
            "lastHeartbeat": round(one.heard_s or 0.0, 2),
            "lifetimekWh": round((one.energy_wh or 0.0) / 1000, 2),
            "maxAmps": float(one.rating_amps or one.max_amps),
            "reportedAmpsActual": float(one.drawn_amps),
            "state": state_code(one.state),
            "version": protocols.get(one.id) or 2,
            **dict(zip(("voltsPhaseA", "voltsPhaseB", "voltsPhaseC"), volts, strict=True)),
            "chargeTime": self._charge_time(one, look.moment),
        }
        if one.car:
            out |= {
                "lastAtHome": True,
                "lastBatterySOC": one.car.soc_percent,
                "lastChargeLimit": one.car.limit_percent,
                "lastTimeToFullCharge": 0,
            }
        return out

    def _charge_time(self, one: ChargerState, moment: Moment) -> str:
        if not one.charging or moment.wall is None:
            return "--:--:--"
        if moment.mono_s - self._started_at_s > SESSIONS_KNOWN_S:
            self._started_at_s, self._started = moment.mono_s, self._open_sessions(moment.wall)
        start = self._started.get(one.id)
        if start is None:
            return "--:--:--"
        return str(timedelta(seconds=max(0, int((moment.wall - start).total_seconds()))))

    def _open_sessions(self, wall: datetime) -> dict[str, datetime]:
        try:
            rows = self._rooms.history.sessions(wall - timedelta(days=2), wall)
        except Refused:
            return {}
        return {
            str(row["charger"]): datetime.fromisoformat(str(row["started"]))
            for row in rows
            if row["ended"] is None
        }


def odd_amps(amps: float) -> list[str] | str:
    """An array of one text, and a plain text where it is zero."""
    return "0.00" if amps == 0 else [f"{amps:.2f}"]


def least_amps(rules: Rules) -> float:
    """minAmpsPerTWC."""
    return max((one.min_amps for one in rules.chargers), default=6.0)


def state_code(word: str) -> int:
    """A state's number on the bus."""
    if word.startswith("unknown_"):
        return int(word.removeprefix("unknown_"), 16)
    return CODES.get(word, 0)


def schedule_words(schedule: Schedule) -> dict[str, Any]:
    """The schedule's part of getStatus; minutes are true ones."""
    on = schedule.is_complete
    start, end = (schedule.start_minute, schedule.end_minute) if on else (-1, -1)
    return {
        "scheduledChargingStartHour": start // 60 if on else -1,
        "scheduledChargingFlexStart": start / 60 if on else -1,
        "scheduledChargingEndHour": end / 60 if on else -1,
        "ScheduledCharging": {
            "enabled": on,
            "amps": int(schedule.amps),
            "startingMinute": start,
            "endingMinute": end,
            **{day: on and number in schedule.days for number, day in enumerate(DAYS)},
            "flexStartEnabled": False,
            "flexStartingMinute": -1,
            "flexEndingMinute": -1,
            **{f"flex{day.capitalize()}": False for day in DAYS},
            "flexBatterySize": 100,
        },
    }
