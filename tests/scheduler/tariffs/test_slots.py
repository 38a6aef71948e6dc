"""Choosing among prices: the cheapest times, the cheap enough ones, and what is not known."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.tariffs.slots import (
    PriceSlot,
    below,
    cheapest,
    cheapest_in_one_piece,
    in_order,
    known_until,
    merged,
    price_at,
)

MIDNIGHT = datetime(2026, 6, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hourly(*prices, start=MIDNIGHT):
    """A slot an hour; None is a gap."""
    return tuple(
        PriceSlot(start + number * HOUR, start + (number + 1) * HOUR, price)
        for number, price in enumerate(prices)
        if price is not None
    )


def test_no_slots_at_all_are_in_order():
    assert in_order([]) == ()


SIX = hourly(20, 60, 10, 80, 40, 90)


def told(choice):
    """Spans as hours after midnight."""
    return [tuple((edge - MIDNIGHT) / HOUR for edge in (span.start, span.end)) for span in choice.spans]


@pytest.mark.parametrize(
    ("begin_h", "need_h", "spans", "cost"),
    [
        (0, 1, [(2, 3)], 10),
        (0, 2, [(0, 1), (2, 3)], 30),
        (0, 1.5, [(0.5, 1), (2, 3)], 20),
        (0.5, 2, [(0.5, 1), (2, 3), (4.5, 5)], 40),
        (0, 6, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6)], 300),
        (0, 0, [], 0),
    ],
)
def test_the_cheapest_times_in_pieces(begin_h, need_h, spans, cost):
    choice = cheapest(SIX, need_h * 3600, MIDNIGHT + begin_h * HOUR, MIDNIGHT + 6 * HOUR)
    assert (told(choice), choice.cost_per_kw, choice.short_s) == (spans, cost, 0)


def test_of_equal_prices_the_later_is_taken():
    assert told(cheapest(hourly(5, 5, 5, 5), 3600, MIDNIGHT, MIDNIGHT + 3 * HOUR)) == [(2, 3)]
    assert told(cheapest_in_one_piece(hourly(5, 5, 5, 5), 5400, MIDNIGHT, MIDNIGHT + 4 * HOUR)) == [
        (2.5, 3),
        (3, 4),
    ]


def test_what_is_not_known_is_never_chosen_and_said():
    gap = hourly(20, None, None, 80)
    choice = cheapest(gap, 3 * 3600, MIDNIGHT, MIDNIGHT + 4 * HOUR)
    assert (told(choice), choice.short_s) == ([(0, 1), (3, 4)], 3600)
    assert cheapest((), 3600, MIDNIGHT, MIDNIGHT + HOUR).short_s == 3600


def test_the_cheapest_in_one_piece_may_begin_anywhere():
    choice = cheapest_in_one_piece(SIX, 1.5 * 3600, MIDNIGHT, MIDNIGHT + 6 * HOUR)
    assert (told(choice), choice.cost_per_kw) == ([(1.5, 2), (2, 3)], 40)


def test_one_piece_never_goes_over_a_gap():
    choice = cheapest_in_one_piece(hourly(1, None, 50, 60), 2 * 3600, MIDNIGHT, MIDNIGHT + 4 * HOUR)
    assert told(choice) == [(2, 3), (3, 4)]
    nothing = cheapest_in_one_piece(hourly(1, None, 50), 2 * 3600, MIDNIGHT, MIDNIGHT + 3 * HOUR)
    assert (nothing.spans, nothing.short_s) == ((), 7200)


def test_times_below_a_price_become_as_few_spans_as_they_can():
    choice = below(hourly(5, 6, 30, -2, 18), 18, MIDNIGHT, MIDNIGHT + 5 * HOUR)
    assert told(choice) == [(0, 1), (1, 2), (3, 4)]
    assert [(a - MIDNIGHT) / HOUR for a, _ in merged(choice.spans)] == [0, 3]


def test_a_price_that_is_not_known_is_none():
    gap = hourly(20, None, 30)
    assert price_at(gap, MIDNIGHT).price_per_kwh == 20
    assert price_at(gap, MIDNIGHT + HOUR) is None
    assert known_until(gap, MIDNIGHT) == MIDNIGHT + HOUR
    assert known_until(gap, MIDNIGHT + HOUR) == MIDNIGHT + HOUR


def test_slots_from_several_answers_are_put_in_order():
    later = hourly(3, 4, start=MIDNIGHT + HOUR)
    long = PriceSlot(MIDNIGHT, MIDNIGHT + 9 * HOUR, 1)
    ordered = in_order([*later, long])
    assert [slot.price_per_kwh for slot in ordered] == [1, 3, 4]
    assert ordered[0].end == MIDNIGHT + HOUR
    assert [slot.price_per_kwh for slot in in_order([*hourly(1, 2), *hourly(7)])] == [7, 2]


def test_the_doubled_hour_of_an_autumn_night_lasts_an_hour_each_time():
    berlin = ZoneInfo("Europe/Berlin")
    begin = datetime(2026, 10, 25, 0, tzinfo=UTC)
    slots = [
        PriceSlot((begin + n * HOUR).astimezone(berlin), (begin + (n + 1) * HOUR).astimezone(berlin), n)
        for n in range(3)
    ]
    choice = cheapest(slots, 7200, slots[0].start, slots[-1].end)
    assert [span.seconds for span in choice.spans] == [3600, 3600]
    assert [(span.start.hour, span.start.fold) for span in choice.spans] == [(2, 0), (2, 1)]


prices = st.lists(st.one_of(st.none(), st.integers(-50, 90)), max_size=12)


@given(prices, st.integers(0, 48), st.integers(0, 40), st.integers(0, 60))
def test_the_choice_is_as_cheap_as_brute_force_finds(found, need_quarters, begin_quarter, end_quarter):
    quarter = timedelta(minutes=15)
    begin, end = MIDNIGHT + begin_quarter * quarter, MIDNIGHT + end_quarter * quarter
    slots = hourly(*found)
    known = [
        found[number // 4]
        for number in range(begin_quarter, min(end_quarter, 4 * len(found)))
        if found[number // 4] is not None
    ]
    wanted = sorted(known)[:need_quarters]
    choice = cheapest(slots, need_quarters * 900, begin, end)
    assert choice.cost_per_kw == pytest.approx(sum(wanted) / 4)
    assert choice.short_s == (need_quarters - len(wanted)) * 900
    assert sum(span.seconds for span in choice.spans) == len(wanted) * 900
    whole = cheapest_in_one_piece(slots, need_quarters * 900, begin, end)
    assert whole.short_s or whole.cost_per_kw >= choice.cost_per_kw - 1e-9
