"""Our own row: the real brain and bus live a piece of a day without breaking a rule."""

from array import array

import pytest

from benchmarks.solar import ours
from benchmarks.solar.car import MIN_AMPS, VOLTS
from benchmarks.solar.metrics import response_of, score, step_day
from benchmarks.solar.traces import Day


def steady(watts: float, seconds: int) -> Day:
    return Day("steady", "test", array("d", [watts] * seconds), array("d", [0.0] * seconds))


@pytest.mark.parametrize("name", ours.SHARES)
def test_steady_sun_goes_into_the_car_through_the_real_bus(name):
    day = steady(4000, 1800)
    got = score(day, ours.play(day, ours.SHARES[name]))
    assert got.starts == 1
    assert got.capture_percent > 75  # the start takes its time
    assert got.import_kwh < 0.05


def test_half_amps_leave_less_sun_behind_than_whole_ones():
    day = steady(12.7 * VOLTS, 900)
    whole, half = (score(day, ours.play(day, 1.0, half_amps=half)) for half in (False, True))
    assert half.solar_kwh > whole.solar_kwh
    assert half.starts == whole.starts == 1


def test_too_little_sun_starts_nothing_in_strict_mode():
    day = steady(MIN_AMPS * VOLTS - 100, 1200)
    track = ours.play(day, 1.0)
    assert max(track.amps) == 0


def test_a_heater_is_answered_within_seconds_on_the_wire():
    day = step_day()
    answer = response_of(day, ours.play(day, 1.0))
    assert answer.down_s is not None
    assert answer.down_s <= 5
    assert answer.up_s is not None
    assert answer.up_s <= 20


def test_a_second_of_the_bench_is_a_second_of_the_house():
    day = steady(4000, 600)
    world = ours.house_for(day, 1.0)
    world.run_until(1)
    assert world.flow.solar_w == 4000
    assert world.figures().surplus_kwh == pytest.approx(4.0 / 3600)
