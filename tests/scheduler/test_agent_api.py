"""The client of the agent's API against a real HTTP server: what it sends, and how it takes bad days."""

import shutil
import socket
import subprocess
import threading
from datetime import UTC, datetime

import pytest
from werkzeug import Response

from agent.doors.web.server import WebSettings
from scheduler.agent_api import Agent, AgentDown, AgentRefused
from scheduler.settings import SchedulerSettings
from tests.conftest import need
from tests.web.house import MiniHouse


def test_it_sends_the_token_and_plain_json(httpserver):
    httpserver.expect_oneshot_request(
        "/api/v1/boost",
        method="PUT",
        json={"amps": 16.0, "for_s": 3600.0, "charger": "3201"},
        headers={"Authorization": "Bearer sesame"},
    ).respond_with_json([])
    Agent(httpserver.url_for(""), "sesame").boost(amps=16.0, for_s=3600.0, charger="3201")
    httpserver.check_assertions()


def test_a_window_s_name_may_hold_spaces_and_signs(httpserver):
    httpserver.expect_oneshot_request("/api/v1/windows/50% & more", method="DELETE").respond_with_json([])
    Agent(httpserver.url_for("")).delete_window("50% & more")
    httpserver.check_assertions()


def test_spans_are_asked_with_their_offset_from_utc(httpserver):
    query = {"from": "2026-06-01T00:00:00+00:00", "to": "2026-06-02T00:00:00+00:00", "step_s": "900"}
    httpserver.expect_oneshot_request("/api/v1/history", query_string=query).respond_with_json([{"at": 1}])
    start, end = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)
    assert Agent(httpserver.url_for("")).history(start, end, 900) == [{"at": 1}]


def test_nobody_there_is_said_with_what_to_do(unused_port):
    with pytest.raises(AgentDown, match=r"can't be reached\. Is it running\?"):
        Agent(f"http://127.0.0.1:{unused_port}").state()


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (Response('{"detail": "No such charger."}', 409), AgentRefused, "No such charger."),
        (Response("", 500), AgentRefused, "HTTP 500"),
        (Response('{"detail": ["x"]}', 422), AgentRefused, "HTTP 422"),
        (Response('{"detail": "?"}', 401), AgentRefused, "WEB_TOKEN"),
        (Response("<html>router login</html>", 200), AgentDown, "is not the agent"),
        (Response("", 302, {"Location": "http://elsewhere.invalid/"}), AgentDown, "is not the agent"),
        (Response("[1, 2]", 200), AgentDown, "same version"),
    ],
)
def test_a_bad_answer_is_a_sentence(httpserver, answer, error, says):
    httpserver.expect_request("/api/v1/state").respond_with_response(answer)
    with pytest.raises(error, match=says):
        Agent(httpserver.url_for("")).state()


def test_a_dry_run_sends_nothing_and_says_what_it_would(httpserver):
    agent = Agent(httpserver.url_for(""), dry_run=True)
    agent.set_mode("fast")
    agent.delete_window("night")
    assert agent.would == [
        'would ask the agent: PUT /mode {"mode": "fast"}',
        "would ask the agent: DELETE /windows/night",
    ]
    assert httpserver.log == []


class OneLine:
    """A server for one connection after the other: it gives each the answers of one list, and hangs up."""

    def __init__(self, *calls):
        self.heard = []
        self._calls = calls
        self._door = socket.create_server(("127.0.0.1", 0))
        self._hung_up = [threading.Event() for _ in calls]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join(5.0)
        self._door.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def has_hung_up(self, call):
        return self._hung_up[call].wait(5.0)

    def _serve(self):
        for number, answers in enumerate(self._calls):
            line, _ = self._door.accept()
            with line:
                for answer in answers:
                    self.heard.append((number, line.recv(65536).split(b" ")[1]))
                    line.sendall(answer)
            self._hung_up[number].set()


GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"ok": true}'
CUT_SHORT = GOOD.replace(b"12", b"99")


def test_one_connection_serves_until_the_agent_hangs_up_and_then_there_is_a_new_one():
    with OneLine([GOOD, GOOD], [GOOD]) as peer:
        agent = Agent(peer.url)
        assert agent.health() == agent.state() == {"ok": True}
        assert peer.has_hung_up(0)
        assert agent.health() == {"ok": True}
    assert peer.heard == [(0, b"/healthz"), (0, b"/api/v1/state"), (1, b"/healthz")]


@pytest.mark.parametrize("answer", [CUT_SHORT, b"", b"\x00\xff no HTTP\r\n\r\n"])
def test_an_answer_that_is_cut_short_is_asked_for_once_and_the_next_call_is_fine(answer):
    with OneLine([answer], [GOOD]) as peer:
        agent = Agent(peer.url)
        with pytest.raises(AgentDown, match="can't be reached"):
            agent.end_boost()
        assert agent.health() == {"ok": True}
    assert peer.heard == [(0, b"/api/v1/boost"), (1, b"/healthz")]


def test_an_agent_that_hangs_is_not_waited_for_for_ever():
    with socket.create_server(("127.0.0.1", 0)) as door:
        agent = Agent(f"http://127.0.0.1:{door.getsockname()[1]}", answer_s=0.05)
        with pytest.raises(AgentDown, match="does not answer in time"):
            agent.health()


@pytest.fixture
def unused_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def signed(folder):
    """A fresh certificate for another name, by an authority that nobody knows; its two files."""
    folder.mkdir(exist_ok=True)
    openssl, make = need("openssl"), ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    ca, cert, key = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
    for line in (
        ["req", "-x509", *make, "-keyout", f"{ca}.key", "-out", ca, "-subj", "/CN=authority"],
        ["req", *make, "-keyout", key, "-out", f"{cert}.ask", "-subj", "/CN=sun.example"],
        ["x509", "-req", "-in", f"{cert}.ask", "-CA", ca, "-CAkey", f"{ca}.key", "-out", cert, "-days", "9"],
    ):
        subprocess.run([openssl, *line], check=True, capture_output=True)
    return cert, key


def test_an_agent_that_speaks_https_is_known_by_its_very_certificate(tmp_path):
    cert, key = signed(tmp_path)
    other, _ = signed(tmp_path / "other")
    house = MiniHouse()
    with house.open_web(WebSettings("127.0.0.1:0", tls_cert=cert, tls_key=key)) as server:
        agent = Agent(server.url, certificate=cert)
        assert agent.state()["site"] == "Sonnenhof"
        agent.set_mode("off")
        assert house.desk.control.get().mode == "off"
        for wrong in (None, tmp_path / "none.pem", key):
            with pytest.raises(AgentDown):
                Agent(server.url, certificate=wrong).state()
        stranger = Agent(server.url, certificate=other)
        with pytest.raises(AgentDown, match="another certificate"):
            stranger.state()
        shutil.copy(cert, other)  # as when it was renewed meanwhile
        assert stranger.state()["site"] == "Sonnenhof"


def test_the_settings_say_where_the_agent_speaks_https(tmp_path):
    path = tmp_path / "sunward.toml"
    path.write_text('[web]\nlisten = "0.0.0.0:8443"\ntls_cert = "cert.pem"\ntls_key = "key.pem"\n', "utf-8")
    settings = SchedulerSettings.load(path)
    assert settings.agent_url == "https://127.0.0.1:8443"
    assert settings.agent_certificate == tmp_path / "cert.pem"
    path.write_text('[web]\nlisten = "0.0.0.0:8443"\n', "utf-8")
    settings = SchedulerSettings.load(path)
    assert (settings.agent_url, settings.agent_certificate) == ("http://127.0.0.1:8443", None)
