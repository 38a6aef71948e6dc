"""Stories of the brain: a second at a time, on a house that answers back."""

import itertools
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from agent.model import ActiveWindow, Boost, CarStatus, Control, Mode, Reading, Rules
from tests.brain.plant import NOON, Plant, one

RULES = Rules(chargers=(one(),), circuit_amps=40.0, volts=240.0)


def sunny(**more):
    return Plant(RULES, **{"sun_w": 6550.0, "house_w": 500.0, **more})


def test_the_sun_comes_out_and_the_car_follows_it_in_whole_amps():
    house = sunny()
    took = house.until(lambda h: h.amps() > 0)
    assert 20 <= took <= 30, "it starts once the sun has lasted a little"
    house.run(60)
    assert house.amps() == 25.0, "6 kW at 240 V are 25 A"
    assert house.reason() == "Offering 25 A: the sun has 6.0 kW to spare."


def test_while_it_waits_it_says_for_what_and_for_how_long():
    house = sunny(sun_w=1500.0).run(5)
    assert house.reason() == "Not charging: waiting for sun: 1.0 kW to spare, 1.3 kW are needed."
    house.sun_w = 6550.0
    house.run(5)
    assert house.reason().startswith("Not charging: starting in 1")
    assert "if the sun stays" in house.reason()


def test_a_kettle_lowers_the_car_at_once_and_nothing_is_bought_for_it():
    house = sunny().run(120)
    house.house_w = 2500.0
    house.run(2)
    assert house.amps() == 16.0
    before = house.import_wh
    house.run(30)
    assert house.import_wh - before < 3


def test_a_short_cloud_does_not_stop_the_car_and_a_long_one_does():
    house = sunny().run(600)
    house.sun_w = 1400.0
    house.run(60)
    assert house.amps() == 6.0
    assert "holding the minimum for a while" in house.reason()
    took = house.until(lambda h: h.amps() == 0, 300)
    assert took < 200
    assert "Not charging: the sun leaves only 0.9 kW" in house.reason()


def test_no_more_than_one_start_in_ten_minutes_however_the_clouds_come():
    house = sunny()
    for minute in range(180):
        house.sun_w = 6500.0 if minute % 4 < 2 else 600.0
        house.run(60)
    starts = house.starts["0001"]
    assert len(starts) > 1
    assert all(later - earlier >= 600 for earlier, later in itertools.pairwise(starts))


def test_a_lower_share_keeps_the_car_going_where_pure_sun_stops_it():
    def after_a_dim_spell(share):
        house = Plant(replace(RULES, min_solar_share=share), sun_w=6500.0).run(600)
        house.sun_w = 500.0 + 4.0 * 240
        return house.run(900).amps()

    assert after_a_dim_spell(1.0) == 0.0
    assert after_a_dim_spell(0.45) == 6.0


def test_where_the_owner_says_so_the_sun_is_followed_in_half_amps():
    house = Plant(replace(RULES, chargers=(one(half_amps=True),)), sun_w=500.0 + 12.6 * 240).run(120)
    assert house.amps() == 12.5
    assert house.reason() == "Offering 12.5 A: the sun has 3.0 kW to spare."


def test_a_cloud_at_noon_is_sat_out_longer_than_the_same_gap_when_the_day_is_ending():
    def stands_by_s(before_w):
        house = Plant(replace(RULES, min_solar_share=0.45), sun_w=6500.0).run(3600)
        for step in range(90):  # an hour and a half, down to what the sun gives before the gap
            house.sun_w = 6500.0 - (6500.0 - before_w) * step / 89
            house.run(60)
        assert house.amps() >= 6.0
        house.sun_w = 500.0
        return house.until(lambda h: h.amps() == 0, 7200)

    noon, evening = stands_by_s(6500.0), stands_by_s(2000.0)
    assert noon > 1200, "a noon cloud of twenty minutes stops nobody"
    assert evening < noon / 2


def test_a_car_that_goes_on_through_clouds_stops_soon_after_the_sun_has_set():
    house = Plant(replace(RULES, min_solar_share=0.45), sun_w=6500.0).run(3600)
    for minute in range(180):
        house.sun_w = 6500.0 * (1 - minute / 180)
        house.run(60)
    assert house.amps() == 0.0
    assert len(house.starts["0001"]) == 1, "and it does not flap on the way"
    missing_wh = sum(max(0.0, 1440 - max(0.0, 6500 * (1 - m / 180) - 500)) for m in range(180)) / 60
    assert house.import_wh < 0.4 * missing_wh, "most of the dusk is left alone"


def test_off_is_exactly_zero_and_fast_is_all_the_circuit_allows():
    house = sunny(control=Control(Mode.OFF)).run(120)
    assert house.amps() == 0.0
    assert house.reason() == "Not charging: switched off."
    house.control = Control(Mode.FAST)
    house.run(2)
    assert house.amps() == 32.0


