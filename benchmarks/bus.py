"""How well the bus is kept: `python benchmarks/bus.py` prints a table, `--json` the same as JSON.

Three virtual chargers with cars sit behind a real pseudo-terminal at 9600 baud; the product's own bus part
runs in its thread beside them. Times are taken where bytes enter and leave the port. The last figures
come from the stepped world: sixteen chargers on one wire, and the computer's time for one heartbeat.
The bars are those that this project set itself; "moved" means amps that one charger must give up first.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1]))

from agent.bus import slip
from agent.bus.frames import ChargerHeartbeat, PrimaryHeartbeat, RemoteError, decode
from agent.bus.master import Master
from agent.bus.part import BusPart
from agent.bus.port import Port, open_port
from agent.bus.rules import BusRules, ChargerLimits
from agent.model import BusView, Offer
from agent.parts import Outbox, Slot, ThreadRunner
from scheduler.clock import SystemClock
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.faults import NOISY, FaultyWire
from simulator.wires.pty import PtyBus
from simulator.wires.stepped import SteppedBus

CLOCK = SystemClock(ZoneInfo("UTC"))
IDS = ("3201", "3202", "3203")
FOREVER = 1e12
SETTLE_S = 12.0

START = """
import sys
from agent.bus.port import open_port
port = open_port(sys.argv[1])
print("open", flush=True)
from agent.bus.master import Master
from agent.bus.part import BusPart
from agent.bus.rules import BusRules, ChargerLimits
from agent.model import BusView
from agent.parts import Outbox, Slot
from scheduler.clock import SystemClock
from zoneinfo import ZoneInfo
clock = SystemClock(ZoneInfo("UTC"))
rules = BusRules(40.0, (ChargerLimits("3201", 32.0),))
master = Master(rules, clock.now().mono_s)
part = BusPart(master, lambda: port, Slot(()), Slot(BusView()), Outbox(), port=port)
while True:
    part.step(clock.now())
