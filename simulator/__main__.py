"""What the simulator does on its own: `demo`, `simulate`, `seeds` (houses drawn from seeds), `days`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from notify.said import to_the_end
from simulator import demo, replay
from simulator.chance import draw_world
from simulator.trace import write_trace
from simulator.weather import DAYS, day_named

HERE = Path(__file__).parent / "days"


def write_days(folder: Path) -> None:
    """Make every named day and write it to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DAYS:
        write_trace(day_named(name), folder / f"{name}.csv")
        print(folder / f"{name}.csv")


def try_seeds(first: int, count: int, length_s: float) -> int:
    """Live `count` drawn houses; prints every broken rule. Returns how many houses broke one."""
    broken = 0
    for seed in range(first, first + count):
        world = draw_world(seed, length_s)
        world.run_until(length_s)
        if world.violations:
            broken += 1
            print(f"seed {seed}: {world.invariants.count} times, first {world.violations[0]}")
    print(f"{count} houses, {length_s:.0f} s each: {broken} broke a rule")
    return broken


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="sunward", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    days = commands.add_parser("days", help="write the simulator's own days anew")
    days.add_argument("--into", type=Path, default=HERE, help="the folder (default: simulator/days)")
    seeds = commands.add_parser("seeds", help="live houses drawn from seeds, and judge every second")
    seeds.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    seeds.add_argument("--count", type=int, default=200, help="how many houses (default: 200)")
    seeds.add_argument("--length", type=float, default=900.0, help="seconds each (default: 900)")
    replay.add_parser(commands)
    demo.add_parser(commands)
    chosen = parser.parse_args()
    if chosen.command == "demo":
        return demo.main(chosen)
    if chosen.command == "simulate":
        return replay.simulate(chosen)
    if chosen.command == "seeds":
        return 1 if try_seeds(chosen.first, chosen.count, chosen.length) else 0
    write_days(chosen.into)
    return 0


if __name__ == "__main__":
    sys.exit(to_the_end(main))
