"""A whole agent with every door open, and then with every one of them stuck: the bus beats on."""

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
import sysv_ipc

from scheduler.clock import SystemClock
from simulator.car import Car, CarProfile
from simulator.charger import LOST_AFTER_S, ChargerProfile, VirtualCharger
from simulator.wires.pty import PtyBus
from tests.conftest import free_port, need
from tests.doors.witness import Broker
from tests.wires.patience import until

ROOT = Path(__file__).parents[2]
SETTINGS = """
[bus]
port = "{bus}"
circuit_amps = 32
[[chargers]]
id = "3201"
max_amps = 16
[meters]
grid = "fixed://?watts=-3000"
[solar]
start_delay_s = 1
[web]
listen = "127.0.0.1:{web}"
[mqtt]
broker = "127.0.0.1:{broker}"
[homeassistant]
url = "http://127.0.0.1:9"
[evcc]
[legacy]
http = "127.0.0.1:{old}"
mqtt_prefix = "TWC"
ipc_path = "{ipc}"
"""


@pytest.fixture
def bus():
    clock = SystemClock(ZoneInfo("UTC"))
    now, rng = clock.now().mono_s, Random(3)
    car = Car(CarProfile(start_lag_s=1.0, ramp_up_amps_per_s=8), now, rng)
    line = PtyBus([VirtualCharger(ChargerProfile("3201", first_announcement_s=1.0), car, now, rng)], clock)
    yield line
    line.close()


@pytest.fixture
def agent(bus, tmp_path):
    """agent(broker_port) -> the ports of a running agent: page and old API."""
    running = []
    (tmp_path / "credentials.env").write_text("HA_TOKEN=x\n", "utf-8")
    (tmp_path / "credentials.env").chmod(0o600)

    def started(broker, old):
        web, path = free_port(), tmp_path / "sunward.toml"
        text = SETTINGS.format(bus=bus.path, web=web, broker=broker, old=old, ipc=tmp_path)
        path.write_text(text, "utf-8")
        command = [sys.executable, "-m", "agent", "run", "--config", str(path)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        assert "sunward is running" in process.stdout.readline()
        return web, process

    yield started
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()
    subprocess.run(["ipcrm", "-Q", hex(queue_key(tmp_path))], capture_output=True, check=False)


def queue_key(folder):
    return sysv_ipc.ftok(str(folder), ord("T"), silence_warning=True)


def ask(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return json.load(answer)
    except urllib.error.URLError:
        return None


def test_every_door_of_one_house(agent, tmp_path):
    old = free_port()
    broker = Broker(need("mosquitto"), tmp_path, free_port())
    broker.start()
    try:
        web, process = agent(broker.port, old)
        with broker.witness() as eyes:
            eyes.sees("sunward/availability", "online")
            eyes.sees("TWC/availability", "online")
            eyes.until(lambda values: "homeassistant/device/sunward_3201/config" in values)
            eyes.until(lambda values: "sunward/3201/evcc/status" in values)
        assert ask(web, "/api/v1/chargers/3201/evcc")["enabled"] is True
        assert until(lambda: (ask(old, "/api/getSlaveTWCs") or {}).get("3201", {}).get("TWCID")) == "3201"
        subprocess.run([need("php"), "-r", PHP.replace("FOLDER", str(tmp_path))], check=True, timeout=20)
        process.terminate()
        _, complaints = process.communicate(timeout=15)
        assert process.returncode == 0
        assert "Traceback" not in complaints
    finally:
        broker.stop()


PHP = """$q = msg_get_queue(ftok("FOLDER", "T"));
msg_send($q, 2, pack("LSa*", time(), 7, "getStatus"), false);
for ($i = 0; $i < 50; $i++, usleep(100000))
    if (msg_receive($q, 1, $t, 300, $b, false, MSG_IPC_NOWAIT)) exit(strpos($b, "3201~") ? 0 : 2);
exit(3);"""


def test_with_every_door_stuck_the_bus_beats_on(bus, agent):
    with socket.create_server(("127.0.0.1", 0)) as mute, socket.create_server(("127.0.0.1", 0)) as taken:
        web, process = agent(mute.getsockname()[1], taken.getsockname()[1])
        state = until(lambda: charging(ask(web, "/api/v1/state")), 30)
        assert state
        assert bus.do(lambda chargers, now: chargers[0].longest_gap_s) < LOST_AFTER_S
        events = ask(web, "/api/v1/events?after=-1&limit=50")
        assert any("legacy.http: can't listen" in event["sentence"] for event in events)
        process.terminate()
        _, complaints = process.communicate(timeout=15)
        assert process.returncode == 0, complaints


def charging(state):
    return state if state and state["chargers"] and state["chargers"][0]["drawn_amps"] >= 10 else None
