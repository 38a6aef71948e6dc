"""`./sunward demo`: the whole product on a house that isn't there, in one process and with real edges.

The chargers sit behind a pseudo-terminal at 9600 baud, the inverter behind Modbus TCP, the page behind
HTTP: the agent that runs here is the one that runs at home. `--speed N` lets the house, the wire and the
agent's clock go N times as fast together. It begins on a sunny morning; one car is
plugged in, the other one comes home after three minutes. Nothing is kept: the state folder goes when the
demo ends.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random

from agent.app import App
from agent.bus.port import Port, open_port
from agent.config import load
from agent.doors.web.server import WebError
from agent.model import CarStatus, Moment
from notify.settings import SettingsError
from scheduler.clock import now_utc, system_mono_s
from scheduler.settings import computers_zone
from scheduler.wallclock import read_zone
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.house import BatteryProfile, HomeBattery, House, HouseProfile, Powers
from simulator.inverter import InverterState, image
from simulator.weather import day_named
from simulator.wires.modbus import ModbusServer
from simulator.wires.pty import PtyBus

BEGINS_AT = time(10, 20)
SECOND_CAR_AFTER_S = 180.0
BEAT_S = 0.25
CAR_NEWS_S = 10.0
VOLTS = 230.0

SETTINGS = """
[site]
name = "Demo house"
timezone = "{zone}"
volts = 230
[bus]
port = "{port}"
circuit_amps = 32
[[chargers]]
id = "3201"
name = "Garage"
max_amps = 32
[[chargers]]
id = "C0DB"
name = "Carport"
max_amps = 16
[meters]
grid = "solaredge://127.0.0.1:{modbus}?meter=1&every_s=2"
solar = "solaredge://127.0.0.1:{modbus}?every_s=2"
battery = "solaredge://127.0.0.1:{modbus}?every_s=2"
[solar]
start_delay_s = 20
min_off_s = 120
battery_full_percent = 80
[[windows]]
name = "Cheap night"
days = "daily"
from = "00:30"
to = "05:00"
mode = "fast"
amps = 16
[web]
listen = "{listen}"
currency = "€"
grid_price = 0.32
sell_price = 0.08
"""


class FastClock:
    """A clock that goes `speed` times as fast and began at a time of day of its own choice."""

    def __init__(self, wall: datetime, speed: float) -> None:
        self._wall, self._speed = wall, speed
        self._began = system_mono_s()

    def now(self) -> Moment:
        """This moment in the demo's house."""
        lived_s = (system_mono_s() - self._began) * self._speed
        return Moment(self._began + lived_s, self._wall + timedelta(seconds=lived_s))


class HastyPort:
    """A port whose patience is measured on a clock that goes `speed` times as fast."""

    def __init__(self, port: Port, speed: float) -> None:
        self.is_network = port.is_network
        self.write, self.close = port.write, port.close
        self._port, self._speed = port, speed

    def read(self, timeout_s: float) -> bytes:
        """As the port itself, sooner."""
        return self._port.read(timeout_s / self._speed)


