"""TWCManager's orders, carried out by the desk under the same hard limits as everything else.

TWCManager gave amps to all units together; here each charger has its own. An order for N amps is divided:
whole amps, chargers with a car first, and nobody gets less than a car can take.

The old HTTP API, the old MQTT topics and the PHP page share one LegacyOrders, as they shared one program: a
schedule that one of them has half set is completed by another. What it has to remember survives restarts.
"""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.boosts import LONGEST_BOOST_S, BoostAsk, Refused
from agent.doors.legacy_memory import KEPT, remembered, to_json
from agent.doors.legacy_words import (
    CHARGE_NOW,
    GREEN,
    NON_SCHEDULED,
    OLD_WINDOW,
    POLICIES,
    SCHEDULED,
    OldHouse,
    Schedule,
)
from agent.doors.orders import lift_limits, set_for_all, stop
from agent.doors.rooms import Rooms
from agent.doors.settings import LegacySettings
from agent.keeping import KeepError
from agent.model import ChargerRules, Event, Mode, Reading, Role
from scheduler.wallclock import write_days, write_minute

log = logging.getLogger(__name__)

DAY_S = 86400
OFFSET_MAX_AGE_S = 600.0  # scripts push every few minutes
CLOCK = re.compile(r"(-1|\d{1,2}):(\d\d)")
BAD_NAME = re.compile(r"[@#$%^&*\"+<>;/]")
SETTINGS = (
    "nonScheduledAction",
    "nonScheduledAmpsMax",
    "scheduledAmpsMax",
    "scheduledAmpsStartHour",
    "scheduledAmpsEndHour",
    "scheduledAmpsDaysBitmap",
)
FIXED, NOTHING, SUN = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Offset:
    """A named number of amps or watts that a script told us; positive is consumption."""

    value: float
    unit: str
    at_mono_s: float


def shares(amps: float, chargers: Sequence[ChargerRules]) -> dict[str, float]:
    """Whole amps for as many chargers as can be served, the first ones first. Raises Refused."""
    for count in range(len(chargers), 0, -1):
        served = chargers[:count]
        each = math.floor(amps / count)
        if all(each >= one.min_amps for one in served):
            return {one.charger_id: min(float(each), one.max_amps) for one in served}
    least = min((one.min_amps for one in chargers), default=6.0)
    raise Refused(409, f"{amps:g} A is too little for any charger: send {least:g} A or more, or 0.")


