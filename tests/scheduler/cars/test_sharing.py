"""Two cars on one circuit: their plans never count on the same amps, and say who has them."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from scheduler.cars.goals import Power
from scheduler.cars.planner import Plan, PlanSlot
from scheduler.cars.plans import CarPlan
from scheduler.cars.room import _turn
from scheduler.cars.settings import CarSettings
from scheduler.cars.sharing import Circuit
from scheduler.cars.sight import Sight
from scheduler.settings import SchedulerSettings

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = datetime(2026, 6, 3, 22, tzinfo=BERLIN)
FULL = Power(16, 230, 1)
SETTINGS = """
[site]
timezone = "Europe/Berlin"
{site}
[bus]
circuit_amps = {amps}
[tariff]
kind = "fixed"
price = 0.30
[[tariff.periods]]
name = "night"
from = "00:00"
to = "05:00"
price = 0.10
"""


def slots(*hours):
    day = EVENING + timedelta(hours=2)
    return Plan(
        tuple(PlanSlot(day + timedelta(hours=a), day + timedelta(hours=b), 0.1, "cheap") for a, b in hours)
    )


def test_where_too_little_is_left_is_busy():
    circuit = Circuit(amps=32)
    circuit.promise("Comet", slots((0, 2), (3, 4)), FULL)
    assert circuit.busy(FULL, BERLIN) == []
    circuit.promise("Blue", slots((1, 3)), Power(10, 230, 1))
    midnight = EVENING + timedelta(hours=2)
    assert circuit.busy(FULL, BERLIN) == [(midnight + timedelta(hours=1), midnight + timedelta(hours=2))]
    assert circuit.beside(FULL, EVENING, EVENING + timedelta(hours=9)) == Power(6, 230, 1)
    assert circuit.beside(FULL, EVENING, EVENING + timedelta(hours=3)) == FULL


def test_a_cap_on_what_is_bought_counts_like_a_circuit():
    circuit = Circuit(watts=5000)
    assert circuit.alone(Power(32, 230, 1)).watts == pytest.approx(5000)
    circuit.promise("Comet", slots((0, 2)), FULL)
    assert circuit.beside(FULL, EVENING, EVENING + timedelta(hours=9)) is None  # 5 A is no charge
    assert len(circuit.busy(FULL, BERLIN)) == 1


class TwoCars:
    """Both cars' plans in one round, as the garage makes them."""

    def __init__(self, config, amps, site="", by="07:00", soc=(60.0, 60.0)):
        config.write_text(SETTINGS.format(amps=amps, site=site))
        self.settings = SchedulerSettings.load(config)
        self.circuit = Circuit.of(self.settings)
        self.left, self.more = [], {}
        self.by, self.soc = by, soc

    def shown(self):
        return [self._one(number, name) for number, name in enumerate(("Comet", "Blue"))]

    def _one(self, number, name):
        plan = {"soc_percent": 80, "by": self.by, **self.more}
        vin = f"5YJ3E1EA7KF00000{number}"
        car = CarSettings(vin=vin, name=name, reads=("owner://",), plans=(plan,), battery_kwh=60, max_amps=16)
        memory = SimpleNamespace(reading=None, here_since_s=1.0, read_s=2.0)
        sight = Sight(True, True, f"320{number}", max_amps=16.0)
        visit = SimpleNamespace(car=car, sight=sight, memory=memory, soc_percent=self.soc[number], said=[])
        visit.now_s, visit.teller = EVENING.timestamp(), SimpleNamespace(now=lambda *_: None)
        agent = SimpleNamespace(windows=list, put_window=lambda _, row: self.left.append(row))
        context = SimpleNamespace(settings=self.settings, agent=agent)
        return CarPlan(visit, context, EVENING, {}, lambda *_: (), self.circuit).run()


def hours(shown):
    return [(slot["start"][11:16], slot["end"][11:16], slot["amps"]) for slot in shown["slots"]]


def test_room_for_both_is_no_word_about_it(config):
    comet, blue = TwoCars(config, 40).shown()
    assert hours(comet) == hours(blue)
    assert "beside" not in blue["sentence"]


def test_the_second_plans_around_the_first_and_says_so(config):
    comet, blue = TwoCars(config, 20, soc=(70.0, 70.0)).shown()
    assert hours(comet) == [("00:00", "01:55", 16)]
    assert hours(blue) == [("01:55", "03:50", 16)]
    assert blue["sentence"].endswith("It plans around Comet 16 A from 00:00 to 01:55.")


def test_where_that_would_be_late_it_takes_what_is_left_beside(config):
    two = TwoCars(config, 24, by="04:00", soc=(50.0, 65.0))
    comet, blue = two.shown()
    assert comet["late"] is False
    assert blue["late"] is False
    assert {slot["amps"] for slot in blue["slots"]} == {8}
    assert "It plans with 8 A beside Comet 16 A" in blue["sentence"]
    assert [row["amps"] for row in two.left] == [None, 8]  # what the agent would do alone


def test_who_charges_is_planned_first_and_then_who_must_begin_first():
    cars = [CarSettings(vin=f"5YJ3E1EA7KF00000{number}") for number in range(4)]
    plans = [{"latest_s": 9.0}, {"latest_s": 5.0, "on": False}, {"latest_s": 7.0, "on": True}, {}]
    data = {"cars": {car.vin: {"plan": plan} for car, plan in zip(cars, plans, strict=True)}}
    ordered = sorted(cars, key=lambda car: _turn(data, car))
    assert [cars.index(car) for car in ordered] == [2, 1, 0, 3]


def test_the_last_minutes_before_departure_are_charged_at_any_price(config):
    two = TwoCars(config, 40)
    two.more = {"precondition_min": 30}
    comet, _ = two.shown()
    assert comet["slots"][-1]["start"][11:16] == "06:30"
    assert comet["slots"][-1]["why"] == "the last 30 min before departure, at any price"
