"""The planner, case by case: hourly prices, times by hand. `at(1.5)` is half past one."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.cars.planner import Plan, PlanSlot, SunSlot, make_plan
from scheduler.cars.running import Running, running
from scheduler.tariffs.slots import PriceSlot

ZONE = ZoneInfo("Europe/Berlin")
DAY = datetime(2026, 11, 21, tzinfo=ZONE)
HOUR = 3600.0


def at(hours):
    return DAY + timedelta(hours=hours)


def hourly(*prices, first=0.0, length=1.0):
    return [
        PriceSlot(at(first + n * length), at(first + (n + 1) * length), price)
        for n, price in enumerate(prices)
    ]


def hours(plan):
    return [
        ((s.start - DAY).total_seconds() / HOUR, (s.end - DAY).total_seconds() / HOUR) for s in plan.slots
    ]


def plan_of(rates, need_h, target_h, now_h=0.0, **more):
    return make_plan(rates, need_h * HOUR, at(now_h), at(target_h), **more)


SIX = hourly(20, 60, 10, 80, 40, 90)


# --- the cheapest ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("need_h", "now_h", "wanted", "cost"),
    [
        (1, 0, [(2, 3)], 10),
        (2, 0, [(0, 1), (2, 3)], 30),
        (1.5, 0, [(0.5, 1), (2, 3)], 20),
        (2, 0.5, [(0.5, 1), (2, 3), (4, 4.5)], 40),
    ],
)
def test_the_cheapest_slots(need_h, now_h, wanted, cost):
    plan = plan_of(SIX, need_h, 6, now_h)
    assert hours(plan) == wanted
    assert plan.cost_per_kw == pytest.approx(cost)


def test_every_slot_says_why():
    plan = plan_of(SIX, 2, 6)
    assert [slot.why for slot in plan.slots] == [
        "20 per kWh: among the best before 06:00",
        "10 per kWh: among the best before 06:00",
    ]
    assert plan.says == "It charges 2 h in 2 pieces, from 00:00 to 03:00."


def test_a_plan_for_tomorrow_names_the_day():
    sunday = plan_of(hourly(*range(30, 0, -1)), 1, 29, now_h=20)
    assert sunday.says == "It charges 1 h in one piece, from tomorrow 04:00 to 05:00."
    later = plan_of(hourly(*range(60, 0, -1)), 1, 53, now_h=20)
    assert later.says == "It charges 1 h in one piece, from Monday 04:00 to 05:00."


@pytest.mark.parametrize("rates", [[], hourly(1, 1, first=-5), hourly(1, first=20)])
def test_without_usable_prices_it_charges_just_in_time(rates):
    assert hours(plan_of(rates, 1, 6)) == [(5, 6)]


def test_nothing_to_charge_is_no_plan():
    assert plan_of(SIX, 0, 6) == Plan(says="There is nothing to charge.")


def test_a_target_in_the_past_means_now():
    plan = plan_of(SIX, 1, -1)
    assert (hours(plan), plan.late) == ([(0, 1)], True)


def test_no_time_to_spare_means_now_and_gaps_are_filled():
    rates = [*hourly(20), *hourly(30, first=2)]
    plan = plan_of(rates, 3, 3)
    assert [(slot.price) for slot in plan.slots] == [20, None, 30]
    assert (hours(plan)[0][0], hours(plan)[-1][1], plan.late) == (0, 3, False)


def test_too_little_time_is_late_and_said():
    plan = plan_of(SIX, 4, 3)
    assert (plan.finish, plan.late) == (at(4), True)
    assert "can't be ready by 03:00" in plan.says


def test_one_long_flat_slot_starts_early():
    assert hours(plan_of(hourly(10, length=24), 2, 12)) == [(0, 2)]


def test_of_equal_slots_the_later_counts():
    assert hours(plan_of(hourly(10, 10, 10, 10), 1, 4)) == [(3, 4)]


def test_negative_prices_are_the_best():
    assert hours(plan_of(hourly(5, -3, 0, 1), 1, 4)) == [(1, 2)]


# --- beyond what is known ----------------------------------------------------------------------------


def test_a_target_after_the_known_prices_waits_when_the_rest_is_enough():
    plan = plan_of(hourly(1, 1, 1), 40 / 60, 4)
    assert plan.slots == ()
    assert "it waits" in plan.says


def test_a_target_after_the_known_prices_starts_when_it_is_not():
    plan = plan_of(hourly(30, 10, 20), 2, 4)
    assert hours(plan) == [(1, 2), (3, 4)]
    assert plan.slots[-1].price is None


# --- gaps --------------------------------------------------------------------------------------------

GAPPED = [*hourly(10), *hourly(20, first=5)]


def test_prices_with_gaps_that_cover_too_little_are_left_aside():
    assert hours(plan_of(GAPPED, 3, 6))[0] == (3, 5)


def test_prices_with_gaps_that_cover_just_enough_are_used():
    assert hours(plan_of(GAPPED, 2, 6)) == [(0, 1), (5, 6)]


# --- preconditioning ---------------------------------------------------------------------------------

RISING = hourly(10, 20, 30, 40)


@pytest.mark.parametrize(
    ("need_h", "late_h", "wanted"),
    [
        (2, 1, [(0, 1), (3, 4)]),
        (3, 2, [(0, 1), (2, 3), (3, 4)]),
        (2, 1.5, [(0, 0.5), (2.5, 3), (3, 4)]),
        (1, 2, [(3, 4)]),
        (2, 24, [(2, 3), (3, 4)]),
        (2, 0.25, [(0, 1), (1, 1.75), (3.75, 4)]),
    ],
)
def test_the_last_stretch_belongs_to_the_plan_at_any_price(need_h, late_h, wanted):
    assert hours(plan_of(RISING, need_h, 4, precondition_s=late_h * HOUR)) == wanted


def test_the_last_stretch_says_so():
    plan = plan_of(RISING, 2, 4, precondition_s=HOUR)
    assert plan.slots[-1].why == "the last 60 min before departure, at any price"


# --- in one piece ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rates", "need_h", "now_h", "wanted"),
    [
        (SIX, 2, 0, (1, 3)),  # 70, against 80, 90, 120, 130
        (hourly(9, 9, 1, 1, 9), 2, 0, (2, 4)),
        (hourly(1, 1, 5, 5, 5, 1, 1), 2, 2, (5, 7)),  # the first is past
        (hourly(1, 9, 9, 9, 9, 9, 9), 2, 0.5, (0.5, 2.5)),  # half of it is left
        (hourly(5, 5, 5, 5, 5, 5), 2, 0, (4, 6)),  # of equal ones the latest
        (hourly(5, 5, first=2), 2, 0, (2, 4)),  # prices begin later
    ],
)
def test_the_cheapest_stretch_in_one_piece(rates, need_h, now_h, wanted):
    end_h = (rates[-1].end - DAY).total_seconds() / HOUR
    plan = plan_of(rates, need_h, end_h, now_h, one_piece=True)
    assert (hours(plan)[0][0], hours(plan)[-1][1]) == wanted


def test_one_piece_without_enough_prices_is_just_in_time():
    plan = plan_of(hourly(5, 5, first=4), 3, 6, one_piece=True)
    assert (hours(plan)[0][0], hours(plan)[-1][1]) == (3, 6)


# --- the sun, and what is blocked --------------------------------------------------------------------


def test_what_the_sun_will_bring_is_not_bought():
    sun = [SunSlot(at(10), at(14), 0.5)]
    plan = plan_of(hourly(*range(24)), 3, 20, now_h=6, sun=sun)
    assert sum(slot.seconds for slot in plan.slots) == pytest.approx(HOUR)
    assert "sun is expected to bring 2 h more" in plan.says


def test_a_sunny_day_buys_nothing():
    plan = plan_of(hourly(*range(24)), 2, 20, now_h=6, sun=[SunSlot(at(10), at(16), 0.5)])
    assert plan.slots == ()


def test_at_the_last_moment_the_sun_is_not_believed_any_more():
    plan = plan_of(hourly(*range(24)), 2, 20, now_h=18, sun=[SunSlot(at(18), at(20), 1.0)])
    assert (hours(plan)[0][0], hours(plan)[-1][1]) == (18, 20)


def test_blocked_hours_are_never_used():
    blocked = [(at(2), at(3))]
    assert hours(plan_of(SIX, 1, 6, blocked=blocked)) == [(0, 1)]
    assert hours(plan_of([], 2, 4, blocked=[(at(3), at(4))])) == [(1, 3)]


def test_blocked_hours_can_make_it_late():
    plan = plan_of(SIX, 3, 4, blocked=[(at(1), at(3))])
    assert (hours(plan)[0], plan.finish, plan.late) == ((0, 1), at(5), True)


@pytest.mark.parametrize(("day", "length_h"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_dst_nights_have_the_hours_that_they_have(day, length_h):
    start = datetime.fromisoformat(day).replace(tzinfo=ZONE)
    end = (start + timedelta(days=1)).timestamp()
    assert (end - start.timestamp()) / HOUR == length_h
    rates = [
        PriceSlot(
            datetime.fromtimestamp(start.timestamp() + n * HOUR, ZONE),
            datetime.fromtimestamp(start.timestamp() + (n + 1) * HOUR, ZONE),
            abs(n - 2),
        )
        for n in range(length_h)
    ]
    plan = make_plan(rates, 3 * HOUR, start, datetime.fromtimestamp(end, ZONE))
    assert sum(slot.seconds for slot in plan.slots) == pytest.approx(3 * HOUR)
    assert plan.cost_per_kw == pytest.approx(2)


# --- at run time -------------------------------------------------------------------------------------

OFF = Running(False)


def slots(*stretches):
    return Plan(tuple(PlanSlot(at(a), at(b), 1.0, "cheap") for a, b in stretches), "later")


def on(plan, now_h, was=OFF, need_h=1.0, target_h=12.0, to_full=False):
    return running(plan, at(now_h), was, need_s=need_h * HOUR, target=at(target_h), to_full=to_full)


def held(until_h):
    return Running(True, at(until_h).timestamp(), "cheap")


def test_it_charges_inside_a_slot_and_says_why():
    assert on(slots((1, 2)), 1.5) == Running(True, at(2).timestamp(), "cheap")
    assert on(slots((1, 2)), 0.5) == Running(False, why="later")


def test_the_rest_of_a_slot_below_14_minutes_is_not_worth_a_start():
    assert not on(slots((1, 2)), 2 - 13 / 60).on
    assert on(slots((1, 2)), 2 - 14 / 60).on
    assert on(slots((1, 2), (2.1, 3)), 2 - 13 / 60).on


def test_a_running_slot_is_finished_whatever_the_new_plan_says():
    assert on(slots((5, 6)), 1.5, held(2)).on
    assert not on(slots((5, 6)), 2, held(2)).on


def test_nearly_done_goes_on():
    assert on(slots((5, 6)), 2, held(2), need_h=14 / 60).on
    assert not on(slots((5, 6)), 2, held(2), need_h=15 / 60).on


def test_a_short_pause_is_none():
    assert on(slots((2.2, 3)), 2, held(2)).on
    assert not on(slots((2 + 14 / 60, 3)), 2, held(2)).on


def test_after_the_target_it_goes_on_until_it_is_done():
    assert on(Plan(), 12.5, held(12)).on
    assert not on(Plan(), 12.5, held(12), need_h=0).on


def test_a_charge_to_100_percent_stays_on():
    assert on(Plan(), 3, held(2), need_h=0, to_full=True).on
