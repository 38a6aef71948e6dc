"""A smart meter's port with real wires: a pseudo terminal, a TCP adapter, and their bad days."""

import os
import socket
import threading

import pytest

from agent.meters import source
from agent.meters.part import open_line, understand
from agent.meters.via import Answered, Problem
from agent.meters.via import p1 as via_p1
from scheduler.clock import FakeClock, Moment, SystemClock
from tests.meters.captures import FOLDER
from tests.wires.patience import until

GOOD = (FOLDER / "dsmr" / "v5-exporting" / "telegram.txt").read_bytes()
NIGHT = (FOLDER / "dsmr" / "v5-night-importing" / "telegram.txt").read_bytes()
BAD = GOOD.replace(b"02.614", b"02.615")


@pytest.fixture
def clock():
    return FakeClock(mono_s=100.0)


@pytest.fixture
def opened(clock):
    lines = []

    def call(text):
        found = source(text)
        line = open_line(found, clock)
        lines.append(line)
        return lambda: line.poll(found, clock.now())

    yield call
    for line in lines:
        line.close()


class Adapter:
    """A P1 adapter on the network: whoever connects gets what is sent."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.peers = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                self.peers.append(self._listener.accept()[0])
            except OSError:
                return

    def send(self, data):
        until(lambda: self.peers)
        self.peers[-1].sendall(data)

    def drop(self):
        for peer in self.peers:
            peer.close()
        self.peers.clear()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()


@pytest.fixture
def adapter():
    found = Adapter()
    yield found
    found.close()


def watts(answer, line="dsmr://127.0.0.1:1"):
    return understand(source(line), answer.answers)["grid"].watts


def good(poll):
    return until(lambda: found if isinstance(found := poll(), Answered) else None)


@pytest.mark.parametrize(("version", "capture"), [("5", "v5-exporting"), ("2", "v2-without-checksum")])
def test_a_telegram_by_serial_cable(opened, version, capture):
    meter, cable = os.openpty()
    try:
        poll = opened(f"dsmr://{os.ttyname(cable)}?version={version}")
        assert isinstance(poll(), Problem)
        assert until(lambda: "no telegram has come yet" in poll().sentence)
        os.write(meter, b"junk)\r\n" + (FOLDER / "dsmr" / capture / "telegram.txt").read_bytes())
        assert watts(good(poll)) == {"5": -2614, "2": 980}[version]
    finally:
        os.close(meter)
        os.close(cable)


def test_a_pulled_cable_is_told_and_found_again(opened, tmp_path):
    meter, cable = os.openpty()
    port = tmp_path / "ttyP1"
    port.symlink_to(os.ttyname(cable))
    poll = opened(f"dsmr://{port}")
    assert until(lambda: "no telegram" in getattr(poll(), "sentence", ""))
    os.write(meter, GOOD)
    assert watts(good(poll)) == -2614
    os.close(meter)
    os.close(cable)
    port.unlink()
    problem = until(lambda: found if isinstance(found := poll(), Problem) else None)
    assert problem.kind == "down"
    assert problem.keeps_trying
    meter, cable = os.openpty()
    port.symlink_to(os.ttyname(cable))
    assert until(lambda: "no telegram" in getattr(poll(), "sentence", ""))
    os.write(meter, NIGHT)
    assert watts(good(poll)) == 487
    os.close(meter)
    os.close(cable)


def test_a_port_that_is_not_there(opened):
    poll = opened("dsmr:///dev/nothing-here")
    problem = until(lambda: found if (found := poll()).kind == "down" else None)
    assert "is the cable plugged in?" in problem.sentence


def test_telegrams_over_tcp_keep_the_instant_they_came(opened, adapter, clock):
    poll = opened(f"dsmr://127.0.0.1:{adapter.port}")
    poll()
    adapter.send(GOOD[200:] + GOOD)
    answer = good(poll)
    assert (watts(answer), answer.at_mono_s) == (-2614, 100.0)
    clock.advance(7)
    assert poll().at_mono_s == 100.0, "an old telegram is not made young"
    adapter.send(NIGHT)
    assert until(lambda: poll().at_mono_s == 107.0)
    assert watts(poll()) == 487


def test_damaged_telegrams_are_dropped_and_several_are_told(opened, adapter):
    poll = opened(f"dsmr://127.0.0.1:{adapter.port}")
    poll()
    adapter.send(GOOD)
    assert good(poll)
    adapter.send(BAD)
    adapter.send(NIGHT)
    assert until(lambda: watts(poll()) == 487)
    adapter.send(BAD * 3)
    assert until(lambda: "damaged" in getattr(poll(), "sentence", ""))
    assert poll().kind == "poor"


def test_junk_and_encryption_are_told_apart(opened, adapter):
    poll = opened(f"dsmr://127.0.0.1:{adapter.port}")
    poll()
    adapter.send(b"\xfe\x01\x80" * 1200)
    assert until(lambda: "is the version" in poll().sentence)
    adapter.drop()
    adapter.send(b"\xdb\x08" + b"\x42" * 3500)
    assert until(lambda: "encrypts" in poll().sentence)


def test_an_adapter_that_hangs_up_or_falls_silent_is_called_again(opened, adapter, clock):
    poll = opened(f"dsmr://127.0.0.1:{adapter.port}")
    poll()
    adapter.send(GOOD)
    assert good(poll)
    adapter.drop()
    assert until(lambda: "closed the connection" in getattr(poll(), "sentence", ""))
    adapter.send(NIGHT)
    assert watts(good(poll)) == 487
    silent = adapter.peers.pop()
    clock.advance(via_p1.SILENT_S + 1)
    assert until(lambda: "silent" in getattr(poll(), "sentence", ""))
    adapter.send(GOOD)
    assert watts(good(poll)) == -2614
    silent.close()


def test_nobody_there_and_a_part_that_never_blocks(clock):
    found = source("dsmr://127.0.0.1:9")
    line = open_line(found, SystemClock(None))
    problem = until(lambda: p if (p := line.poll(found, Moment(0.0))).kind == "down" else None)
    assert "can't be reached" in problem.sentence
    line.close()
