"""The phases that a car really loads: learned from its first amps, forgotten with its cable."""

import itertools
from dataclasses import replace

import pytest

from agent.brain.memory import Memory
from agent.brain.phases import Learned, remembered
from agent.model import Control, Mode, Reading, Rules
from tests.brain.plant import Plant, one

THREE = ("L1", "L2", "L3")
FAST, SUN = Control(Mode.FAST), Control(Mode.SOLAR)
WIRED = Rules((one(phases=THREE),), circuit_amps=40.0, volts=230.0, site_phases=3)


def learned(house, charger_id="0001"):
    return house.memory.chargers[charger_id].learned


def parked(car_phases, **more):
    """A house whose car is plugged in after ten seconds, so that it gets its first minute."""
    house = Plant(WIRED, **{"house_w": 500.0, "plugged": {"0001": False}, **more}).run(10)
    house.plugged["0001"] = True
    house.car_phases = {"0001": car_phases}
    return house


@pytest.mark.parametrize("has_amps", [True, False], ids=["with amps", "with watts alone"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_first_amps_of_a_car_show_its_phases(count, has_amps):
    house = parked(count, control=FAST, phase_load_amps=(2.0, 0.0, 0.0) if has_amps else None).run(90)
    assert learned(house).phases == count
    assert learned(house).where == THREE[:count]
    house.plugged["0001"] = False
    assert learned(house.run(2)).phases == 0, "the next car may be another one"


@pytest.mark.parametrize(("count", "sun_w", "amps"), [(1, 2500.0, 8.0), (2, 4500.0, 8.0), (3, 6100.0, 8.0)])
def test_each_car_starts_with_the_sun_that_it_needs_and_follows_it(count, sun_w, amps):
    house = parked(count, sun_w=sun_w).run(900)
    assert house.amps() == amps
    assert house.import_wh < 60


def test_three_phases_wait_for_four_kilowatts_and_one_for_one_point_four():
    assert parked(3, sun_w=2500.0).run(900).amps() == 0.0
    waiting = parked(3, sun_w=2500.0).run(300)
    assert "3.8 kW are needed" in waiting.reason(), "nearly all of 4.1 kW must be sun"
    assert "1.3 kW are needed" in parked(1, sun_w=1000.0).run(300).reason()


def plugged_in_all_along(count, sun_w, **more):
    """A house whose car hangs there since before this process began: no first minute shows its phases."""
    house = Plant(WIRED, sun_w=sun_w, house_w=500.0, **more)
    house.car_phases = {"0001": count}
    return house


def test_an_unknown_car_is_tried_once_with_the_sun_for_one_phase():
    house = plugged_in_all_along(1, 2500.0).run(900)
    assert house.amps() == 8.0, "2 kW are plenty for a car of one phase"
    big = plugged_in_all_along(3, 2500.0)
    big.run(4 * 3600)
    assert big.amps() == 0.0
    assert len(big.starts["0001"]) == 1, "it has been seen once that 2 kW are too little"
    assert big.import_wh < 60
    assert "3.8 kW are needed" in big.reason()


def test_what_was_learned_of_a_car_is_known_in_the_next_process():
    vin = "5YJ3E1EA7KF000001"
    house = plugged_in_all_along(3, 7000.0, vin=vin)
    house.run(900)
    known = house.memory.phases_by_car
    assert known == {"0001": 3, vin: 3}
    again = plugged_in_all_along(3, 2500.0, vin=vin)
    again.memory = Memory(phases_by_car=known)
    again.run(3600)
    assert again.starts["0001"] == [], "it need not be tried again"
    other = plugged_in_all_along(1, 2500.0, vin="LRW3E7EK4NC000002")
    other.memory = Memory(phases_by_car=known)
    assert other.run(900).amps() == 8.0, "another car at the same charger is another car"


def test_what_is_known_of_old_says_nothing_to_a_fuse():
    rules = replace(WIRED, main_fuse_amps=25.0)
    house = Plant(rules, control=FAST, phase_load_amps=(0.0, 0.0, 21.0))
    house.memory = Memory(phases_by_car={"0001": 1})
    assert house.run(30).amps() == 0.0, "until it is seen, it may load L3"


def test_only_so_many_cars_are_remembered():
    known, sure = {}, Learned(phases=2, times=2)
    for number in range(200):
        known = remembered(known, "0001", f"VIN{number}", sure)
    assert len(known) == 64
    assert "VIN199" in known
    assert "VIN0" not in known
    assert remembered(known, "0001", "VIN199", sure) is known
    assert remembered(known, "0001", "VIN199", Learned(phases=1, times=1)) is known, "one step is no proof"
    assert remembered({}, "0001", "VIN7", Learned(phases=1, times=1)) == {"0001": 1, "VIN7": 1}


def test_a_car_of_one_phase_does_not_look_like_more_sun_the_more_it_draws():
    house = Plant(WIRED, sun_w=6500.0, car_phases={"0001": 1})
    house.run(300)
    assert house.amps() == 26.0
    assert house.import_wh < 10


def test_the_fuse_of_a_phase_that_the_car_does_not_load_does_not_hold_it_back():
    rules = replace(WIRED, main_fuse_amps=25.0)
    house = Plant(rules, control=FAST, car_phases={"0001": 1}, phase_load_amps=(0.0, 0.0, 19.0)).run(120)
    assert house.amps() == 25.0
    house.phase_load_amps = (0.0, 0.0, 30.0)
    assert house.run(2).amps() < 25.0, "over the fuse there: the wiring counts again"


def test_a_charger_wired_to_another_phase_than_the_settings_say_is_watched_there():
    house = Plant(replace(WIRED, chargers=(one(phases=("L2",)),)), control=FAST)
    house.phase_load_amps = (0.0, 0.0, 0.0)
    house.loaded = lambda charger: ("L3",)
    house.run(90)
    assert learned(house).where == ("L2", "L3")


def test_a_charger_that_the_meter_does_not_feel_has_the_minimum_beside_a_main_fuse():
    rules = replace(WIRED, main_fuse_amps=35.0, chargers=(one(),), circuit_amps=32.0)
    house = Plant(rules, control=FAST, phase_load_amps=(0.0, 0.0, 0.0))
    house._cars_w = lambda: 0.0
    house.loaded = lambda charger: ()
    house.run(90)
    assert house.amps() == 6.0
    assert "the meter does not feel this car" in house.reason()


def unfelt(**more):
    """A house whose meter does not reach its one charger, beside a fuse of 35 A."""
    rules = replace(WIRED, main_fuse_amps=35.0, chargers=(one(),), circuit_amps=32.0)
    house = Plant(rules, **{"phase_load_amps": (0.0, 0.0, 0.0), **more})
    house._cars_w = lambda: 0.0
    house.loaded = lambda charger: ()
    return house


def test_a_car_that_the_meter_does_not_feel_counts_beside_what_it_says():
    house = unfelt(control=FAST).run(90)
    house.phase_load_amps = (28.9, 0.0, 0.0)
    assert house.run(5).amps() == 6.0, "34.9 A, of which the meter sees 28.9"
    house.phase_load_amps = (29.2, 0.0, 0.0)
    assert house.run(2).amps() == 0.0
    assert "the main fuse on L1 allows 6 A" in house.reason()
    assert house.run(400).amps() == 0.0, "and it does not come and go"
    house.phase_load_amps = (20.0, 0.0, 0.0)
    assert house.run(400).amps() >= 6.0


def test_a_car_that_the_meter_does_not_feel_is_no_sun_to_be_had_again():
    house = unfelt(sun_w=4000.0, house_w=500.0)
    house.rules = replace(house.rules, main_fuse_amps=0.0)
    assert house.run(900).amps() == 15.0, "3.5 kW flow out, whatever the car takes"


def test_a_house_battery_that_feeds_the_car_does_not_hide_it():
    rules = replace(WIRED, main_fuse_amps=35.0)
    house = Plant(rules, control=FAST, phase_load_amps=(0.0, 0.0, 0.0), house_w=0.0)
    for _ in range(120):
        house.battery = Reading(house._cars_w(), house.now, "battery", soc_percent=80.0)
        house._read_grid = lambda: Reading(0.0, house.now, "grid", amps_by_phase=(0.0, 0.0, 0.0))
        house.run(1)
    assert not learned(house).unfelt
    assert house.amps() == 32.0


@pytest.mark.parametrize(("count", "mode", "within_s"), [(2, FAST, 90), (3, FAST, 105), (2, SUN, 110)])
def test_cars_that_start_together_beside_a_fuse_climb_in_little_more_than_a_minute(count, mode, within_s):
    chargers = tuple(one(f"{number:04}", phases=THREE) for number in range(1, count + 1))
    rules = replace(WIRED, main_fuse_amps=100.0, chargers=chargers, circuit_amps=96.0)
    house = Plant(rules, control=mode, phase_load_amps=(1.0, 1.0, 1.0), sun_w=90_000.0)
    house.until(lambda h: min(h.drawn.values()) == 32.0, within_s)


def test_a_load_that_switches_in_the_seconds_of_a_cars_first_amps_does_not_pass_for_the_car():
    house = unfelt(control=FAST)
    house.until(lambda h: h.drawn["0001"] == 3.0)
    house.phase_load_amps, house.house_w = (0.0, 8.0, 0.0), 500.0 + 8 * 230.0
    house.run(120)
    assert house.amps() <= 11.0
    assert learned(house).unfelt


def test_a_car_that_follows_clouds_is_felt_though_the_meter_stands_still():
    rules = replace(WIRED, main_fuse_amps=35.0, chargers=(one(),))
    house = Plant(rules, sun_w=6500.0, phase_load_amps=(0.0, 0.0, 0.0))
    told = house._read_grid
    house._read_grid = lambda: replace(told(), amps_by_phase=(told().watts / 230.0, 0.0, 0.0))
    for minute in range(60):
        house.sun_w = 6500.0 if minute % 3 else 2500.0
        house.run(60, lambda h: None)
        assert not learned(house).unfelt
    assert learned(house).phases == 1


def test_kettles_and_clouds_do_not_teach_nonsense():
    house = parked(2, control=FAST, sun_w=3000.0)
    kettle = itertools.cycle([0.0, 0.0, 2000.0])
    for minute in range(40):
        house.house_w = 500.0 + next(kettle)
        house.control = replace(FAST, limit_by_charger={"0001": (12.0, 24.0, 18.0)[minute % 3]})
        house.run(37)
    assert learned(house).phases == 2
    assert not learned(house).unfelt
