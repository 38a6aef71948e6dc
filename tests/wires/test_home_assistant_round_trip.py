"""A real Home Assistant, a real mosquitto and a real agent: what one does, the others show, over restarts.

The house's grid meter is a sensor in Home Assistant itself, so that watts go there and back too.
"""

import re
from random import Random
from zoneinfo import ZoneInfo

import pytest

from agent.doors.ha_discovery import CHARGER_SENSORS, SITE_SENSORS
from scheduler.clock import SystemClock
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.wires.pty import PtyBus
from tests.conftest import free_port
from tests.wires.broker import Broker
from tests.wires.home_assistant import HomeAssistant, need_home_assistant
from tests.wires.patience import until
from tests.wires.test_agent_process import Agent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SUN_W, CLOUD_W = -3000, 400
SETTINGS = """
[site]
name = "House"
[bus]
port = "{port}"
circuit_amps = 32
[[chargers]]
id = "3201"
name = "Garage"
max_amps = 16
[meters]
grid = "homeassistant://127.0.0.1:{hass}/sensor.meter?token=HA_TOKEN&positive=import"
[solar]
start_delay_s = 1
[web]
listen = "127.0.0.1:{web}"
[mqtt]
broker = "127.0.0.1:{broker}"
[homeassistant]
url = "http://127.0.0.1:{hass}"
every_s = 1
"""


class House:
    """All of them together."""

    def __init__(self, hass, broker, bus, folder):
        self.hass, self.broker, self.bus = hass, broker, bus
        self.folder, self.agent = folder, None
        self._web = free_port()
        ports = {"hass": hass.port, "broker": broker.port, "web": self._web}
        (folder / "sunward.toml").write_text(SETTINGS.format(port=bus.path, **ports), "utf-8")
        secrets = folder / "credentials.env"
        secrets.touch(0o600)
        secrets.write_text(f"HA_TOKEN={hass.token}\n", "utf-8")

    def start(self):
        self.agent = Agent(self.folder / "sunward.toml", self._web)
        assert "sunward is running" in self.agent.greeting

    def stop(self):
        if self.agent:
            status, said = self.agent.end()
            self.agent = None
            assert (status, "Traceback" in said) == (0, False), said


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    clock, rng = SystemClock(ZoneInfo("UTC")), Random(3)
    now = clock.now().mono_s
    car = Car(CarProfile(start_lag_s=1.0, ramp_up_amps_per_s=8), now, rng)
    profile = ChargerProfile("3201", first_announcement_s=1.0)
    hass = HomeAssistant(need_home_assistant(), tmp_path_factory.mktemp("hass"), free_port(), SUN_W)
    broker = Broker(tmp_path_factory.mktemp("broker"))
    bus = PtyBus([VirtualCharger(profile, car, now, rng)], clock)
    try:
        hass.start()
        hass.meets_broker(broker.port)
        found = House(hass, broker, bus, tmp_path_factory.mktemp("agent"))
        found.start()
        hass.sees("sensor.garage_drawn", lambda amps: amps and amps[0].isdecimal() and float(amps) >= 11, 60)
        yield found
        found.stop()
    finally:
        hass.stop()
        broker.stop()
        bus.close()


def test_each_entity_has_its_name_unit_and_class(home):
    hass = home.hass
    for device, rows in (("House", SITE_SENSORS), ("Garage", CHARGER_SENSORS)):
        for name, kind in rows.values():
            found = hass.entity(f"sensor.{device}_{name}".lower().replace(" ", "_"))
            assert found, name
            shown = found["attributes"]
            assert shown["friendly_name"] == f"{device} {name}"
            assert shown.get("unit_of_measurement") == kind.get("unit_of_meas")
            assert shown.get("device_class") == kind.get("dev_cla")
            assert shown.get("state_class") == kind.get("stat_cla")
    number = hass.entity("number.garage_max_amps")["attributes"]
    assert [number[key] for key in ("min", "max", "step", "unit_of_measurement")] == [6, 16, 1, "A"]
    modes = ["off", "solar", "solar_min", "fast"]
    assert hass.entity("select.house_mode")["attributes"]["options"] == modes
    assert hass.entity("select.garage_mode")["attributes"]["options"] == [*modes, "settings"]
    assert hass.entity("binary_sensor.garage_plugged")["attributes"]["device_class"] == "plug"


