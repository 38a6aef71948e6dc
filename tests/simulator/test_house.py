"""A house at its grid connection: nothing is lost, nothing comes from nowhere."""

from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.house import BatteryProfile, HomeBattery, House, HouseProfile
from simulator.trace import Trace
from simulator.weather import clear_sky, clear_sky_watts, clouds, made_day


@dataclass
class Unit:
    drawn_amps: float = 0.0
    phases: int = 1
    volts: float = 0.0

    @property
    def power_watts(self):
        return self.drawn_amps * self.volts * self.phases


def steady(solar, load):
    return Trace(((0.0, solar, load), (86_400.0, solar, load)))


watts = st.floats(0, 15_000)


def test_a_battery_kept_for_an_outage_takes_what_is_left_over_and_gives_nothing():
    battery = HomeBattery(BatteryProfile(soc_percent=50))
    battery.holds_back = True
    assert (battery.answer(2000, 60), battery.answer(-2000, 60)) == (0.0, -2000.0)
    battery.holds_back, battery.reserve_percent = False, 80.0
    assert battery.answer(2000, 60) == 0.0
    battery.reserve_percent = 20.0
    assert battery.answer(2000, 60) == 2000.0


@settings(deadline=None)
@given(watts, watts, st.floats(0, 32), st.floats(0, 100), st.sampled_from([1, 3]))
def test_power_in_is_power_out(solar, load, amps, soc, phases):
    house = House(
        steady(solar, load), HouseProfile(phases=phases), HomeBattery(BatteryProfile(soc_percent=soc))
    )
    unit = Unit(amps, phases)
    house.wire(unit, ("L1", "L2", "L3")[:phases])
    flow = house.at(0.0)
    assert flow.grid_w + flow.solar_w + flow.battery_w == pytest.approx(
        flow.house_w + flow.chargers_w, abs=1e-6
    )
    assert flow.chargers_w == pytest.approx(amps * 230 * phases)
    through = sum(a * v for a, v in zip(flow.grid_amps, flow.volts, strict=True))
    assert through == pytest.approx(flow.grid_w, abs=1e-6)


def test_the_battery_takes_what_is_left_and_gives_what_is_missing():
    battery = HomeBattery(BatteryProfile(capacity_wh=10_000, soc_percent=50, efficiency=0.9))
    house = House(steady(3000, 1000), battery=battery)
    for now in range(3601):
        flow = house.at(float(now))
        assert (flow.battery_w, flow.grid_w) == (-2000, 0)
    assert battery.soc_percent == pytest.approx(50 + 18)
    house.extra_load_watts = 4000
    assert house.at(3601.0).battery_w == 2000


def test_a_full_battery_exports_and_an_empty_one_buys():
    assert House(steady(3000, 0), battery=HomeBattery(BatteryProfile(soc_percent=100))).at(0).grid_w == -3000
    assert House(steady(0, 3000), battery=HomeBattery(BatteryProfile(soc_percent=10))).at(0).grid_w == 3000


def test_phases_carry_their_own_loads():
    house = House(steady(3 * 2300, 2300), HouseProfile(phases=3))
    unit = Unit(10.0, 1)
    house.wire(unit, ("L2",))
    assert house.at(0).grid_amps == pytest.approx((-5, -10 + 3 + 10, -8))


def test_volts_rise_with_export_and_sag_under_load():
    house = House(steady(9200, 0), HouseProfile(grid_ohms=0.2))
    unit = Unit()
    house.wire(unit)
    house.at(0)
    assert unit.volts == pytest.approx(238)


def test_a_charger_on_a_phase_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="1 phases has no L2"):
        House(steady(0, 0)).wire(Unit(), ("L2",))


def test_days_repeat_and_start_where_they_are_told():
    house = House(Trace(((0.0, 0.0, 0.0), (86_400.0, 8640.0, 0.0))), HouseProfile(starts_at_s=43_200))
    assert house.at(0).solar_w == 4320
    assert house.at(43_200).solar_w == 0


# --- weather -----------------------------------------------------------------------------------------


def test_the_sun_is_highest_at_noon_and_gone_at_night():
    sky = clear_sky(48.0, 172, 10.0)
    assert sky(0) == sky(86_399) == 0
    assert max(range(0, 86_400, 600), key=sky) == 43_200
    assert 7_500 < sky(43_200) < 10_500
    assert clear_sky_watts(48, 355, 10, 43_200) < 0.75 * sky(43_200)
    assert clear_sky_watts(-35, 355, 10, 43_200) > clear_sky_watts(-35, 172, 10, 43_200)


def test_clouds_let_through_a_share_and_more_of_them_on_grey_days():
    shares = {name: clouds(name, Random(4)) for name in ("sunny", "mixed", "grey")}
    assert all(0 <= share <= 1 for day in shares.values() for share in day)
    assert mean(shares["sunny"]) > mean(shares["mixed"]) > mean(shares["grey"])
    steps = [abs(b - a) for a, b in zip(shares["mixed"], shares["mixed"][1:], strict=False)]
    assert max(steps) > 0.15
    assert sqrt(mean(step**2 for step in steps)) < 0.1


def test_the_same_seed_makes_the_same_day_in_rows_of_any_length():
    assert made_day(3).rows == made_day(3).rows != made_day(4).rows
    fine = made_day(3, row_s=5)
    assert len(fine.rows) == 17_280
    assert mean(row[1] for row in fine.rows) == pytest.approx(
        mean(row[1] for row in made_day(3).rows), rel=0.01
    )
    with pytest.raises(ValueError, match="multiple of 5"):
        made_day(3, row_s=7)
