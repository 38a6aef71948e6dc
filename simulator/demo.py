"""`./sunward demo`: the whole product on a house that isn't there, with real edges.

The chargers sit behind a pseudo-terminal at 9600 baud, the inverter behind Modbus TCP, the page behind
HTTP: the agent that runs here is the one that runs at home. So is the scheduler, in a process of its own: it
meets Tesla, a Powerwall, thermostats, prices and a forecast over HTTP, and writes letters over SMTP, which
one can read on a page. `--speed N` lets the house, the wire, the clouds and every clock go N times as fast
together. It begins on a sunny morning; one car is plugged in, the other one comes home after three minutes.
Nothing is kept: the state folder goes when the demo ends.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from agent.app import App
from agent.bus.port import Port, open_port
from agent.config import load
from agent.doors.web.server import WebError
from notify.settings import SettingsError
from scheduler.clock import now_utc
from scheduler.settings import computers_zone
from scheduler.wallclock import read_zone
from simulator.demo_clouds import DemoClouds
from simulator.demo_house import DemoHouse
from simulator.fast_clock import FastClock
from simulator.letters_page import LettersPage
from simulator.resident import Resident

BEGINS_AT = time(10, 20)
KNOWN_AFTER_S = 15.0  # of this computer: a busy one is slow at any speed


class HastyPort:
    """A port whose patience is measured on a clock that goes `speed` times as fast."""

    def __init__(self, port: Port, speed: float) -> None:
        self.is_network = port.is_network
        self.write, self.close = port.write, port.close
        self._port, self._speed = port, speed

    def read(self, timeout_s: float) -> bytes:
        """As the port itself, sooner."""
        return self._port.read(timeout_s / self._speed)


def demo(listen: str, speed: float) -> int:
    """Run until Ctrl-C; the exit status."""
    _on_signals(_leave)
    zone = read_zone(computers_zone())
    clock = FastClock(datetime.combine(now_utc().astimezone(zone).date(), BEGINS_AT, zone), speed)
    folder = Path(tempfile.mkdtemp(prefix="sunward-demo-"))
    house = DemoHouse(clock)
    clouds = DemoClouds(house, clock, zone)
    try:
        house.start()
        clouds.start()
        return _run(house, clouds, clock, folder, listen, zone)
    finally:
        clouds.close()
        house.close()
        shutil.rmtree(folder, ignore_errors=True)


def _run(
    house: DemoHouse, clouds: DemoClouds, clock: FastClock, folder: Path, listen: str, zone: ZoneInfo
) -> int:
    path, speed = clouds.write(folder, listen), clock.speed
    try:
        at_home = load(path)
        letters = LettersPage(clouds.mailbox, clock, f"http://{listen}/")
        app = App(
            at_home,
            clock=clock,
            open_port=lambda url: HastyPort(open_port(url), speed),
            pace=speed,
            links={"The demo's letters": f"{letters.url}/"},
        )
        _on_signals(app.ended.set)
        app.start_bus()
        app.start_rooms()
    except SettingsError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        return 1
    except WebError as error:
        print(f"{error} For example: ./sunward demo --listen 127.0.0.1:8081", file=sys.stderr)
        return 1
    if listen.endswith(":0"):  # any free port: now it is known, and the scheduler must know it, too
        clouds.write(folder, urlsplit(app.web.url).netloc)
    with _beside(app, letters, clock, path, zone):
        _until_ended(app)
    return app.wait()


@contextmanager
def _beside(app: App, letters: LettersPage, clock: FastClock, path: Path, zone: ZoneInfo) -> Iterator[None]:
    """The letters' page and the scheduler, as long as the house lives."""
    letters.start(f"{app.web.url}/")
    resident = Resident(path, clock, zone.key)
    print(
        f"The demo house is alive at {clock.speed:g} x. Its page: {app.web.url}/   (Ctrl-C ends it)",
        flush=True,
    )
    print(f"Its letters: {letters.url}/   (the first ones come within two minutes of its time)", flush=True)
    threading.Thread(target=_begin, args=(resident, app), daemon=True).start()
    try:
        yield
    finally:
        resident.end()
        letters.stop()


def _until_ended(app: App) -> None:
    while not app.ended.wait(1.0):
        pass


def _begin(resident: Resident, app: App) -> None:
    """The scheduler begins when the bus has told which car is there, as in a house that has run for long."""
    for _ in range(round(KNOWN_AFTER_S * 10)):
        if any(one.vin for one in app.published.get().bus.chargers):
            break
        if app.ended.wait(0.1):
            return
    resident.begin()


def _leave() -> None:
    """Somebody changes their mind while it starts."""
    raise SystemExit(0)


def _on_signals(end: Callable[[], None]) -> None:
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, lambda number, frame: end())


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command's arguments."""
    command = commands.add_parser("demo", help="the whole product on a house that isn't there")
    command.add_argument("--listen", default="127.0.0.1:8080", metavar="HOST:PORT")
    command.add_argument("--speed", type=float, default=1.0, help="so many times as fast (1 to 60)")


def main(asked: argparse.Namespace) -> int:
    """Run the command."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    if not 1 <= asked.speed <= 60:
        print(f"--speed {asked.speed:g} can't be: 1 to 60.", file=sys.stderr)
        return 1
    return demo(asked.listen, asked.speed)
