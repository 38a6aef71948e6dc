"""When a cloud may be called: days of ticks on a clock that is only a number."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.clouds.policy import Ledger, Pace, holds_s

MIDNIGHT = datetime(2026, 6, 10, tzinfo=UTC)
PACE = Pace(300.0, 1800.0, 280)


def lived(pace, seconds, step_s=30.0, ledger=None, answer=lambda ledger, now: ledger.answered()):
    """Tick through a span; the times of the calls, and the ledger at its end."""
    ledger, calls = ledger or Ledger(), []
    for tick in range(int(seconds / step_s)):
        now = MIDNIGHT + timedelta(seconds=tick * step_s)
        if ledger.wait(pace, now)[0] <= 0:
            calls.append(now)
            ledger = answer(ledger.called(now), now)
    return calls, ledger


def most_in_24_hours(calls):
    return max(sum(1 for b in calls if a <= b < a + timedelta(days=1)) for a in calls)


def test_a_day_is_followed_closely_a_night_is_not_and_the_budget_is_never_spent():
    calls, _ = lived(PACE, 3 * 86400)
    day = [at for at in calls if 5 <= at.hour < 22]
    assert 590 < len(day) < 660  # three days of 17 hours, a call every 5 minutes
    assert len(calls) - len(day) < 50
    assert most_in_24_hours(calls) <= 280


@given(st.integers(1, 60), st.integers(30, 3600), st.booleans())
def test_no_24_hours_ever_see_more_calls_than_allowed(budget, every_s, fails):
    pace = Pace(every_s, every_s, budget)
    calls, _ = lived(pace, 2.2 * 86400, 600.0, answer=lambda x, _: x if fails else x.answered())
    assert most_in_24_hours(calls) <= budget


def test_a_spent_budget_says_so_and_ends_by_itself():
    pace = Pace(60.0, 60.0, 3)
    _, ledger = lived(pace, 600)
    wait_s, why = ledger.wait(pace, MIDNIGHT + timedelta(seconds=600))
    assert why == "has had its 3 calls of 24 hours"
    assert 86400 - 600 <= wait_s < 86400
    assert ledger.wait(pace, MIDNIGHT + timedelta(days=1, seconds=1)) == (0.0, "")


def test_after_too_many_calls_it_rests_as_long_as_it_is_told_or_longer_each_time():
    told = Ledger().called(MIDNIGHT).refused(MIDNIGHT, 900.0)
    assert told.wait(PACE, MIDNIGHT) == (900.0, "says that we ask too often")
    rests, ledger = [], Ledger()
    for _ in range(9):
        ledger = ledger.refused(MIDNIGHT, None)
        rests.append(ledger.wait(PACE, MIDNIGHT)[0] / 60)
    assert rests == [5, 10, 20, 40, 80, 160, 320, 360, 360]
    assert ledger.answered().refusals == 0


def test_a_call_that_failed_is_repeated_without_its_interval():
    ledger = Ledger().called(MIDNIGHT)
    assert ledger.wait(PACE, MIDNIGHT + timedelta(seconds=60))[0] == 0
    assert ledger.answered().wait(PACE, MIDNIGHT + timedelta(seconds=60))[0] > 0


def test_a_ledger_survives_the_disk():
    _, ledger = lived(PACE, 4000)
    again = Ledger.read(ledger.refused(MIDNIGHT, 60.0).written())
    assert again.written() == ledger.refused(MIDNIGHT, 60.0).written()


LEAVES = st.none() | st.booleans() | st.floats() | st.integers() | st.text()
KEYS = ("calls", "rest_until", "refusals", "failed")


@given(LEAVES | st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, LEAVES | st.lists(LEAVES))))
def test_any_junk_is_a_ledger(found):
    wait_s, _ = Ledger.read(found).called(MIDNIGHT).wait(PACE, MIDNIGHT)
    assert wait_s >= 0


def test_a_clock_that_was_set_back_blocks_nothing():
    ledger = Ledger().called(MIDNIGHT + timedelta(days=400)).answered()
    assert ledger.wait(PACE, MIDNIGHT) == (0.0, "")


@pytest.mark.parametrize(("hour", "seconds"), [(12, 750), (2, 4500)])
def test_a_reading_holds_until_a_second_answer_is_missed(hour, seconds):
    assert holds_s(PACE, MIDNIGHT.replace(hour=hour)) == seconds
