"""The bench itself: does it reproduce the published table from which its rules were written?

The figures are those of an independent implementation of the same definition. Where they differ:
evcc with milliamps takes 1706 steps on set P here and 1709 there, OpenEVSE 1298 and 1297 on set S.
"""

import os
from array import array
from pathlib import Path

import pytest

from benchmarks.solar.car import MIN_AMPS, VOLTS, Plant, Track, drive
from benchmarks.solar.metrics import CAUSES, Response, response_of, score, step_day, total
from benchmarks.solar.models import MODELS
from benchmarks.solar.oracles import best_value, zero_import
from benchmarks.solar.traces import (
    NREL,
    VARIABLE,
    Day,
    TraceError,
    folder_elsewhere,
    read_minutes,
    recorded_set,
    upsample,
)

NREL_S = {  # capture %, import kWh, starts
    "O1 1 A": (94.7, 0.00, 3),
    "O2 1 A": (99.0, 0.77, 2),
    "evcc 30 s": (94.7, 0.10, 2),
    "openWB": (97.2, 0.98, 2),
    "OpenEVSE eco": (93.2, 0.16, 2),
    "SmartEVSE solar": (99.3, 0.94, 2),
    "TWCManager 6 A": (94.8, 0.05, 2),
    "TWCManager 12 A": (87.6, 0.03, 4),
}
TOTALS = {  # capture %, import kWh, starts, steps, value: on set S, on set P
    "O1 1 A": ((92.8, 0.00, 21, None, 10.755), (80.4, 0.00, 41, None, 3.150)),
    "O1 0.01 A": ((95.5, 0.00, 21, None, 11.077), (84.6, 0.00, 41, None, 3.360)),
    "O2 1 A": ((98.0, 2.29, 4, None, 11.488), (95.5, 3.85, 4, None, 4.256)),
    "O2 0.1 A": ((98.5, 1.61, 4, None, 11.611), (96.3, 3.39, 4, None, 4.342)),
    "evcc 30 s": ((92.6, 0.62, 8, 977, 10.928), (81.4, 0.83, 18, 333, 3.581)),
    "evcc 30 s mA": ((94.9, 1.00, 8, 2672, 11.161), (85.2, 0.97, 18, 1709, 3.755)),
    "evcc 10 s": ((92.9, 0.38, 9, 1327, 10.962), (81.4, 0.79, 19, 402, 3.563)),
    "evcc residual 100 W": ((90.2, 0.46, 8, 932, 10.655), (76.5, 0.73, 18, 311, 3.349)),
    "openWB": ((95.3, 2.78, 16, 1550, 10.875), (84.2, 2.01, 43, 414, 3.099)),
    "OpenEVSE eco": ((91.8, 0.71, 6, 1297, 10.858), (78.3, 0.93, 10, 352, 3.578)),
    "SmartEVSE solar": ((98.1, 2.47, 4, 10418, 11.479), (94.5, 3.65, 10, 3073, 4.105)),
    "TWCManager 6 A": ((92.6, 0.46, 14, 982, 10.822), (81.0, 0.33, 30, 334, 3.369)),
    "TWCManager 12 A": ((82.6, 0.32, 31, 768, 9.287), (29.8, 0.01, 6, 103, 1.352)),
}
FRONTIER = {  # weight of import: capture %, import kWh, starts on set S, on set P
    0.05: ((98.9, 3.93, 3), (98.3, 5.79, 3)),
    0.20: ((96.7, 1.33, 3), (89.7, 1.36, 6)),
    0.50: ((94.7, 0.34, 7), (86.2, 0.42, 10)),
    1.00: ((93.9, 0.16, 8), (83.2, 0.17, 11)),
}
MAKE = dict(MODELS)


def run(name: str, day: Day) -> Track:
    if name.startswith("O1"):
        return zero_import(day, float(name.split()[1]))
    if name.startswith("O2"):
        return best_value(day, float(name.split()[1]))
    return drive(day, MAKE[name]())


def answer_to_steps(name: str) -> Response:
    day = step_day()
    return response_of(day, run(name, day))


@pytest.fixture(scope="session")
def nrel() -> Day:
    return next(day for day in recorded_set("S", None) if day.name == NREL)


@pytest.fixture(scope="session")
def all_days() -> dict[str, list[Day]]:
    if not os.environ.get(VARIABLE):
        pytest.skip(f"two of the three recorded days may not be copied here: name their folder in {VARIABLE}")
    return {group: recorded_set(group, folder_elsewhere()) for group in "SP"}