class LegacyOrders:
    """What old clients may order; any thread may use it. `by` is who asked, for the journal.

    Every order raises Refused.
    """

    def __init__(self, rooms: Rooms, *, cancel_means_stop: bool = False) -> None:
        self.old = OldHouse(rooms)
        self._rooms = rooms
        self._cancel_means_stop = cancel_means_stop
        self._lock = threading.RLock()
        self._known = remembered(rooms.kept.get(KEPT))
        self.offsets: dict[str, Offset] = {}

    def _remember(self, **changes: Any) -> None:
        """Keep it through restarts; a disk that refuses costs no order, only this."""
        with self._lock:
            known = replace(self._known, **changes)
            if known == self._known:
                return
            self._known = known
            try:
                self._rooms.kept.put(KEPT, to_json(known))
            except KeepError as error:
                log.warning("What the old orders need to remember is lost at the next restart: %s", error)

    # --- charge now ---

    def charge_now(self, amps: float, seconds: float, by: str) -> tuple[int, int]:
        """A boost of so many amps for all chargers together; the amps and seconds really used."""
        if amps <= 0 or seconds <= 0:
            raise Refused(422, "chargeNowRate and chargeNowDuration must be above zero.")
        rules, desk = self._rooms.site.rules, self._rooms.desk
        seconds = int(min(max(1, seconds), LONGEST_BOOST_S))
        served = shares(min(int(amps), rules.circuit_amps), self._who_first())
        for charger in rules.chargers:
            if charger.charger_id not in served:
                desk.end_boost(charger.charger_id, by)
        for key, each in served.items():
            desk.start_boost(BoostAsk(amps=each, for_s=seconds, charger_id=key), by)
        return int(sum(served.values())), seconds

    def charge_now_cancel(self, by: str) -> None:
        """The boost ends; where openWB is in charge, that means off until the next one."""
        self._rooms.desk.end_boost(None, by)
        if self._cancel_means_stop:
            stop(self._rooms, None, by)

    # --- what holds otherwise ---

    def fixed(self, amps: int, by: str) -> None:
        """nonScheduledAmpsMax as CD's page means it: -1 the sun, 0 nothing, else amps for all chargers."""
        rooms = self._rooms
        if amps < -1:
            raise Refused(422, f"{amps} A is not possible: send -1 for the sun, 0 for nothing, or amps.")
        if amps <= 0:
            set_for_all(rooms, Mode.OFF if amps == 0 else Mode.SOLAR, by)
            lift_limits(rooms, by)
            return
        if amps > rooms.site.rules.circuit_amps:
            raise Refused(409, f"{amps} A is more than the circuit's {rooms.site.rules.circuit_amps:g} A.")
        served = shares(amps, self._who_first())
        lift_limits(rooms, by)
        for key, each in served.items():
            rooms.desk.limit(each, key, by)
        set_for_all(rooms, Mode.FAST, by)
        for charger in rooms.site.rules.chargers:
            if charger.charger_id not in served:
                rooms.desk.set_mode(Mode.OFF, charger.charger_id, by)
        self._remember(fixed_amps=amps)

    def fixed_setting(self, amps: int, by: str) -> None:
        """The setting nonScheduledAmpsMax: it counts where the action is a fixed rate."""
        if not 0 <= amps <= self._rooms.site.rules.circuit_amps:
            raise Refused(409, f"nonScheduledAmpsMax is 0 to {self._rooms.site.rules.circuit_amps:g} A.")
        action = self._known.action or (SUN if self.old.look().fixed_amps < 0 else FIXED)
        if action == FIXED:
            self.fixed(amps, by)
        self._remember(fixed_amps=amps)

    def action(self, action: int, by: str) -> None:
        """nonScheduledAction: 1 a fixed rate, 2 nothing, 3 the sun."""
        if action not in (FIXED, NOTHING, SUN):
            raise Refused(422, "nonScheduledAction is 1 (fixed rate), 2 (do not charge) or 3 (green energy).")
        amps = self._known.fixed_amps or int(self._rooms.site.rules.circuit_amps)
        self.fixed({FIXED: amps, NOTHING: 0, SUN: -1}[action], by)
        self._remember(action=action)

    def policy(self, name: str, by: str) -> None:
        """setPolicy: a built-in policy's name as the mode that comes nearest; it holds until changed."""
        match name:
            case _ if name == CHARGE_NOW:
                self.charge_now(self._rooms.site.rules.circuit_amps, DAY_S, by)
            case _ if name == GREEN:
                self.action(SUN, by)
            case _ if name == NON_SCHEDULED:
                self.action(FIXED, by)
            case _ if name == SCHEDULED:
                raise Refused(409, f"{SCHEDULED} follows the charging windows by itself: set one instead.")
            case _:
                raise Refused(422, f"There is no policy {name[:40]!r}; there is {', '.join(POLICIES)}.")

    def start(self, by: str) -> None:
        """sendStartCommand: charging is allowed again."""
        if self._rooms.desk.control.get().mode is Mode.OFF:
            set_for_all(self._rooms, self._known.before_stop or Mode.SOLAR, by)

    def stop(self, by: str) -> None:
        """sendStopCommand: off, by the gentle way that the mode `off` takes."""
        mode = self._rooms.desk.control.get().mode
        if mode is not Mode.OFF:
            self._remember(before_stop=mode)
        stop(self._rooms, None, by)

    # --- the schedule ---

    def schedule(self, wanted: Schedule, by: str) -> None:
        """Make it the window that old clients see; an incomplete one takes that window away."""
        desk = self._rooms.desk
        if not wanted.is_complete:
            if any(window.name == OLD_WINDOW for window in desk.windows.get()):
                desk.delete_window(OLD_WINDOW, by)
            self._remember(half_set=wanted)
            return
        if wanted.start_minute == wanted.end_minute != 0:
            raise Refused(409, "The schedule begins and ends at the same minute: use 00:00 to 24:00.")
        rules = self._rooms.site.rules
        if wanted.amps > rules.circuit_amps:
            raise Refused(409, f"{wanted.amps:g} A is more than the circuit's {rules.circuit_amps:g} A.")
        each = min(shares(wanted.amps, rules.chargers).values())
        row = {
            "days": write_days(wanted.days),
            "from": write_minute(wanted.start_minute),
            "to": write_minute(wanted.end_minute or 1440),
            "mode": "fast",
            "amps": each,
        }
        desk.put_window(OLD_WINDOW, row, by)
        self._remember(half_set=None)

    def setting(self, name: str, value: float, by: str) -> None:
        """setSetting: one of SETTINGS."""
        if name == "nonScheduledAction":
            return self.action(int(value), by)
        if name == "nonScheduledAmpsMax":
            return self.fixed_setting(int(value), by)
        with self._lock:
            known = self._known.half_set or self.old.look().schedule
            return self.schedule(_changed(known, name, value), by)

    # --- offsets: a script as a poor man's meter ---

    def add_offset(self, name: str, value: float, unit: str, by: str) -> None:
        """Keep a named offset, and tell the meters the sums. Zero disables it."""
        if not name or len(name) >= 32 or BAD_NAME.search(name) or not name.isprintable():
            raise Refused(422, 'offsetName has up to 31 plain letters, without @#$%^&*"+<>;/.')
        if unit not in ("A", "W"):
            raise Refused(422, 'offsetUnit is "A" or "W".')
        with self._lock:
            kept = self.offsets.get(name)
            self.offsets[name] = Offset(value, unit, self._rooms.clock.now().mono_s)
            try:
                self._tell_meters()
            except Refused:
                self.offsets.pop(name) if kept is None else self.offsets.update({name: kept})
                raise
        if kept is None:
            self._rooms.tell(Event("access", f"The consumption offset “{name}” is told by {by} from now on."))

    def delete_offset(self, name: str, by: str) -> None:
        """Forget an offset."""
        with self._lock:
            if self.offsets.pop(name, None) is None:
                raise Refused(404, f"There is no offset {name[:40]!r}.")
        self._rooms.tell(Event("access", f"The consumption offset “{name}” was taken away, asked by {by}."))

    def live_offsets(self) -> dict[str, Offset]:
        """Those that are young enough to count, as a meter's reading would be."""
        now = self._rooms.clock.now().mono_s
        with self._lock:
            young = {key: one for key, one in self.offsets.items() if now - one.at_mono_s <= OFFSET_MAX_AGE_S}
            self.offsets = young
            return dict(young)

    def _tell_meters(self) -> None:
        rules, now = self._rooms.site.rules, self._rooms.clock.now().mono_s
        watts = [
            one.value * (rules.volts * rules.site_phases if one.unit == "A" else 1.0)
            for one in self.live_offsets().values()
        ]
        sums: dict[Role, float] = {
            "house": sum(w for w in watts if w > 0),
            "solar": -sum(w for w in watts if w < 0),
        }
        signs = {"house": any(w > 0 for w in watts), "solar": any(w < 0 for w in watts)}
        for role, total in sums.items():
            if signs[role]:
                reading = Reading(total, now, "consumption offsets")
                self._rooms.desk.push_reading(role, reading, OFFSET_MAX_AGE_S)

    def _who_first(self) -> list[ChargerRules]:
        has_car = {one.charger_id: one.has_car for one in self._rooms.published.get().bus.chargers}
        rules = self._rooms.site.rules
        found = sorted(rules.chargers, key=lambda one: (not has_car.get(one.charger_id, False), one.priority))
        with_car = [one for one in found if has_car.get(one.charger_id)]
        return with_car or found


