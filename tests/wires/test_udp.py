"""Multicast on the real loopback: what is heard, its age, who is ignored, what silence costs."""

import json
import socket
import threading

import pytest

from agent.meters import source
from agent.meters.part import Meters, open_line, understand
from agent.meters.plan import plan
from agent.meters.via import Answered
from agent.meters.via.udp import SILENCE_S
from scheduler.clock import FakeClock
from tests.meters.captures import FOLDER, cases

GROUP = "239.12.255.254"


def said(case):
    return [
        bytes.fromhex(one) for one in json.loads((FOLDER / "speedwire" / case / "datagrams.json").read_text())
    ]


class Speaker:
    """Devices on the loopback network, on a port of our own."""

    def __init__(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        self.pause = threading.Event()

    def line(self, text="speedwire://"):
        more = f"interface=127.0.0.1&port={self.port}"
        return text + ("&" if "?" in text else "?") + more

    def say(self, *datagrams, to=GROUP):
        for one in datagrams:
            self._socket.sendto(one, (to, self.port))

    def heard(self, wire, found, clock, *datagrams, count=1):
        """Say it until the line has heard that many speakers."""
        for _ in range(250):
            self.say(*datagrams)
            answer = wire.poll(found, clock.now())
            if isinstance(answer, Answered) and len(answer.answers.by_sender) == count:
                return answer
            self.pause.wait(0.02)
        raise AssertionError(answer)

    def close(self):
        self._socket.close()


@pytest.fixture
def speaker():
    one = Speaker()
    yield one
    one.close()


@pytest.mark.parametrize("case", cases("udp"), ids=str)
def test_captures_are_read_the_same_over_multicast(case, speaker):
    found, clock = source(speaker.line(case.line)), FakeClock()
    wire = open_line(found, clock)
    count = len(case.answers().by_sender)
    answer = speaker.heard(wire, found, clock, *said(case.folder.name), count=count)
    wire.close()
    assert repr(understand(found, answer.answers)) == repr(understand(case.source, case.answers()))


def test_a_datagram_grows_old_from_its_arrival_on(speaker):
    found, clock = source(speaker.line()), FakeClock()
    wire = open_line(found, clock)
    assert wire.poll(found, clock.now()).kind == "waiting"
    speaker.heard(wire, found, clock, *said("day-exporting"))
    later = wire.poll(found, clock.advance(4.0))
    assert understand(found, later.answers)["grid"].age_s == 4.0
    wire.close()


def test_two_meters_are_told_apart_and_share_one_ear(speaker):
    clock = FakeClock()
    lines = [
        speaker.line("speedwire://?serial=1901234567"),
        speaker.line("speedwire://?serial=3004567890&measures=solar"),
    ]
    meters = Meters(plan({"grid": [lines[0]], "solar": [lines[1]]}), clock)
    (part,) = meters.parts
    for _ in range(100):
        part.step(clock.advance(1.0))
        speaker.say(*said("solar-meter"))
        speaker.pause.wait(0.02)
        view = meters.view(clock.now())
        if len(view.readings) >= 3:
            break
    assert {role: view.readings[role].watts for role in ("grid", "solar")} == {"grid": -2614, "solar": 3350}
    assert [one.name for one in threading.enumerate()].count(f"udp {speaker.port}") == 1
    meters.close()


def test_silence_is_told_and_the_group_is_joined_anew(speaker):
    found, clock = source(speaker.line()), FakeClock()
    wire = open_line(found, clock)
    speaker.heard(wire, found, clock, *said("day-exporting"))
    problem = wire.poll(found, clock.advance(SILENCE_S + 1))
    assert (problem.kind, "nothing is heard" in problem.sentence) == ("down", True)
    assert wire.poll(found, clock.advance(1)).kind == "waiting"
    speaker.heard(wire, found, clock, *said("day-exporting"))
    wire.close()


def test_a_datagram_to_us_alone_counts_too(speaker):
    found, clock = source(speaker.line()), FakeClock()
    wire = open_line(found, clock)
    for _ in range(250):
        speaker.say(*said("day-exporting"), to="127.0.0.1")
        if isinstance(wire.poll(found, clock.now()), Answered):
            break
        speaker.pause.wait(0.02)
    assert isinstance(wire.poll(found, clock.now()), Answered)
    wire.close()


def test_noise_is_ignored_and_a_network_that_is_not_ours_is_told(speaker):
    found, clock = source(speaker.line()), FakeClock()
    wire = open_line(found, clock)
    wire.poll(found, clock.now())
    speaker.say(b"", b"SMA\0", b"x" * 1400, said("day-exporting")[0][:19])
    speaker.pause.wait(0.1)
    assert wire.poll(found, clock.now()).kind == "waiting"
    wire.close()
    elsewhere = source(f"speedwire://?interface=203.0.113.9&port={speaker.port}")
    problem = open_line(elsewhere, clock).poll(elsewhere, clock.now())
    assert (problem.kind, "can't be listened to" in problem.sentence) == ("down", True)
