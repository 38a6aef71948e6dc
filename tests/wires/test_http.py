"""The HTTP edge with real sockets, on the blueprint: every row of its failure table."""

import json
import re
import socket
import threading

import pytest
from werkzeug import Response

from agent.meters import source
from agent.meters.line import Secret, parse
from agent.meters.part import open_line, understand
from agent.meters.values import Down, Poor
from agent.meters.via import Answered, Problem
from agent.meters.via.pages import Basic, Digest, Get, Header, Login, Password, Query
from scheduler.clock import FakeClock, Moment
from tests.meters.blueprint import BLUEPRINT
from tests.meters.captures import cases

GOOD = {"power": {"grid": -1422.7, "pv": None, "battery": 880, "soc": "61.5"}}
SECRET = "s3cr3t-value"


def visit(httpserver, driver=BLUEPRINT, more=""):
    line = f"blueprint://127.0.0.1:{httpserver.port}?token=TOKEN{more}"
    found = parse(line, driver, {"TOKEN": SECRET})
    return found, open_line(found, FakeClock())


def poll(httpserver, **response):
    httpserver.expect_request("/status").respond_with_response(Response(**response))
    found, line = visit(httpserver)
    answer = line.poll(found, Moment(3.0))
    line.close()
    return found, answer


def test_a_good_answer_is_read(httpserver):
    found, answer = poll(httpserver, response=json.dumps(GOOD))
    assert answer.at_mono_s == 3.0
    meaning = understand(found, answer.answers)
    assert (meaning["grid"].watts, meaning["solar"].watts) == (-1422.7, 0)
    assert (meaning["battery"].watts, meaning["battery"].soc_percent) == (-880, 61.5)
    request, _ = httpserver.log[0]
    assert request.headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, "down", "secret in credentials.env"),
        (403, "down", "refuses us"),
        (404, "poor", "does not exist"),
        (429, "down", "too often"),
        (500, "down", "error of its own"),
        (503, "down", "error of its own"),
        (418, "poor", "418"),
    ],
)
def test_statuses_become_sentences(httpserver, status, kind, words):
    _, answer = poll(httpserver, status=status, response="<html>no</html>")
    assert isinstance(answer, Problem)
    assert answer.kind == kind
    assert words in answer.sentence
    assert SECRET not in answer.sentence


def test_a_rate_limit_is_kept(httpserver):
    assert poll(httpserver, status=429, headers={"Retry-After": "900"})[1].wait_s == 900
    httpserver.clear()
    assert poll(httpserver, status=429)[1].wait_s == 300


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<!DOCTYPE html><html><body>Log in</body></html>", "web page"),
        (json.dumps(GOOD)[:30], "cut short"),
        ("", "nothing where JSON"),
        ('{"power": {"grid": NaN}}', "instead of a number"),
        ('{"power": {}}', "no power.grid"),
        ('{"power": {"grid": "unavailable"}}', "instead of a number"),
    ],
)
def test_junk_is_poor(httpserver, body, words):
    found, answer = poll(httpserver, response=body)
    try:
        problem = understand(found, answer.answers)["grid"]
    except Poor as error:
        problem = error
    assert words in str(problem)


def test_refused_and_silent_are_down(httpserver):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        found = parse(f"blueprint://127.0.0.1:{port}?timeout_s=0.2", BLUEPRINT)
        answer = open_line(found, FakeClock()).poll(found, Moment(0.0))
        assert answer.kind == "down"
        assert "did not answer within 0.2 s" in answer.sentence
    answer = open_line(found, FakeClock()).poll(found, Moment(0.0))
    assert "can't be reached" in answer.sentence


def test_a_body_cut_by_the_wire_or_without_end_is_no_reading(httpserver):
    _, answer = poll(httpserver, response=b"{" + b" " * (3 << 20))
    assert "2 MiB" in answer.sentence
    assert "cut its answer short" in raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{}").sentence
    assert raw(b"HTTP/1.1 200 OK\r\n\r\n{").answers.page(Get("/status")).text == "{"
    assert raw(b"not http at all\r\n\r\n").kind == "down"


