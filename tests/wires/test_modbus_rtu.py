"""Modbus RTU on a real pair of pseudo-terminals, RTU frames over TCP, and devices that want time."""

import contextlib
import itertools
import subprocess
import threading
from zoneinfo import ZoneInfo

import pytest

from agent.meters import source
from agent.meters.part import open_line, understand
from agent.meters.via import Answered
from scheduler.clock import FakeClock, SystemClock
from simulator.wires.modbus import ModbusServer
from tests.conftest import need

METER = {52: [0xC4E6, 0x7000], 72: [0x45C8, 0x0400]}  # -1843.5 W, 6400.5 kWh
QUERY = "unit=2&watts=input/52:f32&energy=input/72:f32:1000"


def read(unit, function):
    return METER if function == 4 else {}


@pytest.fixture
def ttys(tmp_path):
    """Two serial ports with a wire between them."""
    ends = [str(tmp_path / name) for name in ("device", "ours")]
    wire = subprocess.Popen([need("socat"), *(f"pty,raw,echo=0,link={end}" for end in ends)])
    pause = threading.Event()
    for _ in range(200):
        if all(map(_exists, ends)):
            break
        pause.wait(0.02)
    yield ends
    wire.terminate()
    wire.wait(5)


def _exists(path):
    with contextlib.suppress(OSError), open(path, "rb", buffering=0):
        return True
    return False


def values(line):
    found = source(line)
    wire = open_line(found, FakeClock())
    answer = wire.poll(found, FakeClock().now())
    wire.close()
    return understand(found, answer.answers)["any"] if isinstance(answer, Answered) else answer


def test_a_meter_on_a_serial_line(ttys):
    device, ours = ttys
    with ModbusServer(read, serial=device, units=(2,)):
        found = values(f"modbus://{ours}?{QUERY}")
        assert (found.watts, found.energy_wh) == (-1843.5, 6400500)


def test_mbpoll_reads_the_same_words_on_the_serial_line(ttys):
    device, ours = ttys
    with ModbusServer(read, serial=device, units=(2,)):
        words = [need("mbpoll"), "-m", "rtu", "-b", "9600", "-P", "none", "-a", "2", "-0", "-1", "-r", "52"]
        done = subprocess.run(
            [*words, "-t", "3:float", "-B", ours], capture_output=True, text=True, timeout=20
        )
    assert "-1843.5" in done.stdout, done.stdout + done.stderr


def test_silence_on_a_serial_line_costs_its_timeout(ttys):
    device, ours = ttys
    with ModbusServer(read, serial=device, units=(2,)) as server:
        server.hang = True
        problem = values(f"modbus://{ours}?{QUERY}&timeout_s=0.3")
    assert problem.kind == "down"
    assert "does not answer as unit 2" in problem.sentence


def test_a_serial_port_that_is_not_there(tmp_path):
    problem = values(f"modbus://{tmp_path}/ttyUSB9?watts=1")
    assert (problem.kind, "can't be reached" in problem.sentence) == ("down", True)


def test_rtu_frames_over_tcp():
    with ModbusServer(read, rtu=True, units=(2,)) as server:
        assert values(f"modbus://127.0.0.1:{server.port}?{QUERY}&framing=rtu").watts == -1843.5
        problem = values(f"modbus://127.0.0.1:{server.port}?{QUERY}&timeout_s=0.3")
        assert problem.kind == "down", "the other framing is not understood"


def test_a_device_that_wants_a_second_after_connecting_gets_it():
    with ModbusServer(lambda unit, function: {32064: [0, 5120, *[0] * 60]}) as server:
        found = source(f"huawei://127.0.0.1:{server.port}?settle_s=1.5")
        clock = FakeClock()
        line = open_line(found, clock)
        early = line.poll(found, clock.now())
        assert (early.kind, early.wait_s, server.requests) == ("waiting", 1.5, 0)
        assert line.poll(found, clock.advance(1.0)).wait_s == pytest.approx(0.5)
        assert isinstance(line.poll(found, clock.advance(0.5)), Answered)
        server.stop()
        server.start()
        again = line.poll(found, clock.advance(5))
        assert (again.kind, again.wait_s) == ("waiting", 1.5), "a connection that died unseen is opened anew"
        line.close()


def test_the_pause_between_two_requests_is_kept():
    at = []
    clock = SystemClock(ZoneInfo("UTC"))

    def noted(unit, function):
        at.append(clock.now().mono_s)
        return {1: [7], 9: [8]}

    with ModbusServer(noted) as server:
        found = source(f"huawei://127.0.0.1:{server.port}?settle_s=0&pause_s=0.2")
        line = open_line(found, clock)
        line.poll(found, clock.now())
        line.poll(found, clock.now())
        line.close()
    assert min(b - a for a, b in itertools.pairwise(at)) >= 0.19
