"""Guests that begin a request and never end it keep nobody else out."""

import socket
import time
from contextlib import ExitStack

import httpx
import pytest

from agent.doors.web.patience import MOST_FROM_ONE
from agent.doors.web.server import WebSettings
from tests.web.house import MiniHouse

PATIENCE_S = 0.4
HOST = b"Host: 127.0.0.1\r\n"


@pytest.fixture
def door():
    with MiniHouse().open_web(WebSettings("127.0.0.1:0", patience_s=PATIENCE_S)) as server:
        yield server


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


def test_one_address_does_not_hold_all_places():
    with ExitStack() as crowd, MiniHouse().open_web(WebSettings("127.0.0.1:0")) as door:
        for _ in range(MOST_FROM_ONE + 150):
            crowd.enter_context(guest(door))
        elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(transport=elsewhere, timeout=5) as web:
            assert web.get(f"{door.url}/healthz").status_code == 200