def test_what_is_not_known_is_unknown_and_nothing_is_unavailable(home):
    hass = home.hass
    ours = [one for one in hass.talk("config/entity_registry/list") if one["platform"] == "mqtt"]
    states = {one["entity_id"]: hass.state(one["entity_id"]) for one in ours if one["disabled_by"] is None}
    assert len(states) > 30
    assert "unavailable" not in states.values()
    assert states["sensor.house_solar"] == "unknown", "this house has no such meter"
    assert float(states["sensor.house_grid"]) == SUN_W
    assert states["binary_sensor.garage_plugged"] == states["binary_sensor.garage_charging"] == "on"
    assert states["binary_sensor.garage_problem"] == "off"


def test_a_tap_there_moves_the_charger_here(home):
    hass = home.hass
    hass.do("select.select_option", "select.garage_mode", option="fast")
    hass.sees("sensor.garage_drawn", "16")
    hass.do("number.set_value", "number.garage_max_amps", value=10)
    hass.sees("sensor.garage_drawn", "10")
    hass.do("number.set_value", "number.garage_max_amps", value=16)
    hass.do("button.press", "button.garage_stop")
    hass.sees("select.garage_mode", "off")
    hass.sees("binary_sensor.garage_charging", "off")
    hass.do("switch.turn_on", "switch.garage_boost")
    hass.sees("switch.garage_boost", "on")
    hass.sees("sensor.garage_drawn", "16")
    hass.do("switch.turn_off", "switch.garage_boost")
    hass.sees("switch.garage_boost", "off")
    hass.do("select.select_option", "select.garage_mode", option="settings")
    hass.sees("select.garage_mode", "settings")


def test_its_sensor_is_our_grid_meter_and_our_amps_are_its_sensor(home):
    hass = home.hass
    hass.do("input_number.set_value", "input_number.grid_power", value=CLOUD_W)
    home.agent.until(lambda state: state["power"]["grid_w"] == CLOUD_W)
    hass.sees("sensor.house_grid", str(CLOUD_W))
    hass.do("input_number.set_value", "input_number.grid_power", value=SUN_W)
    hass.sees("sensor.house_grid", str(SUN_W))
    hass.do("select.select_option", "select.garage_mode", option="fast")
    hass.sees("sensor.sunward_3201_amps_in_use", "16.0")
    shown = hass.entity("sensor.sunward_3201_amps_in_use")["attributes"]
    assert (shown["unit_of_measurement"], shown["device_class"]) == ("A", "current")


def test_all_is_there_again_after_each_has_restarted(home):
    hass = home.hass
    hass.do("select.select_option", "select.garage_mode", option="fast")
    assert_all_is_well(home)
    home.broker.stop()
    hass.sees("sensor.garage_drawn", "unavailable")
    home.broker.start()
    assert_all_is_well(home)

    home.stop()
    hass.sees("sensor.garage_drawn", "unavailable")
    home.start()
    assert_all_is_well(home)

    hass.stop()
    hass.start()
    assert_all_is_well(home)
    hass.do("button.press", "button.garage_stop")
    hass.sees("binary_sensor.garage_charging", "off")


def assert_all_is_well(home):
    """The car charges, Home Assistant's meter is read, and all entities show it, by both doors."""
    hass = home.hass
    hass.sees("sensor.garage_drawn", "16", 60)
    hass.sees("select.garage_mode", "fast")
    hass.sees("sensor.house_grid", str(SUN_W), 60)
    hass.sees("sensor.sunward_3201_amps_in_use", "16.0")
    ours = [one["entity_id"] for one in hass.talk("config/entity_registry/list") if one["platform"] == "mqtt"]
    assert until(lambda: not [one for one in ours if hass.state(one) == "unavailable"])


def test_its_log_has_no_word_against_us(home):
    """But for the broker that we took away."""
    said = [line for line in home.hass.printed().splitlines() if re.search("mqtt|sunward|garage", line, re.I)]
    bad = [line for line in said if "WARNING" in line or "ERROR" in line]
    assert [line for line in bad if "components.mqtt.client" not in line] == []
