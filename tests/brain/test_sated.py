"""A car that takes nothing of its offer (full, asleep, told to wait) keeps nothing from the others."""

import pytest

from agent.model import Control, Mode, Rules
from tests.brain.plant import Plant, one

CHARGERS = (one("0001", name="Garage"), one("0002", name="Yard"))


def house(circuit_amps=32.0, chargers=CHARGERS, **more):
    return Plant(Rules(chargers, circuit_amps), **more)


@pytest.mark.parametrize("priorities", [(1, 1), (1, 2)])
def test_the_sun_that_a_full_car_leaves_goes_to_the_other_one(priorities):
    chargers = tuple(
        one(c.charger_id, name=c.name, priority=p) for c, p in zip(CHARGERS, priorities, strict=True)
    )
    plant = house(chargers=chargers, sun_w=2500).run(1000)
    assert plant.drawn["0001"] == 8
    plant.full.add("0001")
    plant.run(1500)
    assert plant.drawn["0002"] == 8
    assert plant.amps("0001") == 0
    assert plant.import_wh < 1


def test_on_a_small_circuit_the_hungry_car_charges_and_not_the_full_one():
    plant = house(10.0, control=Control(Mode.FAST), full={"0001"}).run(899)
    assert plant.amps("0001") == 10, "it may yet wake up"
    plant.run(100)
    assert (plant.amps("0001"), plant.drawn["0002"]) == (0, 10)


def test_a_full_car_keeps_its_minimum_where_there_is_room_and_the_other_has_all_the_rest():
    plant = house(20.0, control=Control(Mode.FAST), full={"0001"}).run(1000)
    assert (plant.amps("0001"), plant.drawn["0002"]) == (6, 14)
    assert plant.reason("0001").endswith("; the car takes none of it.")
    plant.full.clear()
    plant.run(60)
    assert plant.drawn == {"0001": 10, "0002": 10}
    assert "takes none" not in plant.reason("0001")


def test_new_orders_or_a_pulled_cable_give_a_car_its_place_back():
    plant = house(10.0, control=Control(Mode.FAST), full={"0001"}).run(1000)
    assert plant.amps("0001") == 0
    plant.control = Control(Mode.FAST, {"0002": Mode.OFF})
    plant.until(lambda p: p.amps("0001") == 10, 301)
    plant.plugged["0001"] = False
    plant.run(2)
    plant.plugged["0001"] = True
    plant.run(2)
    assert "takes none" not in plant.reason("0001")


def test_two_full_cars_share_as_if_nothing_were_known():
    plant = house(20.0, control=Control(Mode.FAST), full={"0001", "0002"}).run(1000)
    assert (plant.amps("0001"), plant.amps("0002")) == (10, 10)


@pytest.mark.parametrize("share", [1.0, 0.6, 0.45])
def test_sun_for_one_car_starts_one_car(share):
    """However little of its minimum must be sun: nobody else counts on the same sun."""
    chargers = (*CHARGERS, one("0003", name="Street", priority=2))
    plant = Plant(Rules(chargers, 32.0, min_solar_share=share))
    most = 0
    for sun_w in range(500, 2400, 50):
        plant.sun_w = float(sun_w)
        plant.run(60)
        most = max(most, sum(plant.amps(c.charger_id) > 0 for c in chargers))
    assert most == 1


def test_it_is_asked_again_after_two_hours():
    plant = house(10.0, control=Control(Mode.FAST), full={"0001"}).run(1000)
    plant.full.clear()
    plant.full.add("0002")
    assert plant.until(lambda p: p.drawn["0001"] == 10, 8200) < 8200
