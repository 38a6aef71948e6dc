"""The Modbus edge with real sockets: the simulated inverter, independent readers, and its bad days."""

import re
import subprocess
import threading

import pytest

from agent.meters import source
from agent.meters.part import Meters, open_line, understand
from agent.meters.plan import plan
from agent.meters.values import Down, Poor
from agent.meters.via import Answered, Problem
from agent.parts import ThreadRunner
from scheduler.clock import FakeClock, Moment
from simulator.inverter import InverterState, image
from simulator.wires.modbus import ModbusServer
from tests.conftest import need
from tests.meters.captures import cases

HOME = InverterState(solar_watts=4210, grid_watts=-2385, battery_watts=-900, soc_percent=61.5)


@pytest.fixture
def server():
    with ModbusServer(lambda unit, function: image(HOME)) as running:
        yield running


def test_our_driver_reads_the_simulated_inverter(server):
    found = source(f"solaredge://127.0.0.1:{server.port}")
    line = open_line(found, FakeClock())
    answer = line.poll(found, Moment(7.0))
    assert isinstance(answer, Answered)
    meaning = understand(found, answer.answers)
    assert (meaning["grid"].watts, meaning["battery"].watts) == (-2385, -900)
    assert meaning["solar"].watts == pytest.approx(4210, abs=10)
    asked = server.requests
    line.poll(found, Moment(9.0))
    assert server.requests - asked == 3, "chain and absent battery are learnt once"
    line.close()


def test_pysunspec2_reads_the_same_watts(server):
    from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

    device = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=server.port)
    try:
        device.scan()
        inverter, meter = device.models[103][0], device.models[203][0]
        assert inverter.W.cvalue == 4210 - 900
        assert meter.W.cvalue == 2385  # export is positive there
        assert device.models["common"][0].Mn.value.strip("\0") == "SolarEdge"
        assert (meter.TotWhExp.cvalue, meter.TotWhImp.cvalue) == (6_000_000, 2_000_000)
    finally:
        device.close()


def test_mbpoll_reads_the_same_words(server):
    line = [need("mbpoll"), "-m", "tcp", "-p", str(server.port), "-a", "1", "-0", "-1", "-t", "4"]
    done = subprocess.run(
        [*line, "-r", "40206", "-c", "5", "127.0.0.1"], capture_output=True, text=True, timeout=20
    )
    words = [int(one) for one in re.findall(r"^\[\d+\]:\s+(\d+)", done.stdout, re.MULTILINE)]
    assert words == [2385, 795, 795, 795, 0], done.stdout + done.stderr


@pytest.mark.parametrize("case", cases("modbus"), ids=str)
def test_captures_are_read_the_same_over_a_socket(case):
    images = case.images()

    def read(unit, function):
        table = "input" if function == 4 else "holding"
        return {**images.get((None, table), {}), **images.get((unit, table), {})}

    units = {unit for unit, _ in images if unit is not None} | {getattr(case.source.options, "unit", 1)}
    with ModbusServer(read, units=tuple(units)) as running:
        host = re.sub(r"(?<=://)[^?/]*", f"127.0.0.1:{running.port}", case.line, count=1)
        found = source(host)
        clock = FakeClock()
        line = open_line(found, clock)
        answer = line.poll(found, clock.now())
        if isinstance(answer, Problem) and answer.kind == "waiting":  # it wants a moment after connecting
            answer = line.poll(found, clock.advance(answer.wait_s))
        line.close()
        try:
            wanted = understand(case.source, case.answers())
        except (Poor, Down):
            assert not isinstance(answer, Answered) or case.expected.get("poor")
            return
        assert isinstance(answer, Answered), answer
        got = understand(found, answer.answers)
        assert {role: repr(values) for role, values in got.items()} == {
            role: repr(values) for role, values in wanted.items()
        }


def test_a_restart_of_the_inverter_is_survived(server):
    found = source(f"solaredge://127.0.0.1:{server.port}")
    line = open_line(found, FakeClock())
    assert isinstance(line.poll(found, Moment(0.0)), Answered)
    server.stop()
    problem = line.poll(found, Moment(1.0))
    assert problem.kind == "down"
    assert "can't be reached" in problem.sentence
    server.start()
    assert isinstance(line.poll(found, Moment(2.0)), Answered)
    server.stop()
    server.start()
    assert isinstance(line.poll(found, Moment(3.0)), Answered), "a connection that died unseen is opened anew"
    line.close()


def test_a_silent_inverter_costs_its_timeout_and_no_more(server):
    found = source(f"solaredge://127.0.0.1:{server.port}?timeout_s=0.3")
    line = open_line(found, FakeClock())
    server.hang = True
    problem = line.poll(found, Moment(0.0))
    assert problem.kind == "down"
    assert "does not answer as unit 1" in problem.sentence
    server.hang = False
    assert isinstance(line.poll(found, Moment(1.0)), Answered)
    line.close()


@pytest.mark.parametrize(("code", "kind"), [(1, "poor"), (2, "poor"), (4, "down"), (6, "down"), (11, "down")])
def test_modbus_exceptions_become_sentences(server, code, kind):
    found = source(f"sunspec://127.0.0.1:{server.port}")
    line = open_line(found, FakeClock())
    server.exception = code
    problem = line.poll(found, Moment(0.0))
    line.close()
    if isinstance(problem, Answered):
        with pytest.raises(Poor, match="SunSpec"):
            understand(found, problem.answers)
        return
    assert (problem.kind, len(problem.sentence) > 20) == (kind, True)


def test_lines_with_one_address_share_one_connection_and_one_thread(server):
    address = f"solaredge://127.0.0.1:{server.port}"
    clock = FakeClock()
    meters = Meters(plan({"grid": [f"{address}?meter=1"], "solar": [address], "battery": [address]}), clock)
    (part,) = meters.parts
    assert part.step(clock.now()) == 2.0
    view = meters.view(clock.now(), chargers_watts=500)
    assert {role: round(one.watts, -1) for role, one in view.readings.items()} == {
        "grid": -2380,
        "solar": 4210,
        "battery": -900,
        "house": 420,
    }
    meters.close()


def test_a_part_backs_off_keeps_its_reading_and_comes_back(server):
    clock = FakeClock()
    line = f"solaredge://127.0.0.1:{server.port}?battery=no"
    meters = Meters(plan({"grid": [line]}), clock)
    (part,) = meters.parts
    part.step(clock.now())
    server.stop()
    waits = []
    for _ in range(8):
        now = clock.advance(max(0.0, (waits or [2.0])[-1]))
        waits.append(part.step(now) - now.mono_s)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    view = meters.view(clock.now())
    assert view.readings["grid"].at_mono_s == 0
    assert "SetApp" in view.health[0].problem
    server.start()
    part.step(clock.advance(60))
    view = meters.view(clock.now())
    assert view.health[0].ok
    assert view.readings["grid"].at_mono_s == clock.mono_s
    meters.close()


def test_the_threads_of_the_house_run_it(server):
    from zoneinfo import ZoneInfo

    from scheduler.clock import SystemClock

    clock, crashes = SystemClock(ZoneInfo("UTC")), []
    meters = Meters(plan({"grid": [f"solaredge://127.0.0.1:{server.port}"]}), clock)
    runner = ThreadRunner(clock, lambda part, error: crashes.append(error))
    read = threading.Event()
    for slot in meters.board.states.values():
        slot.on_put(read.set)
    for part in meters.parts:
        runner.start(part)
    assert read.wait(5)
    assert meters.view(clock.now()).readings["grid"].watts == -2385
    runner.end()
    meters.close()
    assert not crashes
