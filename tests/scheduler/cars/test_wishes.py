"""What the house wishes of a car, and what its owner wishes: the owner wins."""

from datetime import timedelta

import pytest

from simulator.clouds.tesla_car import CloudCar


def commands(street):
    return [name for name, _ in street.car.told]


# --- start -------------------------------------------------------------------------------------------


def test_a_car_that_does_not_start_by_itself_gets_three_minutes_and_then_a_word(street):
    street.settings()
    street.plug()
    street.live(60)
    street.car.stopped = True
    street.offer, street.wants_it = 16, "start"
    street.live(150)
    assert commands(street) == []
    street.live(60)
    assert commands(street) == ["charge_start"]
    assert street.car.drawn_amps == 16
    street.wants_it = None
    street.live(60)
    assert street.memory()["starts"] == 0


def test_a_sleeping_car_is_not_woken_unless_its_owner_allows_it(street):
    street.settings()
    street.plug()
    street.car.stopped = True
    street.live(3600)
    street.offer, street.wants_it = 16, "start"
    street.live(3600)
    assert "wake" not in street.counts
    assert commands(street) == []


def test_a_car_may_be_woken_within_its_budget(street):
    street.settings("allow_wake = true")
    street.plug()
    street.car.stopped = True
    street.live(3600)
    street.offer, street.wants_it = 16, "start"
    street.live(600)
    assert street.counts["wake"] == 1
    assert commands(street) == ["charge_start"]


def test_a_car_that_can_not_be_woken_costs_three_wakes_a_day_and_no_more(street):
    street.settings("allow_wake = true")
    street.plug()
    street.car.stopped, street.car.wake_s = True, 1e9
    street.live(3600)
    street.offer, street.wants_it = 16, "start"
    street.live(10 * 3600, step_s=180)
    assert street.counts["wake"] == 3


def test_a_start_in_vain_is_a_letter_after_three_tries_and_its_end_is_told(street):
    street.settings()
    street.plug()
    street.car.stopped = True
    street.car.obeys = False
    street.offer, street.wants_it = 16, "start"
    street.live(2 * 3600, step_s=60)
    assert street.kinds.count("car_not_charging") == 1
    assert 2 <= len(street.car.told) <= 4
    street.car.stopped = False
    street.live(120)
    assert "car_charging_again" in street.kinds


def test_a_schedule_in_the_app_is_honoured_and_said(street):
    street.settings()
    street.plug()
    street.car.schedule_pending = True
    street.offer, street.wants_it = 16, "start"
    street.live(3600)
    assert commands(street) == []
    assert "schedule in its app (23:00)" in street.shown["note"]
    assert street.kinds.count("owner_override") == 1


def test_a_stop_by_hand_holds_until_the_car_is_plugged_in_anew(street):
    street.settings()
    street.offer = 16
    street.plug()
    street.live(600)
    street.car.stopped = True  # in the app
    street.live(300)
    street.wants_it = "start"
    street.live(3600)
    assert commands(street) == []
    assert "stopped by hand" in street.shown["note"]
    street.wants_it = None
    street.unplug()
    street.live(60)
    street.plug()
    street.live(120)
    assert street.shown["note"] == ""


def test_a_driver_who_starts_again_takes_his_stop_back(street):
    street.settings()
    street.offer = 16
    street.plug()
    street.live(600)
    street.car.stopped = True
    street.live(300)
    street.car.stopped = False
    street.live(700)
    assert street.shown["note"] == ""
    assert street.memory()["owner_stopped"] is False


@pytest.mark.parametrize("how", ["limit", "managed"])
def test_a_car_at_its_limit_or_in_a_programme_is_not_started(street, how):
    street.settings()
    if how == "limit":
        street.car.soc_percent = 80
    street.car.managed = how == "managed"
    street.car.stopped = True
    street.plug()
    street.car.stopped = True
    street.offer, street.wants_it = 16, "start"
    street.live(3600)
    assert commands(street) == []


# --- stop --------------------------------------------------------------------------------------------


YEAR = timedelta(days=365)


def defiant(street, **more):
    """A car that draws though 0 A are offered."""
    street.settings(**more)
    street.offer = 6
    street.plug()
    street.live(300)
    street.wants_it = "stop"


def test_a_car_that_draws_against_our_will_is_told_to_stop(street):
    defiant(street)
    street.live(60)
    assert commands(street) == ["charge_stop"]
    assert street.car.drawn_amps == 0
    street.wants_it = None
    street.live(300)
    assert street.memory()["owner_stopped"] is False
    assert "stop_failed" not in street.kinds


def test_the_stop_ladder_ends_in_a_letter_and_touches_no_limit_unasked(street):
    defiant(street)
    street.car.obeys = False
    street.live(600)
    assert commands(street) == ["charge_stop", "set_charging_amps"]
    assert street.kinds.count("stop_failed") == 1
    street.car.stopped, street.wants_it = True, None
    street.live(60)
    assert "stop_worked" in street.kinds


