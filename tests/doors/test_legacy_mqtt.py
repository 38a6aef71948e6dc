"""TWCManager's topics on a real broker: told as ever, obeyed with care."""

import json
from contextlib import contextmanager

from agent.doors.legacy_mqtt import LegacyMqttDoor
from agent.doors.legacy_orders import orders_for
from agent.doors.settings import LegacySettings, MqttSettings
from agent.model import Mode
from tests.web.house import GARAGE, VIN


@contextmanager
def opened(house, broker, **settings):
    legacy = LegacySettings(**{"mqtt_prefix": "TWC", "mqtt_control": True, **settings})
    door = LegacyMqttDoor(
        house.rooms, legacy, MqttSettings(broker=broker.address), {}, orders_for(house.rooms, legacy)
    )
    door.start()
    try:
        yield door
    finally:
        door.stop()


def test_the_old_topics_are_told(house, broker):
    with opened(house, broker), broker.witness("TWC/#") as eyes:
        for key, text in (
            ("ampsInUse", "25.0"),
            ("ampsMax", "25.0"),
            ("ampsDesired", "25.0"),
            ("carsCharging", "1"),
            ("chargerLoadInW", "5825"),
            ("state", "1"),
            ("lifetimekWh", "1236"),
            ("voltagePhaseA", "233"),
            ("lastVehicleVIN", VIN),
        ):
            eyes.sees(f"TWC/{GARAGE}/{key}", text)
        eyes.sees("TWC/all/currentPolicy", "Track Green Energy")
        eyes.sees("TWC/all/totalAmpsInUse", "25.0")
        eyes.sees("TWC/config/minAmpsPerTWC", "6.0")
        house.desk.set_mode(Mode.OFF)
        house.second()
        house.second()
        eyes.sees(f"TWC/{GARAGE}/ampsInUse", "0.0")


def test_home_assistant_keeps_the_entities_that_it_knew_by_their_ids(house, broker):
    place = f"homeassistant/sensor/TWC_{GARAGE}/{GARAGE}_lifetime_kwh/config"
    with broker.witness("homeassistant/#") as eyes:
        with opened(house, broker, mqtt_discovery=True, mqtt_device_name="My TWC"):
            eyes.until(lambda values: place in values, "it should be announced")
        told = json.loads(eyes.values[place])
        assert told == {
            "name": "Lifetime kwh",
            "unique_id": f"twcmanager_My_TWC_{GARAGE}_lifetime_kwh",
            "state_topic": f"TWC/{GARAGE}/lifetimekWh",
            "availability_topic": "TWC/availability",
            "device": {
                "identifiers": [f"twcmanager_My_TWC_{GARAGE}"],
                "manufacturer": "Open Source",
                "model": "TWCManager",
                "name": f"My TWC {GARAGE}",
            },
            "unit_of_measurement": "kWh",
            "device_class": "energy",
            "state_class": "total_increasing",
        }
    with broker.witness("homeassistant/#") as eyes:
        eyes.until(lambda values: place in values, "it is retained")
        with opened(house, broker), broker.witness("TWC/#") as others:
            others.sees("TWC/availability", "online")
            others.sees(f"TWC/{GARAGE}/ampsInUse", "25.0")
            assert eyes.values[place], "without the setting nothing is taken away"
        with opened(house, broker, mqtt_discovery=False):
            eyes.until(lambda values: not values.get(place), "it should be taken away")


def test_the_old_orders_are_obeyed(house, broker):
    control = house.desk.control
    with opened(house, broker), broker.witness("TWC/#") as eyes:
        eyes.sees("TWC/availability", "online")
        assert eyes.asks("TWC/control/chargeNow", "16,600", prefix="TWC")["says"] == "16 A for 600 s."
        assert control.get().boosts[0].amps == 16
        assert eyes.asks("TWC/control/chargeNowEnd", "", prefix="TWC")["ok"]
        assert not control.get().boosts
        assert eyes.asks("TWC/control/nonScheduledAction", "1", prefix="TWC")["ok"]
        assert eyes.asks("TWC/control/nonScheduledAmpsMax", "10", prefix="TWC")["ok"]
        assert (control.get().mode, control.get().limit_by_charger) == (Mode.FAST, {GARAGE: 10.0})
        for what, text in (
            ("chargeNow", "16"),
            ("chargeNow", "-1,5"),
            ("stop", ""),
            ("nonScheduledAction", "x"),
        ):
            assert not eyes.asks(f"TWC/control/{what}", text, prefix="TWC")["ok"]
        assert control.get().mode == Mode.FAST


def test_a_retained_order_is_told_and_not_obeyed(house, broker):
    with broker.witness("TWC/#") as eyes:
        eyes.say("TWC/control/chargeNow", "32,86400", retain=True)
        with opened(house, broker):
            eyes.until(lambda values: "TWC/result" in values)
            assert not json.loads(eyes.values["TWC/result"])["ok"]
    assert not house.desk.control.get().boosts


def test_without_the_switch_nothing_is_obeyed(house, broker):
    with opened(house, broker, mqtt_control=False), broker.witness("TWC/#") as eyes:
        eyes.sees("TWC/availability", "online")
        eyes.say("TWC/control/nonScheduledAction", "2")
        house.sun_w = 0
        house.second()
        eyes.sees(f"TWC/{GARAGE}/ampsDesired", "0.0")
    assert house.desk.control.get().mode == Mode.SOLAR
