"""What a minute holds, what the hours and days make of it, and what a chart shows."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.history.reader import HistoryError, Reader

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_minute_holds_the_mean_of_its_seconds(house, statuses):
    house.says(grid=-1200, solar=3000).lives(seconds=30)
    house.says(grid=600, solar=1000).lives(seconds=30)
    (row,) = house.rows()
    assert (row.step_s, row.seconds) == (60, 60)
    assert (row.grid_w, row.solar_w, row.battery_w) == (-300, 2000, None)
    assert row.house_w == (1800 + 1600) / 2
    assert row.export_wh == pytest.approx(10)
    assert row.import_wh == pytest.approx(5)


def test_each_charger_has_its_row(house, statuses):
    _, _, charging = statuses
    other = replace(charging, charger_id="3202", offered_amps=16.0, drawn_amps=15.0)
    house.says(charging, other, solar=20_000, grid=-5000).lives(minutes=2)
    row = house.rows()[-1]
    assert set(row.chargers) == {"3201", "3202"}
    assert row.chargers["3202"].drawn_amps == 15
    assert row.chargers["3202"].offered_amps == 16
    assert row.chargers["3202"].watts == pytest.approx(3 * 230 * 15)
    assert row.chargers_w == pytest.approx(3 * 230 * 15 + 2300)
    assert row.chargers["3201"].sun_wh == pytest.approx(2300 / 60, abs=0.01)


def test_a_silent_meter_is_unknown_and_not_zero(house):
    house.lives(minutes=1)
    house.watts.clear()
    house.lives(minutes=1)
    known, unknown = house.rows()
    assert known.grid_w == 0
    assert unknown.grid_w is None
    assert unknown.house_w is None


def test_a_house_battery_shows_its_charge(house):
    house.soc_percent = 40.0
    house.says(battery=-500).lives(seconds=30)
    house.soc_percent = 50.0
    house.says(battery=1000).lives(seconds=30)
    (row,) = house.rows()
    assert row.soc_percent == 45
    assert row.battery_w == 250
    assert (row.discharged_wh, row.charged_wh) == (
        pytest.approx(8.33, abs=0.01),
        pytest.approx(4.17, abs=0.01),
    )


def test_what_nobody_watched_is_no_energy(house, statuses):
    _, _, charging = statuses
    house.says(charging).lives(minutes=1)
    house.clock.advance(3600)  # the brain, or the whole computer, slept
    house.lives(minutes=1)
    assert sum(row.chargers_wh for row in house.rows()) == pytest.approx(2300 / 30, abs=0.7)


def test_a_year_of_hours_and_days_adds_up_to_the_minutes(house, statuses):
    _, _, charging = statuses
    house.says(charging, grid=500, solar=2000).lives(hours=3, minutes=20)
    minutes, quarters, hours, days = (house.rows(step) for step in (60, 900, 3600, 86400))
    assert [len(rows) for rows in (minutes, quarters, hours, days)] == [200, 14, 4, 1]
    for rows in (quarters, hours, days):
        for name in ("import_wh", "solar_wh", "chargers_wh", "house_wh", "seconds"):
            expected = sum(getattr(row, name) for row in minutes)
            assert sum(getattr(row, name) for row in rows) == pytest.approx(expected)
        energy = sum(row.chargers["3201"].energy_wh for row in rows)
        assert energy == pytest.approx(sum(row.chargers["3201"].energy_wh for row in minutes))


@pytest.mark.parametrize(
    ("day", "hours"),
    [(datetime(2026, 3, 29, tzinfo=BERLIN), 23), (datetime(2026, 10, 25, tzinfo=BERLIN), 25)],
    ids=["spring", "autumn"],
)
def test_the_days_of_the_two_clock_changes_are_23_and_25_hours_long(new_house, day, hours):
    house = new_house(wall=day - timedelta(minutes=2))
    house.says(grid=1000).lives(hours=hours + 1)
    before, that_day, after = house.reader.history(day - timedelta(days=1), day + timedelta(days=2), 86400)
    assert that_day.at_wall == day
    assert that_day.seconds == hours * 3600
    assert that_day.import_wh == pytest.approx(1000 * hours)
    assert before.seconds == 120
    assert after.at_wall == day + timedelta(days=1)
    assert after.at_wall.hour == 0


def test_the_hour_that_happens_twice_is_two_hours(new_house):
    two = datetime(2026, 10, 25, 2, 0, tzinfo=BERLIN)
    house = new_house(wall=two)
    house.lives(hours=2)
    rows = house.reader.history(two, two + timedelta(hours=2), 3600)
    assert [row.at_wall.isoformat() for row in rows] == [
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
    ]
    assert [row.seconds for row in rows] == [3600, 3600]


def test_a_zone_off_by_half_an_hour_still_has_right_days(new_house):
    india = ZoneInfo("Asia/Kolkata")
    house = new_house(wall=datetime(2026, 5, 3, 22, 0, tzinfo=india))
    house.says(grid=1000).lives(hours=4)
    house.reader = Reader(house.path, india)
    days = house.reader.history(datetime(2026, 5, 3, tzinfo=india), datetime(2026, 5, 5, tzinfo=india), 86400)
    assert [row.seconds for row in days] == [7200, 7200]
    hours = house.reader.history(datetime(2026, 5, 3, tzinfo=india), datetime(2026, 5, 5, tzinfo=india), 3600)
    assert [row.seconds for row in hours] == [3600] * 4


class TestAClockThatIsSet:
    def test_back_loses_no_energy(self, house):
        house.says(grid=1000).lives(hours=2)
        house.clock.wall -= timedelta(hours=1, minutes=30)
        house.lives(hours=1, minutes=30)
        for step in (60, 900, 3600, 86400):
            assert sum(row.import_wh for row in house.rows(step)) == pytest.approx(3500)

    def test_far_ahead_and_back_loses_none_either(self, house):
        house.says(grid=1000).lives(minutes=90)
        right = house.clock.wall
        house.clock.wall = right.replace(year=2041)
        house.lives(hours=2)
        house.clock.wall = right
        house.lives(hours=2)
        for step in (60, 900, 3600, 86400):
            assert sum(row.import_wh for row in house.rows(step)) == pytest.approx(3500)


class TestAnUnknownTime:
    def test_what_was_measured_finds_its_place_when_the_clock_is_known(self, new_house, statuses):
        idle, _, charging = statuses
        house = new_house(wall=None, mono_s=60.0)
        house.says(charging, grid=1000).lives(minutes=30)
        assert house.rows() == ()
        house.clock.wall = datetime(2026, 5, 3, 12, 30, tzinfo=BERLIN)
        house.lives(minutes=10).says(idle).lives(minutes=1)
        rows = house.rows()
        assert rows[0].at_wall == datetime(2026, 5, 3, 12, 0, tzinfo=BERLIN)
        assert sum(row.import_wh for row in rows) == pytest.approx(1000 * 41 / 60)
        (session,) = house.sessions()
        assert session.start.wall == datetime(2026, 5, 3, 12, 0, tzinfo=BERLIN)
        assert session.energy_wh == pytest.approx(2300 * 40 / 60)

    def test_a_session_that_ended_before_the_clock_was_known_finds_it_too(self, new_house, statuses):
        idle, _, charging = statuses
        house = new_house(wall=None, mono_s=60.0)
        house.says(charging).lives(minutes=20).says(idle).lives(minutes=10)
        assert house.sessions() == ()
        house.clock.wall = datetime(2026, 5, 3, 12, 30, tzinfo=BERLIN)
        house.lives(minutes=2)
        (session,) = house.sessions()
        assert session.start.wall == datetime(2026, 5, 3, 12, 0, tzinfo=BERLIN)
        assert session.end.wall == datetime(2026, 5, 3, 12, 20, tzinfo=BERLIN)

    def test_it_outlives_a_restart_of_the_program(self, new_house, statuses):
        house = new_house(wall=None, mono_s=60.0)
        house.says(grid=1000).lives(minutes=30).ends()
        house.begin("boot-1")
        house.clock.wall = datetime(2026, 5, 3, 12, 30, tzinfo=BERLIN)
        house.lives(minutes=5)
        assert sum(row.import_wh for row in house.rows()) == pytest.approx(1000 * 35 / 60, rel=0.01)

    def test_minutes_of_before_a_power_cut_cannot_be_placed_and_that_is_said(self, new_house):
        before = new_house(wall=None, mono_s=60.0)
        before.lives(minutes=30)
        before.ends()
        after = new_house(mono_s=5.0, boot="boot-2").lives(minutes=2)
        assert after.kinds_told() == ["history_minutes_unplaced"]
        assert "30 minutes" in after.told[0].sentence


class TestWhatAChartCanBeAsked:
    def test_stretches_are_counted_from_the_start(self, house):
        house.lives(hours=3)
        start = datetime(2026, 5, 3, 12, 10, tzinfo=BERLIN)
        rows = house.reader.history(start, start + timedelta(hours=2), 3600)
        assert [row.at_wall for row in rows] == [start, start + timedelta(hours=1)]
        assert [row.seconds for row in rows] == [3600, 3600]

    def test_weeks_are_groups_of_local_days(self, house):
        house.lives(hours=1)
        monday = datetime(2026, 4, 27, tzinfo=BERLIN)
        (row,) = house.reader.history(monday, monday + timedelta(days=7), 7 * 86400)
        assert (row.at_wall, row.seconds) == (monday, 3600)

    def test_before_anything_was_written_it_is_empty(self, tmp_path):
        reader = Reader(tmp_path / "history.db", BERLIN)
        always = datetime(2026, 1, 1, tzinfo=BERLIN), datetime(2027, 1, 1, tzinfo=BERLIN)
        assert reader.history(*always, 86400) == ()
        assert reader.sessions(*always) == ()
        assert reader.decisions(*always) == ()
        assert reader.events() == ()

    @pytest.mark.parametrize(
        ("start", "hours", "step_s", "words"),
        [
            (datetime(2026, 5, 3, tzinfo=UTC), 0, 60, "later than from"),
            (datetime(2026, 5, 3, tzinfo=UTC).replace(tzinfo=None), 1, 60, "time zone"),
            (datetime(2026, 5, 3, tzinfo=UTC), 1, 0, "multiple of 60"),
            (datetime(2026, 5, 3, tzinfo=UTC), 1, 90, "multiple of 60"),
            (datetime(2026, 5, 3, tzinfo=UTC), 9000, 60, "longer step_s"),
        ],
    )
    def test_a_question_without_sense_is_told_so(self, house, start, hours, step_s, words):
        with pytest.raises(HistoryError, match=words) as caught:
            house.reader.history(start, start + timedelta(hours=hours), step_s)
        assert caught.value.asker


def test_the_views_for_others_speak_watts_and_wh(house, statuses):
    _, _, charging = statuses
    house.says(charging, grid=600, solar=2000).lives(hours=1, minutes=1)
    connection = sqlite3.connect(f"{house.path.as_uri()}?mode=ro", uri=True)
    for view, rows in (("minutes", 61), ("quarters", 4), ("hours", 1), ("days", 1)):
        found = connection.execute(
            f"SELECT grid_w, import_wh, start FROM house_{view} ORDER BY at"
        ).fetchall()
        assert len(found) == rows
        assert found[0][0] == 600
        assert found[0][2].startswith("2026-05-0")
        assert len(connection.execute(f"SELECT * FROM charger_{view}").fetchall()) == rows
    (session,) = connection.execute("SELECT charger_id, energy_wh, end FROM sessions").fetchall()
    assert session == ("3201", pytest.approx(2300 * 61 / 60, rel=0.01), None)
    connection.close()
