"""The car on the cable and the car in the cloud are one."""

from random import Random

import pytest

from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.clouds.tesla_twin import TwinCar

START_S = 1_780_000_000.0


class Garage:
    """A car, its charger and its twin; time passes with a look each second."""

    def __init__(self):
        self.now = 0.0
        rng = Random(1)
        self.body = Car(CarProfile(soc_percent=50, limit_percent=60, start_lag_s=5), 0.0, rng)
        self.charger = VirtualCharger(ChargerProfile("3201"), self.body, 0.0, rng)
        self.twin = TwinCar(self.body, "Comet", self._cable, START_S)

    def _cable(self):
        return self.charger if self.charger.car is self.body else None

    @property
    def now_s(self):
        return START_S + self.now

    def live(self, seconds, amps=0.0):
        for _ in range(int(seconds)):
            self.now += 1.0
            self.charger.offered_amps = amps
            self.body.advance(amps, self.now, 230.0)
            self.twin.look(self.now_s)


@pytest.fixture
def garage():
    return Garage()


def test_what_the_charger_gives_is_what_the_cloud_tells(garage):
    garage.live(3600, amps=16)
    told = garage.twin.data(garage.now_s)["charge_state"]
    assert told["charging_state"] == "Charging"
    assert told["charger_actual_current"] == 16
    assert told["battery_level"] == int(garage.body.soc_percent) > 50


def test_a_stop_in_the_cloud_stops_the_car_on_the_cable_and_a_start_starts_it(garage):
    garage.live(60, amps=16)
    assert garage.twin.do("charge_stop", {}) == ""
    garage.live(30, amps=16)
    assert (garage.body.drawn_amps, garage.twin.charging_state) == (0.0, "Stopped")
    assert garage.twin.do("charge_start", {}) == ""
    garage.live(60, amps=16)
    assert garage.body.drawn_amps == pytest.approx(16)


def test_a_limit_set_in_the_cloud_ends_the_charge_on_the_cable(garage):
    garage.live(60, amps=16)
    assert garage.twin.do("set_charge_limit", {"percent": 51}) == ""
    garage.live(3600, amps=16)
    assert garage.body.soc_percent == pytest.approx(51, abs=0.1)
    assert garage.twin.data(garage.now_s)["charge_state"]["charging_state"] == "Complete"


def test_amps_set_in_the_cloud_hold_on_the_cable(garage):
    garage.twin.do("set_charging_amps", {"charging_amps": 8})
    garage.live(60, amps=16)
    assert garage.body.drawn_amps == pytest.approx(8)


def test_it_falls_asleep_unoffered_and_wakes_when_there_is_power(garage):
    garage.live(1000)
    assert not garage.twin.awake(garage.now_s)
    assert garage.twin.summary(garage.now_s)["state"] == "asleep"
    garage.live(60, amps=10)
    assert garage.twin.awake(garage.now_s)


def test_a_pulled_plug_shows_at_once_and_a_new_one_forgets_the_stop(garage):
    garage.live(60, amps=16)
    garage.twin.do("charge_stop", {})
    garage.charger.unplug(garage.now)
    garage.live(2)
    assert garage.twin.data(garage.now_s)["charge_state"]["charging_state"] == "Disconnected"
    assert garage.twin.drawn_amps == 0.0
    garage.charger.plug(garage.body, garage.now)
    garage.live(60, amps=16)
    assert garage.twin.charging_state == "Charging"
