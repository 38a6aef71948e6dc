"""Time-of-use tariffs through seasons, weekends, holidays and both DST nights."""

from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from scheduler.tariffs.fixed import FixedTariff, Period, period_now, read_months
from scheduler.tariffs.holidays import CALENDARS, _days, easter, read_holidays
from scheduler.tariffs.slots import price_at
from scheduler.wallclock import EVERY_DAY, read_days

PACIFIC = ZoneInfo("America/Los_Angeles")
WEEKDAYS = read_days("mon-fri")
SUMMER, WINTER = read_months("5-10"), read_months("11-4")
TARIFF = FixedTariff(
    0.30,
    (
        Period("peak", 0.60, 14 * 60, 20 * 60, WEEKDAYS, SUMMER),
        Period("peak", 0.45, 5 * 60, 9 * 60, WEEKDAYS, WINTER),
        Period("peak", 0.45, 17 * 60, 21 * 60, WEEKDAYS, WINTER),
        Period("part-peak", 0.40, 10 * 60, 22 * 60, WEEKDAYS, SUMMER),
        Period("night", 0.20, 23 * 60, 6 * 60, EVERY_DAY, SUMMER, on_holidays=True),
    ),
    read_holidays(["us-utility", "2026-08-14"]),
)


def wall(text):
    return datetime.fromisoformat(text).replace(tzinfo=PACIFIC)


def day(text):
    return [
        (f"{slot.start:%H:%M}", slot.name, slot.price_per_kwh)
        for slot in TARIFF.slots(wall(f"{text}T12:00"), 1)
    ]


def test_a_summer_weekday():
    assert day("2026-07-08") == [
        ("00:00", "night", 0.20),
        ("06:00", "off-peak", 0.30),
        ("10:00", "part-peak", 0.40),
        ("14:00", "peak", 0.60),
        ("20:00", "part-peak", 0.40),
        ("22:00", "off-peak", 0.30),
        ("23:00", "night", 0.20),
    ]


def test_a_winter_weekday_has_two_peaks():
    assert [start for start, name, _ in day("2026-12-09") if name == "peak"] == ["05:00", "17:00"]


@pytest.mark.parametrize("text", ["2026-07-11", "2026-09-07", "2026-08-14"])
def test_weekends_holidays_and_own_dates_have_no_peak(text):
    assert [name for _, name, _ in day(text)] == ["night", "off-peak", "night"]


def test_the_season_s_last_night_goes_on_into_the_next_season():
    slots = TARIFF.slots(wall("2026-10-31T12:00"), 2)
    assert price_at(slots, wall("2026-11-01T05:30")).name == "night"
    assert price_at(slots, wall("2026-11-01T23:30")).name == "off-peak"


@pytest.mark.parametrize(("text", "hours"), [("2027-03-14", 23), ("2026-11-01", 25), ("2026-06-10", 24)])
def test_a_day_has_as_many_hours_of_prices_as_the_clock_shows(text, hours):
    slots = TARIFF.slots(wall(f"{text}T12:00"), 1)
    assert sum(slot.end.timestamp() - slot.start.timestamp() for slot in slots) == hours * 3600
    assert all(one.end == two.start for one, two in pairwise(slots))


def test_what_holds_now_and_until_when():
    slots = TARIFF.slots(wall("2026-07-08T23:30"), 2)
    assert period_now(slots, wall("2026-07-08T23:30")) == ("night", wall("2026-07-09T06:00"))
    assert period_now(slots, wall("2026-07-08T13:59")) == ("part-peak", wall("2026-07-08T14:00"))
    assert period_now(slots, wall("2026-07-12T00:00")) is None


@pytest.mark.parametrize(
    ("text", "months"),
    [("5-10", {5, 6, 7, 8, 9, 10}), ("11-4", {11, 12, 1, 2, 3, 4}), ("1,7", {1, 7}), ("6", {6})],
)
def test_months_are_read(text, months):
    assert read_months(text) == months


@pytest.mark.parametrize("text", ["", "0", "13", "may", "5-", "5-13"])
def test_months_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="write months like"):
        read_months(text)


# --- holidays --------------------------------------------------------------------------------------


def test_easter_is_where_the_churches_put_it():
    known = ["2008-03-23", "2011-04-24", "2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25"]
    assert [easter(int(text[:4])).isoformat() for text in known] == known
    assert all(easter(year).weekday() == 6 for year in range(1900, 2200))


def days_of(name, year):
    return sorted(text.isoformat()[5:] for text in _days(name, year))


def test_the_calendars_of_2026():
    assert days_of("us-utility", 2026) == [
        *("01-01", "02-16", "05-25", "07-04", "09-07", "11-11", "11-26", "12-25")
    ]
    assert days_of("us-federal", 2026) == [
        *("01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "09-07", "10-12", "11-11", "11-26", "12-25")
    ]
    assert days_of("de", 2026) == [
        *("01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "10-03", "12-25", "12-26")
    ]
    assert days_of("england", 2026) == [
        *("01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28")
    ]
    assert len(days_of("at", 2026)) == 13
    assert len(days_of("fr", 2026)) == 11


def test_holidays_on_a_weekend_move_as_their_country_does_it():
    assert date(2022, 12, 27) in read_holidays(["england"])  # Christmas Day was a Sunday
    assert date(2021, 12, 27) in read_holidays(["england"])
    assert date(2021, 12, 28) in read_holidays(["england"])
    assert date(2021, 12, 31) in read_holidays(["us-federal"])  # New Year's Day of 2022
    assert date(2027, 7, 5) in read_holidays(["us-utility"])
    assert date(2026, 7, 3) not in read_holidays(["us-utility"])


def test_own_dates_may_come_back_every_year():
    holidays = read_holidays(["12-24", "2026-05-15"])
    assert date(2030, 12, 24) in holidays
    assert date(2026, 5, 15) in holidays
    assert date(2027, 5, 15) not in holidays


@pytest.mark.parametrize("word", ["us", "2026-02-29", "24.12.", "13-01", ""])
def test_a_word_that_is_no_holiday_is_refused_with_what_there_is(word):
    with pytest.raises(ValueError, match="is no calendar and no date: use us-utility"):
        read_holidays([word])


def test_every_calendar_says_what_it_is():
    for name, calendar in CALENDARS.items():
        assert calendar.about
        assert all(day.year in (2025, 2026) for day in _days(name, 2026))
