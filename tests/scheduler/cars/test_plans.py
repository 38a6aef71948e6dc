"""Plans as the house lives them: "80 % by 07:00", prices, somebody's own hand, and a minimum at any price."""

from datetime import datetime, timedelta

import pytest

PLAN = '[[cars.plans]]\nsoc_percent = 80\nby = "07:00"\ndays = "mon-fri"\n'
# 54 to 80 % of 75 kWh at 16 A: 6.2 h. Night is cheap from 00:00 to 05:00, dear otherwise.
NIGHT = """
[tariff]
kind = "fixed"
price = 0.30
[[tariff.periods]]
name = "night"
from = "00:00"
to = "05:00"
price = 0.10
"""


def clock(street, text):
    hour, minute = (int(part) for part in text.split(":"))
    target = street.clock.wall.replace(hour=hour, minute=minute, second=0)
    if target <= street.clock.wall:
        target += timedelta(days=1)
    return (target - street.clock.wall).total_seconds()


def until(street, text, step_s=120.0):
    return street.live(clock(street, text), step_s)


def test_ready_by_seven_on_a_weekday_in_the_cheap_hours(street):
    street.settings(car=PLAN, tesla=NIGHT)
    street.plug()
    until(street, "23:00", 600)
    assert street.agent.boost is None
    plan = street.shown["plan"]
    assert (plan["goal_percent"], plan["on"], plan["late"]) == (80, False, False)
    assert all("per kWh: among the best before 07:00" in slot["why"] for slot in plan["slots"])
    assert {price["price"] for price in plan["prices"]} == {0.1, 0.3}
    assert plan["unit"] == "EUR per kWh"
    until(street, "00:30")
    assert street.agent.boost["charger"] == "3201"
    assert street.car.drawn_amps == 16
    until(street, "07:00")
    assert street.car.soc_percent == pytest.approx(80, abs=1)
    assert street.agent.boost is None


def test_without_prices_it_is_ready_just_in_time(street):
    street.settings(car=PLAN)
    street.plug()
    until(street, "00:00", 600)
    assert street.agent.boost is None
    until(street, "07:00")
    assert street.car.soc_percent == pytest.approx(80, abs=1.5)


def test_what_the_sun_has_charged_is_not_bought(street):
    street.settings(car=PLAN, tesla=NIGHT)
    street.offer = 16
    street.plug()
    until(street, "18:00", 600)
    street.offer = 0
    assert street.car.soc_percent >= 79
    until(street, "06:00", 600)
    assert [call for call in street.agent.calls if call == ("PUT", "/api/v1/boost")] == []


def test_a_limit_in_the_app_below_the_plan_counts_and_is_said(street):
    street.settings(car=PLAN, tesla=NIGHT)
    street.car.limit_percent = 60
    street.plug()
    until(street, "23:00", 600)
    assert street.shown["plan"]["goal_percent"] == 60
    assert "limit of 60 %" in street.shown["note"]
    assert street.car.told == []


def test_weekends_are_free(street):
    street.clock.wall += timedelta(days=2)  # Friday noon
    street.settings(car=PLAN)
    street.plug()
    until(street, "11:00", 600)
    assert street.agent.boost is None
    assert street.shown["plan"]["ready_at"].startswith("2026-06-15T07:00")


def test_an_impossible_plan_is_told_once_and_done_as_well_as_can_be(street):
    street.settings(car=PLAN.replace("07:00", "14:00"))
    street.plug()
    street.live(6 * 3600, step_s=300)
    assert street.kinds.count("plan_impossible") == 1
    assert "plan_late" not in street.kinds
    letter = next(event for event in street.home.told if event.kind == "plan_impossible")
    assert "will not have 80 % by Wed 14:00" in letter.sentence
    assert street.car.soc_percent > 70


def test_a_plan_that_becomes_late_is_told_as_late(street):
    street.settings(car=PLAN.replace("07:00", "20:00"))
    street.plug()
    street.live(1800, step_s=300)
    assert street.shown["plan"]["late"] is False
    until(street, "14:30", 300)
    street.car.stopped = True  # somebody holds it up
    until(street, "18:00", 300)
    assert street.kinds.count("plan_late") == 1


def test_a_boost_of_ours_that_somebody_ends_is_not_set_again(street):
    street.settings(car=PLAN, tesla=NIGHT)
    street.plug()
    until(street, "02:00", 300)
    assert street.agent.boost
    street.agent.boost = None
    street.live(1800)
    assert street.agent.boost is None
    assert "ended by hand" in street.shown["note"]


