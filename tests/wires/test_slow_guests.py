"""Guests that begin a request and never end it keep nobody else out."""

import socket
import ssl
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from agent.doors.web.patience import MOST_FROM_ONE
from agent.doors.web.server import WebSettings
from tests.web.house import MiniHouse
from tests.web.test_locks import make_certificate

PATIENCE_S = 0.4
HOST = b"Host: 127.0.0.1\r\n"


@pytest.fixture
def door():
    with MiniHouse().open_web(WebSettings("127.0.0.1:0", patience_s=PATIENCE_S)) as server:
        yield server


@pytest.fixture
def secure(tmp_path):
    """A door with https, and a context that trusts it."""
    cert, key = make_certificate(tmp_path)
    settings = WebSettings("127.0.0.1:0", patience_s=4 * PATIENCE_S, tls_cert=cert, tls_key=key)
    with MiniHouse().open_web(settings) as server:
        yield server, ssl.create_default_context(cafile=str(cert))


def guest(door, words=b""):
    port = int(door.url.rpartition(":")[2])
    found = socket.create_connection(("127.0.0.1", port), timeout=10)
    if words:
        found.sendall(words)
    return found


def said(found):
    """Everything until the other end hangs up; a time-out fails the test."""
    out = b""
    while chunk := found.recv(65536):
        out += chunk
    return out


@pytest.mark.parametrize(
    "words", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\n" + HOST], ids=["silent", "cut", "headers"]
)
def test_a_request_that_does_not_come_is_hung_up_on(door, words):
    assert said(guest(door, words)) == b""


def test_a_letter_now_and_then_buys_no_time(door):
    found, began = guest(door, b"GET /healthz HTTP/1.1\r\nX: "), time.monotonic()
    with pytest.raises(OSError):  # noqa: PT012
        while time.monotonic() - began < 10:
            found.sendall(b"a")
            time.sleep(0.05)
    assert time.monotonic() - began < 5


def test_a_second_request_on_the_same_connection_has_to_come_too(door):
    found = guest(door, b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
    assert found.recv(65536).startswith(b"HTTP/1.1 200")
    found.sendall(b"GET /heal")
    assert b"200" not in said(found)


def test_a_body_that_does_not_come_is_told(door):
    found = guest(door, b"PUT /api/v1/mode HTTP/1.1\r\n" + HOST + b"Content-Length: 50\r\n\r\n{")
    assert said(found).startswith(b"HTTP/1.1 408")


def test_the_event_stream_may_be_quiet_for_as_long_as_it_likes(door):
    found = guest(door, b"GET /api/v1/stream HTTP/1.1\r\n" + HOST + b"\r\n")
    assert found.recv(15) == b"HTTP/1.1 200 OK"
    time.sleep(3 * PATIENCE_S)
    found.settimeout(0.1)
    assert b"retry" in found.recv(65536)
    with pytest.raises(TimeoutError):
        found.recv(65536)


def test_one_address_does_not_hold_all_places(caplog):
    with ExitStack() as crowd, MiniHouse().open_web(WebSettings("127.0.0.1:0")) as door:
        for _ in range(MOST_FROM_ONE + 150):
            crowd.enter_context(guest(door))
        elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(transport=elsewhere, timeout=5) as web:
            assert web.get(f"{door.url}/healthz").status_code == 200
    assert sum("Too many connections" in line for line in caplog.messages) <= 1


@pytest.mark.parametrize(
    "words", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"], ids=["silent", "cut", "plain"]
)
def test_a_handshake_that_does_not_come_is_hung_up_on(secure, words):
    found = guest(secure[0], words)
    began = time.monotonic()
    with suppress(ConnectionResetError):
        said(found)
    assert time.monotonic() - began < 5


def test_silent_connections_take_only_their_part_of_an_https_door(secure):
    door, trust = secure
    files = Path("/proc/self/fd")
    with ExitStack() as crowd:
        before = len(list(files.iterdir()))
        for _ in range(MOST_FROM_ONE + 150):
            crowd.enter_context(guest(door))
        elsewhere = httpx.HTTPTransport(local_address="127.0.0.2", verify=trust)
        with httpx.Client(transport=elsewhere, timeout=5) as web:
            assert web.get(f"{door.url}/healthz").status_code == 200
            held = len(list(files.iterdir())) - before
            assert held <= 2 * MOST_FROM_ONE + 150 + 10  # our own ends of them are in this process, too
    with httpx.Client(verify=trust, timeout=5) as web:
        for _ in range(3):
            assert web.get(f"{door.url}/static/app.js").status_code == 200


def test_a_request_that_comes_with_the_handshake_is_answered(secure):
    door, trust = secure
    ask = b"GET /healthz HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n"
    for _ in range(30):
        coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
        talk = trust.wrap_bio(coming, going, server_hostname="127.0.0.1")
        with guest(door) as line:
            while True:
                try:
                    talk.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    line.sendall(going.read())
                    coming.write(line.recv(65536))
            talk.write(ask)
            line.sendall(going.read())  # the last words of the handshake and the request, in one piece
            answer = b""
            while not answer:
                coming.write(line.recv(65536))
                with suppress(ssl.SSLWantReadError):
                    answer = talk.read(65536)
        assert answer.startswith(b"HTTP/1.1 200")
