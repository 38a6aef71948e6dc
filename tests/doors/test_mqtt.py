"""The house on a real mosquitto: what is told, what is obeyed, and what a broken broker does."""

import json
from contextlib import contextmanager

import pytest

from agent.boosts import Refused
from agent.doors.broker import Teller
from agent.doors.mqtt import MqttDoor
from agent.doors.mqtt_topics import obey, text_of, values_of
from agent.doors.settings import MqttSettings
from agent.doors.web.view import state_now
from agent.model import Mode
from tests.conftest import need
from tests.doors.witness import Broker, password_file
from tests.web.house import CARPORT, GARAGE


@contextmanager
def opened(house, broker, secrets=None, **settings):
    door = MqttDoor(house.rooms, MqttSettings(broker=broker.address, **settings), secrets or {})
    door.start()
    try:
        yield door
    finally:
        door.stop()


def test_the_house_is_told_in_retained_topics(house, broker):
    with opened(house, broker), broker.witness() as eyes:
        eyes.sees("sunward/availability", "online")
        eyes.sees("sunward/site/solar_w", "6400")
        eyes.sees("sunward/site/mode", "solar")
        eyes.sees(f"sunward/{GARAGE}/charging", "ON")
        eyes.sees(f"sunward/{CARPORT}/plugged", "None")
        eyes.sees(f"sunward/{GARAGE}/car_soc_percent", "61")
        assert json.loads(eyes.values["sunward/site/windows"])[0]["name"] == "night"
        with broker.witness() as late:
            late.sees(f"sunward/{GARAGE}/reason", eyes.values[f"sunward/{GARAGE}/reason"])
            assert all(retained for _, _, retained in late.history[:5])
    with broker.witness() as after:
        after.sees("sunward/availability", "offline")


def test_a_change_is_told_within_its_second(house, broker):
    with opened(house, broker), broker.witness() as eyes:
        eyes.sees("sunward/site/solar_w", "6400")
        house.sun_w = 800
        house.second()
        eyes.sees("sunward/site/solar_w", "800")


def test_orders_are_obeyed_and_each_gets_an_answer(house, broker):
    control = house.desk.control
    with opened(house, broker), broker.witness() as eyes:
        eyes.sees("sunward/availability", "online")
        assert eyes.asks("sunward/site/set/mode", "fast")["ok"]
        assert control.get().mode == Mode.FAST
        assert eyes.asks(f"sunward/{GARAGE}/set/boost", '{"for_s": 600, "amps": 16}')["ok"]
        assert control.get().boosts[0].amps == 16
        assert eyes.asks(f"sunward/{GARAGE}/set/max_amps", "13")["ok"]
        assert control.get().limit_by_charger == {GARAGE: 13.0}
        assert eyes.asks(f"sunward/{GARAGE}/set/stop", "")["ok"]
        assert control.get().mode_by_charger == {GARAGE: Mode.OFF}
        assert not control.get().boosts
        assert eyes.asks("sunward/site/set/windows", "[]")["ok"]
        assert house.desk.windows.get() == ()
        refused = eyes.asks(f"sunward/{GARAGE}/set/max_amps", "500")
        assert not refused["ok"]
        assert "6 to 32 A" in refused["says"]
    assert "asked by MQTT" in house.history.rows[-1]["sentence"]


def test_a_retained_order_is_told_and_not_obeyed(house, broker):
    with broker.witness() as eyes:
        eyes.say("sunward/site/set/mode", "fast", retain=True)
        with opened(house, broker):
            eyes.until(lambda values: "sunward/result" in values)
            assert "retained" in json.loads(eyes.values["sunward/result"])["says"]
    assert house.desk.control.get().mode == Mode.SOLAR


def test_what_is_no_more_is_taken_from_the_broker(house, broker):
    sold = "sunward/5555/power_w"
    house.kept.put("topics mqtt", [sold, "homeassistant/device/sunward_5555/config", "sunward/site/solar_w"])
    with broker.witness("#") as eyes:
        eyes.say(sold, "7000", retain=True)
        with opened(house, broker):
            eyes.sees("sunward/site/solar_w", "6400")
            assert eyes.values[sold] == "7000", "not before the bus had time to find everybody"
            house.second(601)
            eyes.sees(sold, "")
        assert eyes.values["sunward/site/solar_w"] == "6400"
    known = house.kept.get("topics mqtt")
    assert sold not in known
    assert f"sunward/{GARAGE}/power_w" in known