def test_a_boost_that_ended_by_a_clock_set_back_was_not_ended_by_hand(street):
    street.settings(car=PLAN, tesla=NIGHT)
    street.clock.wall += timedelta(days=28)
    street.plug()
    until(street, "02:00", 300)
    assert street.agent.boost
    street.agent.boost = None
    street.clock.wall -= timedelta(days=28)
    street.live(1800)
    assert street.agent.boost
    assert "ended by hand" not in street.shown["note"]


def test_a_boost_of_somebody_else_is_not_touched(street):
    street.settings(car=PLAN, tesla=NIGHT)
    street.plug()
    until(street, "22:00", 600)
    street.agent.boost = theirs = {"charger": "3201", "until": "2026-06-11T01:00:00+02:00"}
    until(street, "00:30", 300)
    assert street.agent.boost is theirs
    assert "Somebody boosted" in street.shown["note"]


def test_a_charger_that_is_off_stays_off(street):
    street.settings(car=PLAN, tesla=NIGHT)
    street.plug()
    street.mode = "off"
    until(street, "03:00", 600)
    assert street.agent.boost is None
    assert "switched off" in street.shown["note"]


def test_an_owners_off_window_is_planned_around(street):
    street.agent.windows = [
        {"name": "quiet", "days": "daily", "from": "02:00", "to": "03:00", "mode": "off", "amps": None}
    ]
    street.settings(car=PLAN, tesla=NIGHT)
    street.plug()
    until(street, "23:00", 600)
    for slot in street.shown["plan"]["slots"]:
        begins, ends = (datetime.fromisoformat(slot[key]).hour for key in ("start", "end"))
        assert not (begins <= 2 < ends), slot


def test_at_least_thirty_percent_at_any_price(street):
    street.settings(car="min_soc_percent = 30", tesla=NIGHT)
    street.car.soc_percent = 22
    street.plug()
    street.live(300)
    assert street.agent.boost["to_soc_percent"] == 30
    street.live(3 * 3600, step_s=60)
    assert street.car.soc_percent == pytest.approx(30, abs=1)
    assert street.agent.boost is None


def test_a_car_that_is_not_plugged_in_the_evening_before_is_a_letter(street):
    street.settings(car=PLAN + 'remind_at = "21:00"\n')
    until(street, "20:40", 600)
    assert "car_not_plugged_in" not in street.kinds
    until(street, "06:00", 600)
    assert street.kinds.count("car_not_plugged_in") == 1
    until(street, "06:30", 600)
    until(street, "06:00", 600)
    assert street.kinds.count("car_not_plugged_in") == 2


def test_a_scheduler_that_was_killed_in_a_slot_goes_on_where_it_was(street):
    street.settings(car=PLAN, tesla=NIGHT)
    street.plug()
    until(street, "01:00", 300)
    boost = dict(street.agent.boost)
    street.home = street._make_house(*street.home.runner.jobs.values(), clock=street.clock)  # a new process
    puts = street.agent.calls.count(("PUT", "/api/v1/boost"))
    street.live(600)
    assert street.agent.boost == boost
    assert street.agent.calls.count(("PUT", "/api/v1/boost")) == puts


def test_a_dry_run_changes_nothing_and_says_what_it_would(street):
    street.settings(car="min_soc_percent = 60")
    street.plug()
    street._show()
    street.home = street._make_house(*street.home.runner.jobs.values(), clock=street.clock, dry_run=True)
    said = street.home.runner.run_now("cars").sentences
    assert any("would ask the agent: PUT /boost" in line for line in said)
    assert not (street.home.runner.folder / "cars.json").exists()
    assert street.agent.boost is None


def test_a_car_whose_charge_is_not_known_is_planned_with_care_and_asked_once_it_draws(street):
    street.settings(car=PLAN, tesla=NIGHT)
    street.plug()
    street.car.busy_s -= 3600  # it slept when we came
    until(street, "18:00", 600)
    assert street.counts == {"free": 1}
    assert "not known" in street.shown["note"]
    until(street, "01:00", 300)
    assert street.shown["note"] == ""
    assert street.shown["soc_percent"] == pytest.approx(street.car.soc_percent, abs=1)
    until(street, "07:00", 300)
    assert street.car.soc_percent == pytest.approx(80, abs=1)
