"""`python -m simulator days`: write the simulator's own days anew, as CSV files."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulator.trace import write_trace
from simulator.weather import DAYS, day_named

HERE = Path(__file__).parent / "days"


def write_days(folder: Path) -> None:
    """Make every named day and write it to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DAYS:
        write_trace(day_named(name), folder / f"{name}.csv")
        print(folder / f"{name}.csv")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    days = commands.add_parser("days", help="write the simulator's own days anew")
    days.add_argument("--into", type=Path, default=HERE, help="the folder (default: simulator/days)")
    chosen = parser.parse_args()
    write_days(chosen.into)


if __name__ == "__main__":
    main()
