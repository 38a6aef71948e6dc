"""TWCManager's PHP page: its System V message queue and its text protocol.

    key     ftok(folder, 'T'); the folder is the one that the page names
    types   2 to us, 1 from us
    body    seconds since 1970 as u32, an id as u16, text without an end; native byte order, 300 bytes at most

A page sends a question with an id of its own and polls for 5 s for an answer with the same one; id 0 wants
none. An order that has lain in the queue for longer than 30 s was meant for some other moment and is thrown
away. Orders for raw bytes on the bus are not obeyed, and a password that the oldest pages send is neither
used nor logged. Whoever may write to the queue may give orders: it is its owner's alone unless the settings
say `group` or `everybody`. Source: the pages of cdragon, LennyBo and ngardiner, as they were seen to behave.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from typing import Any

from agent.boosts import Refused
from agent.doors.doorway import Doorway
from agent.doors.legacy_orders import LegacyOrders, days_of, minute_of, whole_of
from agent.doors.legacy_words import CHARGE_NOW, Look, Schedule, least_amps, state_code
from agent.doors.rooms import Rooms
from agent.doors.settings import LegacySettings
from agent.model import Moment
from agent.parts import ThreadRunner
from scheduler.wallclock import write_minute

log = logging.getLogger(__name__)

TO_US, FROM_US = 2, 1
HEAD = struct.Struct("=IH")
LONGEST_TEXT = 290
LONGEST_BODY = 300
LONGEST_TAKEN = 65_536  # Linux lets 8 KB pass; what is too long for us has to be taken out all the same
OLDEST_S = 30.0
BEAT_S = 0.1
MOST_A_BEAT = 10
RIGHTS = {"owner": 0o600, "group": 0o660, "everybody": 0o666}
BY = "the PHP page (this computer)"


class WebIpcDoor:
    """The queue, looked at ten times a second. `start` raises OSError with a sentence."""

    name = "webipc"

    def __init__(self, rooms: Rooms, settings: LegacySettings, orders: LegacyOrders) -> None:
        self._rooms, self._settings, self._orders = rooms, settings, orders
        self._queue: Any = None
        self._ipc: Any = None
        self._runner = ThreadRunner(rooms.clock, lambda part, error: None)

    def start(self) -> None:
        """Make the queue, or take the one that is there."""
        try:
            import sysv_ipc
        except ImportError:
            raise OSError("legacy.ipc_path needs a package more. Type: pip install sysv_ipc") from None
        self._ipc = sysv_ipc
        self._open()
        self._runner.start(self)

    def stop(self) -> None:
        """Leave; the queue stays for the page, which would only make it again."""
        self._runner.end()

    def step(self, moment: Moment) -> float:
        """Answer what has come; next in a tenth of a second."""
        try:
            for _ in range(MOST_A_BEAT):
                body, _kind = self._queue.receive(block=False, type=TO_US)
                self._heard(bytes(body), moment)
        except self._ipc.BusyError:
            pass  # nothing more there
        except self._ipc.ExistentialError:
            log.warning("Somebody took the PHP page's queue away; it is made anew.")
            self._open()
        return moment.mono_s + BEAT_S

    def _open(self) -> None:
        path, rights = self._settings.ipc_path, RIGHTS[self._settings.ipc_rights]
        ipc = self._ipc
        try:
            key = ipc.ftok(path, ord("T"), silence_warning=True)
            self._queue = ipc.MessageQueue(key, ipc.IPC_CREAT, mode=rights, max_message_size=LONGEST_TAKEN)
            if self._queue.mode & 0o777 != rights:
                self._queue.mode = rights
        except ipc.PermissionsError:
            raise OSError(
                f"legacy.ipc_path: the queue of {path} belongs to another user. "
                "End the program that made it and remove it with ipcrm."
            ) from None
        except (OSError, ipc.Error) as error:
            raise OSError(f"legacy.ipc_path: {path} can't be used ({error}).") from None

    def _heard(self, body: bytes, moment: Moment) -> None:
        if not HEAD.size <= len(body) <= LONGEST_BODY:
            log.warning("A message of %d bytes to the PHP page's queue was thrown away.", len(body))
            return
        at_s, number = HEAD.unpack_from(body)
        text = body[HEAD.size :].decode("latin-1").rstrip("\0")
        name, _, value = text.partition("=")
        name = name.strip()
        if name in QUESTIONS:
            self._answer(at_s, number, QUESTIONS[name](self._orders.old.look()))
        elif name == "dumpState":
            self._answer_in_pages(at_s, number, _dump(self._orders.old.look()))
        elif name in ORDERS:
            self._order(name, value, at_s, moment)
        elif name in DEAF:
            log.info("The PHP page asked for %s, which is not done here.", name)
        else:
            log.warning("The PHP page sent something unknown: %.20r", name)

    def _order(self, name: str, value: str, at_s: int, moment: Moment) -> None:
        if moment.wall is None or abs(moment.wall.timestamp() - at_s) > OLDEST_S:
            log.warning("An order of the PHP page (%s) was too old and is not obeyed.", name)
        elif not self._settings.ipc_control:
            log.warning("The PHP page may not give orders: legacy.ipc_control in sunward.toml says so.")
        else:
            try:
                ORDERS[name](self._orders, value)
            except Refused as refused:
                log.warning("An order of the PHP page (%s) was refused: %s", name, refused.sentence)

    def _answer(self, at_s: int, number: int, text: str) -> None:
        self._send(HEAD.pack(at_s, number) + text.encode("latin-1", "replace")[:LONGEST_TEXT])

    def _answer_in_pages(self, at_s: int, number: int, text: str) -> None:
        raw = text.encode("latin-1", "replace")
        pages = [raw[start : start + LONGEST_TEXT] for start in range(0, len(raw), LONGEST_TEXT)][:255]
        for page in (bytes([len(pages)]), *pages):
            self._send(HEAD.pack(at_s, number) + page)

    def _send(self, body: bytes) -> None:
        try:
            self._queue.send(body, block=False, type=FROM_US)
        except self._ipc.BusyError:
            log.warning("The PHP page's queue is full; an answer was lost.")


# --- questions -------------------------------------------------------------------------------------


def status_text(look: Look) -> str:
    """getStatus: fields between backticks, units at the end, their parts between tildes."""
    schedule, rules = look.schedule, look.rules
    on = schedule.is_complete
    fields = [
        f"{look.state.budget_amps:.2f}",
        f"{rules.circuit_amps:.2f}",
        f"{least_amps(rules):.2f}",
        f"{look.boost_amps:.2f}",
        str(look.fixed_amps),
        str(int(schedule.amps)) if on else "-1",
        write_minute(schedule.start_minute) if on else "-1:00",
        write_minute(schedule.end_minute) if on else "-1:00",
        str(sum(1 << day for day in schedule.days)) if on else "127",
        "-1:00",
        "0",
    ]
    units = [
        f"{one.id}~{float(one.rating_amps or one.max_amps)}~{one.drawn_amps:.2f}"
        f"~{round(one.offered_amps, 2)}~{state_code(one.state)}"
        for one in look.state.chargers
    ]
    while units and len("`".join([*fields, str(len(units)), *units])) > LONGEST_TEXT:
        units.pop()
    return "`".join([*fields, str(len(units)), *units])


def _dump(look: Look) -> str:
    lines = [f"sunward, mode {look.state.mode}, budget {look.state.budget_amps:g} A"]
    for one in look.state.chargers:
        amps = f"{one.drawn_amps:g} of {one.offered_amps:g} A"
        lines.append(f"{one.id} {one.name}: {one.state}, {amps}. {one.reason}")
    for meter in look.state.meters:
        lines.append(f"{meter.role} {meter.watts} W, {meter.age_s} s old {meter.problem}")
    return "\n".join(lines)


QUESTIONS: dict[str, Callable[[Look], str]] = {
    "getStatus": status_text,
    "getLastTWCMsgResponse": lambda look: "None",
}


# --- orders ----------------------------------------------------------------------------------------


def _fixed(orders: LegacyOrders, value: str) -> None:
    orders.fixed(whole_of(value), BY)


def _scheduled(orders: LegacyOrders, value: str) -> None:
    """`A startTime=HH:MM endTime=HH:MM days=N`, its parts on lines of their own or not."""
    amps, *rest = value.split() or [""]
    parts = dict(part.split("=", 1) for part in rest if "=" in part)
    start, end = minute_of(parts.get("startTime", "-1:00")), minute_of(parts.get("endTime", "-1:00"))
    days = days_of(whole_of(parts.get("days", "127")))
    orders.schedule(Schedule(max(0, whole_of(amps)), start, end, days), BY)


ORDERS: dict[str, Callable[[LegacyOrders, str], object]] = {
    "setNonScheduledAmps": _fixed,
    "setScheduledAmps": _scheduled,
    "chargeNow": lambda orders, value: orders.policy(CHARGE_NOW, BY),
    "chargeNowCancel": lambda orders, value: orders.charge_now_cancel(BY),
}
DEAF = frozenset(
    {
        "setResumeTrackGreenEnergyTime",
        "sendTWCMsg",
        "setMasterHeartbeatData",
        "carApiEmailPassword",
        "setDebugLevel",
    }
)


def open_door(way: Doorway) -> WebIpcDoor | None:
    """The PHP page's queue, where [legacy] names its folder."""
    settings = way.settings.legacy
    if settings is None or not settings.ipc_path:
        return None
    return WebIpcDoor(way.rooms, settings, way.old_orders)
