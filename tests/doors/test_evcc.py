"""evcc's loop against this house: what it reads, what it orders, in its order, and what it must never see."""

from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

from agent.boosts import Refused
from agent.doors.evcc import Evcc, status_of
from agent.doors.mqtt import MqttDoor
from agent.doors.settings import MqttSettings
from agent.doors.web.routes.evcc import router
from agent.doors.web.server import WebServer, WebSettings
from agent.doors.web.view import state_now
from agent.model import Mode
from tests.web.house import CARPORT, GARAGE, VIN

PLACE = f"/api/v1/chargers/{GARAGE}/evcc"


@contextmanager
def by_http(house, hold_s=3600):
    evcc = Evcc(house.rooms, hold_s)
    server = WebServer(house.rooms, WebSettings("127.0.0.1:0"), [router(evcc)])
    server.start()
    try:
        with httpx.Client(base_url=server.url, timeout=10) as client:
            yield client
    finally:
        server.stop()


def test_evccs_loop_by_http(house):
    with by_http(house) as evcc:
        said = evcc.get(PLACE).json()
        assert said["status"] == "C"
        assert said["enabled"] is True
        assert said["power"] == 5825
        assert said["currents"] == [25.0, 0.0, 0.0]
        assert said["voltages"] == [233.0, 0.0, 0.0]
        assert (said["identify"], said["soc"], said["energy"]) == (VIN, 61, 1235.569)

        assert evcc.put(PLACE, json={"enable": False}).json()["enabled"] is False
        house.second()
        house.second()
        assert evcc.get(PLACE).json()["status"] == "B", "paused is not unplugged"

        assert evcc.put(PLACE, json={"maxcurrent": 13.5}).json()["enabled"] is False
        assert house.desk.control.get().boosts == (), "remembered while disabled"
        assert evcc.put(PLACE, json={"enable": True}).json()["enabled"] is True
        assert house.desk.control.get().boosts[0].amps == 13.5
        house.second()
        house.second()
        said = evcc.get(PLACE).json()
        assert said["status"] == "C"
        assert said["currents"][0] <= 13.5 + 1

        evcc.put(PLACE, json={"maxcurrent": 10})
        assert house.desk.control.get().boosts[0].amps == 10
        assert evcc.get(f"/api/v1/chargers/{CARPORT}/evcc").json()["status"] == "A"
        assert evcc.get("/api/v1/chargers/FFFF/evcc").status_code == 404
        assert evcc.put(PLACE, json={"maxcurrent": 40}).status_code == 409
        assert evcc.put(PLACE, json={"maxcurrent": "16"}).status_code == 422


def test_an_evcc_that_fell_silent_gives_the_charger_back(house):
    evcc = Evcc(house.rooms, hold_s=600)
    evcc.obey(GARAGE, "maxcurrent", "16")
    evcc.obey(GARAGE, "enable", "true")
    house.second(500)
    evcc.alive(GARAGE)
    house.second(500)
    assert house.desk.control.get().boosts, "a look renewed it"
    house.second(601)
    assert not house.desk.control.get().boosts
    assert house.desk.control.get().mode == Mode.SOLAR
    evcc.alive(GARAGE)
    assert not house.desk.control.get().boosts, "a look alone starts nothing"


def test_after_a_restart_the_next_order_counts_as_if_nothing_had_been(house):
    evcc = Evcc(house.rooms, hold_s=600)
    evcc.obey(GARAGE, "maxcurrent", "16")
    evcc.obey(GARAGE, "enable", "true")
    evcc.obey(GARAGE, "maxcurrent", "12")
    again = Evcc(house.rooms, hold_s=600)  # it orders only what changes
    again.obey(GARAGE, "maxcurrent", "9")
    assert house.desk.control.get().boosts[0].amps == 9
    house.clock.advance(400)
    again.alive(GARAGE)
    house.clock.advance(400)
    house.second()
    assert house.desk.control.get().boosts, "a sign of life prolongs it"
    again.obey(GARAGE, "enable", "false")
    again.obey(GARAGE, "maxcurrent", "14")
    once_more = Evcc(house.rooms, hold_s=600)
    once_more.obey(GARAGE, "enable", "true")
    assert house.desk.control.get().boosts[0].amps == 14
    assert house.desk.control.get().mode_by_charger == {}


def test_after_a_restart_a_person_still_has_the_last_word(house):
    evcc = Evcc(house.rooms, hold_s=600)
    evcc.obey(GARAGE, "enable", "true")
    house.desk.end_boost(GARAGE, by="the page")
    again = Evcc(house.rooms, hold_s=600)
    again.obey(GARAGE, "maxcurrent", "9")
    assert house.desk.control.get().boosts == ()


@pytest.mark.parametrize("nonsense", [5, [], {"held": 1, "stopped": [], "amps": {}}, {"held": ["9"]}])
def test_what_an_earlier_run_kept_and_nobody_understands_is_left_aside(house, nonsense):
    house.rooms.kept.put("steering evcc", nonsense)
    assert Evcc(house.rooms, hold_s=600).obey(GARAGE, "enable", "true") == "On, with 6 A."


def test_enabling_undoes_what_disabling_did_and_no_more(house):
    evcc = Evcc(house.rooms, hold_s=600)
    evcc.obey(GARAGE, "enable", "false")
    assert house.desk.control.get().mode_by_charger == {GARAGE: Mode.OFF}
    evcc.obey(GARAGE, "enable", "true")
    assert house.desk.control.get().mode_by_charger == {}
    assert house.desk.control.get().boosts[0].amps == 6


@pytest.mark.parametrize(
    ("what", "text"), [("enable", "maybe"), ("maxcurrent", "x"), ("maxcurrent", "5"), ("phases1p3p", "1")]
)
def test_what_can_not_be_is_refused(house, what, text):
    with pytest.raises(Refused):
        Evcc(house.rooms, 600).obey(GARAGE, what, text)


def test_evccs_loop_by_mqtt(house, broker):
    evcc = Evcc(house.rooms, 3600)
    branches = {"evcc": (evcc.topics("sunward"), evcc.obey)}
    door = MqttDoor(house.rooms, MqttSettings(broker=broker.address), {}, branches=branches)
    door.start()
    place = f"sunward/{GARAGE}/evcc"
    try:
        with broker.witness() as eyes:
            for key, text in (
                ("status", "C"),
                ("enabled", "true"),
                ("power", "5825"),
                ("currents", "[25.0, 0.0, 0.0]"),
                ("identify", VIN),
                ("soc", "61.0"),
            ):
                eyes.sees(f"{place}/{key}", text)
            assert eyes.asks(f"{place}/set/maxcurrent", "12")["ok"]
            assert eyes.asks(f"{place}/set/enable", "true")["ok"]
            assert house.desk.control.get().boosts[0].amps == 12
            assert eyes.asks(f"{place}/set/enable", "false")["ok"]
            house.second()
            eyes.sees(f"{place}/enabled", "false")
            eyes.sees(f"{place}/status", "B")
            assert not eyes.asks(f"{place}/set/maxcurrent", "500")["ok"]
    finally:
        door.stop()


def test_a_charger_that_does_not_answer_is_no_status(house):
    charger = state_now(house.rooms).chargers[0]
    assert status_of(replace(charger, linked=False)) == "F"
    assert status_of(replace(charger, charging=False, plugged=None, state="waiting")) == "B"
