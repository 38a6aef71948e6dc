"""`python -m benchmarks.solar.houses`: other wirings, other cars, three chargers, and a step of 2 kW.

The real brain through the real bus, as in `ours.py`, on one generated day of each weather (seeds beyond
those of the tables). "Possible" is what whole amps above the minimum could take of the surplus without lag
and without buying, for the phases that the car really loads. Every second is judged by the stepped house.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from math import floor
from pathlib import Path
from random import Random

from agent.brain.decide import decide
from agent.brain.memory import Memory
from agent.bus.master import Master
from agent.bus.rules import BusRules, ChargerLimits
from agent.model import CarStatus, ChargerRules, Rules
from benchmarks.solar.generator import generate, recipe
from benchmarks.solar.ours import BrokenRule
from benchmarks.solar.traces import Day
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.house import House, HouseProfile
from simulator.trace import Trace
from simulator.world import Setting, World

PAGE = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- houses: begin -->", "<!-- houses: end -->"
THREE = ("L1", "L2", "L3")
IDS = ("3201", "3202", "3203")
SEEDS = (31, 32, 33)
MIN_AMPS, MAX_AMPS = 6.0, 32.0
STEADY_S, AFTER_S = 900, 400


@dataclass(frozen=True, slots=True)
class Case:
    """One row: how the house is wired, and what stands before it."""

    name: str
    volts: float = 230.0
    wired: tuple[str, ...] = ("L1",)
    loads: int = 1  # phases that the car uses
    scale: float = 1.0
    share: float = 1.0


CASES = (
    Case("1 phase, 240 V", 240.0),
    Case("1 phase, 230 V"),
    Case("3 phases, sun as it is: floor of 4.1 kW", wired=THREE, loads=3),
    Case("3 phases, twice the sun", wired=THREE, loads=3, scale=2.0),
    Case("3 phases, a car of two", wired=THREE, loads=2, scale=2.0),
    Case("3 phases, a car of one", wired=THREE, loads=1),
)


def world_for(
    rows: tuple[tuple[float, float, float], ...],
    chargers: tuple[ChargerRules, ...],
    loads: int = 1,
    volts: float = 230.0,
    share: float = 1.0,
    socs: Mapping[str, float] | None = None,
) -> World:
    """A stepped house with these chargers; a car of `loads` phases at each."""
    chance = Random(7)
    wide = max(len(each.phases) for each in chargers) > 1
    house = House(Trace(rows, "bench"), HouseProfile(phases=3 if wide else 1, volts=volts))
    made, cars = [], {}
    for number, each in enumerate(chargers, 1):
        vin = f"5YJ3E1EA7KF00000{number}"
        soc = (socs or {}).get(each.charger_id, 20.0)
        profile = CarProfile(vin=vin, phases=loads, battery_kwh=75.0 if socs else 1e5, soc_percent=soc)
        car = Car(replace(profile, limit_percent=100.0), 0.0, chance)
        made.append(
            VirtualCharger(
                ChargerProfile(each.charger_id, volts=volts, phases=len(each.phases)), car, 0.0, chance
            )
        )
        house.wire(made[-1], each.phases)
        cars[vin] = car
    circuit = MAX_AMPS * len(chargers)
    rules = Rules(chargers, circuit, site_phases=3 if wide else 1, volts=volts, min_solar_share=share)
    limits = BusRules(circuit, tuple(ChargerLimits(each.charger_id, MAX_AMPS) for each in chargers))
    setting = Setting()
    if socs:
        setting = Setting(
            cars=lambda moment: {
                vin: CarStatus(vin, soc_percent=round(car.soc_percent)) for vin, car in cars.items()
            }
        )
    return World(rules, house, made, lambda now: Master(limits, now), decide, Memory(), setting)


def rows_of(day: Day, scale: float) -> tuple[tuple[float, float, float], ...]:
    """The day with more or less sun, its second 0 at the house's second 1."""
    pairs = zip(day.solar_w, day.house_w, strict=True)
    return tuple((float(t + 1), sun * scale, load) for t, (sun, load) in enumerate(pairs))


def possible_kwh(rows: tuple[tuple[float, float, float], ...], per_amp: float) -> float:
    """What whole amps could take without buying."""
    joules = 0.0
    for _, sun, load in rows:
        amps = floor((sun - load) / per_amp)
        joules += min(amps, MAX_AMPS) * per_amp if amps >= MIN_AMPS else 0.0
    return joules / 3.6e6


def play(job: tuple[Case, int]) -> list[object]:
    """One case on one day: the row. Raises BrokenRule."""
    case, seed = job
    made_of = recipe(seed)
    rows = rows_of(generate(made_of), case.scale)
    charger = ChargerRules(IDS[0], max_amps=MAX_AMPS, phases=case.wired)
    world = world_for(rows, (charger,), case.loads, case.volts, case.share)
    world.run_until(len(rows))
    if world.violations:
        raise BrokenRule(f"{case.name}, seed {seed}: {world.violations[0]}")
    got = world.figures()
    possible = possible_kwh(rows, case.volts * case.loads)
    learned = world._memory.chargers[IDS[0]].learned.phases
    of_possible = 100 * got.solar_kwh / possible if possible else 100.0
    return [
        case.name,
        made_of.weather,
        round(got.surplus_kwh, 1),
        round(possible, 1),
        round(got.solar_kwh, 1),
        round(of_possible, 1),
        round(got.import_kwh, 2),
        got.starts,
        got.steps,
        learned or "-",
    ]


