"""Bad days of Tesla's clouds, over real HTTP."""

import os
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.cars.links import open_link
from scheduler.cars.links.tools import Tools
from scheduler.cars.model import (
    Asleep,
    CarSaysNo,
    Command,
    NotNow,
    Refused,
    SignInNeeded,
    Unsure,
)
from scheduler.cars.settings import TeslaSettings

VIN = "5YJ3E1EA7KF000042"
NOON = datetime(2026, 6, 10, 12, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture
def tools(tmp_path, clouds):
    clouds.now = NOON.timestamp
    clouds.cars[VIN].plug(NOON.timestamp(), 16)
    settings = TeslaSettings(
        client_id="app",
        fleet_url=clouds.api.url,
        owner_url=clouds.api.url,
        sso_url=clouds.sso.url,
        fleet_auth_url=f"{clouds.sso.url}/oauth2/v3",
    )
    found = Tools(settings, {}, tmp_path / "tesla", tmp_path, NOON)
    for name in ("fleet", "owner"):
        found.tokens(name).put(clouds.sign_in(), NOON.timestamp())
    return found


@pytest.fixture(params=["fleet://", "owner://"])
def link(request, tools):
    return open_link(request.param, tools)


def proxy_of(clouds, tools):
    return open_link(f"fleet-proxy://127.0.0.1:{clouds.proxy.port}?tls=no", tools)


# --- good days ---------------------------------------------------------------------------------------


def test_a_car_is_read(link):
    reading = link.read(VIN)
    assert (reading.charging_state, reading.soc_percent, reading.limit_percent) == ("Charging", 54, 80)
    assert (reading.request_amps, reading.plugged, reading.source) == (32, True, link.scheme)
    assert reading.at == NOON


def test_asking_whether_it_is_awake_costs_nothing(link, clouds):
    assert link.awake(VIN)
    clouds.cars[VIN].offered_amps, clouds.cars[VIN].busy_s = 0, 0
    assert not link.awake(VIN)
    assert set(clouds.counts) == {"free"}


def test_an_older_car_is_told_by_either_road(link, clouds):
    car = clouds.cars[VIN]
    car.needs_signing = False
    link.send(VIN, Command("set_limit", 70))
    link.send(VIN, Command("set_amps", 10))
    link.send(VIN, Command("stop"))
    link.send(VIN, Command("stop"))  # it is stopped already: fine
    assert (car.limit_percent, car.request_amps, car.stopped) == (70, 10, True)


def test_signed_commands_go_through_the_proxy(clouds, tools):
    link = proxy_of(clouds, tools)
    link.send(VIN, Command("set_limit", 70))
    link.send(VIN, Command("set_limit", 70))
    assert clouds.cars[VIN].limit_percent == 70
    clouds.cars[VIN].plugged = False
    with pytest.raises(CarSaysNo) as caught:
        link.send(VIN, Command("start"))
    assert caught.value.reason == "disconnected"


def test_teslapy_leaves_the_process_as_it_was(tools):
    before = os.environ.get("OAUTHLIB_INSECURE_TRANSPORT")
    open_link("owner://", tools).read(VIN)
    assert os.environ.get("OAUTHLIB_INSECURE_TRANSPORT") == before


# --- bad days ----------------------------------------------------------------------------------------


def test_an_expired_token_is_renewed_once(link, clouds):
    clouds.access.clear()
    assert link.read(VIN).soc_percent == 54
    assert clouds.counts["token"] == 1


def test_a_token_that_is_never_taken_is_not_asked_for_ever(link, clouds):
    clouds.fail(401, {"error": "invalid bearer token"}, times=99, on="/api/1/")
    with pytest.raises(NotNow) as caught:
        link.read(VIN)
    assert caught.value.pause_s >= 3600
    assert clouds.counts["token"] == 1


def test_a_revoked_account_needs_a_person(link, clouds):
    clouds.revoke()
    with pytest.raises(SignInNeeded, match="scheduler login"):
        link.read(VIN)


@pytest.mark.parametrize(
    ("status", "body", "error", "word"),
    [
        (401, {"error": "mobile_access_disabled"}, Refused, "Mobile access"),
        (403, {"error": "Tesla Vehicle Command Protocol required"}, Refused, "signed"),
        (403, {"error": "Unauthorized missing scopes"}, Refused, "Tick every box"),
        (403, {"error": "account disabled: EXCEEDED_LIMIT"}, NotNow, "limit"),
        (403, {"error": "see developer.tesla.com/docs/fleet-api"}, Refused, "way in"),
        (404, {"error": "not_found"}, Refused, "VIN"),
        (405, {"error": "vehicle is currently in service"}, NotNow, "service"),
        (408, {"error": "vehicle unavailable: vehicle is offline or asleep"}, Asleep, "sleeps"),
        (412, {"error": "Account must be registered in the current region"}, Refused, "region"),
        (423, {"error": "locked"}, Refused, "locked"),
        (429, {"error": "Too Many Requests"}, NotNow, "pause"),
        (500, {"error": "upstream internal error"}, NotNow, "upstream"),
        (503, "<html>oh no</html>", NotNow, "HTTP 503"),
        (540, {"error": "device unexpected response"}, NotNow, "540"),
        (200, "<html>Are you a robot?</html>", NotNow, "answer"),
        (403, "<html>Access denied</html>", NotNow, "page for people"),
        (302, "", NotNow, "page for people|no answer"),
        (0, None, NotNow, "no answer"),
    ],
)
def test_every_bad_answer_has_its_meaning(link, clouds, status, body, error, word):
    clouds.fail(status, body, on="/vehicle_data")
    with pytest.raises(error, match=word):
        link.read(VIN)
    assert link.read(VIN).soc_percent == 54


def test_a_pause_lasts_as_long_as_asked(link, clouds):
    clouds.fail(429, {"error": "Too Many Requests"}, on="/vehicle_data", Retry_After="420")
    with pytest.raises(NotNow) as caught:
        link.read(VIN)
    assert (caught.value.pause_s, caught.value.everything) == (420, True)


@pytest.mark.parametrize("status", [500, 503, 0])
def test_a_command_without_a_good_answer_may_have_happened(clouds, tools, status):
    clouds.fail(status, on="/command/", after=True)
    with pytest.raises(Unsure):
        proxy_of(clouds, tools).send(VIN, Command("stop"))
    assert clouds.cars[VIN].stopped


def test_another_region_is_followed_once_and_remembered(clouds, tools):
    other = clouds.proxy.url.replace("127.0.0.1", "localhost")
    clouds.fail(421, {"error": f"user out of region, use base URL: {other}"}, on="/vehicle_data")
    link = open_link("fleet://", tools)
    assert link.read(VIN).soc_percent == 54
    assert tools.kept["fleet_base"] == other


def test_a_stranger_is_not_followed_with_our_token(clouds, tools):
    clouds.fail(421, {"error": "use base URL: https://fleet-api.example.org"}, on="/vehicle_data")
    with pytest.raises(Refused, match=r"not Tesla's"):
        open_link("fleet://", tools).read(VIN)


def test_where_the_new_token_is_refused_the_former_still_serves(clouds, tools):
    """Since June 2026 a token that was fetched over HTTP/1.1 may be refused: the old one is kept for that."""
    clouds.owner_needs_http2 = True
    tokens = tools.tokens("owner")
    tokens.refused(tokens.kept().pair.access, NOON.timestamp())
    assert open_link("owner://", tools).read(VIN).soc_percent == 54


# --- Bluetooth ---------------------------------------------------------------------------------------


@pytest.fixture
def ble(clouds, tools):
    return open_link(f"ble://127.0.0.1:{clouds.ble.port}", tools)


def test_a_car_is_read_over_bluetooth(ble, clouds):
    assert ble.awake(VIN)
    reading = ble.read(VIN)
    assert (reading.charging_state, reading.soc_percent, reading.at) == ("Charging", 54, NOON)
    assert reading.schedule == ""
    clouds.cars[VIN].offered_amps, clouds.cars[VIN].busy_s = 0, 0
    assert not ble.awake(VIN)
    with pytest.raises(Asleep):
        ble.read(VIN)


def test_bluetooth_commands_are_waited_for(ble, clouds):
    car = clouds.cars[VIN]
    ble.send(VIN, Command("set_amps", 8))
    ble.send(VIN, Command("stop"))
    ble.send(VIN, Command("stop"))
    assert (car.request_amps, car.stopped) == (8, True)
    car.plugged = False
    with pytest.raises(CarSaysNo, match="disconnected"):
        ble.send(VIN, Command("start"))


def test_a_car_out_of_reach_is_no_refusal(ble, clouds):
    with pytest.raises(NotNow, match="range"):
        ble.send("5YJ3E1EA7KF999999", Command("start"))
    clouds.ble.stop()
    with pytest.raises(NotNow):
        ble.read(VIN)
