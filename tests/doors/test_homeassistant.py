"""Home Assistant's REST states, against a server that forgets them as the real one does."""

import json
import re

import pytest
from werkzeug import Response

from agent.doors.homeassistant import HomeAssistantDoor
from agent.doors.settings import HomeAssistantSettings

SENSOR = "sensor.twcmanager_3201_amps_in_use"


class Forgetful:
    """What Home Assistant keeps of sensors that others told it."""

    def __init__(self, token):
        self.states, self.posts, self.token = {}, 0, token

    def answer(self, request):
        if request.headers["Authorization"] != f"Bearer {self.token}":
            return Response(status=401)
        entity = request.path.rpartition("/")[2]
        if request.method == "GET":
            found = self.states.get(entity)
            return Response(json.dumps(found), 200) if found else Response(status=404)
        self.posts += 1
        self.states[entity] = json.loads(request.data)
        return Response("{}", 201)


@pytest.fixture
def home(httpserver):
    found = Forgetful("long-lived")
    httpserver.expect_request(re.compile("/api/states/.*")).respond_with_handler(found.answer)
    return found


def door(house, httpserver, token="long-lived"):
    url = httpserver.url_for("/").rstrip("/")
    settings = HomeAssistantSettings(discovery=False, url=url, sensors="twcmanager")
    return HomeAssistantDoor(house.rooms, settings, {"HA_TOKEN": token})


def test_sensors_have_the_old_names_and_kinds(house, httpserver, home):
    door(house, httpserver).step(house.clock.now())
    assert home.states[SENSOR] == {
        "state": 25.0,
        "attributes": {
            "friendly_name": "TWC 3201 ampsInUse",
            "unit_of_measurement": "A",
            "device_class": "current",
            "state_class": "measurement",
        },
    }
    energy = home.states["sensor.twcmanager_3201_lifetime_kwh"]["attributes"]
    assert energy["state_class"] == "total_increasing"
    assert home.states["sensor.twcmanager_all_current_policy"]["state"] == "Track Green Energy"
    assert "sensor.twcmanager_a7f4_amps_in_use" in home.states


def test_only_what_changed_is_told_and_all_after_a_restart(house, httpserver, home):
    one = door(house, httpserver)
    one.step(house.clock.now())
    everything, home.posts = home.posts, 0
    one.step(house.clock.now())
    assert home.posts == 0
    house.sun_w = 4000
    house.second()
    house.second()
    one.step(house.clock.now())
    assert 0 < home.posts < everything / 2
    home.states.clear()
    home.posts = 0
    one.step(house.clock.now())
    assert home.posts == everything


def test_what_could_not_be_told_is_told_later(house, httpserver, home, caplog):
    one = door(house, httpserver)
    home.token = "another"
    one.step(house.clock.now())
    one.step(house.clock.now())
    assert caplog.text.count("refuses the token") == 1
    assert "long-lived\n" not in caplog.text
    home.token = "long-lived"
    one.step(house.clock.now())
    assert home.states[SENSOR]["state"] == 25.0