SINGLE = ("house", "sky", "surplus kWh", "possible", "taken", "%", "import", "starts", "steps", "learned")


# --- three chargers, four kilowatts --------------------------------------------------------------------

SHARING = ("three cars at 4 kW, 8 h", "3201 kWh", "3202 kWh", "3203 kWh", "taken %", "import", "starts")
SHARED: dict[str, tuple[tuple[int, int, int], dict[str, float] | None]] = {
    "equals take turns": ((1, 1, 1), None),
    "priority 3203, 3202, 3201": ((3, 2, 1), None),
    "charge known: 60, 40, 20 %": ((1, 1, 1), {"3201": 60.0, "3202": 40.0, "3203": 20.0}),
}


def play_shared(name: str) -> list[object]:
    """Eight hours of 4 kW of sun for three cars."""
    priorities, socs = SHARED[name]
    length_s = 8 * 3600
    chargers = tuple(
        ChargerRules(one, max_amps=MAX_AMPS, priority=first)
        for one, first in zip(IDS, priorities, strict=True)
    )
    world = world_for(((0.0, 4300.0, 300.0), (float(length_s), 4300.0, 300.0)), chargers, socs=socs)
    world.run_until(length_s)
    if world.violations:
        raise BrokenRule(f"{name}: {world.violations[0]}")
    got = world.figures()
    each = [round(charger.car.energy_wh / 1000, 1) if charger.car else 0.0 for charger in world.chargers]
    closings = "+".join(str(charger.contactor_closings) for charger in world.chargers)
    return [name, *each, round(got.capture_percent, 1), round(got.import_kwh, 2), closings]


# --- a step of 2 kW -------------------------------------------------------------------------------------

STEPS = ("a kettle of 2 kW", "confirmed s", "no import s", "used again s")


def play_step(job: tuple[str, int, int]) -> list[object]:
    """Seconds from the meter seeing a kettle to amps confirmed on the wire; and back up."""
    name, phases, count = job
    per_amp = 230.0 * phases
    sun = (12 if phases > 1 else 25 if count == 1 else 35) * per_amp + 100.0
    chargers = tuple(ChargerRules(one, max_amps=MAX_AMPS, phases=THREE[:phases]) for one in IDS[:count])
    world = world_for(((0.0, sun + 300.0, 300.0), (90_000.0, sun + 300.0, 300.0)), chargers, loads=phases)
    world.run_until(STEADY_S)
    left = floor((sun - 2000.0) / per_amp)
    world.house.extra_load_watts = 2000.0
    confirmed = calm = None
    for second in range(1, AFTER_S):
        world.step()
        total = sum(status.confirmed_amps for status in world.primary.view().chargers)
        if confirmed is None and total <= left + 0.01:
            confirmed = second - 1  # the first of these seconds is the one in which the meter sees it
        if calm is None and world.flow.grid_w <= 0:
            calm = second - 1
    world.house.extra_load_watts = 0.0
    used = None
    for second in range(1, AFTER_S):
        world.step()
        if used is None and world.flow.grid_w >= -(count + 0.2) * per_amp:
            used = second - 1
    return [name, confirmed, calm, used]


STEP_JOBS = (("1 phase", 1, 1), ("3 phases", 3, 1), ("1 phase, 3 chargers", 1, 3))


def table(head: tuple[str, ...], rows: list[list[object]]) -> str:
    """Markdown, aligned."""
    text = [list(head), *[[str(cell) for cell in row] for row in rows]]
    wide = [max(len(row[place]) for row in text) for place in range(len(head))]
    lines = [_line(row, wide) for row in text]
    ruler = ["-" * wide[0], *("-" * (width - 1) + ":" for width in wide[1:])]
    return "\n".join([lines[0], _line(ruler, wide), *lines[1:]])


def _line(row: list[str], wide: list[int]) -> str:
    cells = [row[0].ljust(wide[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], wide[1:], strict=True)]
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> int:
    """Run all; print the tables, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solar.houses", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--page", action="store_true", help="also write the tables into the page")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args(arguments)
    with ProcessPoolExecutor(asked.jobs) as pool:
        single = pool.map(play, [(case, seed) for case in CASES for seed in SEEDS])
        shared = pool.map(play_shared, SHARED)
        steps = pool.map(play_step, STEP_JOBS)
        found = ((SINGLE, list(single)), (SHARING, list(shared)), (STEPS, list(steps)))
    if asked.json:
        print(json.dumps([[dict(zip(head, row, strict=True)) for row in rows] for head, rows in found]))
        return 0
    text = "\n\n".join(table(head, rows) for head, rows in found)
    print(text)
    if asked.page:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
