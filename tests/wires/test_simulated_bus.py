"""The simulator's real edges: a serial port and a TCP port with virtual chargers behind, at line rate."""

from random import Random
from zoneinfo import ZoneInfo

import pytest
import serial

from agent.bus import slip
from agent.bus.frames import ChargerHeartbeat, Command, PrimaryHeartbeat, RemoteError, decode
from scheduler.clock import SystemClock
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.wires.live import BYTE_S
from simulator.wires.pty import PtyBus
from simulator.wires.tcp import TcpBus

CLOCK = SystemClock(ZoneInfo("UTC"))


def unit(charger_id="3201", **changes):
    now, rng = CLOCK.now().mono_s, Random(1)
    profile = ChargerProfile(charger_id, **{"first_announcement_s": 60.0, **changes})
    return VirtualCharger(profile, Car(CarProfile(), now, rng), now, rng)


@pytest.fixture(params=[PtyBus, TcpBus])
def bus(request):
    line = request.param([unit()], CLOCK)
    yield line
    line.close()


def opened(path):
    return serial.serial_for_url(path, baudrate=9600, timeout=0.02)


def beat(port, amps=10.0, charger_id="3201", wait_s=0.5):
    """One heartbeat; returns the answer and how long it took, or (None, ...)."""
    decoder = slip.Decoder()
    asked_at = CLOCK.now().mono_s
    port.write(slip.encode(PrimaryHeartbeat("7777", charger_id, Command.LIMIT, amps).encode()))
    while CLOCK.now().mono_s < asked_at + wait_s:
        data = port.read(64)
        now = CLOCK.now().mono_s
        for raw in decoder.feed(data, now):
            try:
                message = decode(raw)
            except RemoteError:
                continue
            if isinstance(message, ChargerHeartbeat):
                return message, now - asked_at
    return None, wait_s


def until_it_breaks(port):
    for _ in range(20):
        beat(port, wait_s=0.1)


def test_a_program_opens_the_port_and_is_answered_at_line_rate(bus):
    with opened(bus.path) as port:
        answer, took_s = beat(port)
    assert answer.offered_amps == 10
    assert 2 * 18 * BYTE_S + 0.02 <= took_s < 0.25


def test_a_pulled_adapter_breaks_the_connection_and_comes_back_under_the_same_path(bus):
    path = bus.path
    with opened(path) as port:
        assert beat(port)[0]
        bus.pull()
        with pytest.raises((serial.SerialException, OSError)):
            until_it_breaks(port)
    with pytest.raises((serial.SerialException, OSError)):
        opened(path)
    bus.plug_back()
    assert bus.path == path
    with opened(path) as port:
        assert beat(port)[0]


def test_a_hand_reaches_in_from_another_thread(bus):
    bus.do(lambda chargers, now: chargers[0].unplug(now))
    with opened(bus.path) as port:
        assert beat(port)[0].state_code == 0


def test_two_who_speak_at_once_ruin_each_other():
    line = PtyBus([unit("3201", first_announcement_s=0.1), unit("3202", first_announcement_s=0.105)], CLOCK)
    with opened(line.path) as port:
        heard = port.read(0) + b"".join(port.read(64) for _ in range(20))
    line.close()
    assert line.collisions == 1
    for raw in slip.Decoder().feed(heard, 0.0):
        with pytest.raises(RemoteError):
            decode(raw)


def test_an_echoing_adapter_gives_back_what_was_said():
    line = PtyBus([unit()], CLOCK, echo=True)
    with opened(line.path) as port:
        order = slip.encode(PrimaryHeartbeat("7777", "9999", Command.LIMIT, 6).encode())
        port.write(order)
        assert b"".join(port.read(64) for _ in range(5)) == order
    line.close()


def test_a_network_adapter_may_hang_up_and_take_the_next_client():
    line = TcpBus([unit()], CLOCK)
    with opened(line.path) as port:
        assert beat(port)[0]
        line.hang_up()
        with pytest.raises(serial.SerialException):
            until_it_breaks(port)
    with opened(line.path) as port:
        assert beat(port)[0]
    line.close()