def test_min_and_sun_never_goes_below_the_minimum():
    house = Plant(RULES, sun_w=0.0, control=Control(Mode.SOLAR_MIN)).run(30)
    assert house.amps() == 6.0
    house.sun_w = 6550.0
    house.run(60)
    assert house.amps() == 25.0
    house.sun_w = 0.0
    assert house.run(2).amps() == 6.0


def test_seven_kilowatts_on_three_phases_of_230_volts_are_ten_amps():
    rules = replace(RULES, volts=230.0, site_phases=3, chargers=(one(phases=("L1", "L2", "L3")),))
    house = Plant(rules, sun_w=7500.0, house_w=500.0).run(150)
    assert house.amps() == 10.0


def test_boost_beats_window_beats_the_chargers_mode_beats_the_sites():
    house = sunny(sun_w=0.0, control=Control(Mode.FAST, {"0001": Mode.OFF})).run(3)
    assert house.amps() == 0.0
    house.windows = {"0001": ActiveWindow("night", Mode.FAST, 10.0, NOON + timedelta(hours=1))}
    assert house.run(3).amps() == 10.0
    assert "the window “night” holds until 13:00" in house.reason()
    house.control = replace(house.control, boosts=(Boost(amps=16.0, ends_mono_s=house.now + 60),))
    assert house.run(3).amps() == 16.0
    assert house.run(60).amps() == 10.0, "the boost has ended by itself"


def test_a_boost_ends_at_its_charge_or_energy():
    car = CarStatus("5YJ3E1EA7KF000001", soc_percent=60.0)
    house = sunny(sun_w=0.0, vin=car.vin, cars={car.vin: car})
    house.control = Control(boosts=(Boost(to_soc_percent=70.0, charger_id="0001"),))
    assert house.run(5).amps() == 32.0
    house.cars = {car.vin: replace(car, soc_percent=70.0)}
    house.until(lambda h: h.amps() == 0)
    house = sunny(sun_w=0.0, control=Control(boosts=(Boost(to_energy_wh=500.0, energy_start_wh=0.0),)))
    house.until(lambda h: h.amps() == 32)
    took = house.until(lambda h: h.amps() == 0)
    delivered = 500 / (32 * 240) * 3600
    assert delivered < took < delivered + 400


def test_an_unknown_wall_time_leaves_sun_and_safety_going():
    house = sunny(wall_known=False, windows=None).run(150)
    assert house.amps() == 25.0


def test_a_silent_meter_first_stops_raises_then_goes_down_then_to_the_safe_offer():
    house = sunny().run(300)
    house.meter_works = False
    assert house.run(25).amps() == 25.0
    assert house.run(10).amps() == 6.0
    assert "the grid meter is silent for" in house.reason()
    assert house.run(90).amps() == 0.0
    assert re.search(
        r"the grid meter is silent for \d+ s: no charging until it is back", house.run(30).reason()
    )
    house.meter_works = True
    house.run(30)
    assert house.amps() == 0.0, "it does not start again the moment the meter is back"


@pytest.mark.parametrize(
    ("mode", "fuse", "amps"),
    [(Mode.SOLAR_MIN, 0.0, 6.0), (Mode.FAST, 0.0, 32.0), (Mode.FAST, 63.0, 6.0), (Mode.OFF, 0.0, 0.0)],
)
def test_each_mode_has_its_own_safe_offer_when_the_meter_never_answers(mode, fuse, amps):
    house = Plant(replace(RULES, main_fuse_amps=fuse), meter_works=False, control=Control(mode)).run(200)
    assert house.amps() == amps


def test_without_any_meter_the_sun_is_unknown_and_fast_still_works():
    house = Plant(replace(RULES, has_meter=False), meter_works=False).run(10)
    assert house.reason() == "Not charging: no meter tells what the grid does."
    house.control = Control(Mode.FAST)
    assert house.run(5).amps() == 32.0


def test_the_main_fuse_is_kept_phase_by_phase():
    rules = replace(
        RULES,
        volts=230.0,
        site_phases=3,
        main_fuse_amps=25.0,
        chargers=(one("0001", phases=("L1",)), one("0002", phases=("L2",))),
    )
    house = Plant(rules, control=Control(Mode.FAST), phase_load_amps=(5.0, 15.0, 0.0)).run(120)
    assert (house.amps("0001"), house.amps("0002")) == (20.0, 10.0)
    house.phase_load_amps = (12.0, 15.0, 0.0)
    house.run(2)
    assert house.amps("0001") == 13.0
    assert "main fuse on L1 allows 13 A" in house.reason("0001")
    assert "fuse_cut" in [event.kind for event in house.events]
    house.phase_load_amps = (5.0, 15.0, 0.0)
    assert house.run(30).amps("0001") == 13.0, "no raise before the fuse has had room for a minute"
    assert house.run(60).amps("0001") == 20.0
    house.run(1000)
    assert "fuse_ok" not in [event.kind for event in house.events], "charger 0002 is held back all the time"
    house.phase_load_amps = (-10.0, -10.0, 0.0)
    house.rules = replace(rules, main_fuse_amps=63.0)
    house.run(1000)
    assert "fuse_ok" in [event.kind for event in house.events]