def test_the_last_rung_lowers_the_limit_only_where_allowed_and_gives_it_back(street):
    defiant(street, car='harder_stops = ["limit"]')
    street.car.do = obeys_only(street.car, "set_charge_limit")
    street.live(300)
    assert street.car.limit_percent == 53
    assert street.car.drawn_amps == 0
    street.wants_it = None
    street.offer = 8
    street.live(600)
    assert street.car.limit_percent == 80
    assert street.memory()["limit"] is None


def test_a_limit_is_given_back_though_the_clock_was_a_year_ahead_when_that_was_tried(street):
    defiant(street, car='harder_stops = ["limit"]')
    street.car.do = obeys_only(street.car, "set_charge_limit")
    street.clock.wall += YEAR
    street.sign_in()
    street.live(300)
    assert street.car.limit_percent == 53
    street.clouds.fail(503, on="/command/", times=99)
    street.wants_it, street.offer = None, 8
    street.live(300)
    street.clouds.troubles.clear()
    street.clock.wall -= YEAR
    street.live(3600)
    assert street.car.limit_percent == 80


@pytest.mark.parametrize("leaves", [False, True])
def test_amps_that_were_taken_away_to_stop_it_are_given_back_when_power_is_offered(street, leaves):
    defiant(street)
    street.car.do = obeys_only(street.car, "set_charging_amps")
    street.live(300)
    assert (street.car.request_amps, street.car.drawn_amps) == (0, 0)
    street.wants_it, street.offer = None, 0
    if leaves:
        street.unplug()
        street.live(600)
        street.plug()
    street.live(600)
    assert street.car.request_amps == 0  # while nothing is offered it stays
    street.offer = 16
    street.live(900)
    assert (street.car.request_amps, street.car.drawn_amps) == (32, 16)
    assert street.memory()["amps_before"] is None


def test_amps_changed_by_hand_meanwhile_stay(street):
    defiant(street)
    street.car.do = obeys_only(street.car, "set_charging_amps")
    street.live(300)
    street.car.request_amps = 10  # in the app
    street.wants_it, street.offer = None, 16
    street.live(1800)
    assert (street.car.request_amps, street.car.drawn_amps) == (10, 10)
    assert street.memory()["amps_before"] is None


def test_a_limit_changed_by_hand_meanwhile_stays(street):
    defiant(street, car='harder_stops = ["limit"]')
    street.car.do = obeys_only(street.car, "set_charge_limit")
    street.live(300)
    street.wants_it = None
    street.car.limit_percent = 70  # in the app
    street.offer = 8
    street.live(3600)
    assert street.car.limit_percent == 70
    assert street.memory()["limit"] is None
    assert any("changed by hand to 70 %" in event.sentence for event in street.home.told)


def test_a_limit_is_given_back_after_the_car_has_left(street):
    defiant(street, car='harder_stops = ["limit"]')
    street.car.do = obeys_only(street.car, "set_charge_limit")
    street.live(300)
    street.wants_it = None
    street.unplug()
    street.live(300)
    assert street.car.limit_percent == 80


def test_a_driver_who_pressed_start_now_is_not_stopped(street):
    street.settings()
    street.car.override = True
    street.offer = 6
    street.plug()
    street.car.override = True
    street.live(300)
    street.wants_it = "stop"
    street.live(600)
    assert commands(street) == []
    assert street.kinds.count("owner_override") == 1


def obeys_only(car, only):
    """The car says yes to everything and does one thing."""
    whole = CloudCar.do

    def do(name, form):
        car.obeys = name == only
        return whole(car, name, form)

    return do


# --- whose car ---------------------------------------------------------------------------------------


def test_a_strange_car_is_told_once_a_visit(street):
    street.settings()
    street._show()
    street._show = lambda: None
    street.agent.charger |= {"vin": "5YJ3E1EA7KF999999", "plugged": True}
    street.live(600)
    assert street.kinds.count("wrong_car") == 1
    street.agent.charger |= {"vin": "", "plugged": False}
    street.live(60)
    street.agent.charger |= {"vin": "5YJ3E1EA7KF999999", "plugged": True}
    street.live(60)
    assert street.kinds.count("wrong_car") == 2


def test_a_charger_that_falls_silent_is_no_unplugged_car(street):
    street.settings()
    street.offer = 16
    street.plug()
    street.live(300)
    here = street.memory()["here_since_s"]
    show = street._show
    street._show = lambda: None
    street.agent.charger |= {"linked": False, "vin": "", "plugged": None}
    street.live(300)
    street._show = show
    street.live(60)
    assert street.memory()["here_since_s"] == here
    assert "car_unplugged" not in street.kinds
