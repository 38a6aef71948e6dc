"""Amps that flow whatever is offered: cars that don't come down, chargers that have fallen silent."""

from dataclasses import replace

import pytest

from agent.model import Control, Dimming, Mode, Rules
from tests.brain.plant import Plant, one

FUSE = 35.0
HOUSE = 10.0
TWO = Rules((one("0001", name="Garage"), one("0002", name="Yard")), circuit_amps=64.0, main_fuse_amps=FUSE)


def fast(*off):
    return Control(Mode.FAST, dict.fromkeys(off, Mode.OFF))


def house(rules=TWO, **more):
    return Plant(rules, house_w=HOUSE * 230, phase_load_amps=(HOUSE,), **more)


def flows(plant):
    """Amps through the main fuse."""
    return plant.phase_load_amps[0] + sum(plant.drawn.values())


def worst_of(plant, seconds):
    """The longest time in a row above the fuse."""
    worst = above = 0
    for _ in range(seconds):
        plant.run(1)
        above = above + 1 if flows(plant) > FUSE + 0.01 else 0
        worst = max(worst, above)
    return worst


def test_a_car_that_does_not_stop_leaves_the_other_only_the_rest_of_the_fuse():
    plant = house(control=fast("0002")).run(200)
    assert plant.drawn["0001"] == 25
    plant.stuck.add("0001")
    plant.control = fast("0001")
    assert worst_of(plant, 300) == 0
    assert plant.amps("0002") == 0
    assert "and Garage takes 25 A unasked" in plant.reason("0002")
    plant.stuck.clear()
    plant.until(lambda p: p.drawn["0002"] == 25, 500)


def test_a_load_beside_a_car_that_does_not_come_down_is_made_room_for_by_the_other():
    plant = house(control=fast()).run(400)
    plant.stuck.add("0001")
    plant.control = Control(Mode.FAST, limit_by_charger={"0001": 6.0})
    plant.run(30)
    plant.phase_load_amps = (15.0,)
    plant.house_w = 15.0 * 230
    assert worst_of(plant, 120) <= 10
    assert flows(plant) <= FUSE


def test_what_a_car_still_draws_is_not_given_to_another():
    """It may be slow for as long as it likes: the other waits, and hears why."""
    plant = house(control=Control(Mode.FAST, limit_by_charger={"0002": 6.0})).run(300)
    assert plant.drawn == {"0001": 19.0, "0002": 6.0}
    plant.stuck.add("0001")
    plant.control = Control(Mode.FAST, limit_by_charger={"0001": 6.0})
    plant.run(5)
    assert plant.amps("0002") == 6
    assert "before another car has come down" in plant.reason("0002")
    plant.stuck.clear()
    plant.until(lambda p: p.amps("0002") == 19, 100)


@pytest.mark.parametrize("draws_on_s", [0, 25, 1000])
def test_what_a_silent_charger_draws_is_kept_for_it(draws_on_s):
    plant = house(control=fast()).run(400)
    plant.silent["0001"] = plant.now
    plant.stuck.add("0001")
    plant.run(1)
    assert "and Garage, which fell silent, may take 13 A" in plant.reason("0002")
    over_s = worst_of(plant, draws_on_s) if draws_on_s else 0
    plant.drawn["0001"] = 0.0
    assert over_s + worst_of(plant, 60) <= 10
    assert plant.amps("0002") == 25, "nobody draws there any more, or the meter shows it as the house's"


def test_the_sun_that_a_car_takes_unasked_is_nobody_elses():
    rules = replace(TWO, main_fuse_amps=0.0)
    plant = Plant(rules, sun_w=3000, house_w=500).run(900)
    plant.stuck.add("0001")
    plant.control = Control(Mode.SOLAR, {"0001": Mode.OFF})
    plant.run(15)
    bought_wh = plant.import_wh
    plant.run(900)
    assert plant.amps("0002") == 0
    assert plant.import_wh == pytest.approx(bought_wh, abs=10)


def test_an_order_to_dim_counts_what_flows_unasked():
    rules = replace(TWO, main_fuse_amps=0.0)
    plant = Plant(rules, control=fast()).run(100)
    plant.stuck.add("0001")
    plant.control = replace(fast("0001"), dimming=Dimming(amps=40.0))
    plant.run(30)
    assert plant.amps("0002") == 8
    assert "and Garage takes 32 A unasked" in plant.reason("0002")


def test_a_main_fuse_without_any_meter_is_one_that_nobody_watches():
    plant = Plant(replace(TWO, has_meter=False), control=fast(), meter_works=False).run(100)
    assert sum(plant.drawn.values()) == 6
    assert "no meter watches the main fuse" in plant.reason("0001")


def test_the_cap_on_what_is_bought_holds_for_the_chargers_alone_while_the_meter_is_silent():
    plant = Plant(Rules((one(),), 32.0, peak_watts=3000.0, peak_over="now"), control=fast()).run(100)
    assert plant.drawn["0001"] == 10
    plant.meter_works = False
    plant.run(400)
    assert plant.drawn["0001"] == 13
    assert "the grid meter is silent, and the cap on what is bought leaves 3.0 kW" in plant.reason("0001")