class DemoHouse:
    """Sun, load, battery, two cars and their chargers, alive in a thread of their own."""

    def __init__(self, clock: FastClock, begins: datetime, speed: float) -> None:
        self._clock, self._speed = clock, speed
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._began = clock.now().mono_s
        rng = Random(7)
        first = CarProfile("5YJ3E1EA7KF000001", soc_percent=46, limit_percent=90, start_lag_s=6)
        second = CarProfile("LRW3E7EK4NC000002", soc_percent=71, max_amps=16, battery_kwh=60, start_lag_s=6)
        self.cars = (Car(first, self._began, rng), Car(second, self._began, rng))
        self.chargers = [
            VirtualCharger(ChargerProfile("3201", volts=VOLTS), self.cars[0], self._began, rng),
            VirtualCharger(ChargerProfile("C0DB", sign=0x41, volts=VOLTS), None, self._began, rng),
        ]
        since_midnight_s = (begins - begins.replace(hour=0, minute=0, second=0)).total_seconds()
        battery = HomeBattery(replace(BatteryProfile(), soc_percent=86.0, charge_watts=2500.0))
        self.house = House(
            day_named("sunny"), HouseProfile(volts=VOLTS, starts_at_s=since_midnight_s), battery
        )
        for charger in self.chargers:
            self.house.wire(charger)
        self._counters = [12_345_678.0, 2_000_000.0, 6_000_000.0]  # sun, bought, sold: Wh
        self._last = self._began
        self.bus = PtyBus(self.chargers, clock, speed=speed)
        self.inverter = ModbusServer(lambda unit, function: image(self.state()))
        self._thread = threading.Thread(target=self._live, name="demo house", daemon=True)

    def start(self) -> None:
        """Everything at once."""
        self.inverter.start()
        self._thread.start()

    def close(self) -> None:
        """Nothing is left behind."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        self.inverter.stop()
        self.bus.close()

    def state(self) -> InverterState:
        """What the inverter's registers say now."""
        with self._lock:
            flow = self._flow()
            solar_wh, import_wh, export_wh = self._counters
        return InverterState(
            solar_watts=flow.solar_w,
            grid_watts=flow.grid_w,
            battery_watts=flow.battery_w,
            soc_percent=flow.soc_percent or 0.0,
            volts=flow.volts,
            solar_wh=solar_wh,
            import_wh=import_wh,
            export_wh=export_wh,
        )

    def _flow(self) -> Powers:
        now = self._clock.now().mono_s
        flow = self.house.at(now - self._began)
        hours, self._last = (now - self._last) / 3600, now
        self._counters[0] += flow.solar_w * hours
        self._counters[1 if flow.grid_w > 0 else 2] += abs(flow.grid_w) * hours
        return flow

    def _live(self) -> None:
        arrives_at: float | None = self._began + SECOND_CAR_AFTER_S
        while not self._ended.wait(BEAT_S / self._speed):
            now = self._clock.now().mono_s
            if arrives_at is not None and now >= arrives_at:
                arrives_at = None
                self.bus.do(self._second_car_comes_home)
            with self._lock:
                self._flow()

    def _second_car_comes_home(self, chargers: list[VirtualCharger], now: float) -> None:
        chargers[1].plug(self.cars[1], now)

    def known_cars(self, wall: datetime | None) -> list[CarStatus]:
        """What the cars' own app would tell."""
        plugged = [self.chargers[0].car, self.chargers[1].car]
        return [
            CarStatus(
                car.profile.vin,
                name,
                round(car.soc_percent, 1),
                car.limit_percent,
                "Charging" if car.drawn_amps else "Stopped",
                car in plugged,
                car.asleep,
                wall,
            )
            for car, name in zip(self.cars, ("Blue Model 3", "Red Model Y"), strict=True)
        ]


def demo(listen: str, speed: float) -> int:
    """Run until Ctrl-C; the exit status."""
    zone = read_zone(computers_zone())
    begins = datetime.combine(now_utc().astimezone(zone).date(), BEGINS_AT, zone)
    clock: FastClock = FastClock(begins, speed)
    folder = Path(tempfile.mkdtemp(prefix="sunward-demo-"))
    house = DemoHouse(clock, begins, speed)
    try:
        house.start()
        return _run(house, clock, folder, listen, speed, zone.key)
    finally:
        house.close()
        shutil.rmtree(folder, ignore_errors=True)


def _run(house: DemoHouse, clock: FastClock, folder: Path, listen: str, speed: float, zone: str) -> int:
    path = folder / "sunward.toml"
    path.write_text(
        SETTINGS.format(zone=zone, port=house.bus.path, modbus=house.inverter.port, listen=listen), "utf-8"
    )
    try:
        app = App(load(path), clock=clock, open_port=lambda url: HastyPort(open_port(url), speed), pace=speed)
        _on_signals(app.ended.set)
        app.start_bus()
        app.start_rooms()
    except SettingsError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        return 1
    except WebError as error:
        print(f"{error} For example: ./sunward demo --listen 127.0.0.1:8081", file=sys.stderr)
        return 1
    print(f"The demo house is alive at {speed:g} x. Its page: {app.web.url}/   (Ctrl-C ends it)", flush=True)
    news = threading.Thread(target=_tell_cars, args=(house, app, clock, speed), daemon=True)
    news.start()
    return app.wait()


def _tell_cars(house: DemoHouse, app: App, clock: FastClock, speed: float) -> None:
    while True:
        for car in house.known_cars(clock.now().wall):
            app.desk.put_car(car)
        if app.ended.wait(CAR_NEWS_S / speed):
            return


def _on_signals(end: Callable[[], None]) -> None:
    for one in (signal.SIGTERM, signal.SIGINT):
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
