"""Home Assistant finds the house by itself: each entity has a topic that is told, or one that is obeyed."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from agent.doors.ha_discovery import announcing
from agent.doors.mqtt import MqttDoor
from agent.doors.mqtt_topics import values_of
from agent.doors.rooms import Money
from agent.doors.settings import HomeAssistantSettings, MqttSettings
from agent.doors.web.view import state_now
from agent.model import Mode, PriceAhead, PricesAhead
from agent.prices import PriceTeller
from tests.web.house import CARPORT, GARAGE

PLACE = "homeassistant/device/sunward_3201/config"


@contextmanager
def opened(house, broker, **settings):
    announce, birth = announcing("sunward", HomeAssistantSettings(**settings), "1.2")
    mqtt = MqttSettings(broker=broker.address)
    door = MqttDoor(house.rooms, mqtt, {}, announce=announce, birth_topic=birth)
    door.start()
    try:
        yield door
    finally:
        door.stop()


def devices(house):
    announce, _ = announcing("sunward", HomeAssistantSettings(), "1.2")
    return {topic: json.loads(text) for topic, text in announce(state_now(house.rooms)).items()}


def test_each_entity_has_its_own_id_and_a_topic_that_is_told(house):
    told = values_of(state_now(house.rooms), (), "sunward")
    entities = [entity for device in devices(house).values() for entity in device["cmps"].values()]
    ids = [entity["uniq_id"] for entity in entities]
    assert len(ids) == len(set(ids)) > 40
    for entity in entities:
        assert entity["p"] in {"sensor", "number", "select", "switch", "button", "binary_sensor"}
        assert "stat_t" in entity or "cmd_t" in entity
        assert entity.get("stat_t", next(iter(told))) in told, entity


def test_what_a_device_says(house):
    found = devices(house)
    assert set(found) == {
        "homeassistant/device/sunward_site/config",
        PLACE,
        f"homeassistant/device/sunward_{CARPORT.lower()}/config",
    }
    garage = found[PLACE]
    assert garage["dev"]["name"] == "Garage"
    assert garage["o"] == {"name": "sunward", "sw": "1.2"}
    assert garage["avty_t"] == "sunward/availability"
    energy, number = garage["cmps"]["energy_kwh"], garage["cmps"]["max_amps"]
    assert (energy["dev_cla"], energy["stat_cla"], energy["unit_of_meas"]) == (
        "energy",
        "total_increasing",
        "kWh",
    )
    assert (number["min"], number["max"], number["step"]) == (6, 32, 1)
    assert garage["cmps"]["mode"]["options"] == ["off", "solar", "solar_min", "fast", "settings"]


def test_the_price_now_is_a_sensor_where_prices_are_told(house):
    def price():
        site = devices(house)["homeassistant/device/sunward_site/config"]["cmps"].get("price_per_kwh")
        told = values_of(state_now(house.rooms), (), "sunward")
        return (
            site and site["unit_of_meas"],
            told["sunward/site/price_per_kwh"],
            told["sunward/site/currency"],
        )

    house.rooms = replace(house.rooms, price_at=PriceTeller(house.desk.prices))
    assert price() == ("EUR/kWh", "None", "EUR"), "the settings name a currency, and nobody told a price"
    begin = house.clock.now().wall
    slots = (PriceAhead(begin, begin + timedelta(hours=1), -0.0125, 0.08, None, ""),)
    house.desk.put_prices(PricesAhead("CZK", slots))
    assert price() == ("CZK/kWh", "-0.0125", "CZK")
    house.clock.advance(3600)
    assert price() == ("CZK/kWh", "None", "CZK")
    house.rooms = replace(house.rooms, site=replace(house.rooms.site, money=Money()))
    house.desk.put_prices(PricesAhead())
    assert price() == (None, "None", "None")


def test_a_tap_in_home_assistant_comes_back_as_a_state(house, broker):
    with opened(house, broker), broker.witness() as eyes:
        eyes.until(lambda values: PLACE in values)
        parts = json.loads(eyes.values[PLACE])["cmps"]
        for key, text in (("mode", "fast"), ("max_amps", "20.0"), ("boost", "ON")):
            assert eyes.asks(parts[key]["cmd_t"], text)["ok"]
            house.second()
            eyes.sees(parts[key]["stat_t"], "20" if key == "max_amps" else text)
        assert eyes.asks(parts["stop"]["cmd_t"], "PRESS")["ok"]
        house.second()
        eyes.sees(parts["boost"]["stat_t"], "OFF")
    assert house.desk.control.get().mode_by_charger == {GARAGE: Mode.OFF}


def test_a_home_assistant_that_starts_again_is_told_everything_again(house, broker):
    with opened(house, broker), broker.witness() as eyes:
        eyes.until(lambda values: PLACE in values)
        count = len(eyes.history)
        eyes.say("homeassistant/status", "online")
        eyes.until(lambda _: any(topic == PLACE for topic, *_ in eyes.history[count:]))
        eyes.until(lambda _: any(topic.endswith("/solar_w") for topic, *_ in eyes.history[count:]))


def test_what_is_switched_off_is_taken_away(house, broker):
    with opened(house, broker), broker.witness() as eyes:
        eyes.until(lambda values: PLACE in values)
    with broker.witness() as eyes, opened(house, broker, discovery=False):
        eyes.sees(PLACE, "")
    with broker.witness() as late:
        late.sees("sunward/availability", "offline")
        assert PLACE not in late.values
