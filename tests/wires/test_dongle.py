"""GoodWe's sticks on real UDP: the captures, lost and late datagrams, noise, silence."""

import contextlib
import re
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.meters import source
from agent.meters.part import open_line, understand
from agent.meters.via import Answered, dongle
from scheduler.clock import FakeClock, Moment
from tests.meters.captures import FOLDER, Case, cases

DAY = Case(FOLDER / "goodwe" / "et-charging")


class Stick:
    """A stick with a capture's registers. `lose` swallows requests, `noise` comes before each answer."""

    def __init__(self, case):
        self.images = case.images()[None, "holding"]
        self.lose, self.noise, self.late, self.requests = 0, b"", b"", 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port = self._socket.getsockname()[1]
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(5)
        self._socket.close()

    def _serve(self):
        while not self._end.is_set():
            with contextlib.suppress(TimeoutError):
                frame, sender = self._socket.recvfrom(256)
                self.requests += 1
                if self.lose > 0:
                    self.lose -= 1
                    continue
                for datagram in (self.noise, self._answer(frame)):
                    if datagram:
                        self._socket.sendto(datagram, sender)

    def _answer(self, frame):
        assert dongle.with_crc(frame[:-2]) == frame
        at, count = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        for first, words in self.images.items():
            if first <= at and at + count <= first + len(words):
                body = b"".join(one.to_bytes(2, "big") for one in words[at - first : at - first + count])
                return b"\xaa\x55" + dongle.with_crc(frame[:2] + bytes([2 * count]) + body)
        return b"\xaa\x55" + dongle.with_crc(bytes([frame[0], frame[1] | 0x80, 2]))


def poll(stick, line=DAY.line, options="&timeout_s=0.6&pause_s=0"):
    """Through the stick's transport, on a port of our own."""
    found = source(re.sub(r"(?<=://)[^?/]*", "127.0.0.1:8899", line, count=1) + options)
    wire = dongle.ModbusLine(found, FakeClock(), dongle.Dongle("127.0.0.1", stick.port, found.timeout_s))
    answer = wire.poll(found, Moment(0.0))
    wire.close()
    return understand(found, answer.answers) if isinstance(answer, Answered) else answer


@pytest.mark.parametrize("case", cases("dongle"), ids=str)
def test_captures_are_read_the_same_over_udp(case):
    with Stick(case) as stick:
        meaning = poll(stick, case.line)
    assert {role: repr(one) for role, one in meaning.items()} == {
        role: repr(one) for role, one in understand(case.source, case.answers()).items()
    }


def test_lost_datagrams_are_asked_for_again():
    with Stick(DAY) as stick:
        stick.lose = 2
        assert poll(stick)["grid"].watts == -2614


def test_noise_is_no_answer():
    with Stick(DAY) as stick:
        stick.noise = b"\xaa\x55\xf7\x03\x02\x00\x01\x00\x00"
        assert poll(stick)["grid"].watts == -2614


def test_silence_is_down_after_three_tries():
    with Stick(DAY) as stick:
        stick.lose = 99
        problem = poll(stick)
    assert (problem.kind, stick.requests) == ("down", 3)
    assert "does not answer as unit 247" in problem.sentence


def test_nobody_there_is_down():
    line = open_line(found := source("goodwe://127.0.0.1:8899?timeout_s=0.3"), FakeClock())
    assert line.poll(found, Moment(0.0)).kind == "down"
    unknown = source("goodwe://no.such.host.invalid:8899")
    assert "can't be reached" in open_line(unknown, FakeClock()).poll(unknown, Moment(0.0)).sentence


def test_another_device_is_poor():
    with Stick(DAY) as stick:
        stick.images = {1: [0]}
        problem = poll(stick)
    assert (problem.kind, "exception 2" in problem.sentence) == ("poor", True)


@given(st.binary(max_size=40), st.integers(0, 125))
def test_any_bytes_are_an_answer_or_none(datagram, count):
    for prefix in (b"", b"\xaa\x55"):
        answer = dongle.understand(prefix + datagram, 3, count)
        assert answer is None or len(answer.registers) == count or answer.isError()


def test_the_checksum_is_modbus():
    from pymodbus.framer import FramerRTU

    frame = bytes.fromhex("f70388b80021")
    assert dongle.with_crc(frame) == frame + bytes.fromhex("3ac1")
    assert dongle.with_crc(frame)[-2:] == FramerRTU.compute_CRC(frame).to_bytes(2, "big")