def _changed(schedule: Schedule, name: str, value: float) -> Schedule:
    match name:
        case "scheduledAmpsMax":
            return replace(schedule, amps=max(0.0, float(int(value))))
        case "scheduledAmpsStartHour":
            return replace(schedule, start_minute=_minute(value))
        case "scheduledAmpsEndHour":
            return replace(schedule, end_minute=_minute(value))
        case "scheduledAmpsDaysBitmap":
            return replace(schedule, days=days_of(int(value)))
    raise Refused(422, f"There is no setting {name[:40]!r} here; there is {', '.join(SETTINGS)}.")


def _minute(hours: float) -> int:
    if hours < 0:
        return -1
    if hours > 24:
        raise Refused(422, f"{hours:g} is no hour of the day.")
    return round(hours * 60) % 1440


def days_of(bits: int) -> frozenset[int]:
    """Bit 0 is Monday. Raises Refused."""
    if not 0 <= bits <= 127:
        raise Refused(422, "scheduledAmpsDaysBitmap is 0 to 127: Monday 1 ... Sunday 64.")
    return frozenset(day for day in range(7) if bits >> day & 1)


def whole_of(text: str) -> int:
    """A whole number. Raises Refused."""
    try:
        return int(text.strip())
    except ValueError:
        raise Refused(422, f"{text[:20]!r} is no whole number.") from None


def minute_of(text: str) -> int:
    """21:30 as minutes after midnight; -1:00 is -1, which means never. Raises Refused."""
    found = CLOCK.fullmatch(text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise Refused(422, f"{text[:20]!r} is no time like 21:30.")
    return -1 if found[1] == "-1" else int(found[1]) * 60 + int(found[2])


def orders_for(rooms: Rooms, settings: LegacySettings) -> LegacyOrders:
    """The one place that takes every old door's orders, as the settings want it."""
    return LegacyOrders(rooms, cancel_means_stop=settings.cancel_means_stop)