@pytest.mark.parametrize("name", NREL_S)
def test_the_recorded_day_reproduces_the_published_column(name, nrel):
    got = score(nrel, run(name, nrel))
    capture, bought, starts = NREL_S[name]
    assert (round(got.capture_percent, 1), round(got.import_kwh, 2), got.starts) == (capture, bought, starts)


@pytest.mark.parametrize("name", TOTALS)
def test_all_recorded_days_reproduce_the_published_totals(name, all_days):
    for group, (capture, bought, starts, steps, value) in zip("SP", TOTALS[name], strict=True):
        got = total(score(day, run(name, day)) for day in all_days[group])
        assert got.capture_percent == pytest.approx(capture, abs=0.06)
        assert got.import_kwh == pytest.approx(bought, abs=0.006)
        assert got.starts == starts
        assert got.value() == pytest.approx(value, abs=0.0011)
        assert steps is None or got.steps == pytest.approx(steps, abs=3)


@pytest.mark.parametrize("weight", FRONTIER)
def test_the_frontier_of_perfect_knowledge_is_the_published_one(weight, all_days):
    for group, (capture, bought, starts) in zip("SP", FRONTIER[weight], strict=True):
        got = total(score(day, best_value(day, 1.0, import_cost=weight)) for day in all_days[group])
        assert got.capture_percent == pytest.approx(capture, abs=0.06)
        assert got.import_kwh == pytest.approx(bought, abs=0.006)
        assert got.starts == starts


def test_lost_energy_is_booked_under_causes_to_the_last_watt(nrel):
    got = score(nrel, run("evcc 30 s", nrel))
    assert sum(getattr(got, f"{cause}_kwh") for cause in CAUSES) == pytest.approx(got.lost_kwh)
    assert got.rounding_kwh > got.start_kwh > 0


def test_the_car_waits_climbs_follows_and_is_cut():
    plant = Plant()
    plant.command(0, 10.0)
    climb = [plant.move(t) for t in range(1, 31)]
    assert climb[:19] == [0.0] * 19
    assert climb[19:29] == [float(amps) for amps in range(1, 11)]
    plant.command(30, 5.0)
    assert (plant.enabled, plant.move(31)) == (False, 0.0)


def test_quicker_rules_answer_a_two_kilowatt_step_sooner():
    slow, quick = answer_to_steps("evcc 30 s"), answer_to_steps("evcc 10 s")
    assert slow.down_s is not None
    assert quick.down_s is not None
    assert quick.down_s < slow.down_s
    assert quick.bought_wh < slow.bought_wh


def test_perfect_knowledge_is_never_beaten_by_a_rule(nrel):
    best = score(nrel, best_value(nrel, 0.1)).value()
    assert all(score(nrel, drive(nrel, make())).value() < best for _, make in MODELS)


def test_an_upsampled_day_has_straight_sun_and_stepped_house():
    sun, house = upsample([0.0, 60.0, 60.0], [100.0, 200.0, 300.0], scale=2.0)
    assert (len(sun), sun[30], sun[60], house[59], house[60]) == (120, 60.0, 120.0, 100.0, 200.0)


def test_an_oracle_stays_off_without_enough_sun():
    watts = array("d", [MIN_AMPS * VOLTS - 1] * 100)
    day = Day("dim", "test", watts, array("d", [0.0] * 100))
    assert max(zero_import(day, 0.1).amps) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,sun\n", "first line must be"),
        ("time_s,solar_w,house_w\n0,1,2\n60,x,2\n", "line 3: expected three numbers"),
        ("time_s,solar_w,house_w\n0,1,2\n120,1,2\n", "line 3: rows must be 60 s apart"),
        ("time_s,solar_w,house_w\n0,1,2\n", "at least two rows"),
    ],
)
def test_a_bad_recording_is_refused_with_a_sentence(tmp_path: Path, text, words):
    path = tmp_path / "day.csv"
    path.write_text(text)
    with pytest.raises(TraceError, match=words):
        read_minutes(path)


def test_a_folder_without_the_recordings_is_refused(tmp_path: Path):
    with pytest.raises(TraceError, match=r"no oe_day1\.csv and no oe_day3\.csv"):
        folder_elsewhere(str(tmp_path))
