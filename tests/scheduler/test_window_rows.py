"""Rows of the settings file and the API: read strictly, written back the same, refused in plain words."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.wallclock import read_days, read_minute, read_zone, write_days, write_minute
from scheduler.window_rows import WindowError, read_window, read_windows, write_window
from scheduler.windows import Mode, Window

ROW = {"name": "night", "days": "mon-fri", "from": "21:30", "to": "07:15", "mode": "fast"}


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily", {0, 1, 2, 3, 4, 5, 6}),
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("sat,sun", {5, 6}),
        ("mon,wed-fri", {0, 2, 3, 4}),
        ("fri-mon", {4, 5, 6, 0}),
        (" Mon - Tue , SUN ", {0, 1, 6}),
        ("thu", {3}),
        ("sun-sat", {0, 1, 2, 3, 4, 5, 6}),
    ],
)
def test_days_are_read_as_people_write_them(text, days):
    assert read_days(text) == days


@given(st.sets(st.integers(0, 6), min_size=1))
def test_written_days_are_read_back(days):
    assert read_days(write_days(frozenset(days))) == days


@pytest.mark.parametrize("text", ["fri-mon", "mon-fri", "sat,sun", "daily", "wed,sat-mon"])
def test_days_are_written_the_short_way(text):
    assert write_days(read_days(text)) == text


@given(st.integers(0, 1440))
def test_written_times_are_read_back(minute):
    assert read_minute(write_minute(minute), as_end=True) == minute


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("days", "mo-fr", "'mo' is no day: write days like"),
        ("days", "mon-", "a day is missing"),
        ("days", "", "write days like"),
        ("days", ["mon"], "write days like"),
        ("from", "24:00", 'write "00:00" to "23:59"'),
        ("from", "9.30", 'write a time like "21:30"'),
        ("from", 2130, 'write a time like "21:30"'),
        ("from", time(21, 30), 'write a time like "21:30", in quotes (found 21:30:00)'),
        ("to", "24:01", 'write "00:00" to "24:00"'),
        ("to", "21:30", "is the same as from"),
        ("to", "٠٧:١٥", 'write a time like "21:30"'),
        ("mode", "turbo", "the mode is one of off, solar, solar_min, fast"),
        ("mode", ["fast"], "the mode is one of"),
        ("amps", 5.9, 'between 6 and 80; not to charge is mode = "off"'),
        ("amps", 81, "between 6 and 80"),
        ("amps", float("nan"), "amps is a number"),
        ("amps", True, "amps is a number"),
        ("amps", "16", "amps is a number"),
        ("charger", 3201, "an id or name in quotes"),
        ("charger", "Shed", "there is no such charger; there is 3201 (Garage), 3202"),
        ("enabled", "yes", "true or false"),
        ("until", "2026-02-30", 'like "2026-12-24", or left out'),
        ("until", "24.12.2026", "until is the last day on which it opens"),
        ("until", "20261224", "until is the last day on which it opens"),
        ("until", 20261224, "until is the last day on which it opens"),
        ("name", " ", "give the window a name"),
        ("name", "a/b", "without / or outer spaces"),
        ("name", "x" * 61, "at most 60"),
        ("price", 1, "there is no such key"),
    ],
)
def test_a_bad_value_is_refused_in_one_sentence(key, value, says):
    with pytest.raises(WindowError) as refused:
        read_window(ROW | {key: value}, {"3201": "Garage", "3202": ""})
    (problem,) = refused.value.problems
    assert says in problem
    assert f".{key}: " in problem


def test_all_problems_are_told_at_once():
    with pytest.raises(WindowError) as refused:
        read_windows([{"days": "mon"}, ROW | {"mode": "x", "amps": 1}, ROW, ROW, 7])
    assert len(refused.value.problems) == 4 + 2 + 1 + 1


def test_mode_off_takes_no_amps():
    with pytest.raises(WindowError, match="mode off offers no amps"):
        read_window(ROW | {"mode": "off", "amps": 6})


def test_windows_are_a_list():
    with pytest.raises(WindowError, match="must be a list"):
        read_windows({"night": ROW})


@given(
    st.builds(
        Window,
        name=st.sampled_from(["night", "día", "2 h"]),
        days=st.frozensets(st.integers(0, 6), min_size=1),
        from_minute=st.integers(0, 700),
        to_minute=st.integers(701, 1440),
        mode=st.sampled_from([Mode.SOLAR, Mode.SOLAR_MIN, Mode.FAST]),
        amps=st.one_of(st.none(), st.floats(6, 80)),
        charger=st.sampled_from(["", "3201"]),
        enabled=st.booleans(),
    )
)
def test_a_written_window_is_read_back_the_same(window):
    assert read_window(write_window(window)) == window


@pytest.mark.parametrize("name", ["Europe/Berlim", "", "../etc/passwd", "Europe", 7, "CEST+1x"])
def test_a_zone_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="IANA name"):
        read_zone(name)


def test_a_zone_is_read():
    assert read_zone("Europe/Berlin").key == "Europe/Berlin"


@pytest.mark.parametrize("until", ["2026-12-24", date(2026, 12, 24), None])
def test_a_last_day_is_read_from_the_api_and_from_toml_and_written_back(until):
    row = write_window(read_window(ROW | {"until": until}))
    assert row["until"] == ("2026-12-24" if until else None)
    assert write_window(read_window(row)) == row