def test_two_cars_share_the_circuit_and_a_charger_without_a_car_takes_nothing_from_it():
    rules = replace(RULES, circuit_amps=32.0, chargers=(one("0001"), one("0002")))
    house = Plant(rules, control=Control(Mode.FAST)).run(60)
    assert (house.amps("0001"), house.amps("0002")) == (16.0, 16.0)
    house.plugged = {"0001": True, "0002": False}
    house.run(5)
    assert (house.amps("0001"), house.amps("0002")) == (32.0, 0.0)


def test_when_the_sun_feeds_one_car_priority_decides_and_equals_take_turns():
    rules = replace(RULES, chargers=(one("0001", priority=2), one("0002", priority=1)))
    house = Plant(rules, sun_w=2300.0).run(3600)
    assert (house.amps("0001"), house.amps("0002")) == (0.0, 7.0)
    equals = replace(RULES, chargers=(one("0001"), one("0002")))
    house = Plant(equals, sun_w=2300.0)
    served = set()
    house.run(3 * 3600, lambda h: served.update(i for i in ("0001", "0002") if h.amps(i) >= 6))
    assert served == {"0001", "0002"}
    assert all(len(starts) <= 4 for starts in house.starts.values())


def test_equals_run_two_hours_and_wait_one_and_no_swap_buys_anything():
    rules = replace(RULES, chargers=(one("0001"), one("0002"), one("0003")), volts=230.0)
    house = Plant(rules, sun_w=3800.0)
    running = []
    house.run(9 * 3600, lambda h: running.append(sum(h.amps(key) > 0 for key in h.drawn)))
    assert house.import_wh < 20
    assert max(running) == 2, "the sun feeds two"
    delivered = sorted(house.delivered_wh.values())
    assert delivered[0] > 0.65 * delivered[-1]
    assert sum(house.delivered_wh.values()) > 0.97 * 9 * 3300
    assert all(len(starts) <= 4 for starts in house.starts.values())


def test_one_car_stops_as_the_other_begins_and_both_say_why():
    rules = replace(RULES, chargers=(one("0001", name="Garage"), one("0002", name="Yard")))
    house = Plant(rules, sun_w=2300.0)
    house.until(lambda h: h.amps("0001") > 0)
    house.until(lambda h: h.amps("0001") == 0, 3 * 3600)
    assert house.reason("0001") == "Not charging: its turn is over: Yard has the sun now."
    assert house.reason("0002") == "Offering 7 A: the sun has 1.8 kW to spare."
    assert house.run(60).import_wh < 5


def test_the_emptiest_car_keeps_the_sun_until_the_charges_are_level():
    rules = replace(RULES, chargers=(one("0001"), one("0002"), one("0003")))
    vins = {f"000{n}": f"5YJ3E1EA7KF00000{n}" for n in (1, 2, 3)}
    socs = {"0001": 60.0, "0002": 20.0, "0003": 40.0}
    house = Plant(rules, sun_w=2300.0)
    house.cars = {vins[key]: CarStatus(vins[key], soc_percent=soc) for key, soc in socs.items()}
    told = house._status
    house._status = lambda key: replace(told(key), vin=vins[key])
    house.run(3600)
    assert [house.amps(key) for key in socs] == [0.0, 7.0, 0.0]
    house.run(2 * 3600)
    assert house.amps("0002") == 7.0, "by charge nobody's turn ends"
    house.cars[vins["0002"]] = CarStatus(vins["0002"], soc_percent=44.0)
    assert house.run(1800).amps("0002") == 7.0, "as good as level"
    house.cars[vins["0002"]] = CarStatus(vins["0002"], soc_percent=46.0)
    assert house.run(1800).amps("0003") == 7.0
    assert house.amps("0002") == 0.0
    assert all(len(starts) <= 1 for starts in house.starts.values())


def test_a_higher_priority_that_arrives_takes_the_sun_over():
    rules = replace(RULES, chargers=(one("0001", priority=2), one("0002", priority=1)))
    house = Plant(rules, sun_w=2300.0, plugged={"0002": False}).run(900)
    assert (house.amps("0001"), house.amps("0002")) == (7.0, 0.0)
    house.plugged["0002"] = True
    house.run(900)
    assert (house.amps("0001"), house.amps("0002")) == (0.0, 7.0)


