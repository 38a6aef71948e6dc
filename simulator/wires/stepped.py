"""The RS-485 pair on a fake clock: one primary, any number of chargers, real wire times, no waiting.

A byte takes 1.0417 ms (9600 baud, ten bits). A frame arrives whole, at the end of its last byte; who
begins to speak while another still does ruins both frames. Chargers are not told each other's words:
real ones pay them no attention either.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from random import Random
from typing import Protocol

from agent.bus import slip
from agent.bus.frames import Message, PrimaryHeartbeat, Query, RemoteError, decode
from simulator.charger import VirtualCharger
from simulator.faults import FaultyWire, WireFaults

BYTE_S = 10 / 9600
PATIENCE_S = 0.001  # before somebody who was due and said nothing is asked again


class Peer(Protocol):
    """One end of the wire without the wire: `next_due` is when `send` has something to say or do."""

    @property
    def next_due(self) -> float: ...
    def receive(self, data: bytes, now: float) -> None: ...
    def send(self, now: float) -> bytes: ...


@dataclass(slots=True)
class _Flight:
    starts_at: float
    ends_at: float
    data: bytes
    talker: Peer


@lru_cache(maxsize=4096)
def _understood(data: bytes) -> tuple[Message, ...]:
    """The sound messages in a piece of wire that begins and ends between frames."""
    messages = []
    for raw in slip.Decoder().feed(data, 0.0):
        with suppress(RemoteError):
            messages.append(decode(raw))
    return tuple(messages)


class SteppedBus:
    """Joins a primary and its chargers. `run_until` is all there is to it."""

    def __init__(
        self,
        primary: Peer,
        chargers: Sequence[VirtualCharger],
        now: float = 0.0,
        wire: FaultyWire | None = None,
        *,
        echo: bool = False,
        bytewise: bool = False,
    ) -> None:
        self.primary = primary
        self.chargers = list(chargers)
        self.wire = wire or FaultyWire(WireFaults(), Random(0))
        self.echo = echo  # the adapter reads back what the primary says
        self.bytewise = bytewise  # bytes arrive one by one, as on a real port; set it before the first second
        self.now = now
        self.pulled = False
        self._is_plain = not (self.wire.is_faulty or bytewise)
        self.frames = 0
        self.collisions = 0
        self.collided_at = -inf
        self.bytes = 0
        self.spoken_at: dict[str, float] = {}  # by charger id: the primary's last heartbeat to it
        self._flights: list[_Flight] = []
        self._primary_patience = -inf

    def pull(self) -> None:
        """The adapter is pulled out: the primary talks to nobody and hears nothing."""
        self.pulled = True
        self._is_plain = False
        self._flights.clear()

    def plug_back(self) -> None:
        """The adapter is back."""
        self.pulled = False
        self._is_plain = not (self.wire.is_faulty or self.bytewise)

    def restart(self, primary: Peer, now: float) -> None:
        """Another primary takes the first one's place; what was in the air is gone."""
        self.primary = primary
        self.now = now
        self._flights.clear()
        self._primary_patience = -inf

    def run_until(self, end: float) -> None:
        """Let everybody speak and hear until `end`."""
        flights = self._flights
        while True:
            talker, due, after = self._next_talker()
            if flights and flights[0].ends_at <= due:
                if flights[0].ends_at > end:
                    break
                self._arrive(flights.pop(0))
                continue
            if due > end:
                break
            now = self.now = due if due > self.now else self.now
            data = talker.send(now)
            if not data:
                self._said_nothing(talker, now)
                continue
            self.frames += 1
            self.bytes += len(data)
            ends_at = now + len(data) * BYTE_S
            if ends_at <= after and ends_at <= end and self._is_plain and not flights:
                self.now = ends_at
                self._hear_whole(talker, data, ends_at)
                continue
            if talker is self.primary:
                self._note_heartbeats(data, now)
            self._join(_Flight(now, ends_at, data, talker))
        if end > self.now:
            self.now = end

    def _next_talker(self) -> tuple[Peer, float, float]:
        """Who speaks next, when, and when the next but one would."""
        talker, due, after = self.primary, self.primary.next_due, inf
        if due < self._primary_patience:
            due = self._primary_patience
        for charger in self.chargers:
            theirs = charger.next_due
            if theirs < due:
                talker, due, after = charger, theirs, due
            elif theirs < after:
                after = theirs
        for flight in self._flights:
            if flight.talker is talker:  # one mouth says one thing after the other
                due = max(due, flight.ends_at)
        return talker, due, after

    @property
    def busy_s(self) -> float:
        """For how long somebody has spoken."""
        return self.bytes * BYTE_S

    def _note_heartbeats(self, data: bytes, now: float) -> None:
        for message in _understood(data):
            if type(message) is PrimaryHeartbeat:
                self.spoken_at[message.charger] = now

    def _said_nothing(self, talker: Peer, now: float) -> None:
        if talker is self.primary:
            self._primary_patience = now + PATIENCE_S if talker.next_due <= now else -inf
        elif talker.next_due <= now:
            raise RuntimeError(f"a charger was due at {now} and said nothing, and will again")

    def _join(self, flight: _Flight) -> None:
        """More than one may be in the air: all who overlap are ruined."""
        for other in self._flights:
            if other.ends_at > flight.starts_at:
                self.collisions += 1
                self.collided_at = flight.starts_at
                other.data = self.wire.collide(other.data)
                flight.data = self.wire.collide(flight.data)
        self._flights.append(flight)
        self._flights.sort(key=lambda each: each.ends_at)

    def _arrive(self, flight: _Flight) -> None:
        now = self.now = max(self.now, flight.ends_at)
        if self.pulled:
            return
        if self._is_plain:
            self._hear_whole(flight.talker, flight.data, now)
            return
        data = self.wire.carry(flight.data)
        if self.bytewise:
            for place in range(len(data)):
                at = now - (len(data) - 1 - place) * BYTE_S
                self._hear(flight.talker, data[place : place + 1], at)
        elif data:
            self._hear(flight.talker, data, now)

    def _hear_whole(self, talker: Peer, data: bytes, now: float) -> None:
        """The quick way on a clean wire: what is said to one charger need not be read by the others."""
        if talker is not self.primary:
            self.primary.receive(data, now)
            return
        for message in _understood(data):
            if type(message) is PrimaryHeartbeat or type(message) is Query:
                ident = message.charger
                if type(message) is PrimaryHeartbeat:
                    self.spoken_at[ident] = now
                for charger in self.chargers:
                    if charger.charger_id == ident:
                        charger.hear(message, now)
            else:
                for charger in self.chargers:
                    charger.hear(message, now)
        if self.echo:
            self.primary.receive(data, now)

    def _hear(self, talker: Peer, data: bytes, now: float) -> None:
        if talker is not self.primary:
            self.primary.receive(data, now)
            return
        for charger in self.chargers:
            charger.receive(data, now)
        if self.echo:
            self.primary.receive(data, now)
