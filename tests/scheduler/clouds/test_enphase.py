"""Enphase's cloud: tokens that turn over every day, a thousand calls a month, a sun that is minutes old."""

import base64

import pytest
from werkzeug import Response

from scheduler.kept import Memory

SECTION = '[clouds.enphase]\nsystem = "701234"\nurl = "URL"\n'
TOKEN, SUMMARY = "/oauth/token", "/api/v4/systems/701234/summary"
NOON_S = 1781085600  # 2026-06-10 12:00 in Berlin


def summary(watts=3120, at=NOON_S - 600):
    return {
        "system_id": 701234,
        "current_power": watts,
        "energy_today": 14210,
        "energy_lifetime": 28110450,
        "last_report_at": at,
        "status": "normal",
        "summary_date": "2026-06-10",
    }


class Enphase:
    """The vendor's rules: a code works once, a refresh token once, an access token for a day."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.pair, self.codes, self.number, self.page = None, {"c0de-s3cr3t"}, 0, summary()
        cloud.says(TOKEN, self._token)
        cloud.says(SUMMARY, self._summary)

    def _token(self, request):
        basic = base64.b64encode(b"client:client-s3cr3t").decode()
        fine = request.headers["Authorization"] == f"Basic {basic}"
        if request.form["grant_type"] == "authorization_code":
            fine = fine and request.form["code"] in self.codes and "redirect_uri" in request.form
            self.codes.discard(request.form["code"])
        else:
            fine = fine and self.pair and request.form["refresh_token"] == self.pair[1]
        if not fine:
            return Response('{"error": "invalid_grant"}', 400)
        self.number += 1
        self.pair = (f"access-{self.number}-s3cr3t", f"refresh-{self.number}-s3cr3t")
        return {"access_token": self.pair[0], "refresh_token": self.pair[1], "expires_in": 86399}

    def _summary(self, request):
        assert request.headers["key"] == "enphase-key-s3cr3t"
        if not self.pair or request.headers["Authorization"] != f"Bearer {self.pair[0]}":
            return Response('{"message": "Not Authorized"}', 401)
        return self.page


@pytest.fixture
def enphase(cloud):
    return Enphase(cloud)


def test_a_code_becomes_tokens_and_tokens_become_watts(home, enphase, agent):
    (outcome,) = home(SECTION).runner.tick()
    assert outcome.sentences == ("The enphase cloud says: solar 3120 W.",)
    body = agent.meters["solar"]
    assert (body["watts"], body["age_s"], body["energy_wh"]) == (3120, 600, 28110450)
    assert body["max_age_s"] == 2.5 * 2100 + 600


def test_tokens_turn_over_and_survive_restarts_for_a_month(home, enphase, cloud):
    house = home(SECTION)
    for _ in range(30 * 24):
        house = home(SECTION, clock=house.clock)
        house.after(3600)
    assert house.told == []
    assert enphase.number == 31 or enphase.number == 30
    assert cloud.paths().count(SUMMARY) <= 1000


def test_a_token_that_ended_early_is_renewed_at_once(home, enphase, cloud, agent):
    house = home(SECTION)
    house.runner.tick()
    enphase.pair = ("another", enphase.pair[1])
    house.after(2400)
    assert enphase.number == 2
    assert agent.meters["solar"]["watts"] == 3120


def test_tokens_that_were_taken_back_are_not_tried_again_and_again(home, enphase, cloud, agent):
    house = home(SECTION)
    house.runner.tick()
    enphase.pair = None
    for _ in range(48):
        house.after(1800)
    assert cloud.paths().count(TOKEN) == 2
    (event,) = house.told
    assert "ENPHASE_CODE" in event.sentence
    assert "s3cr3t" not in event.sentence
    enphase.codes.add("new-s3cr3t")
    house = home(SECTION, clock=house.clock, secrets={"ENPHASE_CODE": "new-s3cr3t"})
    house.after(3600)
    assert agent.meters["solar"]["watts"] == 3120
    assert [event.kind for event in house.told] == ["job_ok"]


def test_a_monthly_limit_without_a_word_on_waiting_is_left_alone_longer_and_longer(home, enphase, cloud):
    house = home(SECTION)
    cloud.says(SUMMARY, {"message": "Too Many Requests", "details": "Usage limit exceeded", "code": 429}, 429)
    for _ in range(12 * 24):
        house.after(300)
    assert cloud.paths().count(SUMMARY) < 12


def test_at_night_the_sun_is_zero_and_not_old(home, enphase, agent):
    enphase.page = summary(0, NOON_S - 8 * 3600)
    home(SECTION).runner.tick()
    assert (agent.meters["solar"]["watts"], agent.meters["solar"]["age_s"]) == (0, 0)


def test_what_is_no_summary_is_said(home, enphase, agent):
    enphase.page = {"current_power": None}
    (outcome,) = home(SECTION).runner.tick()
    assert "gives no current_power" in outcome.sentences[-1]
    assert agent.meters == {}


def test_tokens_lie_in_the_state_folder_for_its_owner_only(home, enphase):
    house = home(SECTION)
    house.runner.tick()
    memory = Memory(house.runner.folder / "enphase.json")
    assert memory.data["own"]["refresh"] == "refresh-1-s3cr3t"
    assert memory.path.stat().st_mode & 0o077 == 0
    assert "c0de" not in memory.path.read_text()