@pytest.mark.parametrize(
    ("rule", "battery_w", "soc", "amps"),
    [
        ("house_first", -2400.0, 50.0, 15.0),
        ("house_first", -2400.0, 95.0, 25.0),
        ("car_first", -2400.0, 50.0, 25.0),
        ("house_first", 2400.0, 50.0, 5.0),
        ("ignore", 2400.0, 50.0, 15.0),
    ],
)
def test_the_house_battery_comes_first_or_not_as_the_owner_says(rule, battery_w, soc, amps):
    rules = replace(RULES, battery_rule=rule, volts=240.0)
    battery = Reading(battery_w, 0.0, "battery", soc_percent=soc)
    house = Plant(rules, sun_w=4100.0, house_w=500.0, battery=battery)
    house.run(1)
    assert house.decision.budget_amps == pytest.approx(amps)


def test_a_car_just_plugged_in_is_offered_a_minute_so_that_it_accepts_the_charger():
    house = Plant(RULES, sun_w=0.0, plugged={"0001": False}).run(10)
    house.plugged["0001"] = True
    assert house.run(3).amps() == 6.0
    assert "so that the car accepts the charger" in house.reason()
    assert house.run(60).amps() == 0.0


def test_a_car_that_draws_at_zero_amps_is_asked_to_stop_by_its_cloud_and_told():
    house = Plant(RULES, control=Control(Mode.OFF), vin="5YJ3E1EA7KF000001", defiant=True).run(40)
    assert [(w.action, w.vin) for w in house.decision.wishes] == [("stop", "5YJ3E1EA7KF000001")]
    house.run(120)
    assert [e.kind for e in house.events].count("stop_failed") == 1


def test_a_sleeping_car_is_asked_to_start():
    house = sunny(vin="5YJ3E1EA7KF000001", car_max_amps=0.0).run(200)
    assert [w.action for w in house.decision.wishes] == ["start"]


def test_starts_and_stops_are_told_with_their_reasons():
    house = sunny().run(600)
    house.control = Control(Mode.OFF)
    house.run(10)
    assert [(e.kind, e.sentence) for e in house.events] == [
        ("charging_started", "charger 0001 started charging at 25 A: the sun has 6.0 kW to spare."),
        ("charging_stopped", "charger 0001 stopped charging: switched off."),
    ]


def test_steps_tell_the_whole_way_from_before_to_after():
    rules = replace(RULES, circuit_amps=20.0)
    house = Plant(rules, control=Control(Mode.FAST)).run(2)
    assert [(s.rule, s.before_amps, s.after_amps) for s in house.decision.steps] == [
        ("site", 20.0, 32.0),
        ("circuit", 32.0, 20.0),
    ]


def test_a_charger_that_fell_silent_keeps_its_amps_reserved():
    rules = replace(RULES, circuit_amps=32.0, chargers=(one("0001"), one("0002")))
    house = Plant(rules, control=Control(Mode.FAST)).run(60)
    house.linked["0001"] = False
    snapshot = house._snapshot()
    statuses = tuple(
        replace(s, heard_at_mono_s=house.now - 20, offered_amps=16.0) if s.charger_id == "0001" else s
        for s in snapshot.chargers
    )
    from agent.brain.decide import decide

    decision, _ = decide(rules, replace(snapshot, chargers=statuses), house.memory, house.moment)
    assert [o.amps for o in decision.offers] == [0.0, 16.0]


def test_a_limit_that_somebody_asked_for_holds_in_every_mode():
    house = sunny(control=Control(mode=Mode.FAST, limit_by_charger={"0001": 13.0})).run(10)
    assert house.amps() == 13


def test_a_night_is_decided_once_and_the_morning_anew():
    house = Plant(RULES, sun_w=0.0, house_w=300.0).run(10)
    resting = house.memory.rest
    assert resting is not None
    house.run(3600)
    assert house.memory.rest is resting, "nothing stirred, so nothing was thought"
    assert house.offer().good_until_mono_s == house.now + 10
    house.house_w = 900.0
    house.run(5)
    assert house.reason() == "Not charging: waiting for sun: 0.0 kW to spare, 1.3 kW are needed."
    house.control = Control(Mode.FAST)
    assert house.run(2).amps() == 32.0
    house = Plant(RULES, sun_w=0.0, house_w=300.0).run(10)
    house.meter_works = False
    assert "the grid meter is silent" not in house.run(9).reason()
    assert house.memory.rest is not None
    house.run(5)
    assert house.memory.rest is None or house.memory.rest is not resting
