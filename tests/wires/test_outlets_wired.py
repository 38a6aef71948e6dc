"""A running agent with outlets: they write, and one that can't work hurts nobody."""

import json
import socket
from random import Random
from zoneinfo import ZoneInfo

from scheduler.clock import SystemClock
from simulator.car import Car, CarProfile
from simulator.charger import LOST_AFTER_S, ChargerProfile, VirtualCharger
from simulator.wires.pty import PtyBus
from tests.conftest import free_port
from tests.wires.test_agent_process import SETTINGS, Agent

OUTLETS = """
[outlets.console]
form = "json"
every_s = 1
[outlets.files]
[outlets.csv]
[outlets.mysql]
port = {nobody}
[outlets.postgres]
port = {mute}
"""


def test_outlets_write_beside_one_that_can_not(tmp_path):
    clock = SystemClock(ZoneInfo("UTC"))
    now, rng = clock.now().mono_s, Random(1)
    bus = PtyBus(
        [VirtualCharger(ChargerProfile("3201"), Car(CarProfile("5YJ3E1EA7KF000001"), now, rng), now, rng)],
        clock,
    )
    web = free_port()
    path = tmp_path / "sunward.toml"
    mute = socket.create_server(("127.0.0.1", 0))  # takes a connection and never says a word
    outlets = OUTLETS.format(nobody=free_port(), mute=mute.getsockname()[1])
    path.write_text(SETTINGS.format(port=bus.path, web=web) + outlets, "utf-8")
    secrets = tmp_path / "credentials.env"
    secrets.write_text("MYSQL_PASSWORD=hunter2\nPOSTGRES_PASSWORD=hunter2\n", "utf-8")
    secrets.chmod(0o600)
    agent = Agent(path, web)
    try:
        lines = [json.loads(agent.process.stdout.readline()) for _ in range(9)]
        gap_s = bus.do(lambda chargers, now: chargers[0].longest_gap_s)
    finally:
        status, _ = agent.end()
        bus.close()
        mute.close()
    assert gap_s < LOST_AFTER_S
    assert status == 0
    assert any("state" in line and line["state"]["chargers"][0]["linked"] for line in lines)
    told = [line["event"] for line in lines if "event" in line]
    assert [event["subject"] for event in told if event["kind"] == "outlet_down"] == ["mysql"]
    log = (tmp_path / "state" / "log" / "sunward.log").read_text("utf-8")
    assert "mysql refuses" in log
    assert "hunter2" not in log
    assert list((tmp_path / "state" / "csv").glob("chargers-*.csv"))
