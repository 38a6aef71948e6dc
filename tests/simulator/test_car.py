"""A car's day, told as stories: what it is offered, and what it draws."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.car import Car, CarProfile

PLAIN = CarProfile()


def drive(car, offered, until, step=1.0):
    """Live in steps until a time; returns the last amps drawn."""
    now = car._now
    while now < until:
        now = min(until, now + step)
        car.advance(offered, now)
    return car.drawn_amps


def test_a_car_waits_20_s_then_rises_by_an_amp_a_second_and_falls_by_four():
    car = Car(PLAIN, 0.0, Random(1))
    assert drive(car, 16, 20) == 0
    assert drive(car, 16, 25) == pytest.approx(5)
    assert drive(car, 16, 60) == 16
    assert drive(car, 8, 61) == 12
    assert drive(car, 8, 62) == 8
    assert drive(car, 0, 63) == 0


@settings(deadline=None)
@given(st.floats(0.1, 7.0), st.integers(6, 40), st.integers(21, 90))
def test_the_length_of_the_steps_changes_nothing(step, offered, until):
    coarse, fine = Car(PLAIN, 0.0, Random(1)), Car(PLAIN, 0.0, Random(1))
    assert drive(coarse, offered, until, step) == pytest.approx(drive(fine, offered, until, 0.5))


def test_less_than_six_amps_is_nothing_and_a_cut_ends_at_once():
    car = Car(PLAIN, 0.0, Random(1))
    assert drive(car, 5.9, 100) == 0
    drive(car, 32, 200)
    assert drive(car, 0, 201) == 16
    assert drive(car, 0, 202) == 0


def test_a_car_draws_a_little_less_than_offered_in_whole_amps_and_never_more_than_it_can():
    car = Car(replace(PLAIN, draws_below_offer_amps=0.7, max_amps=20), 0.0, Random(1))
    assert drive(car, 19, 100) == pytest.approx(18.3)
    assert drive(car, 80, 150) == 20
    car = Car(replace(PLAIN, whole_amps=True), 0.0, Random(1))
    assert drive(car, 12.6, 100) == 12


def test_a_full_car_stops_and_charges_again_when_its_limit_is_raised():
    car = Car(replace(PLAIN, battery_kwh=10, soc_percent=79, limit_percent=80), 0.0, Random(1))
    drive(car, 16, 300)
    assert car.soc_percent == pytest.approx(80, abs=0.1)
    assert (car.drawn_amps, car.wants_power) == (0, False)
    car.limit_percent = 90
    assert drive(car, 16, 400) == 16


def test_the_battery_takes_what_the_cable_gave_less_the_losses():
    car = Car(replace(PLAIN, soc_percent=10, efficiency=0.9, battery_kwh=60), 0.0, Random(1))
    drive(car, 10, 3600)
    assert car.energy_wh == pytest.approx(10 * 230 * (3600 - 25) / 3600, rel=0.001)
    assert car.soc_percent == pytest.approx(10 + car.energy_wh * 0.9 / 600)


def test_a_car_that_sleeps_wakes_within_a_quarter_of_an_hour():
    car = Car(replace(PLAIN, sleeps=True), 0.0, Random(3))
    drive(car, 0, 700)
    assert car.asleep
    woke = next(now for now in range(701, 1700) if drive(car, 16, now) > 0)
    assert 720 < woke <= 701 + 900 + 25


def test_a_car_offered_nothing_at_plug_in_refuses_until_it_is_plugged_in_anew():
    car = Car(replace(PLAIN, refuses_after_zero_at_plugin=True), 0.0, Random(1))
    drive(car, 0, 40)
    assert drive(car, 16, 200) == 0
    assert "offered nothing" in car.refuses
    car.plugged_in(200)
    assert drive(car, 16, 260) == 16


def test_a_car_bears_only_so_many_interruptions():
    car = Car(replace(PLAIN, refuses_after_interruptions=3), 0.0, Random(1))
    for spell in range(3):
        assert drive(car, 16, spell * 100 + 60) == 16
        drive(car, 0, spell * 100 + 100)
    assert drive(car, 16, 500) == 0
    assert "3 times" in car.refuses


def test_the_six_amp_trap_is_left_by_offering_21_amps_for_five_seconds():
    car = Car(replace(PLAIN, six_amp_trap=True), 0.0, Random(1))
    assert drive(car, 10, 60) == 10
    assert drive(car, 12, 80) == 6
    drive(car, 21, 84)
    assert drive(car, 12, 90) == 6
    drive(car, 21, 96)
    assert drive(car, 12, 120) == 12


def test_some_cars_keep_the_minimum_when_told_to_stop():
    car = Car(replace(PLAIN, keeps_minimum_at_zero=True), 0.0, Random(1))
    drive(car, 16, 60)
    assert drive(car, 0, 90) == 6
