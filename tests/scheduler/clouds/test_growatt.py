"""Growatt's cloud: one log-in, kept for as long as it lives."""

import pytest
from werkzeug import Response

from scheduler.clouds.growatt import hashed

SECTION = '[clouds.growatt]\nurl = "URL"\n'
LOGIN, DEVICES = "/newTwoLoginAPI.do", "/newTwoPlantAPI.do"
MIX, TLX = "/newMixApi.do", "/newTlxApi.do"
STATUS = {
    "ppv": "3.21",
    "pLocalLoad": "0.92",
    "SOC": "64",
    "pactouser": "0",
    "pactogrid": "1.4",
    "chargePower": "0.89",
    "pdisCharge1": "0",
}


class Growatt:
    """The vendor's rules: a cookie opens everything; without it there is only the way to the front page."""

    def __init__(self, cloud):
        self.cloud, self.session, self.logins = cloud, "none", 0
        self.status, self.devices = dict(STATUS), [{"deviceType": "mix", "deviceSn": "MIX0001"}]
        self.refusal = None
        cloud.says(LOGIN, self._login)
        for path in (DEVICES, MIX, TLX):
            cloud.says(path, self._inside)

    def _login(self, request):
        self.logins += 1
        fine = (request.form["userName"], request.form["password"]) == ("visitor", hashed("growatt-s3cr3t"))
        if self.refusal or not fine:
            return {"back": self.refusal or {"success": False, "msg": "501"}}
        self.session = f"session-{self.logins}"
        answer = Response('{"back": {"success": true, "data": [{"plantId": "77", "plantName": "Home"}]}}')
        answer.set_cookie("JSESSIONID", self.session)
        return answer

    def _inside(self, request):
        if request.cookies.get("JSESSIONID") != self.session:
            return Response("", 302, {"Location": "/error.do?errorMess=errorNoLogin"})
        if request.path == DEVICES:
            return {"deviceList": self.devices}
        assert request.args["op"] == "getSystemStatus_KW"
        assert (request.form["plantId"], request.form.get("mixId") or request.form["id"]) == ("77", "MIX0001")
        return {"result": 1, "obj": self.status}


@pytest.fixture
def growatt(cloud):
    return Growatt(cloud)


def test_all_roles_are_read_in_watts(home, growatt, agent):
    home(SECTION).runner.tick()
    assert {role: body["watts"] for role, body in agent.meters.items()} == pytest.approx(
        {"solar": 3210, "house": 920, "grid": -1400, "battery": -890}
    )
    assert (agent.meters["battery"]["soc_percent"], agent.meters["solar"]["age_s"]) == (64, 150)


def test_one_log_in_serves_for_a_week_of_restarts(home, growatt, cloud):
    house = home(SECTION)
    for _ in range(7 * 48):
        house = home(SECTION, clock=house.clock)
        house.after(1800)
    assert growatt.logins == 1
    assert cloud.paths().count(DEVICES) == 1
    assert cloud.paths().count(MIX) > 200


def test_it_is_asked_every_eleven_minutes(home, growatt, cloud):
    house = home(SECTION)
    for _ in range(120):
        house.after(60)
    assert 10 <= cloud.paths().count(MIX) <= 11


def test_an_ended_session_is_opened_anew_once(home, growatt, agent):
    house = home(SECTION)
    house.runner.tick()
    growatt.session, growatt.status["ppv"] = "ended", "1.5"
    house.after(700)
    assert (growatt.logins, agent.meters["solar"]["watts"]) == (2, 1500)


def test_sessions_that_never_last_are_given_four_log_ins_a_day(home, growatt):
    growatt.cloud.says(MIX, "", 302)
    house = home(SECTION)
    for _ in range(24 * 6):
        house.after(600)
    assert growatt.logins == 4


def test_a_refused_password_is_tried_once_a_day_and_a_new_one_at_once(home, growatt, agent):
    wrong = {"GROWATT_PASSWORD": "wr0ng-s3cr3t"}
    house = home(SECTION, secrets=wrong)
    for _ in range(40):
        house = home(SECTION, clock=house.clock, secrets=wrong)
        house.after(1800)
    assert growatt.logins == 1
    house = home(SECTION, clock=house.clock)
    house.after(3600)
    assert (growatt.logins, agent.meters["solar"]["watts"]) == (2, 3210)


def test_a_locked_account_is_left_alone(home, growatt):
    growatt.refusal = {"success": False, "msg": "507", "lockDuration": "12"}
    house = home(SECTION)
    for _ in range(11 * 6):
        house.after(600)
    assert growatt.logins == 1
    (event,) = house.told
    assert "locked the account for 12 h" in event.sentence


def test_a_hybrid_of_the_other_kind_is_found_or_named(home, growatt, agent, cloud):
    growatt.devices = [{"deviceType": "max", "deviceSn": "X"}, {"deviceType": "tlx", "deviceSn": "MIX0001"}]
    growatt.status = {**STATUS, "pdisCharge": "0.4", "chargePower": "0"}
    del growatt.status["pdisCharge1"]
    home(SECTION).runner.tick()
    assert agent.meters["battery"]["watts"] == 400
    assert TLX in cloud.paths()
    cloud.asked.clear()
    home(SECTION + 'plant = "77"\ndevice = "MIX0001"\nkind = "mix"\n').after(700)
    assert DEVICES not in cloud.paths()


@pytest.mark.parametrize(
    ("devices", "status", "words"),
    [
        ([], STATUS, "by Modbus instead"),
        ([{"deviceType": "inverter", "deviceSn": "A"}], STATUS, "by Modbus instead"),
        ([{"deviceType": "mix", "deviceSn": "MIX0001"}], None, "gives no status"),
        ([{"deviceType": "mix", "deviceSn": "MIX0001"}], {"ppv": "---"}, "gives none of"),
    ],
)
def test_what_is_not_there_is_said(home, growatt, agent, devices, status, words):
    growatt.devices, growatt.status = devices, status
    (outcome,) = home(SECTION).runner.tick()
    assert words in outcome.sentences[-1]
    assert agent.meters == {}


def test_a_password_as_the_vendor_wants_it():
    digits = hashed("abc123")  # MD5 e99a18c428cb38d5f260853678922e03
    assert digits == "e99a18c428cb38d5f260853678922ec3"