def test_a_silent_brain_is_a_problem_and_no_text_is_too_long(house):
    house.clock.advance(20)
    told = values_of(state_now(house.rooms), (), "sunward")
    assert told["sunward/site/problem"] == "ON"
    assert "No decision is made" in told["sunward/site/problem_text"]
    assert len(text_of("word " * 100)) == 255


def test_without_control_no_order_is_heard(house, broker):
    with opened(house, broker, control=False), broker.witness() as eyes:
        eyes.sees("sunward/availability", "online")
        eyes.say("sunward/site/set/mode", "fast")
        house.sun_w = 900
        house.second()
        eyes.sees("sunward/site/solar_w", "900")
    assert house.desk.control.get().mode == Mode.SOLAR


def test_a_broker_that_was_away_hears_everything_again_and_orders_still_work(house, broker):
    with opened(house, broker):
        with broker.witness() as eyes:
            eyes.sees("sunward/site/solar_w", "6400")
        broker.stop()
        house.sun_w = 1234
        house.second()
        broker.start()
        with broker.witness() as eyes:
            eyes.sees("sunward/site/solar_w", "1234")
            eyes.sees("sunward/availability", "online")
            assert eyes.asks("sunward/site/set/mode", "off")["ok"]


def test_a_broker_that_comes_later_is_found(house, tmp_path, free_port):
    broker = Broker(need("mosquitto"), tmp_path, free_port)
    with opened(house, broker):
        broker.start()
        try:
            with broker.witness() as eyes:
                eyes.sees("sunward/availability", "online")
        finally:
            broker.stop()


def test_user_password_and_tls(house, tmp_path, free_port, certificate):
    made, key = certificate
    users = password_file(tmp_path, "sunward", "sesame")
    locked = ["allow_anonymous false", f"password_file {users}", f"certfile {made}", f"keyfile {key}"]
    broker = Broker(need("mosquitto"), tmp_path, free_port, "user root", *locked)
    broker.start()
    secrets = {"MQTT_USER": "sunward", "MQTT_PASSWORD": "sesame"}
    try:
        with (
            opened(house, broker, secrets, tls=True, ca_file=made),
            broker.witness(user="sunward", password="sesame", ca=made) as eyes,
        ):
            eyes.sees("sunward/availability", "online")
    finally:
        broker.stop()


def test_what_is_limited_comes_later_and_is_never_lost():
    teller = Teller(every_s=60, at_most_every_s=10)

    def due(text, now):
        found = teller.due({"watts": text}, now)
        for topic, said in found:
            teller.said(topic, said, now)
        return [said for _, said in found]

    assert due("1", 0) == ["1"]
    assert due("2", 3) == []
    assert due("3", 9) == []
    assert due("3", 10) == ["3"]
    assert due("3", 69) == []
    assert due("3", 70) == ["3"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "None"), ("", "None"), (True, "ON"), (12.0, "12"), (0.25, "0.25"), (-0.0, "0"), (7, "7")],
)
def test_values_are_plain_texts(value, text):
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("whose", "what", "text", "words"),
    [
        ("site", "mode", "quick", "must be one of"),
        ("site", "mode", "settings", "must be one of"),
        ("site", "max_amps", "6", "There is no order"),
        (GARAGE, "boost", "{", "not valid JSON"),
        (GARAGE, "boost", "[]", "JSON object"),
        (GARAGE, "boost", '{"amps": true}', "must be a number"),
        (GARAGE, "boost", '{"amps": NaN}', "not valid JSON"),
        (GARAGE, "max_amps", "nan", "number of amps"),
        ("FFFF", "mode", "off", "There is no charger"),
        ("site", "windows", '{"name": 1}', "list of windows"),
    ],
)
def test_a_bad_order_hears_what_to_send_instead(house, whose, what, text, words):
    with pytest.raises(Refused, match=words):
        obey(house.rooms, whose, what, text, "MQTT")


def test_stop_holds_for_chargers_with_a_mode_of_their_own(house):
    house.desk.set_mode(Mode.FAST, CARPORT)
    obey(house.rooms, "site", "stop", "", "MQTT")
    control = house.desk.control.get()
    assert control.mode == Mode.OFF
    assert control.mode_by_charger == {CARPORT: Mode.OFF} or not control.mode_by_charger
