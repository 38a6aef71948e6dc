"""The gateway's token: fetched, renewed ahead of its end, and read by the agent's own file reader."""

import base64
import json
from datetime import datetime
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.meters.line import StateFile
from agent.meters.via.login import TokenFile
from scheduler.clouds.envoy import understand

SECTION = '[clouds.envoy]\nserial = "122012345678"\nlogin_url = "URL"\ntoken_url = "URL"\n'
LOGIN, TOKENS = "/login/login.json", "/tokens"
YEAR_S, DAY_S = 365 * 86400, 86400


def jwt(ends, begins=None):
    claims = {"aud": "122012345678", "iss": "Entrez", "enphaseUser": "owner", "exp": ends}
    claims |= {"iat": begins} if begins else {}
    parts = ({"kid": "7d10", "typ": "JWT", "alg": "ES256"}, claims)
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{body}.c2lnbmF0dXJl"


class Enlighten:
    """The vendor's two pages."""

    def __init__(self, cloud):
        self.cloud, self.life_s, self.now = cloud, YEAR_S, lambda: 0.0
        self.logins = 0
        cloud.says(LOGIN, self._login)
        cloud.says(TOKENS, self._tokens)

    def _login(self, request):
        self.logins += 1
        form = parse_qs(request.get_data(as_text=True)) or request.form
        assert form.get("user[email]") in (["owner@example.org"], "owner@example.org")
        return {"message": "success", "session_id": "a1b2c3", "is_consumer": True}

    def _tokens(self, request):
        assert request.json == {
            "session_id": "a1b2c3",
            "serial_num": "122012345678",
            "username": "owner@example.org",
        }
        return jwt(self.now() + self.life_s, self.now())


@pytest.fixture
def enlighten(cloud):
    return Enlighten(cloud)


@pytest.fixture
def gateway(home, enlighten):
    """`gateway()`: the house, its token file as the agent reads it."""

    def make(**more):
        house = home(SECTION, **more)
        enlighten.now = lambda: house.clock.wall.timestamp()
        house.file = house.settings.state_dir / "envoy.token"
        house.reader = TokenFile(StateFile(house.file))
        return house

    return make


def test_the_first_token_is_fetched_and_the_agent_reads_it(gateway, enlighten):
    house = gateway()
    (outcome,) = house.runner.tick()
    assert outcome.sentences == ("The gateway has a new token, good for 365 days.",)
    assert house.file.stat().st_mode & 0o777 == 0o600
    assert understand(house.reader.token("")).ends == enlighten.now() + YEAR_S


def test_it_is_renewed_thirty_days_ahead_for_years(gateway, enlighten):
    house = gateway()
    house.runner.tick()
    first = house.reader.token("")
    for _ in range(3 * 365 * 2):
        house.after(DAY_S / 2)
        assert understand(house.reader.token("")).ends - enlighten.now() > 29 * DAY_S
    assert house.reader.token("") != first
    assert enlighten.logins == 1 + 3 * 365 // 335
    assert house.told == []


def test_an_installers_short_token_is_renewed_in_time(gateway, enlighten):
    enlighten.life_s = 12 * 3600
    house = gateway()
    for _ in range(48):
        house.after(3600)
        assert understand(house.reader.token("")).ends > enlighten.now()
    assert enlighten.logins <= 7


def test_a_damaged_file_is_replaced(gateway):
    house = gateway()
    house.settings.state_dir.mkdir(parents=True, exist_ok=True)
    house.file.write_text("half a tok")
    house.runner.tick()
    assert understand(house.file.read_text())


def test_a_renewal_that_fails_keeps_the_old_token_and_tells_once_how_long_it_lasts(gateway, cloud, enlighten):
    house = gateway()
    house.runner.tick()
    cloud.says(LOGIN, '{"message": "Invalid"}', 401)
    house.after(336 * DAY_S)
    for _ in range(48):
        house.after(3600)
    (event,) = house.told
    assert "ENPHASE_PASSWORD" in event.sentence
    assert "lasts 29 days more" in event.sentence
    assert cloud.paths().count(LOGIN) == 4  # the first, then once a day
    assert understand(house.reader.token(""))
    cloud.says(LOGIN, {"session_id": "a1b2c3"})
    house.after(2 * DAY_S)
    assert [event.kind for event in house.told] == ["job_failed", "job_ok"]


def test_log_ins_keep_their_distance_when_the_vendor_is_down(gateway, cloud):
    cloud.says(LOGIN, "", 503)
    house = gateway()
    for _ in range(24 * 12):
        house.after(300)
    assert cloud.paths().count(LOGIN) <= 6


@pytest.mark.parametrize(
    ("page", "body", "words"),
    [
        (LOGIN, {"message": "success", "requires_mfa": True}, "two-factor"),
        (LOGIN, "<html>", "web page"),
        (TOKENS, "<html>", "no token that can be used"),
        (TOKENS, jwt(1), "no token that can be used"),
        (TOKENS, "", "no token that can be used"),
    ],
)
def test_what_is_no_token_never_reaches_the_agent(gateway, cloud, page, body, words):
    cloud.says(page, body)
    house = gateway()
    (outcome,) = house.runner.tick()
    assert words in outcome.sentences[-1]
    assert "can't be read until this is mended" in outcome.sentences[-1]
    assert not house.file.exists()
    assert "s3cr3t" not in str(outcome) + str(house.told)


def test_a_dry_run_fetches_nothing(gateway, cloud):
    house = gateway(dry_run=True)
    (outcome,) = house.runner.tick()
    assert "would fetch a new token" in outcome.sentences[0]
    assert (cloud.asked, house.file.exists()) == ([], False)


def test_a_token_without_a_beginning_is_taken_for_an_owners():
    ends = datetime(2027, 6, 1).astimezone().timestamp()
    assert understand(jwt(ends) + "\n").begins == ends - YEAR_S


@given(
    st.text(max_size=60)
    | st.from_regex(r"[A-Za-z0-9_-]{1,20}\.[A-Za-z0-9_-]{1,40}\.[A-Za-z0-9_-]{1,9}", fullmatch=True)
)
def test_any_text_is_a_token_or_none(text):
    assert understand(text) is None or understand(text).ends


@given(st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.integers()) | st.integers())
def test_any_end_is_a_token_or_none(ends):
    found = understand(jwt(ends))
    assert found is None or found.ends - found.begins > 0
