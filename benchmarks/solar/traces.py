"""Recorded days: one row a minute on disk, one value a second in the bench.

Between two minutes the array's watts run in a straight line and the house keeps its minute's watts:
an array is smooth where a kettle is not. A recording of n rows gives (n - 1) * 60 seconds, and the
bench's clock starts at 0 with the first row. The array is scaled, the house never is.

Two sets: `S`, an array well above a charger's minimum, and `P`, a small one that lives beside it.
"""

from __future__ import annotations

import csv
import os
import sys
from array import array
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent / "days"
NREL = "nrel_day1_uci_winter"
ELSEWHERE = ("oe_day1", "oe_day3")  # recorded days whose licence keeps them out of this folder
VARIABLE = "SUNWARD_TRACES"
SCALES = {
    "S": {"oe_day1": 2.5, "oe_day3": 2.5, NREL: 1.6},
    "P": {"oe_day1": 1.0, "oe_day3": 1.0, NREL: 1.0},
}
HEADER = ["time_s", "solar_w", "house_w"]


class TraceError(ValueError):
    """A recording that cannot be used; the sentence says where and what to write instead."""


@dataclass(frozen=True)
class Day:
    """One day at one value a second. Watts; `first_s` is the local time of the first second."""

    name: str
    group: str
    solar_w: array[float]
    house_w: array[float]
    first_s: int = 0
    net_w: array[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        net = array("d", [sun - house for sun, house in zip(self.solar_w, self.house_w, strict=True)])
        object.__setattr__(self, "net_w", net)

    def __len__(self) -> int:
        return len(self.solar_w)


def read_minutes(path: Path) -> tuple[int, list[float], list[float]]:
    """Read one recording: the first row's local second, solar watts and house watts by the minute."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    if not rows or rows[0] != HEADER:
        raise TraceError(f"{path}: the first line must be '{','.join(HEADER)}'.")
    first = 0
    solar: list[float] = []
    house: list[float] = []
    for number, row in enumerate(rows[1:], start=2):
        try:
            time_s, sun, load = (float(cell) for cell in row)
        except ValueError:
            raise TraceError(f"{path}, line {number}: expected three numbers, found {row}.") from None
        if not solar:
            first = int(time_s)
        elif time_s != first + 60 * len(solar):
            raise TraceError(f"{path}, line {number}: rows must be 60 s apart without gaps.")
        solar.append(sun)
        house.append(load)
    if len(solar) < 2:
        raise TraceError(f"{path}: a day needs at least two rows.")
    return first, solar, house


def upsample(solar: list[float], house: list[float], scale: float = 1.0) -> tuple[array[float], array[float]]:
    """Turn n minutes into (n - 1) * 60 seconds: solar in straight lines, the house in steps."""
    sun, load = array("d"), array("d")
    for now, after, watts in zip(solar, solar[1:], house, strict=False):
        start, slope = now * scale, (after - now) * scale / 60
        sun.extend([start + slope * second for second in range(60)])
        load.extend([watts] * 60)
    return sun, load


def recorded(name: str, group: str, folder: Path, scale: float) -> Day:
    """Load one recorded day from a folder and scale its array."""
    first, solar, house = read_minutes(folder / f"{name}.csv")
    sun, load = upsample(solar, house, scale)
    return Day(name, group, sun, load, first)


def folder_elsewhere(given: str | None = None) -> Path | None:
    """Where the days that may not be copied are kept: the given folder, the variable's, or nowhere."""
    named = given or os.environ.get(VARIABLE)
    if not named:
        return None
    folder = Path(named)
    missing = [name for name in ELSEWHERE if not (folder / f"{name}.csv").is_file()]
    if missing:
        raise TraceError(f"{folder} has no {' and no '.join(f'{name}.csv' for name in missing)}.")
    return folder


def recorded_set(group: str, elsewhere: Path | None) -> list[Day]:
    """The days of set `S` or `P`: all three with the other folder, the one we may keep without it."""
    days = []
    for name, scale in SCALES[group].items():
        folder = elsewhere if name in ELSEWHERE else HERE
        if folder is not None:
            days.append(recorded(name, group, folder, scale))
    return days


def say_missing(elsewhere: Path | None) -> None:
    """Say aloud which recorded days are left out, and how to bring them."""
    if elsewhere is None:
        print(
            f"*** LEFT OUT: {' and '.join(ELSEWHERE)}, whose licence keeps them out of here. The totals "
            f"of S and P are of one day only. Name their folder with --traces DIR or {VARIABLE}. ***",
            file=sys.stderr,
        )
