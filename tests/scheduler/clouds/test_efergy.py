"""Efergy Engage: a clamp in a list, whatever else stands in it."""

import pytest

SECTION = '[clouds.efergy]\nurl = "URL"\n'
PATH = "/mobile_proxy/getCurrentValuesSummary"
NOON_MS = 1781085600000


def sensor(watts, sid="728000", cid="PWER", units="kWm", age=4):
    return {"cid": cid, "data": [{str(NOON_MS): watts}], "sid": sid, "units": units, "age": age}


def test_the_house_is_read_whatever_stands_first(home, cloud, agent):
    cloud.says(PATH, [sensor(21, "9", "TEMP", "C"), sensor(1628)])
    home(SECTION).runner.tick()
    body = agent.meters["house"]
    assert (body["watts"], body["age_s"], body["max_age_s"]) == (1628, 4, 154)
    assert cloud.asked[0].args["token"] == "efergy-s3cr3t"


def test_a_named_sensor_may_be_the_sun_and_the_stamp_tells_its_age(home, cloud, agent):
    cloud.says(PATH, [sensor(1628), sensor(2400, "833355", units="W", age=None)])
    home(SECTION + 'sensor = "833355"\nroles = ["solar"]\n').runner.tick()
    assert (agent.meters["solar"]["watts"], agent.meters["solar"]["age_s"]) == (2400, 0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"id": 400, "desc": "bad token"}}, "EFERGY_TOKEN"),
        ({"status": "error", "description": "bad token"}, "EFERGY_TOKEN"),
        ([], "sensors none"),
        ([sensor(1), sensor(2, "833355")], "728000, 833355: name one"),
        ([sensor(1, units="kVAr")], "not known to be watts"),
        ([{**sensor(1), "data": []}], "is its hub on"),
        ([{**sensor(1), "data": [{"x": 1}]}], "is its hub on"),
        ([sensor("n/a")], "gives no"),
        ("<html>", "web page"),
    ],
)
def test_what_goes_wrong_is_one_sentence(home, cloud, agent, body, words):
    cloud.says(PATH, body)
    house = home(SECTION)
    (outcome,) = house.runner.tick()
    assert words in outcome.sentences[-1]
    assert "s3cr3t" not in str(outcome) + str(house.told)
    assert agent.meters == {}


def test_it_is_asked_once_a_minute(home, cloud):
    cloud.says(PATH, [sensor(1628)])
    house = home(SECTION)
    for _ in range(120):
        house.after(30)
    assert len(cloud.asked) == 60
