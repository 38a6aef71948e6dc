"""Log-ins, tokens and passwords of real drivers, over real sockets."""

import json
from dataclasses import replace

import pytest
from werkzeug import Response

from agent.meters import source
from agent.meters.part import open_line, understand
from agent.meters.via import Answered
from scheduler.clock import FakeClock, Moment
from tests.meters.captures import FOLDER

SECRET = "s3cr3t-value"


def opened(httpserver, line, state_dir=FOLDER):
    """A source at the test's server, without TLS, and its open line."""
    address = line.replace("HOST", f"127.0.0.1:{httpserver.port}")
    found = source(address, {"SECRET": SECRET, "USER": "me@example.com"}, state_dir)
    if hasattr(found.options, "tls"):
        found = replace(found, options=replace(found.options, tls="off"))
    return found, open_line(found, FakeClock())


def capture(path):
    return (FOLDER / path).read_text()


@pytest.mark.parametrize("given", [capture("powerwall/exporting-and-charging/login.json"), "{}"])
def test_a_powerwall_is_logged_in_to_once_and_its_cookie_kept(httpserver, given):
    seen = {"logins": 0}

    def login(request):
        seen["logins"] += 1
        assert request.get_json()["password"] == SECRET
        assert request.get_json()["username"] == "customer"
        return Response(given, headers={"Set-Cookie": "AuthCookie=abc; Path=/"})

    def meters(request):
        fine = request.cookies.get("AuthCookie") == "abc"
        return Response(capture("powerwall/exporting-and-charging/meters.json"), 200 if fine else 401)

    httpserver.expect_request("/api/login/Basic", method="POST").respond_with_handler(login)
    httpserver.expect_request("/api/meters/aggregates").respond_with_handler(meters)
    found, line = opened(httpserver, "powerwall://HOST?password=SECRET")
    for second in (0.0, 10.0, 20.0):
        answer = line.poll(found, Moment(second))
        assert isinstance(answer, Answered), answer
    assert seen["logins"] == 1
    assert understand(found, answer.answers)["grid"].watts == -2104.5


def test_a_powerwall_that_refuses_is_left_alone_for_an_hour(httpserver):
    httpserver.expect_request("/api/login/Basic").respond_with_data("{}", status=401)
    found, line = opened(httpserver, "powerwall://HOST?password=SECRET")
    problem = line.poll(found, Moment(0.0))
    assert (problem.kind, problem.wait_s) == ("down", 3600)
    assert "password in credentials.env" in problem.sentence
    assert line.poll(found, Moment(1800.0)).wait_s == 1800
    assert len(httpserver.log) == 1
    assert SECRET not in problem.sentence + repr(found)


def test_an_envoy_takes_up_a_renewed_token(httpserver, tmp_path):
    tokens = {"good": "second"}

    def readings(request):
        fine = request.headers.get("Authorization") == f"Bearer {tokens['good']}"
        text = capture("enphase/firmware-5-unmetered/production.json")
        return Response(text, 200 if fine else 401)

    httpserver.expect_request("/api/v1/production").respond_with_handler(readings)
    found, line = opened(httpserver, "enphase://HOST?token_file=envoy.jwt", tmp_path)
    assert "not there yet" in line.poll(found, Moment(0.0)).sentence
    for token, kind in (("first", "down"), ("second", "")):
        fresh = tmp_path / "envoy.jwt.new"
        fresh.write_text(token)
        fresh.chmod(0o600)
        fresh.replace(tmp_path / "envoy.jwt")
        answer = line.poll(found, Moment(10.0))
        assert getattr(answer, "kind", "") == kind
    assert understand(found, answer.answers)["solar"].watts == 2613


@pytest.mark.parametrize(
    "challenge", ['Digest realm="s", nonce="60", qop="auth", algorithm=SHA-256', "Basic"]
)
def test_a_shelly_of_either_generation_takes_its_password(httpserver, challenge):
    def status(request):
        if request.headers.get("Authorization", "").split(" ")[0] == challenge.split(" ")[0]:
            return Response(capture("shelly/pro-3em-exporting/status.json"))
        return Response("", 401, {"WWW-Authenticate": challenge})

    httpserver.expect_request("/shelly").respond_with_data(capture("shelly/pro-3em-exporting/about.json"))
    httpserver.expect_request("/rpc/Shelly.GetStatus").respond_with_handler(status)
    found, line = opened(httpserver, "shelly://HOST?password=SECRET")
    for second in (0.0, 2.0):
        assert isinstance(line.poll(found, Moment(second)), Answered)
    assert [request.path for request, _ in httpserver.log].count("/shelly") == 1


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ("token=SECRET", "Authorization"),
        ("key=SECRET", "X-Api-Key"),
        ("key=SECRET&key_header=X-Mine", "X-Mine"),
        ("key=SECRET&key_query=apikey", "url"),
    ],
)
def test_any_page_gets_its_secret_where_it_wants_it(httpserver, options, where):
    httpserver.expect_request("/p").respond_with_data(json.dumps({"w": 388}))
    found, line = opened(httpserver, f"http-json://HOST/p?watts=w&query=a%3D1&headers=X-More: yes&{options}")
    answer = line.poll(found, Moment(0.0))
    assert understand(found, answer.answers)["any"].watts == 388
    request, _ = httpserver.log[0]
    assert SECRET in (request.url if where == "url" else request.headers[where])
    assert (request.args["a"], request.headers["X-More"]) == ("1", "yes")
    assert SECRET not in repr(found)


def test_a_body_is_posted(httpserver):
    httpserver.expect_request("/rpc", method="POST", json={"id": 1}).respond_with_data("2.1 kW")
    found, line = opened(httpserver, 'http-text://HOST/rpc?body={"id": 1}')
    answer = line.poll(found, Moment(0.0))
    assert understand(found, answer.answers)["any"].watts == 2100


def test_a_smart_me_account_is_sent_plainly_and_by_tls_from_the_start(httpserver):
    httpserver.expect_request("/api/Devices/abc").respond_with_data(
        capture("smart-me/three-phase-exporting/answer.json")
    )
    found, line = opened(httpserver, "smart-me://HOST/abc?user=USER&password=SECRET")
    assert isinstance(line.poll(found, Moment(0.0)), Answered)
    request, _ = httpserver.log[0]
    assert (request.authorization.username, request.authorization.password) == ("me@example.com", SECRET)
    assert source("smart-me://smart-me.com/abc").options.tls == "on"