"""


@dataclass(frozen=True)
class Figure:
    """One line of the table; `bar` is the most that is allowed, None where there is none."""

    what: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def passes(self) -> bool:
        return self.bar is None or self.value <= self.bar


@dataclass
class Listener:
    """A port that notes when heartbeats leave and what each charger answers."""

    inner: Port
    beats: dict[str, list[float]] = field(default_factory=dict)
    offered: dict[str, float] = field(default_factory=dict)
    first_byte_at: float | None = None
    is_network: bool = False
    _decoder: slip.Decoder = field(default_factory=slip.Decoder)

    def write(self, data: bytes) -> None:
        now = now_s()
        self.first_byte_at = self.first_byte_at or now
        for raw in slip.Decoder().feed(data, now):
            message = decode(raw)
            if isinstance(message, PrimaryHeartbeat):
                self.beats.setdefault(message.charger, []).append(now)
        self.inner.write(data)

    def read(self, timeout_s: float) -> bytes:
        data = self.inner.read(timeout_s)
        for raw in self._decoder.feed(data, now_s()) if data else ():
            try:
                message = decode(raw)
            except RemoteError:
                continue
            if isinstance(message, ChargerHeartbeat):
                self.offered[message.charger] = message.offered_amps
        return data

    def close(self) -> None:
        self.inner.close()

    def gaps(self, since: float) -> list[float]:
        """All gaps between heartbeats to the same charger."""
        return [
            later - sooner
            for times in self.beats.values()
            for sooner, later in itertools.pairwise(times)
            if sooner >= since
        ]


def now_s() -> float:
    return CLOCK.now().mono_s


def unit(charger_id: str, now: float, has_car: bool = True) -> VirtualCharger:
    rng = Random(charger_id)
    car = Car(CarProfile(start_lag_s=2.0), now, rng) if has_car else None
    announces_s = 0.3 + 0.3 * int(charger_id[-1])
    return VirtualCharger(ChargerProfile(charger_id, first_announcement_s=announces_s), car, now, rng)


class Bench:
    """A line, the bus part in its thread, and a watch on what the chargers offer and draw."""

    def __init__(
        self, circuit_amps: float = 40.0, noisy: bool = False, cars: bool = True, named: Sequence[str] = IDS
    ) -> None:
        now = now_s()
        wire = FaultyWire(NOISY, Random(1)) if noisy else None
        self.line = PtyBus([unit(each, now, cars) for each in IDS], CLOCK, wire=wire, echo=noisy)
        self.listeners: list[Listener] = []
        self.highest_amps = 0.0
        self.offers: Slot[tuple[Offer, ...]] = Slot(())
        self.view = Slot(BusView())
        self.pause = threading.Event()
        rules = BusRules(circuit_amps, tuple(ChargerLimits(each, 32.0) for each in named))
        events: Outbox[object] = Outbox()
        self.part = BusPart(Master(rules, now_s()), self._open, self.offers, self.view, events)  # type: ignore[arg-type]
        self.runner = ThreadRunner(CLOCK, lambda part, error: print(f"{part.name} crashed: {error}"))
        self.runner.start(self.part)

    def _open(self) -> Port:
        self.listeners.append(Listener(open_port(self.line.path)))
        return self.listeners[-1]

    def offer(self, amps: Sequence[float]) -> None:
        self.offers.put(
            tuple(Offer(each, float(a), "benchmark", FOREVER) for each, a in zip(IDS, amps, strict=True))
        )

    def until(self, holds: Callable[[], bool], within_s: float) -> float:
        """Wait, and watch the circuit meanwhile; returns how long it took."""
        begun = now_s()
        while not holds() and now_s() - begun < within_s:
            amps = self.line.do(lambda units, now: sum(max(u.offered_amps, u.drawn_amps) for u in units))
            self.highest_amps = max(self.highest_amps, amps)
            self.pause.wait(0.01)
        return now_s() - begun

    def run(self, seconds: float) -> None:
        self.until(lambda: False, seconds)

    def close(self) -> None:
        self.runner.end()
        self.part.close(CLOCK.now)
        self.line.close()


def heartbeats(seconds: float, noisy: bool) -> list[Figure]:
    """Gaps on a clean line, or under noise, echo and questions, with the amps changing all the while."""
    bench = Bench(noisy=noisy)
    rng = Random(2)
    bench.run(3.0)
    since = now_s()
    while now_s() - since < seconds:
        bench.offer([rng.choice((6, 10, 13)) for _ in IDS])
        bench.run(4.0)
    gaps = bench.listeners[0].gaps(since)
    bench.close()
    where = "noise, echo, questions" if noisy else "clean line"
    return [
        Figure(f"heartbeat gap, mean, {where}", statistics.fmean(gaps), "s", 1.005),
        Figure(f"heartbeat gap, worst, {where}", max(gaps), "s", 1.5 if noisy else 1.2),
    ]


ROOM = ((20, 20, 20), (6, 13, 20), (16, 9, 6))
MOVED = ((20, 14, 6), (6, 20, 14), (14, 6, 20))


def confirmations(rounds: int, moved: bool, cars: bool) -> list[Figure]:
    """From a new wish to its echo from all three chargers."""
    circuit_amps = 40.0 if moved else 60.0
    bench = Bench(circuit_amps, cars=cars)
    rng = Random(3)
    took: list[float] = []
    sets = MOVED if moved else ROOM
    bench.offer(sets[-1])
    bench.run(SETTLE_S + 10 if cars else 4.0)
    for amps in itertools.islice(itertools.cycle(sets), rounds):
        bench.run(rng.uniform(3.0, 4.0))
        bench.offer(amps)
        wanted = dict(zip(IDS, map(float, amps), strict=True))
        took.append(bench.until(lambda wanted=wanted: bench.listeners[0].offered == wanted, 15.0))
    bench.close()
    how = f"{'moved on a full circuit' if moved else 'room for all'}, {'' if cars else 'no '}cars drawing"
    bars = (None, None) if moved and cars else (2.0, 3.5)
    return [
        Figure(f"new amps confirmed on all three, mean, {how}", statistics.fmean(took), "s", bars[0]),
        Figure(f"new amps confirmed on all three, worst, {how}", max(took), "s", bars[1]),
        Figure(f"highest sum of max(offered, drawn), {how}", bench.highest_amps, "A", circuit_amps),
    ]


def port_return(away_s: float) -> list[Figure]:
    bench = Bench()
    bench.offer((10, 10, 10))
    bench.run(5.0)
    bench.line.pull()
    bench.run(away_s)
    bench.line.plug_back()
    back_at = now_s()
    bench.until(lambda: len(bench.listeners) > 1 and len(bench.listeners[-1].beats) == 3, 10.0)
    first = [times[0] - back_at for times in bench.listeners[-1].beats.values()]
    bench.close()
    return [Figure(f"heartbeats to all three after {away_s:.0f} s without the port", max(first), "s", 2.0)]


def process_start() -> list[Figure]:
    """A fresh process: port open, first byte, first heartbeat."""
    now = now_s()
    charger = unit("3201", now)
    charger._announce_at = now + 60.0
    line = PtyBus([charger], CLOCK)
    begun = now_s()
    child = subprocess.Popen(
        [sys.executable, "-c", START, line.path],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert child.stdout is not None
    child.stdout.readline()
    open_at = now_s()
    pause = threading.Event()
    while not line.do(lambda units, now: units[0].heartbeats) and now_s() < begun + 10:
        pause.wait(0.005)
    beat_at = now_s()
    child.kill()
    child.wait()
    child.stdout.close()
    line.close()
    return [
        Figure("process start to open port", open_at - begun, "s", 0.3),
        Figure("open port to first heartbeat of a named charger", beat_at - open_at, "s", 2.4),
    ]


def announcement(times: int) -> list[Figure]:
    """A charger that the settings don't name announces itself while two others are served."""
    took = []
    for n in range(times):
        bench = Bench(named=IDS[:2])
        announces_at = bench.line.do(lambda units, now: now) + 4.0 + 0.13 * n

        def later(units: list[VirtualCharger], now: float, at: float = announces_at) -> None:
            units[2]._announce_at = units[2].next_due = at

        bench.line.do(later)
        bench.until(lambda bench=bench: "3203" in bench.listeners[0].beats, 6.0)
        if not bench.line.collisions:  # an announcement that falls into other talk is lost, and comes again
            took.append(bench.listeners[0].beats["3203"][0] - announces_at)
        bench.close()
    return [Figure("announcement to first heartbeat, worst", max(took), "s", 1.2)]


