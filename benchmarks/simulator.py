"""How fast the simulated house lives, and how fast the brain thinks: `python -m benchmarks.simulator`.

A day of three chargers with the real bus, brain and virtual chargers, twice with the same seed; houses
drawn from seeds with every second judged; and the brain alone, for 1, 3 and 16 chargers with a meter that
changes each second. Seconds are this computer's: run it while nothing else does.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from random import Random

from agent.brain.decide import decide
from agent.brain.memory import Memory
from agent.model import ChargerRules, ChargerStatus, Moment, Reading, Rules, Snapshot
from simulator.chance import draw_world
from simulator.replay import Plant, replay_world
from simulator.weather import day_named

DAY_S = 86_400
THINKS = 20_000
Row = tuple[str, float | str, str]


def days() -> list[Row]:
    """A whole day of three chargers, twice."""
    rows: list[Row] = []
    hashes = set()
    for name in ("cloudy", "cloudy", "sunny"):
        world = replay_world(day_named(name), Plant(chargers=3))
        began = time.perf_counter()
        world.run_until(DAY_S)
        took_s = time.perf_counter() - began
        if name == "cloudy":
            hashes.add(world.trace_hash)
        rows.append((f"a {name} day of three chargers", round(took_s, 2), "s, under 8"))
        rows.append((f"  its broken rules ({world.figures().starts} starts)", world.invariants.count, "0"))
    rows.append(("same seed, same trace hash", "yes" if len(hashes) == 1 else "NO", "yes"))
    return rows


def seeds(count: int) -> list[Row]:
    """Houses drawn from seeds, with faults."""
    broken = 0
    for seed in range(count):
        world = draw_world(seed, 600.0)
        world.run_until(600.0)
        broken += bool(world.violations)
    return [(f"{count} drawn houses of 10 minutes that broke a rule", broken, "0")]


def thinking(chargers: int, limited: bool = False) -> Row:
    """The brain alone, with cars that draw what they were offered; `limited`: with every limit there is."""
    ids = [f"{number:04X}" for number in range(chargers)]
    phases = ("L1", "L2", "L3") if limited else ("L1",)
    rules = Rules(
        tuple(ChargerRules(one, max_amps=32, phases=phases) for one in ids), circuit_amps=80, volts=240
    )
    if limited:
        rules = replace(rules, site_phases=3, main_fuse_amps=63, imbalance_amps=20, peak_watts=15_000)
    memory, chance, drawn = Memory(), Random(1), dict.fromkeys(ids, 0.0)
    began = time.process_time()
    for second in range(1, THINKS):
        watts = -6000 + 2000 * chance.random()
        reading = Reading(watts, second - 0.5, "bench", (watts / 720,) * 3 if limited else None)
        statuses = tuple(
            ChargerStatus(
                one,
                state="charging",
                rating_amps=32,
                drawn_amps=amps,
                heard_at_mono_s=float(second),
                linked=True,
                plugged=True,
                charging=True,
            )
            for one, amps in drawn.items()
        )
        decision, memory = decide(rules, Snapshot(statuses, {"grid": reading}), memory, Moment(float(second)))
        drawn = {offer.charger_id: offer.amps for offer in decision.offers}
    each_us = (time.process_time() - began) / THINKS * 1e6
    with_what = ", every limit set" if limited else ""
    return (f"one decision for {chargers} chargers{with_what}", round(each_us, 1), "us, under 200 for 3")


def main() -> int:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulator", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=200)
    asked = parser.parse_args()
    rows = [*days(), *seeds(asked.seeds)]
    rows += [thinking(count, limited) for limited in (False, True) for count in (1, 3, 16)]
    if asked.json:
        print(json.dumps([{"what": what.strip(), "value": value, "bar": bar} for what, value, bar in rows]))
    else:
        for what, value, bar in rows:
            print(f"{what:<52} {value!s:>10}   {bar}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
