"""Rules that follow the price, on a fake time line: chosen once, kept while they run, never stale."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.tariffs import follow
from scheduler.tariffs.settings import PriceWindowSettings
from scheduler.tariffs.slots import PriceSlot
from scheduler.wallclock import at
from scheduler.window_rows import read_windows
from scheduler.windows import in_force

BERLIN = ZoneInfo("Europe/Berlin")


def wall(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def line(start, *prices, minutes=60):
    begin = wall(start).timestamp()
    step = minutes * 60
    return tuple(
        PriceSlot(at(begin + n * step, BERLIN), at(begin + (n + 1) * step, BERLIN), price)
        for n, price in enumerate(prices)
    )


def rule(**more):
    return PriceWindowSettings.model_validate({"name": "cheap", **more})


def told(plan):
    return [f"{at(a, BERLIN):%H:%M}-{at(b, BERLIN):%H:%M}" for a, b in plan.stretches]


NIGHT = line("2026-06-10T20:00", 30, 28, 20, 22, 10, 11, 12, 25, 26, 27, 40)  # 20:00 to 07:00


def test_the_cheapest_three_hours_before_seven():
    plan = follow.plan(rule(hours=3, after="20:00"), NIGHT, wall("2026-06-10T20:00"))
    assert told(plan) == ["00:00-03:00"]


def test_below_a_price_means_every_such_time():
    assert told(follow.plan(rule(below=20.5), NIGHT, wall("2026-06-10T20:00"))) == [
        "22:00-23:00",
        "00:00-03:00",
    ]


def test_while_tomorrow_is_unknown_nothing_is_chosen_until_twelve_hours_before():
    slots = line("2026-06-10T07:00", *[50] * 17)  # known to midnight
    cheap = rule(hours=3)
    assert follow.plan(cheap, slots, wall("2026-06-10T08:00")).stretches == ()
    assert told(follow.plan(cheap, slots, wall("2026-06-10T19:30"))) == ["21:00-00:00"]


def test_what_has_been_served_counts_when_prices_change():
    cheap = rule(hours=3, after="20:00")
    former = follow.plan(cheap, NIGHT, wall("2026-06-10T20:00"))
    changed = line("2026-06-10T20:00", 30, 28, 20, 22, 10, 90, 90, 5, 26, 27, 40)
    plan = follow.plan(cheap, changed, wall("2026-06-11T01:00"), former)
    assert told(plan) == ["00:00-01:00", "03:00-05:00"]


def test_a_piece_that_has_begun_is_not_moved():
    whole = rule(hours=3, after="20:00", in_one_piece=True)
    former = follow.plan(whole, NIGHT, wall("2026-06-10T20:00"))
    cheaper_later = line("2026-06-10T20:00", *[50] * 8, 1, 1, 1)
    assert follow.plan(whole, cheaper_later, wall("2026-06-11T00:30"), former) == former


def test_greenest_instead_of_cheapest():
    slots = tuple(
        PriceSlot(slot.start, slot.end, slot.price_per_kwh, "", 400 - 10.0 * n)
        for n, slot in enumerate(NIGHT)
    )
    plan = follow.plan(rule(hours=2, after="20:00", by="co2"), slots, wall("2026-06-10T20:00"))
    assert told(plan) == ["05:00-07:00"]
    assert (
        follow.plan(rule(hours=2, after="20:00", by="co2"), NIGHT, wall("2026-06-10T20:00")).stretches == ()
    )


def test_rows_are_windows_of_one_day_that_never_come_true_again():
    cheap = rule(hours=3, after="20:00", amps=16)
    plan = follow.plan(cheap, NIGHT, wall("2026-06-10T20:00"))
    (row,) = follow.rows(cheap, plan.stretches, BERLIN)
    assert row == {
        "name": "cheap 06-11 0000",
        "days": "thu",
        "from": "00:00",
        "to": "03:00",
        "mode": "fast",
        "amps": 16,
        "charger": "",
        "enabled": True,
        "until": "2026-06-11",
    }
    windows = read_windows([row])
    assert in_force(windows, wall("2026-06-11T02:59"), ["a"]) != {}
    assert in_force(windows, wall("2026-06-18T02:59"), ["a"]) == {}
    assert follow.is_ours(["cheap"], row["name"])
    assert not follow.is_ours(["cheap"], "cheap night")


def test_the_deadline_follows_the_days_of_the_rule():
    weekdays = rule(hours=3, days="mon-fri")  # 2026-06-12 is a Friday
    begin, end = follow.stretch(weekdays, wall("2026-06-12T08:00"))
    assert (begin, end) == (wall("2026-06-14T07:00"), wall("2026-06-15T07:00"))


@pytest.mark.parametrize("night", ["2026-03-28", "2026-10-24"])
@given(
    prices=st.lists(st.integers(-5, 9), min_size=44 * 4, max_size=44 * 4),
    hours=st.integers(1, 20),
    one=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_on_dst_nights_every_chosen_minute_is_in_a_window(night, prices, hours, one):
    cheap = rule(hours=hours / 4, after="18:00", in_one_piece=one)
    slots = line(f"{night}T12:00", *prices, minutes=15)
    plan = follow.plan(cheap, slots, wall(f"{night}T18:00"))
    windows = read_windows(follow.rows(cheap, plan.stretches, BERLIN))
    chosen = sum(end - begin for begin, end in plan.stretches)
    assert chosen == pytest.approx(hours * 900)
    covered = 0
    for minute in range(0, 15 * 60, 5):
        now = at(wall(f"{night}T17:00").timestamp() + minute * 60, BERLIN)
        inside = any(a <= now.timestamp() < b for a, b in plan.stretches)
        held = bool(in_force(windows, now, ["a"]))
        covered += held
        assert held or not inside
    assert covered * 300 <= chosen + 65 * 60 * max(1, len(plan.stretches))


@given(prices=st.lists(st.integers(0, 5), min_size=12, max_size=12), quarters=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_plan_that_is_asked_again_every_five_minutes_serves_its_hours_exactly(prices, quarters):
    cheap = rule(hours=quarters / 4, after="19:00")
    slots = line("2026-06-10T19:00", *prices)
    plan, served = None, 0.0
    times = [wall("2026-06-10T18:00") + timedelta(minutes=5 * n) for n in range(13 * 12 + 1)]
    for now, after in pairwise(times):
        plan = follow.plan(cheap, slots, now, plan)
        if any(a <= now.timestamp() < b for a, b in plan.stretches):
            served += min(300.0, (after - now).total_seconds())
    assert served == pytest.approx(quarters * 900)
