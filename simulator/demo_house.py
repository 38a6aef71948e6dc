"""The demo's house: sun, load, a Powerwall, two cars and their chargers, alive in a thread of its own.

The cars on the cables are those of the cloud, the battery at the inverter is the Powerwall of the account:
each is one thing, seen by several roads.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from random import Random

from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.clouds.powerwall import Pack
from simulator.clouds.tesla_twin import TwinCar
from simulator.fast_clock import FastClock
from simulator.house import BatteryProfile, HomeBattery, House, HouseProfile, Powers
from simulator.inverter import InverterState, image
from simulator.weather import day_named
from simulator.wires.modbus import ModbusServer
from simulator.wires.pty import PtyBus

SECOND_CAR_AFTER_S = 180.0
BEAT_S = 0.25
VOLTS = 230.0
NAMES = ("Blue Model 3", "Red Model Y")


class DemoHouse:
    """Everything that has a weight. `pack` is what the Powerwall's cloud says and is told."""

    def __init__(self, clock: FastClock) -> None:
        self._clock, self._speed = clock, clock.speed
        self.pack = Pack(mode="backup", reserve=80)  # as the cheap night left it
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._began = clock.now().mono_s
        rng = Random(7)
        first = CarProfile("5YJ3E1EA7KF000001", soc_percent=46, limit_percent=90, start_lag_s=6)
        second = CarProfile("LRW3E7EK4NC000002", soc_percent=71, max_amps=16, battery_kwh=60, start_lag_s=6)
        self.cars = (Car(first, self._began, rng), Car(second, self._began, rng))
        self.chargers = [
            VirtualCharger(ChargerProfile("3201", volts=VOLTS), self.cars[0], self._began, rng),
            VirtualCharger(
                ChargerProfile("C0DB", sign=0x41, volts=VOLTS, serial="A17K0003202"), None, self._began, rng
            ),
        ]
        self.twins = tuple(self._twin(place) for place in (0, 1))
        begins = clock.wall
        since_midnight_s = begins.hour * 3600.0 + begins.minute * 60 + begins.second
        self.trace = day_named("sunny")
        self.battery = HomeBattery(replace(BatteryProfile(), soc_percent=86.0, charge_watts=2500.0))
        self.house = House(self.trace, HouseProfile(volts=VOLTS, starts_at_s=since_midnight_s), self.battery)
        for charger in self.chargers:
            self.house.wire(charger)
        self._counters = [12_345_678.0, 2_000_000.0, 6_000_000.0]  # sun, bought, sold: Wh
        self._last = self._began
        self.bus = PtyBus(self.chargers, clock, speed=clock.speed)
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

    def _twin(self, place: int) -> TwinCar:
        car = self.cars[place]

        def cable() -> VirtualCharger | None:
            return next((charger for charger in self.chargers if charger.car is car), None)

        return TwinCar(car, NAMES[place], cable, self._clock.now_s(), place)

    def _flow(self) -> Powers:
        now, pack = self._clock.now().mono_s, self.pack
        pack.settle(self._clock.now_s())
        self.battery.reserve_percent = pack.reserve
        self.battery.holds_back = pack.mode == "backup"
        flow = self.house.at(now - self._began)
        hours, self._last = (now - self._last) / 3600, now
        self._counters[0] += flow.solar_w * hours
        self._counters[1 if flow.grid_w > 0 else 2] += abs(flow.grid_w) * hours
        pack.charge_percent = round(flow.soc_percent or 0.0, 2)
        pack.battery_watts, pack.grid_watts = round(flow.battery_w), round(flow.grid_w)
        pack.solar_watts, pack.house_watts = round(flow.solar_w), round(flow.house_w + flow.chargers_w)
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
            for twin in self.twins:
                twin.look(self._clock.now_s())

    def _second_car_comes_home(self, chargers: list[VirtualCharger], now: float) -> None:
        chargers[1].plug(self.cars[1], now)