def sixteen(seconds: float) -> list[Figure]:
    """The physical end: sixteen chargers at 1 Hz, 20 ms answer time, no room for anything else."""
    ids = [f"32{n:02X}" for n in range(16)]
    rules = BusRules(1280.0, tuple(ChargerLimits(each, 32.0) for each in ids), max_chargers=16)
    master = Master(rules, 0.0)
    master.offers([Offer(each, 16.0, "benchmark", FOREVER) for each in ids])
    profiles = [ChargerProfile(each, first_announcement_s=60.0, answer_s=0.02, tail=b"") for each in ids]
    units = [
        VirtualCharger(p, Car(CarProfile(), 0.0, Random(1)), 0.0, Random(p.charger_id)) for p in profiles
    ]
    bus = SteppedBus(master, units)
    bus.run_until(20.0)
    for each in units:
        each.longest_gap_s = 0.0
    before, busy = [each.heartbeats for each in units], bus.busy_s
    bus.run_until(20.0 + seconds)
    beats = [each.heartbeats - had for each, had in zip(units, before, strict=True)]
    return [
        Figure("16 chargers: heartbeat gap, mean", seconds / statistics.fmean(beats), "s", 1.005),
        Figure("16 chargers: heartbeat gap, worst", max(each.longest_gap_s for each in units), "s", 1.2),
        Figure("16 chargers: wire in use", 100 * (bus.busy_s - busy) / seconds, "%"),
        Figure("16 chargers: collisions", float(bus.collisions), ""),
    ]


def cost(exchanges: int) -> list[Figure]:
    """The computer's own time for one heartbeat and its answer."""
    master = Master(BusRules(60.0, tuple(ChargerLimits(each, 32.0) for each in IDS), ask=False), 0.0)
    master.offers([Offer(each, 16.0, "benchmark", FOREVER) for each in IDS])
    answers = {
        each: slip.encode(ChargerHeartbeat(each, "7777", 1, 16.0, 16.0).encode()) + b"\xfc" for each in IDS
    }
    known: dict[bytes, bytes] = {}
    done, begun = 0, 0.0
    while done < exchanges + 100:
        now = master.next_due
        wire = master.send(now)
        if wire not in known:
            message = decode(slip.Decoder().feed(wire, now)[0]) if wire else None
            known[wire] = answers[message.charger] if isinstance(message, PrimaryHeartbeat) else b""
        if answer := known[wire]:
            master.receive(answer, now + 0.06)
            done += 1
            begun = time.process_time() if done == 100 else begun
    took_us = 1e6 * (time.process_time() - begun) / exchanges
    return [Figure("computer's time for one heartbeat and its answer", took_us, "us", 10)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--quick", action="store_true", help="a third of the time")
    asked = parser.parse_args()
    share = 1 / 3 if asked.quick else 1.0
    figures = [
        *process_start(),
        *announcement(max(2, round(5 * share))),
        *heartbeats(45 * share, noisy=False),
        *heartbeats(45 * share, noisy=True),
        *confirmations(max(3, round(9 * share)), moved=False, cars=True),
        *confirmations(max(3, round(9 * share)), moved=True, cars=False),
        *confirmations(max(3, round(6 * share)), moved=True, cars=True),
        *port_return(3.0),
        *sixteen(300),
        *cost(20_000),
    ]
    if asked.json:
        print(json.dumps([{**asdict(each), "passes": each.passes} for each in figures], indent=1))
    else:
        for each in figures:
            bar = "" if each.bar is None else f"{'' if each.passes else 'NOT '}within {each.bar:g}"
            print(f"{each.what:<84} {each.value:9.3f} {each.unit:<3} {bar}")
    return 0 if all(each.passes for each in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
