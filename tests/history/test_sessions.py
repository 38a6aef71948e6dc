"""Charging sessions, told as stories."""

from dataclasses import replace
from datetime import timedelta

import pytest


def test_a_car_comes_charges_on_the_sun_and_leaves(house, statuses):
    idle, plugged, charging = statuses
    house.says(idle, solar=3000, grid=-2500).lives(minutes=2)
    house.says(plugged).lives(minutes=5)
    house.says(charging, grid=-200).lives(hours=1)
    house.says(idle, grid=-2500).lives(minutes=1)
    (session,) = house.sessions()
    assert session.energy_wh == pytest.approx(2300)
    assert session.sun_wh == pytest.approx(2300)
    assert session.grid_wh == session.battery_wh == 0
    assert (session.start_reason, session.end_reason) == ("plugged_in", "unplugged")
    assert session.vin == "5YJ3E1EA7KF000001"
    assert session.peak_amps == 10
    assert session.charged_s == pytest.approx(3600)
    assert session.end.wall - session.start.wall == timedelta(minutes=65)


def test_a_cloud_does_not_end_a_session(house, statuses):
    idle, plugged, charging = statuses
    house.says(charging).lives(minutes=10)
    house.says(plugged).lives(hours=5)
    house.says(charging).lives(minutes=10)
    house.says(idle).lives(minutes=1)
    (session,) = house.sessions()
    assert session.energy_wh == pytest.approx(2300 / 3)


def test_a_plug_in_that_never_draws_is_not_kept(house, statuses):
    idle, plugged, _ = statuses
    house.says(plugged).lives(hours=1).says(idle).lives(minutes=2)
    assert house.sessions() == ()


def test_a_unit_that_cannot_tell_ends_its_session_at_the_last_draw(house, statuses):
    idle, _, charging = statuses
    mute = replace(idle, plugged=None)
    house.says(mute).lives(minutes=1)
    house.says(replace(charging, plugged=None)).lives(minutes=30)
    stopped_at = house.clock.wall
    house.says(mute).lives(hours=3)
    house.says(replace(charging, plugged=None)).lives(minutes=30)  # within four hours: the same session
    stopped_at = house.clock.wall
    house.says(mute).lives(hours=5)
    (session,) = house.sessions()
    assert (session.start_reason, session.end_reason) == ("began_drawing", "stopped_drawing")
    assert session.end.wall == stopped_at
    assert session.energy_wh == pytest.approx(2300)


def test_another_car_is_another_session(house, statuses):
    _, _, charging = statuses
    house.says(charging).lives(minutes=10)
    house.says(replace(charging, vin="5YJ3E1EA7KF000002")).lives(minutes=10)
    first, second = house.sessions()
    assert first.end_reason == "other_car"
    assert (first.vin[-1], second.vin[-1]) == ("1", "2")
    assert second.end is None


def test_a_vin_read_late_belongs_to_the_session(house, statuses):
    _, _, charging = statuses
    house.says(replace(charging, vin="")).lives(minutes=2)
    house.says(charging).lives(minutes=2)
    (session,) = house.sessions()
    assert session.vin == charging.vin


def test_the_idle_offset_of_a_unit_is_no_energy(house, statuses):
    idle, _, _ = statuses
    house.says(replace(idle, plugged=True, drawn_amps=0.4)).lives(hours=2)
    assert house.sessions() == ()
    assert sum(row.chargers_wh for row in house.rows()) == 0


def test_three_phases_and_measured_volts_count(house, statuses):
    _, _, charging = statuses
    house.says(replace(charging, charger_id="3202", volts_by_phase=(240.0, 230.0, 0.0))).lives(hours=1)
    (session,) = house.sessions()
    assert session.energy_wh == pytest.approx(10 * (240 + 230 + 230), rel=0.02)  # the last minute is not over


@pytest.mark.parametrize(
    ("solar", "battery", "grid", "sun_wh", "battery_wh", "grid_wh"),
    [
        (3000, 0, 0, 2300, 0, 0),
        (1500, 0, 1300, 1000, 0, 1300),
        (1500, 800, 500, 1000, 800, 500),
        (0, 0, 2800, 0, 0, 2300),
        (0, 2800, 0, 0, 2300, 0),
        (100, 0, 1000, 100, 0, 2200),  # the grid meter lags: never more sun than there is
    ],
)
def test_where_the_energy_came_from(house, statuses, solar, battery, grid, sun_wh, battery_wh, grid_wh):
    idle, _, charging = statuses
    house.says(charging, solar=solar, battery=battery, grid=grid).lives(hours=1).says(idle).lives(seconds=5)
    (session,) = house.sessions()
    assert session.sun_wh == pytest.approx(sun_wh)
    assert session.battery_wh == pytest.approx(battery_wh)
    assert session.grid_wh == pytest.approx(grid_wh)


