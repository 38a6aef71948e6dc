"""What is said must be so: sentences in moments when something else than the sun decides."""

import re
from datetime import timedelta

import pytest

from agent.brain.memory import Memory
from agent.model import ActiveWindow, Boost, Control, Dimming, Mode, Reading, Rules
from tests.brain.plant import Plant, one

RULES = Rules((one(name="Garage"),), circuit_amps=32.0)


def said(plant, seconds):
    """Each new sentence, with its durations left out."""
    found = []

    def hear(house):
        words = re.sub(r"\d+ (s|min)\b", "a while", house.reason())
        if words not in found[-1:]:
            found.append(words)

    plant.run(seconds, hear)
    return found


@pytest.mark.parametrize("mode", [Mode.SOLAR, Mode.SOLAR_MIN, Mode.FAST])
def test_a_limit_below_the_minimum_is_told_and_no_start_is_announced(mode):
    plant = Plant(RULES, sun_w=5000, control=Control(mode, limit_by_charger={"0001": 4.0}))
    words = said(plant, 1500)
    assert len(words) == 1
    assert "4 A is below this charger's minimum of 6 A" in words[0]


def test_a_circuit_below_the_minimum_is_told_as_well():
    plant = Plant(Rules((one(min_amps=10.0),), circuit_amps=8.0), sun_w=5000)
    assert said(plant, 1500) == ["Not charging: 8 A is below this charger's minimum of 10 A."]


def test_while_an_order_to_dim_leaves_too_little_no_start_is_announced():
    plant = Plant(RULES, sun_w=5000).run(400)
    plant.control = Control(dimming=Dimming(watts=1000.0))
    words = said(plant, 900)
    assert not any("if the sun stays" in each for each in words), words
    assert all("dimmed by order to 1.0 kW" in each for each in words)
    plant.control = Control()
    plant.run(5)
    assert plant.reason().startswith("Not charging: too little for a car when it last tried (dimmed by order")
    assert plant.until(lambda p: p.amps(), 600) < 600


def test_while_the_meter_is_silent_nobody_speaks_of_the_sun():
    plant = Plant(RULES, sun_w=5000).run(400)
    plant.meter_works = False
    plant.run(125)
    words = said(plant, 300)
    assert words == ["Not charging: the grid meter is silent for a while: no charging until it is back."]
    plant.meter_works = True
    assert said(plant, 60)[0].startswith(("Not charging: starting in", "Offering"))


def test_a_car_that_charged_as_we_began_did_not_start_at_0_a():
    plant = Plant(RULES, sun_w=5000).run(400)
    plant.memory, plant.events = Memory(), []
    plant.run(30)
    told = [event.sentence for event in plant.events]
    assert told[0].startswith("Garage draws 19 A with nothing on offer: ")
    assert told[1].startswith("Garage stopped charging: nothing is offered (starting in")


def test_a_car_that_takes_nothing_hears_who_has_its_sun():
    rules = Rules((one("0001", name="Garage"), one("0002", name="Yard")), circuit_amps=32.0)
    plant = Plant(rules, sun_w=2500).run(1000)
    plant.full.add("0001")
    plant.run(1000)
    words = said(plant, 600)
    assert not any("the sun leaves" in each for each in words), words


def test_while_the_meter_is_silent_no_car_is_started_and_stopped_in_thought():
    """Each such start would push the next real one ten minutes away."""
    rules = Rules((one("0001"), one("0002")), 32.0, main_fuse_amps=35.0)
    plant = Plant(rules, sun_w=7000).run(900)
    plant.meter_works = False
    plant.run(240)
    plant.meter_works = True
    plant.run(60)
    assert (plant.amps("0001") > 0, plant.amps("0002") > 0) == (True, True)


def test_cars_that_fit_into_the_circuit_do_not_fill_the_main_fuse():
    rules = Rules((one("0001"), one("0002")), circuit_amps=32.0, main_fuse_amps=35.0)
    plant = Plant(rules, sun_w=12000).run(900)
    assert plant.drawn == {"0001": 16, "0002": 16}
    assert not any(event.kind == "fuse_cut" for event in plant.events)
    assert "the circuit allows 32 A" in plant.reason("0002")


@pytest.mark.parametrize(
    ("hours", "words"), [(2, "until 14:00"), (23, "until 11:00"), (50, "until Wed 14:00")]
)
def test_an_end_that_is_days_ahead_has_its_day(hours, words):
    plant = Plant(RULES)
    end = plant.moment.wall + timedelta(hours=hours)
    plant.control = Control(boosts=(Boost(ends_wall=end, ends_mono_s=plant.now + 3600 * hours),))
    plant.run(1)
    assert plant.reason() == f"Offering 32 A: boosted {words}."
    plant.control = Control()
    plant.windows = {"0001": ActiveWindow("Night", Mode.FAST, None, end)}
    plant.run(1)
    assert plant.reason() == f"Offering 32 A: the window “Night” holds {words}."


def test_who_waits_for_the_house_battery_hears_so():
    plant = Plant(RULES, sun_w=0, house_w=500)
    plant.battery = Reading(-4000.0, 0.0, "battery", soc_percent=50.0)
    plant.run(60)
    assert plant.reason().endswith("1.3 kW are needed; the house battery comes first.")
    plant.battery = Reading(0.0, 0.0, "battery", soc_percent=50.0)
    plant.run(1)
    assert "battery" not in plant.reason()


@pytest.mark.parametrize("sun_w", [5000, 0])  # at 0 W the house rests, and repeats its last decision
def test_while_the_bus_is_not_ours_no_amps_are_promised(sun_w):
    plant = Plant(RULES, sun_w=sun_w).run(400)
    before = plant.reason()
    plant.bus_problem = "Another primary (1234) speaks on the bus, so we stay silent."
    words = said(plant, 60)
    assert words == ["Not in our hands now: Another primary (1234) speaks on the bus, so we stay silent."]
    plant.bus_problem = ""
    plant.run(1)
    assert plant.reason().split(":")[0] == before.split(":")[0]
