"""A bus on the fake clock: the real master, virtual chargers, and a 9600-baud pair of wires between them.

Whoever speaks occupies the wire for as long as its bytes take. Two that speak at once damage both.
"""

import heapq
import itertools
from math import inf
from random import Random

from agent.bus import frames, slip
from agent.bus.frames import PrimaryHeartbeat, Query
from agent.bus.master import Master
from agent.bus.rules import BusRules, ChargerLimits
from agent.model import Offer
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger

BYTE_S = 10 / 9600
FOREVER = 1e9


def limits(*ids, max_amps=32.0, **more):
    return tuple(ChargerLimits(charger_id, max_amps=max_amps, **more) for charger_id in ids)


def rules(*ids, circuit_amps=40.0, max_amps=32.0, **more):
    return BusRules(circuit_amps, limits(*ids, max_amps=max_amps), **more)


def unit(charger_id="3201", now=0.0, car=True, car_is=None, **profile):
    """A virtual charger, with a quick car on its cable unless told otherwise."""
    rng = Random(charger_id)
    about = {"start_lag_s": 2.0, "ramp_up_amps_per_s": 8.0, "ramp_down_amps_per_s": 8.0, **(car_is or {})}
    on_cable = Car(CarProfile(**about), now, rng) if car else None
    profile.setdefault("first_announcement_s", 0.5)
    return VirtualCharger(ChargerProfile(charger_id=charger_id, **profile), on_cable, now, rng)


class Bench:
    """Runs until told to stop, and keeps a list of every message that went over the wire."""

    def __init__(self, bus_rules, *units, echo=False, now=0.0):
        self.now = now
        self.rules = bus_rules
        self.units = list(units)
        self.master = Master(bus_rules, now)
        self.echo = echo
        self.said = []  # (time, who, message), as it arrived
        self.beat_at = {}  # by charger: when the master began to say a heartbeat, arrived or not
        self.collisions = 0
        self.highest_sum = 0.0
        self.events = []
        self.jam = lambda who, data, now: data  # what the line does to bytes
        self.each_second = lambda now: None
        self._second_at = now
        self._wire_ends = -1.0
        self._on_wire = []
        self._order = 0

    def offer(self, good_until=FOREVER, **amps):
        """offer(c3201=16): what the brain offers from now on."""
        self.master.offers([Offer(k[1:].upper(), float(v), "a test", good_until) for k, v in amps.items()])

    def speak(self, who, data):
        """Put bytes on the wire now."""
        if who is self.master:
            (raw,) = slip.Decoder().feed(data, self.now)
            if isinstance(message := frames.decode(raw), PrimaryHeartbeat):
                self.beat_at.setdefault(message.charger, []).append(self.now)
        data = self.jam(who, data, self.now)
        if not data:
            return
        ends = self.now + len(data) * BYTE_S
        if self.now < self._wire_ends - 1e-9:
            self.collisions += 1
            for flight in self._on_wire:
                flight[3] = bytes(byte ^ 0x55 for byte in flight[3])
            data = bytes(byte ^ 0xAA for byte in data)
        self._wire_ends = max(self._wire_ends, ends)
        self._order += 1
        heapq.heappush(self._on_wire, [ends, self._order, who, data])

    def run(self, seconds):
        until = self.now + seconds
        while True:
            due = min(
                self.master.next_due,
                self._second_at,
                self._on_wire[0][0] if self._on_wire else inf,
                min((u.next_due for u in self.units), default=inf),
            )
            if due > until:
                self.now = until
                return self
            self.now = max(self.now, due)
            self._step()

    def _step(self):
        now = self.now
        while self._on_wire and self._on_wire[0][0] <= now:
            self._arrive(*heapq.heappop(self._on_wire))
        if self._second_at <= now:
            self._second_at += 1.0
            self.each_second(now)
            self.events += self.master.take_events()
        for u in self.units:
            u.advance(now)
            if u.next_due <= now and (data := u.send(now)):
                self.speak(u, data)
        if self.master.next_due <= now and (data := self.master.send(now)):
            self.speak(self.master, data)
        self.highest_sum = max(self.highest_sum, sum(max(u.offered_amps, u.drawn_amps) for u in self.units))

    def _arrive(self, ends, order, who, data):
        for raw in slip.Decoder().feed(data, ends):
            try:
                self.said.append((ends, who, frames.decode(raw)))
            except frames.RemoteError:
                continue
        for u in self.units:
            if u is not who:
                u.receive(data, ends)
        if who is not self.master or self.echo:
            self.master.receive(data, ends)

    # --- what was said ---

    def by_master(self, kind=None, since=0.0):
        return [
            (at, m)
            for at, who, m in self.said
            if who is self.master and at >= since and (kind is None or isinstance(m, kind))
        ]

    def beats(self, charger_id="3201", since=0.0):
        return [(at, m) for at, m in self.by_master(PrimaryHeartbeat, since) if m.charger == charger_id]

    def gaps(self, charger_id="3201", since=0.0):
        times = [at for at in self.beat_at[charger_id] if at >= since]
        return [b - a for a, b in itertools.pairwise(times)]

    def questions(self, *codes, since=0.0):
        return [m for _, m in self.by_master(Query, since) if not codes or m.code in codes]

    def status(self, charger_id="3201"):
        return next(c for c in self.master.view().chargers if c.charger_id == charger_id)

    def kinds(self):
        self.events += self.master.take_events()
        return [event.kind for event in self.events]
