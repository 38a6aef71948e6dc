"""The primary of the bus, without a port, a clock or a thread: bytes in, bytes out, and when to call next.

    master = Master(rules, now)
    master.receive(data, now)        # whatever was heard, in pieces of any size
    data = master.send(now)          # at most one message, b"" when none is due
    master.next_due                  # when to call `send` next

How it keeps the bus:

* it listens for 1.2 s before its first byte (another primary is heard about once a second), announces
  itself (hello.py), and heartbeats a charger as soon as it is heard;
* named chargers are tried without waiting for their announcement: after a restart they are still linked,
  and don't notice the gap;
* each charger has a slot of its own in every second and gets one heartbeat there, no more. A beat that was
  missed stays missed;
* one message is outstanding at a time: its answer, or the time-out, then the next. Questions and
  announcements are sent only where they end before the next slot;
* an unlinked charger announces itself every 10 s and may fall on somebody's heartbeat each time: two beats
  unanswered 10 s apart, and all slots move on a little;
* half a message that somebody else is sending holds a heartbeat back, but for 120 ms at most;
* what a heartbeat orders is decided in amps.py at the moment it goes out, and how in charger.py.

Who is on the bus is kept in roster.py. All amps are per conductor; times are `mono_s`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from math import ceil, inf

from agent.bus import hello, news, slip
from agent.bus.charger import SLOW_BEATS, SLOW_S, Charger
from agent.bus.frames import (
    ChargerHeartbeat,
    ChargerReady,
    Command,
    Contactor,
    EnergyReport,
    LocalError,
    Message,
    PlugReport,
    PrimaryHeartbeat,
    PrimaryReady,
    Query,
    QueryCode,
    RemoteError,
    TextReport,
    VersionReport,
    decode,
)
from agent.bus.hello import Hello
from agent.bus.neighbours import Neighbours
from agent.bus.roster import Roster
from agent.bus.rules import BusRules
from agent.model import BusHealth, BusView, Offer
from notify.events import Event

BYTE_S = 10 / 9600
GUARD_S = 0.002  # silence between two messages
REPLY_S = 0.025  # the longest answer on the wire, tail included
BURST_S = 0.050  # after an announcement: four more may follow without a pause
MOST_WAIT_S = 0.120  # that others' bytes may hold a heartbeat back
PERIOD_S = 1.0
ANNOUNCED_EVERY_S, ANNOUNCED_WITHIN_S = 10.0, 0.1
SLIDE_S = 0.060
SHORTEST_PERIOD_S = 0.15  # after a late heartbeat

CALL_AFTER_ANNOUNCEMENTS = 3
QUERY_WIRE_S = 18 * BYTE_S + REPLY_S + GUARD_S

FAREWELLS = 2  # how often a farewell is said to one that does not answer
LISTEN_AGAIN_AFTER_S = 30.0  # with the port closed


class Master:
    """One bus. Not thread-safe: whoever owns the port owns its master."""

    def __init__(self, rules: BusRules, now: float) -> None:
        self.port_name = ""
        self._rules = rules
        self._decoder = slip.Decoder()
        self._neighbours = Neighbours(rules.primary_id)
        self._roster = Roster(rules, now)
        self._chargers = self._roster.chargers
        self._offers: dict[str, Offer] = {}
        # what is going on
        self._waiting: Charger | None = None
        self._question: QueryCode | None = None
        self._answer_from = 0.0
        self._deadline = inf
        self._free_at = now  # our own last message has left the wire, or the answer to it
        self._quiet_at = now  # others have ended theirs
        self._hello = Hello(rules, now + rules.listen_s)
        self._first: Charger | None = None  # who gets the next heartbeat
        self._asker: Charger | None = None  # and the next question
        self._contactor: Contactor | None = None
        self._farewells: deque[tuple[Charger, int]] = deque()  # whom to say it, and how often it was said
        self._is_ending = False
        # the port and the schedule
        self._open, self._has_spoken, self._closed_at = True, False, now
        self._port_problem = ""
        self._speak_at = self._base = now + rules.listen_s
        self._tidy_at = now + PERIOD_S
        self.next_due = self._speak_at
        self._next: Callable[[float], bytes] | None = None  # what will be said then
        # how it fares
        self._frames = self._damaged = self._foreign = self._unanswered = self._reopened = 0
        self._worst_gap_s = 0.0
        self._restart_schedule(self._speak_at + hello.TAKES_S)

    # --- what the house says to it ---

    def offers(self, offers: Iterable[Offer]) -> None:
        """The brain's latest offers, all of them; each is good until it expires."""
        self._offers = {offer.charger_id: offer for offer in offers}

    def port_lost(self, now: float, problem: str = "", port: str = "") -> None:
        """The port is closed or could not be opened; `problem` is a sentence with the remedy."""
        self.port_name = port or self.port_name
        self._port_problem = problem = problem or "The bus port is closed."
        if self._open:
            self._open, self._closed_at = False, now
            self._waiting = None
            self._roster.events.append(news.port_lost(problem))
        self._plan(now)

    def port_opened(self, now: float, port: str = "") -> None:
        """The port is open (again): heartbeats resume, after listening anew if it was long closed."""
        self.port_name = port or self.port_name
        self._port_problem = ""
        if self._open:
            return
        self._open = True
        self._roster.events.append(news.port_back(self.port_name))
        self._reopened += self._has_spoken
        is_new_here = not self._has_spoken or now - self._closed_at > LISTEN_AGAIN_AFTER_S
        self._speak_at = now + (self._rules.listen_s if is_new_here else GUARD_S)
        self._restart_schedule(self._speak_at + hello.TAKES_S)
        self._plan(now)

    def order_contactor(self, charger_id: str, close: bool) -> None:
        """An owner's explicit order to a contactor, sent once. Raises LocalError when not allowed."""
        if not self._rules.allow_contactor:
            raise LocalError("Contactor orders are not allowed: set bus.allow_contactor, if you must.")
        if charger_id not in self._chargers:
            raise LocalError(f"Charger {charger_id} is not on the bus.")
        self._contactor = Contactor(self._rules.primary_id, charger_id, close)

    def shutdown(self, now: float) -> None:
        """From now on only say a last safe limit to each linked charger; see `is_done`."""
        self._offers = {}
        self._is_ending = True
        self._farewells = deque((charger, 0) for charger in self._chargers.values() if charger.linked)
        self._plan(now)

    @property
    def is_done(self) -> bool:
        """After `shutdown`: whether all has been said."""
        return self._is_ending and not self._farewells and self._waiting is None

    # --- what it says ---

    def send(self, now: float) -> bytes:
        """The message that is due now, framed for the wire, or b""."""
        if now < self.next_due:
            return b""
        if self._waiting is not None:
            self._give_up_waiting(self._waiting, now)
        if now >= self._tidy_at:
            self._tidy(now)
        self._plan(now)
        data = b""
        if self._next is not None and now >= self.next_due:
            data = self._next(now)
            self._has_spoken = True
            self._plan(now)
        return data

    def _plan(self, now: float) -> None:
        """Decide what is to be said next, and when."""
        self._next = None
        if self._waiting is not None:
            self.next_due = self._deadline
            return
        starts = max(self._free_at, self._speak_at, self._neighbours.silent_until)
        if self._is_ending:
            self._plan_farewell(now, starts)
        elif self._open:
            self._plan_talk(now, starts)
        else:
            self.next_due = self._tidy_at

    def _plan_talk(self, now: float, starts: float) -> None:
        """The next heartbeat, or what ends before it."""
        beat_at = asks_at = inf
        first = asker = None
        for charger in self._chargers.values():
            if charger.due < beat_at:
                beat_at, first = charger.due, charger
            if charger.linked and charger.questions.next_due < asks_at:
                asks_at, asker = charger.questions.next_due, charger
        due = max(beat_at, starts)
        due = max(due, min(self._quiet_at, due + MOST_WAIT_S))
        say = self._beat if first is not None else None
        soonest = max(now, starts, self._quiet_at)
        if asks_at < due and asker is not None and self._rules.ask:
            at = max(asks_at, soonest)
            if at + self._patience_s(asker) + QUERY_WIRE_S <= beat_at:
                due, say = at, self._ask
        if self._hello.due < due:
            at = max(self._hello.due, soonest)
            if at <= due and at + self._hello.takes_s <= beat_at:
                due, say = at, self._say_hello
        if self._contactor is not None and soonest + self._contactor_takes() <= beat_at:
            due, say = soonest, self._say_contactor
        self._first, self._asker = first, asker
        self._next = say
        if due > self._tidy_at + PERIOD_S / 2:
            due, self._next = self._tidy_at + PERIOD_S / 2, None
        self.next_due = due

    def _plan_farewell(self, now: float, starts: float) -> None:
        if not self._open or now < max(self._speak_at, self._neighbours.silent_until):
            self._farewells = deque()  # nobody would hear it
        self._next = self._farewell if self._farewells else None
        self.next_due = max(starts, self._quiet_at) if self._farewells else self._tidy_at

    def _beat(self, now: float) -> bytes:
        return self._order(self._first, now) if self._first is not None else b""

    def _order(self, charger: Charger, now: float) -> bytes:
        """One heartbeat: the only place where amps leave the house."""
        if charger.linked and charger.sent_at is not None:
            self._worst_gap_s = max(self._worst_gap_s, now - charger.sent_at)
        amps = self._roster.circuit.order(charger, self._offers.get(charger.charger_id), now)
        command = charger.command(amps, now)
        if charger.told(amps, now):
            self._roster.reckon(now)
        self._reschedule(charger, now)
        raw, wire = _heartbeat(
            self._rules.primary_id,
            charger.charger_id,
            command,
            0.0 if command is Command.NO_CHANGE else amps,
            charger.protocol or 2,
        )
        self._neighbours.sent(raw, now)
        self._wait(charger, None, len(wire), self._rules.answer_timeout_s, now)
        return wire

    def _farewell(self, now: float) -> bytes:
        if not self._farewells:
            return b""
        charger, tries = self._farewells[0]
        self._farewells[0] = (charger, tries + 1)
        charger.fresh = True
        return self._order(charger, now)

    def _bade_farewell(self, charger: Charger) -> bool:
        """Whether what is being answered is the farewell, not the heartbeat before it."""
        return bool(self._farewells) and self._farewells[0][0] is charger and self._farewells[0][1] > 0

    def _say_hello(self, now: float) -> bytes:
        self._free_at = now + self._hello.takes_s
        return self._framed(self._hello.say(now), now)

    def _say_contactor(self, now: float) -> bytes:
        order, self._contactor = self._contactor, None
        self._free_at = now + self._contactor_takes()
        return self._framed(order.encode(), now) if order is not None else b""

    def _contactor_takes(self) -> float:
        return QUERY_WIRE_S + self._rules.answer_timeout_s

    def _ask(self, now: float) -> bytes:
        charger = self._asker
        code = charger.questions.ask(now) if charger is not None else None
        if charger is None or code is None:
            return b""
        wire = self._framed(Query(self._rules.primary_id, charger.charger_id, code).encode(), now)
        self._wait(charger, code, len(wire), self._patience_s(charger), now)
        return wire

    def _patience_s(self, charger: Charger) -> float:
        """How long the answer to a question may take to begin: learned, within the time-out."""
        timeout_s = self._rules.answer_timeout_s
        return (
            min(timeout_s, max(0.08, 3 * charger.slowest_answer_s)) if charger.slowest_answer_s else timeout_s
        )

    def _framed(self, raw: bytes, now: float) -> bytes:
        self._neighbours.sent(raw, now)
        return slip.encode(raw)

    def _wait(
        self, charger: Charger, code: QueryCode | None, sent: int, patience_s: float, now: float
    ) -> None:
        self._waiting, self._question = charger, code
        self._free_at = self._answer_from = now + sent * BYTE_S
        self._deadline = self._answer_from + patience_s + REPLY_S

    def _give_up_waiting(self, charger: Charger, now: float) -> None:
        code, self._waiting = self._question, None
        self._unanswered += 1
        if code is not None:
            charger.questions.unanswered(code, now)
            return
        if charger.linked:
            self._beware_of_announcements(charger, now)
        self._roster.missed(charger)
        if self._bade_farewell(charger):
            farewell = self._farewells.popleft()
            if farewell[1] < FAREWELLS:
                self._farewells.append(farewell)

    # --- the schedule ---

    def _restart_schedule(self, at: float) -> None:
        """Count the slots anew from `at`; every charger's next heartbeat carries a limit."""
        self._base = at
        for charger in self._chargers.values():
            charger.fresh = True
            charger.in_step, charger.due = True, at + charger.slot * PERIOD_S / self._rules.max_chargers

    def _reschedule(self, charger: Charger, now: float) -> None:
        charger.due += PERIOD_S
        soonest = now + (SLOW_S if charger.unanswered >= SLOW_BEATS else SHORTEST_PERIOD_S)
        if not charger.in_step or charger.due < soonest:
            phase = self._base + charger.slot * PERIOD_S / self._rules.max_chargers
            charger.due = phase + ceil(soonest - phase) * PERIOD_S
            charger.in_step = True

    def _beware_of_announcements(self, charger: Charger, now: float) -> None:
        """Move all slots, if it looks as if somebody announced himself into this charger's."""
        if abs(now - charger.missed_at - ANNOUNCED_EVERY_S) < ANNOUNCED_WITHIN_S:
            self._base += SLIDE_S
            for each in self._chargers.values():
                each.due += SLIDE_S
        charger.missed_at = now

    # --- what it hears ---

    def receive(self, data: bytes, now: float) -> None:
        """Bytes from the wire, heard at `now`, in pieces of any size."""
        for raw in self._decoder.feed(data, now):
            try:
                said = decode(raw)
            except RemoteError:
                self._damaged += 1
                continue
            self._frames += 1
            self._free_at = max(self._free_at, now + GUARD_S)
            if type(said) is ChargerHeartbeat:
                self._hear_heartbeat(said, now)
            else:
                self._hear_other(said, raw, now)
        quiet_at = now + (slip.SILENCE_S if self._decoder.is_inside_frame else GUARD_S)
        if quiet_at > self._quiet_at:
            self._quiet_at = quiet_at
        if self._waiting is None:
            self._plan(now)

    def _hear_heartbeat(self, said: ChargerHeartbeat, now: float) -> None:
        charger = self._chargers.get(said.charger)
        if charger is None or said.primary != self._rules.primary_id:
            self._foreign += 1
            return
        self._roster.hear(charger, said, now)
        if self._waiting is charger and self._question is None:
            self._answered(charger, said.protocol, now)

    def _answered(self, charger: Charger, protocol: int, now: float) -> None:
        self._waiting = None
        took_s = now - self._answer_from - (16 if protocol == 1 else 18) * BYTE_S
        if took_s > charger.slowest_answer_s:
            charger.slowest_answer_s = took_s
        if self._bade_farewell(charger):
            self._farewells.popleft()

    def _hear_other(self, said: Message, raw: bytes, now: float) -> None:
        if isinstance(said, ChargerReady):
            self._hear_announcement(said, now)
        elif isinstance(said, EnergyReport | TextReport | VersionReport | PlugReport):
            self._hear_report(said, now)
        elif isinstance(said, PrimaryReady | PrimaryHeartbeat | Query | Contactor) and self._neighbours.hear(
            said, raw, self._chargers, now
        ):
            is_own = said.primary == self._rules.primary_id
            self._roster.events.append(news.second_master(said.primary, is_own))

    def _hear_report(self, said: EnergyReport | TextReport | VersionReport | PlugReport, now: float) -> None:
        code = _code_of(said)
        is_answer = self._waiting is not None and code == self._question
        charger = self._chargers.get(said.charger) if said.charger else self._waiting if is_answer else None
        if charger is None:
            self._foreign += 1
            return
        charger.questions.hear(said, now)
        if is_answer and charger is self._waiting:
            self._waiting = None
            charger.questions.answered(code, now)

    def _hear_announcement(self, said: ChargerReady, now: float) -> None:
        self._quiet_at = now + BURST_S
        if said.charger == self._rules.primary_id:
            self._roster.once(news.own_id(said.charger))
            self._hello.greet(now + BURST_S, hello.OPENING)
            return
        charger = self._roster.announced(said, now)
        if charger is None:
            return
        if not charger.linked:
            charger.due, charger.in_step = min(charger.due, now + BURST_S), False
            self._hello.greet(now + BURST_S)
        if charger.announcements >= CALL_AFTER_ANNOUNCEMENTS:
            self._hello.call(now + BURST_S)

    # --- once a second ---

    def _tidy(self, now: float) -> None:
        self._tidy_at = now + PERIOD_S
        if self._neighbours.gone(now):
            self._roster.events.append(news.second_master_gone())
            self._restart_schedule(now)
        self._roster.tidy(now)

    # --- what it tells the house ---

    def take_events(self) -> list[Event]:
        """What happened since the last call."""
        events, self._roster.events = self._roster.events, []
        return events

    def view(self) -> BusView:
        """Every charger heard or named, and how the line fares."""
        return BusView(tuple([charger.status() for charger in self._chargers.values()]), self._health())

    def _health(self) -> BusHealth:
        junk = self._decoder.junk
        other = self._neighbours.other_id
        problem = self._port_problem or (other and news.second_master(other, False).sentence)
        return BusHealth(
            self.port_name,
            self._open,
            problem,
            self._frames,
            self._damaged,
            junk.stray_bytes + junk.bad_escapes + junk.cut_frames + junk.overlong_frames,
            self._neighbours.echoes,
            self._unanswered,
            self._reopened,
            other,
            self._worst_gap_s,
        )


@lru_cache(maxsize=4096)
def _heartbeat(
    primary: str, charger: str, command: Command, amps: float, protocol: int
) -> tuple[bytes, bytes]:
    """A heartbeat as a message and as it goes over the wire."""
    raw = PrimaryHeartbeat(primary, charger, command, amps, protocol).encode()
    return raw, slip.encode(raw)


def _code_of(said: EnergyReport | TextReport | VersionReport | PlugReport) -> QueryCode:
    """The question that this answers."""
    if isinstance(said, TextReport):
        return said.code
    if isinstance(said, VersionReport):
        return QueryCode.FIRMWARE if said.charger else QueryCode.VERSION
    return QueryCode.ENERGY if isinstance(said, EnergyReport) else QueryCode.PLUG
