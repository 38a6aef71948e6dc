"""What is made of the same things is made once; what is made of others is made anew."""

from datetime import UTC, datetime

from scheduler.tariffs.unchanged import Unchanged


def test_the_same_makings_are_used_once_and_equal_ones_that_are_others_count_as_new():
    made, known = [], Unchanged(most=2)

    def make():
        made.append(len(made))
        return made[-1]

    slots, moment = (1, 2), datetime(2026, 6, 1, tzinfo=UTC)
    assert known.get(("spot", slots, moment), make) == 0
    assert known.get(("sp" + "ot", slots, moment.replace()), make) == 0
    assert known.get(("spot", tuple(iter(slots)), moment), make) == 1
    assert known.get(("spot * 2", slots, moment), make) == 2
    assert known.get(("spot", slots, moment), make) == 3, "only the last two are remembered"
