"""TeslaMate through a real broker: what it knows, what it doesn't, and a broker that isn't there."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.cars.links import open_link
from scheduler.cars.links.tools import Tools
from scheduler.cars.model import Command, NotNow, Refused
from scheduler.cars.settings import TeslaSettings
from tests.wires.broker import Broker

VIN = "5YJ3E1EA7KF000042"
NOON = datetime(2026, 6, 10, 12, tzinfo=ZoneInfo("Europe/Berlin"))
KNOWN = {
    "state": "online",
    "healthy": "true",
    "plugged_in": "true",
    "charging_state": "Stopped",
    "battery_level": "54",
    "charge_limit_soc": "80",
    "charge_current_request": "16",
    "scheduled_charging_start_time": "nil",
    "time_to_full_charge": "1.5",
    "location": '{"latitude": 1.0}',
    "charger_voltage": "",
}


@pytest.fixture
def broker(tmp_path):
    found = Broker(tmp_path)
    yield found
    found.stop()


def tell(broker, prefix="teslamate/cars/1/", **topics):
    for name, value in topics.items():
        broker.say(prefix + name, value, "-r")


@pytest.fixture
def tools(tmp_path):
    return Tools(TeslaSettings(), {}, tmp_path, tmp_path, NOON)


def link_to(broker, tools, more=""):
    return open_link(f"teslamate://127.0.0.1:{broker.port}?car=1{more}", tools)


def test_what_teslamate_knows(broker, tools):
    tell(broker, **KNOWN)
    link = link_to(broker, tools)
    reading = link.read(VIN)
    assert (reading.soc_percent, reading.limit_percent, reading.charging_state) == (54, 80, "Stopped")
    assert (reading.plugged, reading.asleep, reading.minutes_left, reading.volts) == (True, False, 90, None)
    assert (reading.schedule_pending, reading.source) == (False, "teslamate")
    assert link.awake(VIN)


def test_a_sleeping_car_is_believed_whatever_its_health(broker, tools):
    tell(broker, **KNOWN | {"state": "asleep", "healthy": "false"})
    reading = link_to(broker, tools).read(VIN)
    assert (reading.asleep, reading.soc_percent) == (True, 54)


def test_old_data_are_not_believed(broker, tools):
    tell(broker, **KNOWN | {"healthy": "false"})
    with pytest.raises(NotNow, match="old"):
        link_to(broker, tools).read(VIN)


def test_a_schedule_of_the_car_is_seen(broker, tools):
    tell(broker, **KNOWN | {"scheduled_charging_start_time": "2026-06-10T21:00:00Z"})
    reading = link_to(broker, tools).read(VIN)
    assert (reading.schedule_pending, reading.schedule) == (True, "a set time")


def test_a_namespace_and_another_number(broker, tools):
    tell(broker, "teslamate/home/cars/1/", **KNOWN)
    assert link_to(broker, tools, "&namespace=home").read(VIN).soc_percent == 54
    with pytest.raises(NotNow, match="number"):
        link_to(broker, tools).read(VIN)


def test_it_can_only_read(broker, tools):
    with pytest.raises(Refused, match="only read"):
        link_to(broker, tools).send(VIN, Command("stop"))


def test_a_broker_that_is_not_there_is_a_sentence(tools):
    with pytest.raises(NotNow, match="can't be reached"):
        open_link("teslamate://127.0.0.1:9?car=1", tools).read(VIN)


def test_a_password_that_is_not_in_the_credentials_is_told(broker, tools):
    with pytest.raises(Refused, match=r"no MATE in credentials\.env"):
        link_to(broker, tools, "&user=me&password=MATE").read(VIN)


def test_a_car_read_at_home_costs_no_call_at_teslas(broker, street):
    """Reads from one back end, commands through another."""
    tell(broker, **KNOWN)
    street.settings(reads=f"teslamate://127.0.0.1:{broker.port}?car=1")
    street.plug()
    street.live(300, step_s=60)
    assert street.shown["soc_percent"] == 54
    assert street.counts == {}
    street.car.stopped = True
    street.offer, street.wants_it = 16, "start"
    street.live(360, step_s=60)
    assert street.counts == {"command": 1}
    assert street.car.drawn_amps == 16
