"""`./sunward simulate`: a recorded day lived again with the real brain, bus master and virtual chargers.

Nothing is short-cut: every heartbeat is a frame on a simulated 9600-baud pair. The car is the benchmark's:
it wants charge without limit, begins 20 s after it is allowed to, rises by 1 A/s and falls by 4 A/s. The
figures:

    surplus_kwh       sun that the house left over, as far as the chargers could have used it
    solar_kwh         of that, what went into cars;  capture_percent is the share
    import_kwh        what the cars bought
    starts, steps     from nothing to something; from something to something else
    value             0.12 solar - 0.10 import - 0.02 starts, in money per kWh and start
    speed_x           seconds of the day lived in each second of this computer
    violations        how often a rule that must always hold was broken (0, or this is a bug)
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from agent.brain.decide import decide
from agent.brain.memory import Memory
from agent.bus.master import Master
from agent.bus.rules import BusRules, ChargerLimits
from agent.model import ChargerRules, Rules
from scheduler.clock import system_mono_s
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.house import House, HouseProfile
from simulator.trace import Trace, TraceError, read_trace
from simulator.world import Setting, World

DAY = datetime(2026, 6, 15, tzinfo=UTC)
ENDLESS_KWH = 100_000.0  # the benchmark's car never gets full
PHASES = ("L1", "L2", "L3")


@dataclass(frozen=True, slots=True)
class Plant:
    """The house that a trace is lived in: amps per conductor, volts to neutral."""

    volts: float = 240.0
    phases: int = 1
    max_amps: float = 32.0
    min_solar_share: float = 1.0
    chargers: int = 1
    seed: int = 1


def replay_world(trace: Trace, plant: Plant) -> World:
    """The house at the first row of the trace, not yet run."""
    rng = Random(plant.seed)
    phases = PHASES[: plant.phases]
    ids = [f"{0x3201 + number:04X}" for number in range(plant.chargers)]
    rules = Rules(
        tuple(ChargerRules(one, max_amps=plant.max_amps, phases=phases) for one in ids),
        circuit_amps=plant.max_amps,
        site_phases=plant.phases,
        volts=plant.volts,
        min_solar_share=plant.min_solar_share,
    )
    bus_rules = BusRules(
        plant.max_amps,
        tuple(ChargerLimits(one, plant.max_amps) for one in ids),
        max_chargers=max(3, len(ids)),
    )
    house = House(
        trace, HouseProfile(plant.phases, plant.volts, starts_at_s=trace.first_s, repeats_daily=False)
    )
    car = CarProfile(
        max_amps=plant.max_amps,
        phases=plant.phases,
        battery_kwh=ENDLESS_KWH,
        soc_percent=0,
        limit_percent=100,
    )
    unit = {"rating_amps": 80.0, "phases": plant.phases, "volts": plant.volts, "has_modern_queries": True}
    chargers = [
        VirtualCharger(ChargerProfile(one, **unit), Car(car, 0.0, rng), 0.0, Random(rng.random()))  # type: ignore[arg-type]
        for one in ids
    ]
    for charger in chargers:
        house.wire(charger, phases)
    setting = Setting(wall=DAY + timedelta(seconds=trace.first_s), seed=plant.seed)
    return World(rules, house, chargers, lambda now: Master(bus_rules, now), decide, Memory(), setting)


def replay(trace: Trace, plant: Plant) -> dict[str, object]:
    """Live the whole trace; the figures by their names."""
    world = replay_world(trace, plant)
    length_s = trace.last_s - trace.first_s
    began = system_mono_s()
    world.run_until(length_s)
    took_s = max(1e-9, system_mono_s() - began)
    figures = world.figures()
    return {
        "surplus_kwh": round(figures.surplus_kwh, 3),
        "solar_kwh": round(figures.solar_kwh, 3),
        "capture_percent": round(figures.capture_percent, 2),
        "import_kwh": round(figures.import_kwh, 3),
        "starts": figures.starts,
        "steps": figures.steps,
        "value": round(figures.value, 4),
        "speed_x": round(length_s / took_s),
        "violations": world.invariants.count,
        "violated": world.violations,
        "hours": round(length_s / 3600, 2),
        "trace_hash": world.trace_hash,
    }


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command's arguments."""
    command = commands.add_parser("simulate", help="live a recorded day with the real brain and bus")
    command.add_argument("--trace", type=Path, required=True, help="a CSV file: time_s,solar_w,house_w")
    command.add_argument("--volts", type=float, default=240.0, help="to neutral, or between the legs (240)")
    command.add_argument("--phases", type=int, choices=(1, 3), default=1)
    command.add_argument("--max-amps", type=float, default=32.0, help="per conductor (32)")
    command.add_argument("--min-solar-share", type=float, default=1.0, help="1.0: never buy for the sun")
    command.add_argument("--chargers", type=int, default=1, help="how many share the sun (1)")
    command.add_argument("--pv-scale", type=float, default=1.0, help="an array so many times as large")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--json", action="store_true", help="the figures as JSON")


def simulate(asked: argparse.Namespace) -> int:
    """Run the command; 1 for bad input or a broken rule."""
    problem = _problem(asked)
    try:
        trace = read_trace(asked.trace).scaled(asked.pv_scale)
    except TraceError as error:
        problem = problem or f"{error}."
    if problem:
        print(problem, file=sys.stderr)
        return 1
    if not asked.json:
        print(f"living {asked.trace.name} ...", file=sys.stderr)
    plant = Plant(
        asked.volts, asked.phases, asked.max_amps, asked.min_solar_share, asked.chargers, asked.seed
    )
    figures = replay(trace, plant)
    if asked.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<18} {value}")
    return 1 if figures["violations"] else 0


def _problem(asked: argparse.Namespace) -> str:
    if not 80 <= asked.volts <= 300:
        return f"--volts {asked.volts:g} is no mains voltage: 80 to 300."
    if not 6 <= asked.max_amps <= 80:
        return f"--max-amps {asked.max_amps:g} can't be: a Wall Connector Gen 2 offers 6 to 80 A."
    if not 0.1 <= asked.min_solar_share <= 1:
        return f"--min-solar-share {asked.min_solar_share:g} can't be: 0.1 to 1.0."
    if not 1 <= asked.chargers <= 16:
        return f"--chargers {asked.chargers} can't be: 1 to 16."
    if not 0 < asked.pv_scale <= 100:
        return f"--pv-scale {asked.pv_scale:g} can't be: above 0, at most 100."
    return ""