def raw(reply):
    """Poll a device that answers with exactly these bytes and hangs up."""

    def serve():
        peer, _ = listener.accept()
        with peer:
            peer.recv(4096)
            peer.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        found = parse(f"blueprint://127.0.0.1:{listener.getsockname()[1]}", BLUEPRINT)
        line = open_line(found, FakeClock())
        answer = line.poll(found, Moment(0.0))
        line.close()
        thread.join(5)
    return answer


def keyed(auth):
    from dataclasses import replace

    return replace(BLUEPRINT, auth=lambda options: auth(options.token))


@pytest.mark.parametrize(
    "auth",
    [
        lambda token: Basic("me", token),
        lambda token: Header("X-Key", token),
        lambda token: Query((("key", token),)),
    ],
)
def test_keys_travel_and_never_show(httpserver, auth):
    httpserver.expect_request("/status").respond_with_data("", status=404)
    found, line = visit(httpserver, keyed(auth))
    problem = line.poll(found, Moment(0.0))
    assert SECRET not in problem.sentence
    request, _ = httpserver.log[0]
    sent = request.url + str(request.headers)
    assert SECRET in sent or "Basic " in sent


def test_digest_asks_and_answers(httpserver):
    challenge = 'Digest realm="shelly", nonce="60dc", qop="auth", algorithm=SHA-256'

    def handler(request):
        if "Authorization" in request.headers:
            return Response(json.dumps(GOOD))
        return Response("", 401, {"WWW-Authenticate": challenge})

    httpserver.expect_request("/status").respond_with_handler(handler)
    found, line = visit(httpserver, keyed(lambda token: Digest("admin", token)))
    assert isinstance(line.poll(found, Moment(0.0)), Answered)


def test_a_log_in_happens_once_and_once_more_and_then_waits(httpserver):
    good = {"ok": True, "logins": 0}

    def login(request):
        good["logins"] += 1
        assert request.get_json() == {"password": SECRET}
        return Response(json.dumps({"token": f"t{good['logins']}"}), headers={"Set-Cookie": "A=1"})

    def status(request):
        return Response(json.dumps(GOOD), 200 if good["ok"] else 401)

    httpserver.expect_request("/login", method="POST").respond_with_handler(login)
    httpserver.expect_request("/status").respond_with_handler(status)
    auth = keyed(lambda token: Login("/login", json.dumps({"password": token.value}), "token", 900))
    found, line = visit(httpserver, auth)
    for second in range(3):
        assert isinstance(line.poll(found, Moment(second)), Answered)
    assert good["logins"] == 1
    good["ok"] = False
    problem = line.poll(found, Moment(1000.0))
    assert (problem.kind, good["logins"]) == ("down", 2)
    problem = line.poll(found, Moment(1060.0))
    assert (good["logins"], problem.wait_s) == (2, 840)
    good["ok"] = True
    assert isinstance(line.poll(found, Moment(1901.0)), Answered)
    assert good["logins"] == 3
    assert SECRET not in repr(auth.auth(found.options)) + problem.sentence


def test_what_never_changes_is_asked_once(httpserver):
    from dataclasses import replace

    info, status = Get("/info", once=True), Get("/status")
    gone = Get("/gone", optional=True)
    driver = replace(BLUEPRINT, ask=lambda options, answers: [info, status, gone])
    httpserver.expect_request("/gone").respond_with_data("", status=404)
    httpserver.expect_request("/info").respond_with_data("{}")
    httpserver.expect_request("/status").respond_with_data(json.dumps(GOOD))
    found, line = visit(httpserver, driver)
    for second in range(3):
        answer = line.poll(found, Moment(second))
        assert answer.answers.find(gone) is None
        assert answer.answers.find(info) is not None
    assert [request.path for request, _ in httpserver.log].count("/info") == 1


