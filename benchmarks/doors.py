"""Does anything at the doors reach the bus? `python -m benchmarks.doors` (half a minute).

A real agent on a real pseudo-terminal at 9600 baud, while fifty browsers hold event streams open, the API is
asked two hundred times a second, the MQTT broker closes each connection at once and the database never
answers. The one figure that counts is the longest gap between two heartbeats of a charger.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from scheduler.clock import SystemClock
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.wires.pty import PtyBus

ROOT = Path(__file__).parents[1]
STREAMS = 50
ASKS_PER_S = 200
ASKERS = 4
LASTS_S = 20.0
SETTINGS = """
[bus]
port = "{port}"
circuit_amps = 48
[[chargers]]
id = "3201"
max_amps = 32
[[chargers]]
id = "3202"
max_amps = 32
[meters]
grid = "fixed://?watts=-4000"
[web]
listen = "127.0.0.1:{web}"
[mqtt]
broker = "127.0.0.1:{rude}"
[outlets.mysql]
host = "127.0.0.1"
port = {mute}
"""


class Neighbour:
    """A server that is rude (closes at once) or mute (takes connections and says nothing)."""

    def __init__(self, rude: bool) -> None:
        self._rude, self.met, self._kept = rude, 0, []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            guest, _ = self._door.accept()
            self.met += 1
            if self._rude:
                guest.close()
            else:
                self._kept.append(guest)


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def stream(port: int, until: float, heard: list[int]) -> None:
    """One browser: counts what its event stream brings."""
    with socket.create_connection(("127.0.0.1", port), 5) as link:
        link.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        link.settimeout(2.0)
        while time.monotonic() < until:
            try:
                heard.append(link.recv(65536).count(b"event: state"))
            except TimeoutError:
                continue


def ask(port: int, until: float, took_s: list[float]) -> None:
    """One program that asks for the state, at its share of the pace."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    due = time.monotonic()
    while (now := time.monotonic()) < until:
        link.request("GET", "/api/v1/state")
        link.getresponse().read()
        took_s.append(time.monotonic() - now)
        due += ASKERS / ASKS_PER_S
        time.sleep(max(0.0, due - time.monotonic()))


def run() -> list[tuple[str, object, str]]:
    """The whole scene; rows of (what, value, bar)."""
    clock, rng = SystemClock(ZoneInfo("UTC")), Random(3)
    now = clock.now().mono_s
    chargers = [
        VirtualCharger(ChargerProfile(one, first_announcement_s=1.0), Car(CarProfile(), now, rng), now, rng)
        for one in ("3201", "3202")
    ]
    line, web = PtyBus(chargers, clock), free_port()
    rude, mute = Neighbour(rude=True), Neighbour(rude=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sunward.toml"
        path.write_text(SETTINGS.format(port=line.path, web=web, rude=rude.port, mute=mute.port), "utf-8")
        (Path(folder) / "credentials.env").write_text("MYSQL_PASSWORD=x\n", "utf-8")
        (Path(folder) / "credentials.env").chmod(0o600)
        agent = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", "--config", str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert agent.stdout is not None
            agent.stdout.readline()
            time.sleep(4.0)
            heard, took_s = _crowd(web, line)
            gap_s = line.do(lambda units, now: max(unit.longest_gap_s for unit in units))
        finally:
            agent.terminate()
            agent.wait(20)
            line.close()
    took_s.sort()
    return [
        ("longest gap between heartbeats", round(gap_s, 3), "s, at most 1.2"),
        ("states that the browsers received", heard, f"about {STREAMS * LASTS_S:.0f}"),
        ("answers of the API", len(took_s), f"about {ASKS_PER_S * LASTS_S:.0f}"),
        ("answer, median", round(1000 * took_s[len(took_s) // 2], 1), "ms"),
        ("answer, 99th percentile", round(1000 * took_s[int(0.99 * len(took_s))], 1), "ms"),
        ("connections that the broker closed", rude.met, ""),
        ("connections that the database kept waiting", mute.met, ""),
    ]


def _crowd(web: int, line: PtyBus) -> tuple[int, list[float]]:
    line.do(lambda units, now: [setattr(unit, "longest_gap_s", 0.0) for unit in units])
    until, heard, took_s = time.monotonic() + LASTS_S, list[int](), list[float]()
    crowd = [threading.Thread(target=stream, args=(web, until, heard)) for _ in range(STREAMS)]
    crowd += [threading.Thread(target=ask, args=(web, until, took_s)) for _ in range(ASKERS)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return sum(heard), took_s


def main() -> int:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doors", description=__doc__)
    parser.add_argument("--json", action="store_true")
    rows = run()
    if parser.parse_args().json:
        print(json.dumps([{"what": what, "value": value, "bar": bar} for what, value, bar in rows]))
    else:
        for what, value, bar in rows:
            print(f"{what:<46} {value!s:>10}   {bar}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
