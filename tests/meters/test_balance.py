"""Meters that can't all be right: told once, when it has lasted, and when it is over."""

from agent.meters.balance import AGREED, LASTS_S, weigh
from agent.model import Reading


def house(grid, solar, house_w, **more):
    watts = {"grid": grid, "solar": solar, "house": house_w, **more}
    return {role: Reading(value, 0.0, "test") for role, value in watts.items()}


def live(readings, seconds, balance=AGREED, chargers_watts=0.0, start=0.0):
    told = []
    for second in range(int(seconds)):
        balance, event = weigh(balance, readings, chargers_watts, start + second)
        told += [event] if event else []
    return balance, told


def test_meters_that_agree_say_nothing():
    assert live(house(-2000.0, 5000.0, 600.0), 1000, chargers_watts=2300.0)[1] == []


def test_a_clamp_put_on_backwards_is_told_once_after_ten_minutes_and_when_it_is_mended():
    wrong = house(2000.0, 5000.0, 600.0)
    balance, told = live(wrong, LASTS_S, chargers_watts=2300.0)
    assert told == []
    balance, told = live(wrong, 3000, balance, 2300.0, LASTS_S)
    assert [event.kind for event in told] == ["meter_disagrees"]
    assert "600 W" in told[0].sentence
    assert "4700 W" in told[0].sentence
    _, told = live(house(-2000.0, 5000.0, 600.0), 10, balance, 2300.0, 4000)
    assert [(event.kind, event.recovers) for event in told] == [("meter_agrees", "meter_disagrees")]


def test_a_kettle_between_two_readings_is_no_disagreement():
    balance, told = live(house(0.0, 300.0, 2300.0), 20)
    assert told == []
    assert live(house(2000.0, 300.0, 2300.0), 20, balance)[0] == AGREED


def test_what_is_not_measured_is_not_compared():
    assert live({"grid": Reading(100.0, 0.0, "x")}, 2000) == (AGREED, [])