@pytest.mark.parametrize("case", cases("http", "websocket"), ids=str)
def test_captures_are_read_the_same_over_a_socket(case, httpserver):
    def handler(request):
        status, text = case.body(request.full_path.removesuffix("?"))
        return Response(text.encode(case.encoding), status)

    httpserver.expect_request(re.compile(".*")).respond_with_handler(handler)
    address = re.sub(r"(?<=://)[^?/]*", f"127.0.0.1:{httpserver.port}", case.line, count=1)
    found = plainly(source(address))
    line = open_line(found, FakeClock())
    answer = line.poll(found, Moment(0.0))
    line.close()
    try:
        wanted = understand(case.source, case.answers())
    except (Poor, Down):
        assert not isinstance(answer, Answered) or case.expected.get("poor")
        return
    assert isinstance(answer, Answered), answer
    assert repr(understand(found, answer.answers)) == repr(wanted)


def plainly(found):
    """The same source without TLS: the test's server has none."""
    from dataclasses import replace

    if not hasattr(found.options, "tls"):
        return found
    return replace(found, options=replace(found.options, tls="off"))


def test_secrets_hide():
    assert SECRET not in repr(Secret("NAME", SECRET))


def test_a_device_may_ask_for_the_password_plainly(httpserver):
    def handler(request):
        if "Authorization" in request.headers:
            assert request.authorization.password == SECRET
            return Response(json.dumps(GOOD))
        return Response("", 401, {"WWW-Authenticate": 'Basic realm="shelly"'})

    httpserver.expect_request("/status").respond_with_handler(handler)
    found, line = visit(httpserver, keyed(lambda token: Password("admin", token)))
    assert isinstance(line.poll(found, Moment(0.0)), Answered)


def test_a_restarted_device_is_logged_in_to_at_once_and_an_unanswered_log_in_soon(httpserver):
    state = {"session": "none", "logins": 0, "up": True}

    def login(request):
        state["logins"] += 1
        state["session"] = f"t{state['logins']}"
        return Response(json.dumps({"token": state["session"]}), 200 if state["up"] else 502)

    def status(request):
        fine = request.headers.get("Authorization") == f"Bearer {state['session']}"
        return Response(json.dumps(GOOD), 200 if fine else 401)

    httpserver.expect_request("/login", method="POST").respond_with_handler(login)
    httpserver.expect_request("/status").respond_with_handler(status)
    found, line = visit(httpserver, keyed(lambda token: Login("/login", "{}", "token", 3600)))
    assert isinstance(line.poll(found, Moment(0.0)), Answered)
    state["session"], state["up"] = "lost", False
    assert "error of its own" in line.poll(found, Moment(60.0)).sentence
    assert line.poll(found, Moment(70.0)).wait_s == 20
    state["up"] = True
    assert isinstance(line.poll(found, Moment(90.0)), Answered)
    state["session"] = "lost"
    problem = line.poll(found, Moment(100.0))
    assert (state["logins"], problem.wait_s) == (3, 3500)
    assert "does not keep us logged in" in problem.sentence


def test_a_locked_log_in_is_told(httpserver):
    httpserver.expect_request("/login").respond_with_data("", 429)
    found, line = visit(httpserver, keyed(lambda token: Login("/login", "{}", "token", 3600)))
    problem = line.poll(found, Moment(0.0))
    assert (problem.kind, problem.wait_s) == ("down", 3600)
    assert "locked" in problem.sentence


def test_what_is_optional_may_be_forbidden(httpserver):
    from dataclasses import replace

    status, forbidden = Get("/status"), Get("/forbidden", optional=True)
    driver = replace(BLUEPRINT, ask=lambda options, answers: [forbidden, status])
    httpserver.expect_request("/forbidden").respond_with_data("", status=403)
    httpserver.expect_request("/status").respond_with_data(json.dumps(GOOD))
    found, line = visit(httpserver, driver)
    assert isinstance(line.poll(found, Moment(0.0)), Answered)
