"""`agent run` as a process of its own, on a real pseudo-terminal: watched, pulled, killed, restarted."""

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from agent.history.sessions import WORTH_KEEPING_WH
from scheduler.clock import SystemClock
from simulator.car import Car, CarProfile
from simulator.charger import LOST_AFTER_S, ChargerProfile, VirtualCharger
from simulator.wires.pty import PtyBus
from tests.conftest import free_port
from tests.wires.patience import until

ROOT = Path(__file__).parents[2]
SETTINGS = """
[bus]
port = "{port}"
circuit_amps = 32
[[chargers]]
id = "3201"
name = "Garage"
max_amps = 16
[meters]
grid = "fixed://?watts=-3000"
[solar]
start_delay_s = 1
[web]
listen = "127.0.0.1:{web}"
"""

TARIFF = """
[tariff]
kind = "fixed"
price = 0.30
feed_in = 0.08
"""


class Agent:
    """A running agent and its HTTP API."""

    def __init__(self, settings: Path, web: int):
        self.url = f"http://127.0.0.1:{web}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", "--config", str(settings)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.greeting = self.process.stdout.readline()

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, {"Content-Type": "application/json"})
        request.method = method
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def until(self, condition, at_most_s=30.0):
        pause = threading.Event()
        for _ in range(int(at_most_s / 0.1)):
            state = self.call("GET", "/api/v1/state")
            if condition(state):
                return state
            pause.wait(0.1)
        raise AssertionError(f"it did not happen: {json.dumps(state)[:2000]}")

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        _, complaints = self.process.communicate(timeout=15)
        return self.process.returncode, complaints


@pytest.fixture
def bus():
    clock = SystemClock(ZoneInfo("UTC"))
    now, rng = clock.now().mono_s, Random(3)
    car = Car(CarProfile(start_lag_s=1.0, ramp_up_amps_per_s=8), now, rng)
    profile = ChargerProfile("3201", first_announcement_s=1.0)
    line = PtyBus([VirtualCharger(profile, car, now, rng)], clock)
    yield line
    line.close()


@pytest.fixture
def start(bus, tmp_path):
    """start(more settings) -> a running agent; every one is ended when the test is over."""
    web, running = free_port(), []
    path = tmp_path / "sunward.toml"

    def started(more=""):
        path.write_text(SETTINGS.format(port=bus.path, web=web) + more, "utf-8")
        running.append(Agent(path, web))
        return running[-1]

    yield started
    for agent in running:
        if agent.process.poll() is None:
            agent.process.kill()
        agent.process.communicate()


def charging(state):
    return state["chargers"][0]["drawn_amps"] >= 12


def test_a_house_charges_survives_a_pulled_plug_and_says_goodbye(bus, start):
    agent = start()
    assert "sunward is running" in agent.greeting
    agent.until(charging)
    assert bus.do(lambda chargers, now: chargers[0].longest_gap_s) < LOST_AFTER_S

    bus.pull()
    state = agent.until(lambda state: not state["bus"]["open"])
    assert state["bus"]["problem"]
    beats = bus.do(lambda chargers, now: chargers[0].heartbeats)
    bus.plug_back()
    agent.until(lambda state: state["bus"]["open"], at_most_s=5)
    pause = threading.Event()
    pause.wait(2.0)
    assert bus.do(lambda chargers, now: chargers[0].heartbeats) > beats
    kinds = [event["kind"] for event in agent.call("GET", "/api/v1/events?after=-1&limit=50")]
    assert "charging_started" in kinds

    status, complaints = agent.end()
    assert status == 0, complaints
    assert "Traceback" not in complaints
    assert bus.do(lambda chargers, now: chargers[0].offered_amps) <= 6, "its last word is a safe limit"


def test_what_was_asked_survives_a_kill(start):
    agent = start()
    agent.call("PUT", "/api/v1/mode", {"mode": "off"})
    night = {"name": "Night", "days": "daily", "from": "21:30", "to": "07:15", "mode": "fast", "amps": 10}
    agent.call("PUT", "/api/v1/windows", [night])
    agent.end(signal.SIGKILL)
    again = start()
    state = again.call("GET", "/api/v1/state")
    assert state["mode"] == "off"
    assert [window["name"] for window in again.call("GET", "/api/v1/windows")] == ["Night"]


def test_a_tariff_goes_from_the_scheduler_to_the_bill_and_survives_a_kill(bus, start, tmp_path):
    agent = start(TARIFF)
    assert agent.call("GET", "/api/v1/state")["min_solar_share"] == 1.0  # nobody has told any price
    config = str(next(tmp_path.glob("*.toml")))
    line = [sys.executable, "-m", "scheduler", "prices", "--config", config]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert "The agent knows the prices until" in done.stdout, done.stderr
    state = agent.until(lambda state: state["min_solar_share"] < 1.0)
    assert state["min_solar_share_why"].startswith("Charging goes on through a cloud while 45 % of it is sun")
    status = subprocess.run(
        [sys.executable, "-m", "agent", "status", "--config", config],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (
        "sun: Charging goes on through a cloud while 45 % of it is sun: power costs 0.30 EUR now"
        in status.stdout
    )

    def counter_wh():
        return bus.do(lambda chargers, now: chargers[0].energy_wh)

    at_first_wh = counter_wh()
    agent.call("PUT", "/api/v1/mode", {"mode": "fast"})
    agent.until(charging)
    assert until(lambda: counter_wh() - at_first_wh > 1.3 * WORTH_KEEPING_WH, 30)
    told = agent.call("GET", "/api/v1/prices")
    agent.end()  # what was charged is written down
    again = start(TARIFF)
    assert again.call("GET", "/api/v1/prices") == told
    (session,) = again.call("GET", "/api/v1/sessions")
    assert session["currency"] == "EUR"
    assert session["cost"] is not None
    again.end(signal.SIGKILL)
    assert start(TARIFF).call("GET", "/api/v1/prices") == told


def test_its_health_is_told_to_whoever_keeps_it_alive(start, tmp_path):
    line = [sys.executable, "-m", "agent", "status", "--health", "--config", str(tmp_path / "sunward.toml")]

    def ask():
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr

    agent = start()
    assert until(lambda: ask() == (0, "All is well.\n")), ask()
    agent.end()
    status, said = ask()
    assert (status, "Is it running?" in said) == (1, True)


def test_two_agents_on_one_port_are_one_agent_and_a_sentence(start):
    first = start()
    second = start()
    assert second.process.wait(15) == 2
    assert "is taken by another program" in second.process.stderr.read()
    assert first.process.poll() is None


def test_settings_that_are_wrong_start_nothing(tmp_path):
    path = tmp_path / "sunward.toml"
    path.write_text('[bus]\nport = "/dev/none"\ncircuit_amps = 5\n', "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "agent", "run", "--config", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert "bus.circuit_amps" in done.stderr
    assert "Traceback" not in done.stderr


def test_systemd_hears_that_the_house_is_ready_alive_and_ending(bus, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        web = free_port()
        path = tmp_path / "sunward.toml"
        path.write_text(SETTINGS.format(port=bus.path, web=web), "utf-8")
        agent = Agent(path, web)
        try:
            said = [systemd.recv(4096).decode() for _ in range(3)]
        finally:
            status, _ = agent.end()
        assert said[0].startswith("READY=1\nWATCHDOG=1\nSTATUS=")
        assert all("WATCHDOG=1" in words for words in said[1:])
        while said[-1] != "STOPPING=1":
            said.append(systemd.recv(4096).decode())
        assert status == 0
