"""Whole days of a house with battery, thermostats, prices, forecast, and letters over real SMTP."""

from datetime import datetime

import pytest

from benchmarks.month import ZONE, month


@pytest.mark.parametrize(
    ("day", "peaks", "reports", "set_backs"),
    [
        ("2026-07-06", 1, 1, True),  # a summer weekday
        ("2026-12-09", 2, 1, False),  # a winter weekday
        ("2026-09-07", 0, 0, False),  # Labor Day
        ("2026-03-08", 0, 0, False),  # 23 hours
        ("2026-11-01", 0, 0, False),  # 25 hours
    ],
    ids=["summer", "winter", "holiday", "spring", "autumn"],
)
def test_a_day_of_the_whole_house(tmp_path, day, peaks, reports, set_backs):
    first = datetime.fromisoformat(day).replace(tzinfo=ZONE)
    told = month(first, 1, tmp_path)
    assert told["failed_runs"] == 0
    assert told["calls"]["powerwall_writes"] == 4 * peaks  # mode and reserve, there and back
    assert (told["calls"]["honeywell_writes"] > 0) is set_backs
    assert told["calls"]["exchange"] <= 3
    reported = sum(count for subject, count in told["subjects"].items() if " peak ended" in subject)
    reported += sum(count for subject, count in told["subjects"].items() if "evening ended" in subject)
    assert (reported, told["letters_twice"]) == (reports, 0)
    assert told["letters"] <= 4


def test_bad_days_are_one_letter_each_and_their_ends_another(tmp_path):
    told = month(datetime(2026, 7, 8, tzinfo=ZONE), 1, tmp_path)  # the cloud is down as the peak begins
    subjects = " ".join(told["subjects"])
    assert "The Powerwall could not" in subjects
    assert told["calls"]["powerwall_writes"] == 4
    assert told["letters"] <= 5
