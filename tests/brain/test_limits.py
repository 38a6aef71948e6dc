"""Limits beside the circuit: fuse with reservations, even phases, peak, dimming; each as a story."""

from dataclasses import replace

import pytest

from agent.brain.limits.grid import QUARTER_S, allowed_watts, bought
from agent.brain.memory import Demand
from agent.model import Control, Dimming, Mode, Moment, Reading, Rules
from tests.brain.plant import NOON, Plant, one

FAST = Control(Mode.FAST)
THREE = ("L1", "L2", "L3")
HOUSE = Rules((one(),), circuit_amps=40.0, volts=230.0, main_fuse_amps=25.0, site_phases=3)


def test_what_is_reserved_for_a_heat_pump_stays_free_beside_the_fuse():
    rules = replace(HOUSE, reserved_watts=(2300.0, 0.0, 0.0))
    house = Plant(rules, control=FAST, phase_load_amps=(5.0, 0.0, 0.0)).run(60)
    assert house.amps() == 10.0, "25 A less 10 A reserved less 5 A of house"
    house.control = replace(FAST, dimming=Dimming(reserved_watts=(920.0,)))
    assert house.run(2).amps() == 6.0, "an order adds to what the settings keep free"


def test_sun_on_a_phase_does_not_make_its_fuse_bigger():
    house = Plant(HOUSE, control=FAST, phase_load_amps=(-20.0, 0.0, 0.0), sun_w=4600.0, house_w=0.0).run(60)
    assert house.amps() == 25.0


def test_watts_that_no_phase_accounts_for_count_on_each():
    house = Plant(HOUSE, control=FAST, house_w=15 * 230.0, phase_load_amps=(0.0, 0.0, 0.0)).run(60)
    assert house.amps() == 10.0, "a clamp shows 0 A where 15 A flow"


def test_a_meter_without_amps_by_phase_still_keeps_the_fuse_for_a_three_phase_car():
    rules = replace(HOUSE, chargers=(one(phases=THREE),))
    house = Plant(rules, control=FAST, house_w=10 * 230.0).run(200)
    assert house.amps() == 15.0, "all of the house might be on one phase, all of the car is not"


def test_all_chargers_together_have_one_minimum_beside_a_fuse_that_nobody_watches():
    rules = replace(HOUSE, chargers=(one("0001"), one("0002", priority=2)), circuit_amps=64.0)
    house = Plant(rules, control=FAST, phase_load_amps=(5.0, 0.0, 0.0)).run(240)
    assert house.amps("0001") + house.amps("0002") == 20.0
    house.meter_works = False
    house.run(33)
    assert (house.amps("0001"), house.amps("0002")) == (6.0, 0.0)
    assert "nobody watches the main fuse" in house.reason("0002")


@pytest.mark.parametrize(
    ("phases", "load", "amps"),
    [
        (("L1",), (0.0, 0.0, 0.0), 20.0),
        (("L1",), (4.0, 6.0, 0.0), 16.0),
        (("L1", "L2"), (0.0, 0.0, 0.0), 20.0),
        (THREE, (0.0, 0.0, 0.0), 32.0),
    ],
)
def test_no_phase_is_loaded_much_more_than_the_emptiest(phases, load, amps):
    rules = replace(HOUSE, main_fuse_amps=0.0, imbalance_amps=20.0, chargers=(one(phases=phases),))
    house = Plant(rules, control=FAST, house_w=sum(load) * 230, phase_load_amps=load).run(90)
    assert house.amps() == amps


def test_chargers_on_different_phases_balance_each_other():
    chargers = (one("0001"), one("0002", phases=("L2",)), one("0003", phases=("L3",)))
    rules = replace(HOUSE, main_fuse_amps=0.0, imbalance_amps=10.0, chargers=chargers, circuit_amps=96.0)
    house = Plant(rules, control=FAST, phase_load_amps=(0.0, 0.0, 0.0), house_w=0.0).run(150)
    assert [house.amps(c.charger_id) for c in chargers] == [32.0, 32.0, 32.0]


def test_every_second_stays_below_a_cap_on_what_is_bought():
    rules = replace(HOUSE, main_fuse_amps=0.0, peak_watts=5000.0, peak_over="now")
    house = Plant(rules, control=FAST, house_w=500.0).run(120)
    assert house.amps() == 19.0, "4.5 kW are left"
    house.house_w = 2500.0
    house.run(1)
    assert house.amps() == 10.0
    assert "the cap on what is bought leaves 2.5 kW" in house.reason()