def test_without_a_grid_meter_nothing_is_claimed(house, statuses):
    idle, _, charging = statuses
    house.watts.clear()
    house.says(charging, solar=5000).lives(hours=1).says(idle).lives(seconds=5)
    (session,) = house.sessions()
    assert session.energy_wh == pytest.approx(2300)
    assert session.sun_wh == session.grid_wh == session.battery_wh == 0


class TestTheChargersOwnCounter:
    def charge(self, house, statuses, counters, step_minutes=30):
        idle, plugged, charging = statuses
        house.says(replace(plugged, energy_wh=counters[0])).lives(minutes=1)
        for counter in counters:
            house.says(replace(charging, energy_wh=counter)).lives(minutes=step_minutes)
        house.says(replace(idle, energy_wh=counters[-1])).lives(minutes=1)
        (session,) = house.sessions()
        return session

    def test_agrees_within_its_coarse_step(self, house, statuses):
        session = self.charge(house, statuses, [924_000, 925_000, 926_000, 927_000, 928_000, 929_000])
        assert session.note == ""
        assert session.counter_start_wh == 924_000
        assert session.counter_end_wh == 929_000

    def test_a_difference_over_ten_percent_is_noted(self, house, statuses):
        session = self.charge(house, statuses, [10_690_001, 10_691_500, 10_693_000, 10_694_500])
        assert session.note == ("The charger's own counter says 4.5 kWh, volts times amps say 3.5 kWh.")

    def test_a_car_on_one_phase_of_three_is_suspected(self, house, statuses):
        statuses = tuple(replace(one, charger_id="3202") for one in statuses)
        session = self.charge(house, statuses, [5_000_000 + 1150 * n + 1 for n in range(4)])
        assert session.note.endswith("Perhaps the car charges on fewer phases than the settings say.")

    def test_one_that_begins_anew_is_not_believed(self, house, statuses):
        session = self.charge(house, statuses, [924_001, 925_151, 1, 1151, 2301])
        assert session.note == ""


class TestARestart:
    def test_within_half_an_hour_continues_the_session(self, house, statuses):
        idle, plugged, charging = statuses
        house.says(plugged).lives(minutes=2).says(charging).lives(minutes=30).ends()
        house.clock.advance(600)
        house.begin("boot-1")
        house.says(charging).lives(minutes=30).says(idle).lives(minutes=1)
        (session,) = house.sessions()
        assert session.start_reason == "plugged_in"
        assert session.energy_wh == pytest.approx(2300, rel=0.01)
        assert session.end.wall - session.start.wall == timedelta(minutes=72)

    def test_of_the_computer_continues_it_when_the_clock_is_known(self, new_house, statuses):
        idle, _, charging = statuses
        before = new_house().says(charging).lives(minutes=30).ends()
        after = new_house(
            wall=before.clock.wall + timedelta(minutes=3), mono_s=20.0, boot="boot-2", says=(charging,)
        )
        after.says(charging).lives(minutes=30).says(idle).lives(minutes=1)
        (session,) = after.sessions()
        assert session.energy_wh == pytest.approx(2300, rel=0.01)
        assert session.end_reason == "unplugged"

    def test_hours_later_ends_it_where_it_was_last_seen(self, house, statuses):
        _, _, charging = statuses
        house.says(charging).lives(minutes=30).ends()
        last_seen = house.clock.wall
        house.clock.advance(7200)
        house.begin("boot-1")
        house.says(charging).lives(minutes=10)
        first, second = house.sessions()
        assert (first.end_reason, first.end.wall) == ("not_watched", last_seen)
        assert second.start_reason == "already_there"

    def test_with_another_car_ends_it(self, house, statuses):
        _, _, charging = statuses
        house.says(charging).lives(minutes=30).ends()
        house.begin("boot-1")
        house.says(replace(charging, vin="5YJ3E1EA7KF000002")).lives(minutes=10)
        first, second = house.sessions()
        assert first.end_reason == "not_watched"
        assert second.vin.endswith("2")

    def test_with_a_charger_that_is_never_heard_again_ends_it(self, house, statuses):
        idle, _, charging = statuses
        house.says(charging).lives(minutes=30).ends()
        house.begin("boot-1")
        house.says(replace(idle, heard_at_mono_s=None, plugged=None)).lives(minutes=32)
        (session,) = house.sessions()
        assert session.end_reason == "not_watched"
