"""A virtual Wall Connector Gen 2 with its switch on F: the other end of the wire, without the wire.

Bytes go in with `receive`, come out with `send`, and `next_due` says when there is something to send or
a state of its own changes. It speaks the same frames as the product, and behaves as owners describe:

* unlinked, it announces itself every 10 s; the first FB E2 it ignores, and 0.2 s after the second it
  announces itself five times in a row;
* linked, it answers each heartbeat addressed to it and never speaks a heartbeat unasked;
* it repeats whatever amps it is told, even absurd ones: nothing is clamped but by the car;
* 10 s without a heartbeat it flags an error and announces itself again; 20 to 30 s without, it stops its
  car. Linked again, its old offer is back in force until it is told another;
* it asks for power by state 04 (just plugged in) or 08 (after a pause) with 0 A offered;
* at 0 A and told "no change", a protocol 2 unit flips between 01 and 03 each second, and its contactor
  clicks along;
* hearing its own id from a primary, it takes another id and sign.

Messages that must never be sent do to it what they did to real units: it is `bricked`, or mute until
reset; `abuses` lists them in words, so that a test can look there and nowhere else.

Sources: as in agent/bus/frames.py. Answer times and the length of single states are guesses; the profile
sets the ones that matter. Amps are per conductor, times are `mono_s`, energy is Wh from the cable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from random import Random

from agent.bus import slip
from agent.bus.frames import (
    ChargerHeartbeat,
    ChargerReady,
    Command,
    Contactor,
    ContactorDone,
    EnergyReport,
    Message,
    PlugReport,
    PrimaryHeartbeat,
    PrimaryReady,
    Query,
    QueryCode,
    RemoteError,
    TextReport,
    Unlisted,
    VersionReport,
    decode,
)
from simulator.car import Car

ANNOUNCE_EVERY_S = 10.0
LOST_AFTER_S = 10.0
SECOND_CALL_S = 0.2
MINIMUM_AMPS = 6.0
FOLLOWS_S = 10.0  # how long 09 is shown after a new limit
RAISED_S = 44.0
LOWERED_S = 12.0
ADJUSTED_S = 10.0
JUST_PLUGGED_S = 5.0
PUSH_AFTER_S = 0.150

READY, CHARGING, ERROR, PLUGGED, WAITING, BUSY = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05
RAISING, LOWERING, STARTING, LIMITING, ADJUSTED = 0x06, 0x07, 0x08, 0x09, 0x0A
FLASH_WRITERS = {b"\xfc\x19": "FC 19 wrote its flash", b"\xfc\x1a": "FC 1A wrote its flash"}
CRASHERS = {b"\xfb\xe8": "FB E8 crashed it"}
NO_CHANGE, LIMIT = Command.NO_CHANGE, Command.LIMIT
NUISANCES = {
    b"\xfc\xe5": "FC E5 dropped its pilot",
    b"\xfc\xa1": "FC A1 silenced it",
    b"\xfb\xa4": "FB A4 was sent",
}


@dataclass(frozen=True, slots=True)
class ChargerProfile:
    """One unit: its identity, firmware age and quirks. `volts` lie on each of its supply phases."""

    charger_id: str = "3201"
    sign: int = 0x77
    rating_amps: float = 32.0
    protocol: int = 2
    phases: int = 1
    volts: float = 230.0
    tail: bytes = b"\xfc"
    has_modern_queries: bool = True
    serial: str = "A17K0003201"
    model: str = "1050067-01"
    firmware: tuple[int, int, int, int] = (4, 5, 3, 0)
    counter_in_wh: bool = True
    start_energy_wh: float = 1_250_000.0
    idle_offset_amps: float = 0.0
    answer_s: float = 0.02
    stops_after_s: float = 30.0  # of silence, 20 to 30
    replug_after_silence_s: float = inf  # a longer silence makes the car refuse
    first_announcement_s: float | None = None  # None: some time in the first 10 s
    announcement_jitter_s: float = 0.0  # how unevenly it keeps its 10 s
    pushes_energy: bool = False  # sends FD EB unasked
    mute: bool = False
    sticks_after_pause: bool = False  # in state 08 it rises above 6 A only when told 08


class VirtualCharger:
    """One charger and the car on its cable (or none)."""

    def __init__(self, profile: ChargerProfile, car: Car | None, now: float, rng: Random) -> None:
        self.profile = profile
        self.charger_id = profile.charger_id
        self.sign = profile.sign
        self.volts = profile.volts
        self.car: Car | None = None
        self.offered_amps = 0.0
        self.drawn_amps = 0.0
        self.energy_wh = profile.start_energy_wh
        self.contactor_closed = False
        self.contactor_closings = 0
        self.linked_to = ""  # the primary's id
        self.heartbeats = 0
        self.heard_at = now  # the last heartbeat
        self.longest_gap_s = 0.0  # between two heartbeats while linked
        self.bricked = False
        self.muted = profile.mute
        self.abuses: list[str] = []
        self.next_due = inf
        self._rng = rng
        self._decoder = slip.Decoder()
        self._frames: dict[tuple[str, int, float, float, str], bytes] = {}
        self._queue: list[tuple[float, bytes]] = []
        self._now = now
        self._told_amps = 0.0
        self._calls = 0
        self._pilot_off_until = 0.0
        self._shown: tuple[tuple[float, int], ...] = ()
        self._asks_with = WAITING
        self._needs_acknowledge = False
        self._lower_ends_at = inf
        self._edge_after = now  # nothing happens by itself before; at least nothing sooner
        self._flipped = False
        first = profile.first_announcement_s
        self._announce_at = now + (rng.uniform(0.2, ANNOUNCE_EVERY_S) if first is None else first)
        if car is not None:
            self.plug(car, now)
        self._reckon()

    # --- hands on the cable ---

    def plug(self, car: Car, now: float) -> None:
        """Somebody puts the cable into a car."""
        self.advance(now)
        self.car = car
        car.plugged_in(now)
        self._asks_with = WAITING
        self._needs_acknowledge = False
        self._show((now + 1.0, BUSY), (now + JUST_PLUGGED_S, PLUGGED))

    def unplug(self, now: float) -> Car | None:
        """Somebody takes the cable out, and gets the car."""
        self.advance(now)
        car, self.car = self.car, None
        if car is not None:
            car.unplugged(now)
        self.drawn_amps = 0.0
        self.contactor_closed = False
        self._flipped = False
        self._show()
        return car

    def reset(self, now: float) -> None:
        """The button is held for four seconds, or the breaker was off and on: all but its counters is new."""
        self.advance(now)
        self.linked_to = ""
        self.muted = self.profile.mute
        self.offered_amps = self._told_amps = self.drawn_amps = 0.0
        self.contactor_closed = self._flipped = False
        self._queue.clear()
        self._calls = 0
        self._announce_at = now + self._rng.uniform(0.2, ANNOUNCE_EVERY_S)
        self._show()
        self._reckon()

    @property
    def power_watts(self) -> float:
        """What its car draws, over all its conductors."""
        if not self.drawn_amps or self.car is None:
            return 0.0
        return self.drawn_amps * self.volts * min(self.profile.phases, self.car.profile.phases)

    @property
    def state_code(self) -> int:
        """The state that it would report now."""
        return self._state(self._now)

    # --- physics ---

    def advance(self, now: float) -> None:
        """Live until `now`: the car follows, energy is counted, a silent primary has its consequences."""
        if now <= self._now:
            return
        if now < self._edge_after:
            self._flow(now)
            return
        while self._now < now:
            edge = self._next_edge()
            self._flow(min(edge, now))
            self._cross(self._now)
        self._edge_after = self._next_edge()

    def _next_edge(self) -> float:
        edges = (self._silence_edge(), self._lower_ends_at, self._pilot_off_until)
        return min((edge for edge in edges if edge > self._now), default=inf)

    def _silence_edge(self) -> float:
        if self.linked_to:
            return self.heard_at + LOST_AFTER_S
        return self.heard_at + self.profile.stops_after_s if self.offered_amps else inf

    def _flow(self, now: float) -> None:
        span, self._now = now - self._now, now
        car = self.car
        if car is None:
            return
        before = self.drawn_amps
        pilot = self.offered_amps if now > self._pilot_off_until else 0.0
        after = self.drawn_amps = car.advance(pilot, now, self.volts, self.profile.phases)
        if after or before:
            phases = min(self.profile.phases, car.profile.phases)
            self.energy_wh += (before + after) / 2 * self.volts * phases * span / 3600
        if after and not self.contactor_closed:
            self._click(closed=True)
            self._asks_with = STARTING
        elif not after and self.contactor_closed and not self._flipped:
            self._click(closed=False)
            if car.wants_power:
                self._show((now + JUST_PLUGGED_S, PLUGGED))

    def _click(self, closed: bool) -> None:
        self.contactor_closings += closed and not self.contactor_closed
        self.contactor_closed = closed

    def _cross(self, now: float) -> None:
        """What happens at the edges of time."""
        if self.linked_to and now >= self.heard_at + LOST_AFTER_S:
            self.linked_to = ""
            self._calls = 0
            self._announce_at = now
            self._reckon()
        if not self.linked_to and self.offered_amps and now >= self.heard_at + self.profile.stops_after_s:
            self.offered_amps = 0.0
            self._reckon()
        if now >= self._lower_ends_at:
            self._lower_ends_at = inf
            self.offered_amps = self._told_amps = self._told_amps + 2.0

    # --- what it hears ---

    def receive(self, data: bytes, now: float) -> None:
        """Bytes from the wire, arrived at `now`; damage is dropped without a word."""
        for raw in self._decoder.feed(data, now):
            try:
                message = decode(raw)
            except RemoteError:
                continue
            self.hear(message, now)

    def hear(self, message: Message, now: float) -> None:
        """One whole message, for wires that read them themselves."""
        hear = _HEARS.get(type(message))
        if hear is not None and not self.bricked and not self.muted:
            hear(self, message, now)

    def _on_heartbeat(self, beat: PrimaryHeartbeat, now: float) -> None:
        if beat.charger != self.charger_id:
            return
        self.advance(now)
        if self.linked_to:
            if now - self.heard_at > self.longest_gap_s:
                self.longest_gap_s = now - self.heard_at
        else:
            self._relink(now)
            self._edge_after = now
        self.linked_to = beat.primary
        self.heard_at = now
        self.heartbeats += 1
        self._obey(beat.command, beat.amps, now)
        due = now + self.profile.answer_s
        self._say(due, self._answer(beat.primary, self._state(now)))
        if self.profile.pushes_energy and self.heartbeats % 2 == 0:
            self._say(due + PUSH_AFTER_S, self._wire(self._energy_report().encode()))

    def _relink(self, now: float) -> None:
        silence_s = now - self.heard_at
        if self.heartbeats and silence_s > self.profile.stops_after_s:
            self._show((now + 2.0, ERROR), (now + 4.0, STARTING))
            if silence_s > self.profile.replug_after_silence_s and self.car is not None:
                self.car.refuses = "its charger was silent for too long"
        self._calls = 0
        self.offered_amps = self._told_amps  # the old offer is in force again until a new one comes

    def _on_ready(self, ready: PrimaryReady, now: float) -> None:
        if ready.primary == self.charger_id:
            self.advance(now)
            self.charger_id = f"{self._rng.randrange(0x10000):04X}"
            self.sign = self._rng.randrange(1, 0x100)
            self.linked_to = ""
            self._announce_at = now + 0.1
            self._reckon()
        elif ready.second and not self.linked_to:
            self._calls += 1
            if self._calls == 2:
                self._say(now + SECOND_CALL_S + self._rng.uniform(0, 0.05), 5 * self._announcement())
                self._announce_at = now + ANNOUNCE_EVERY_S
                self._reckon()

    def _on_contactor(self, order: Contactor, now: float) -> None:
        if order.charger != self.charger_id or not self.profile.has_modern_queries:
            return
        self.advance(now)
        if not order.close and self.car is not None and self.drawn_amps:
            self.car.refuses = "its contactor was opened under load"
        self._say(
            now + self.profile.answer_s, self._wire(ContactorDone(self.charger_id, order.close).encode())
        )

    def _on_unlisted(self, message: Unlisted, now: float) -> None:
        kind = message.raw[:2]
        to_me = message.raw[4:6] == bytes.fromhex(self.charger_id)
        if fatal := FLASH_WRITERS.get(kind) or CRASHERS.get(kind):
            self.bricked = True
            self.abuses.append(fatal)
            self.linked_to = ""
            self.next_due = inf
            self._queue.clear()
        elif kind in NUISANCES:
            self.abuses.append(NUISANCES[kind])
            if kind == b"\xfc\xe5":
                self._pilot_off_until = now + 3.0
                self._edge_after = now
        elif kind == b"\xfb\xe0" and to_me and message.raw[6] == 0x02:
            self.abuses.append("heartbeat command 02 muted it")
            self._say(now + self.profile.answer_s, self._answer(message.raw[2:4].hex().upper(), ERROR))
            self.muted = True

    # --- what it does when told ---

    def _obey(self, command: Command, amps: float, now: float) -> None:
        charging = self.contactor_closed and not self._flipped
        if command is NO_CHANGE:
            self._flip()
            return
        self._unflip()
        if command is LIMIT:
            self._limit(command, amps, charging, now)
        elif command in (Command.RAISE_2A, Command.LOWER_2A):
            self._adjust(command, now)
        elif command == Command.LIMIT_BEFORE_CHARGE and charging and self.profile.protocol == 2:
            return
        else:
            self._limit(command, amps, charging, now)

    def _limit(self, command: Command, amps: float, charging: bool, now: float) -> None:
        self._lower_ends_at = inf
        if amps == self.offered_amps and not self._needs_acknowledge:
            self._told_amps = amps
            return
        if command == Command.ACKNOWLEDGE_STOP or not amps:
            self._needs_acknowledge = False
        if self.profile.sticks_after_pause and amps and not self.offered_amps and not charging:
            self._needs_acknowledge = self._asks_with == STARTING and command != Command.ACKNOWLEDGE_STOP
        if self._needs_acknowledge:
            amps = min(amps, MINIMUM_AMPS)
        if amps != self.offered_amps and command is LIMIT and charging and amps:
            self._show((now + FOLLOWS_S, LIMITING))
        elif amps != self.offered_amps:
            self._show()
        self.offered_amps = self._told_amps = amps

    def _adjust(self, command: Command, now: float) -> None:
        if command == Command.RAISE_2A:
            self._lower_ends_at = inf
            self.offered_amps = self._told_amps = self.offered_amps + 2.0
            self._show((now + RAISED_S, RAISING), (now + RAISED_S + ADJUSTED_S, ADJUSTED))
        elif self._lower_ends_at == inf:
            self._lower_ends_at = now + LOWERED_S
            self._edge_after = now
            self.offered_amps = self._told_amps = max(0.0, self.offered_amps - 2.0)
            self._show((now + LOWERED_S, LOWERING), (now + LOWERED_S + ADJUSTED_S, ADJUSTED))

    def _flip(self) -> None:
        """At 0 A and told "no change", a protocol 2 unit cannot make up its mind."""
        wants = self.car is not None and self.car.wants_power
        if self.profile.protocol == 2 and not self.offered_amps and wants and not self.drawn_amps:
            self._flipped = not self._flipped
            self._click(closed=self._flipped)
        elif self._flipped:
            self._unflip()

    def _unflip(self) -> None:
        if self._flipped:
            self._flipped = False
            self._click(closed=self.drawn_amps > 0)

    # --- what it says ---

    def send(self, now: float) -> bytes:
        """What is due now, or nothing. One frame a call, but for the five announcements in a row."""
        data = b""
        if self._queue and self._queue[0][0] <= now:
            data = self._queue.pop(0)[1]
            self._reckon()
            return data
        self.advance(now)
        if now >= self._announce_at and not (self.linked_to or self.bricked or self.muted):
            jitter_s = self.profile.announcement_jitter_s
            self._announce_at = now + ANNOUNCE_EVERY_S + jitter_s * self._rng.uniform(-1, 1)
            data = self._announcement()
        self._reckon()
        return data

    def _say(self, due: float, data: bytes) -> None:
        queue = self._queue
        queue.append((due, data))
        if len(queue) > 1:
            queue.sort()
        self.next_due = queue[0][0]

    def _reckon(self) -> None:
        due = inf
        if self._queue:
            due = self._queue[0][0]
        if self.linked_to:
            due = min(due, self.heard_at + LOST_AFTER_S)
        elif not (self.bricked or self.muted):
            due = min(due, self._announce_at, self._silence_edge())
        self.next_due = due

    def _show(self, *until: tuple[float, int]) -> None:
        """Report these states until these times, whatever the rest says."""
        self._shown = until

    def _state(self, now: float) -> int:
        car = self.car
        if self._flipped:
            return CHARGING
        if car is not None and self._shown:
            for ends_at, code in self._shown:
                if now < ends_at:
                    return code
            self._shown = ()
        if car is None or car.asleep:
            return READY
        if self.contactor_closed:
            return CHARGING
        if not car.wants_power:
            return PLUGGED
        return STARTING if self.offered_amps >= MINIMUM_AMPS else self._asks_with

    def _answer(self, primary: str, state: int) -> bytes:
        offered = min(self.offered_amps, 655.35)
        drawn = round(max(self.drawn_amps, self.profile.idle_offset_amps), 2)
        key = (self.charger_id, state, offered, drawn, primary)
        wire = self._frames.get(key)
        if wire is None:
            beat = ChargerHeartbeat(self.charger_id, primary, state, offered, drawn, self.profile.protocol)
            if len(self._frames) > 4096:
                self._frames.clear()
            wire = self._frames[key] = self._wire(beat.encode())
        return wire

    def _announcement(self) -> bytes:
        profile = self.profile
        ready = ChargerReady(self.charger_id, self.sign, profile.rating_amps, profile.protocol)
        return self._wire(ready.encode())

    def _wire(self, message: bytes) -> bytes:
        return slip.encode(message) + self.profile.tail

    def _on_query(self, query: Query, now: float) -> None:
        if query.charger != self.charger_id:
            return
        self.advance(now)
        report = _OLD_REPORTS.get(query.code)
        if report is None and self.profile.has_modern_queries:
            report = _MODERN_REPORTS[query.code]
        if report is not None:
            self._say(now + self.profile.answer_s, self._wire(report(self)))

    def _energy_report(self) -> EnergyReport:
        count = round(self.energy_wh if self.profile.counter_in_wh else self.energy_wh / 1000)
        on = [phase < self.profile.phases for phase in range(3)]
        used = 0 if self.car is None else min(self.profile.phases, self.car.profile.phases)
        volts = [round(self.volts) if phase else 0 for phase in on]
        amps = [min(self.drawn_amps, 127.0) if phase < used else 0.0 for phase in range(3)]
        return EnergyReport(
            self.charger_id, count, (volts[0], volts[1], volts[2]), (amps[0], amps[1], amps[2])
        )

    def _vin_part(self, code: QueryCode) -> bytes:
        awake = self.car is not None and not self.car.asleep
        vin = self.car.profile.vin if self.car is not None and awake else ""
        first = {QueryCode.VIN_1: 0, QueryCode.VIN_2: 7, QueryCode.VIN_3: 14}[code]
        return TextReport(code, self.charger_id, vin[first : first + 7]).encode()

    def _plug_report(self) -> bytes:
        code = 0 if self.car is None else 1 if self.contactor_closed else 3
        return PlugReport(self.charger_id, code).encode()


_OLD_REPORTS: dict[QueryCode, Callable[[VirtualCharger], bytes]] = {
    QueryCode.SERIAL_OLD: lambda unit: TextReport(QueryCode.SERIAL_OLD, "", unit.profile.serial).encode(),
    QueryCode.MODEL: lambda unit: TextReport(QueryCode.MODEL, "", unit.profile.model).encode(),
    QueryCode.VERSION: lambda unit: VersionReport("", unit.profile.firmware[:3]).encode(),
}
_MODERN_REPORTS: dict[QueryCode, Callable[[VirtualCharger], bytes]] = {
    QueryCode.PLUG: VirtualCharger._plug_report,
    QueryCode.ENERGY: lambda unit: unit._energy_report().encode(),
    QueryCode.FIRMWARE: lambda unit: VersionReport(unit.charger_id, unit.profile.firmware).encode(),
    QueryCode.SERIAL: lambda unit: TextReport(
        QueryCode.SERIAL, unit.charger_id, unit.profile.serial
    ).encode(),
    QueryCode.VIN_1: lambda unit: unit._vin_part(QueryCode.VIN_1),
    QueryCode.VIN_2: lambda unit: unit._vin_part(QueryCode.VIN_2),
    QueryCode.VIN_3: lambda unit: unit._vin_part(QueryCode.VIN_3),
}
_HEARS: dict[type, Callable[[VirtualCharger, object, float], None]] = {
    PrimaryHeartbeat: VirtualCharger._on_heartbeat,  # type: ignore[dict-item]
    PrimaryReady: VirtualCharger._on_ready,  # type: ignore[dict-item]
    Query: VirtualCharger._on_query,  # type: ignore[dict-item]
    Contactor: VirtualCharger._on_contactor,  # type: ignore[dict-item]
    Unlisted: VirtualCharger._on_unlisted,  # type: ignore[dict-item]
}