def test_no_quarter_hour_buys_more_than_its_share():
    rules = replace(HOUSE, main_fuse_amps=0.0, peak_watts=4000.0)
    house = Plant(rules, control=FAST, house_w=500.0)
    quarters = []
    for quarter in range(8):
        house.house_w = (500.0, 3000.0, 200.0, 3500.0)[quarter % 4]
        before = house.import_wh
        house.run(QUARTER_S)
        quarters.append(4 * (house.import_wh - before))
    assert max(quarters) <= 4000.0 * 1.01
    assert min(quarters) >= 3000.0, "and what may be bought is used"


def test_a_quarter_hour_that_is_used_up_leaves_nothing_and_its_last_minute_no_burst():
    rules = replace(HOUSE, peak_watts=4000.0)
    used_up = Demand(0.0, 4000.0 * QUARTER_S, 600.0)
    assert allowed_watts(rules, used_up, 600.0) == 0.0
    assert allowed_watts(rules, Demand(0.0, 0.0, 0.0), 899.0) == 8000.0, "twice the cap at most"
    demand = bought(Demand(), Reading(2000.0, 1000.0, "x"), Moment(1001.0, NOON))
    assert demand.watt_s == 0.0, "a first reading says nothing of the time before it"
    demand = bought(demand, Reading(2000.0, 1005.0, "x"), Moment(1005.0, NOON.replace(second=4)))
    assert demand.watt_s == pytest.approx(2000.0 * 5, rel=0.3)


@pytest.mark.parametrize(
    ("order", "amps"),
    [
        (Dimming(amps=10.0), 10.0),
        (Dimming(watts=4200.0), 18.0),
        (Dimming(watts=1000.0), 0.0),
        (Dimming(amps=0.0), 0.0),
        (Dimming(amps=10.0, ends_mono_s=1030.0), 32.0),
    ],
)
def test_the_grids_owner_dims_every_mode_and_an_order_with_an_end_ends(order, amps):
    rules = replace(HOUSE, main_fuse_amps=0.0)
    house = Plant(rules, control=replace(FAST, dimming=order)).run(40)
    assert house.amps() == amps
    assert ("dimmed by order" in house.reason()) is (amps < 32), house.reason()


def test_a_limit_that_cut_lets_amps_rise_again_only_after_a_calm_minute():
    rules = replace(HOUSE, main_fuse_amps=0.0, peak_watts=6000.0, peak_over="now")
    house = Plant(rules, control=FAST, house_w=500.0).run(90)
    house.house_w = 3000.0
    house.run(5)
    low = house.amps()
    house.house_w = 500.0
    assert house.run(40).amps() == low
    assert "no more before it has had room for a minute" in house.reason()
    assert house.run(60).amps() == 23.0


CAPPED = replace(HOUSE, main_fuse_amps=0.0, peak_watts=5000.0, peak_over="now")
EVEN = replace(HOUSE, main_fuse_amps=0.0, imbalance_amps=20.0)


def _peak(house, on):
    house.house_w = 3000.0 if on else 500.0


def _uneven(house, on):
    house.phase_load_amps = (10.0, 0.0, 0.0) if on else (0.0, 0.0, 0.0)


def _dimmed(house, on):
    house.control = replace(FAST, dimming=Dimming(amps=10.0)) if on else FAST


@pytest.mark.parametrize(
    ("rules", "trouble", "begins", "ends"),
    [
        (replace(CAPPED, peak_watts=8000.0), _peak, "peak_cut", "peak_ok"),
        (replace(EVEN, imbalance_amps=32.0), _uneven, "uneven_cut", "uneven_ok"),
        (replace(HOUSE, main_fuse_amps=0.0), _dimmed, "dimmed", "dimmed_over"),
    ],
)
def test_a_limit_that_comes_and_goes_is_told_once_and_its_end_once(rules, trouble, begins, ends):
    house = Plant(rules, control=FAST, phase_load_amps=(0.0, 0.0, 0.0)).run(120)

    def told():
        return [event.kind for event in house.events if event.kind in (begins, ends)]

    for _ in range(12):  # every five minutes for an hour
        trouble(house, True)
        house.run(120)
        trouble(house, False)
        house.run(180)
    assert told() == [begins]
    house.run(1000)
    assert told() == [begins, ends]
    event = next(event for event in house.events if event.kind == begins)
    assert event.severity == "warning"
    assert "charging was lowered (" in event.sentence
    trouble(house, True)
    house.run(5)
    assert told() == [begins, ends, begins]
