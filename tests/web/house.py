"""A mini-house for the web door's tests: scripted values through real Slots, a real desk and a real server.

It obeys what people ask in the plainest way (fast: all; sun: the surplus; off: nothing), so that a test
can tap a button and see a charger follow, without the brain and the bus.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.app import pusher
from agent.desk import Desk, KeptNowhere
from agent.doors.rooms import Money, Rooms, Site
from agent.doors.web.server import WebServer, WebSettings
from agent.meters.part import Meters
from agent.meters.plan import Plan
from agent.model import (
    BusHealth,
    BusView,
    CarStatus,
    ChargerRules,
    ChargerStatus,
    Decision,
    Event,
    MeterHealth,
    MeterView,
    Mode,
    Offer,
    Published,
    Reading,
    Rules,
    Snapshot,
    Step,
)
from agent.parts import Slot
from scheduler.clock import FakeClock
from scheduler.window_rows import read_windows
from scheduler.windows import in_force

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 3, 13, 5, tzinfo=ZONE)
VIN = "5YJ3E1EA7KF317000"
GARAGE, CARPORT = "3201", "A7F4"
RULES = Rules(
    chargers=(
        ChargerRules(GARAGE, name="Garage", max_amps=32, phases=("L1",)),
        ChargerRules(CARPORT, name="Carport", max_amps=16, phases=("L1",), priority=2),
    ),
    circuit_amps=40,
    main_fuse_amps=63,
    volts=230,
)
NIGHT = {"name": "night", "days": "mon-fri", "from": "21:30", "to": "07:15", "mode": "fast", "amps": 16}

FINDINGS = (
    {"level": "good", "about": "settings", "says": "sunward.toml can be used."},
    {"level": "good", "about": "grid meter", "says": "It told its last value 1 s ago."},
    {"level": "odd", "about": "bus", "says": "12 damaged of 800 messages: look at cable and termination."},
)


class Remembered:
    """A history of a few made-up days, in memory."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def history(self, start, end, step_s):
        """A summer day's curve."""
        if step_s >= 86400:
            return self._days(start, min(end, NOON))
        rows, at = [], start
        while at < end:
            local = at.astimezone(ZONE)
            sun = max(0.0, 1 - abs(local.hour + local.minute / 60 - 13.3) / 7.5) ** 1.3 * 7200
            cars = max(0.0, sun - 1500) if 9 <= local.hour < 16 else 0.0
            house = 350 + 250 * (local.hour in (7, 8, 12, 18, 19, 20))
            rows.append(
                {
                    "at": at.isoformat(),
                    "solar_w": round(sun),
                    "house_w": house,
                    "chargers_w": round(cars),
                    "battery_w": 0,
                    "grid_w": round(house + cars - sun),
                    "step_s": step_s,
                    "solar_wh": sun * step_s / 3600,
                    "house_wh": house * step_s / 3600,
                    "chargers_wh": cars * step_s / 3600,
                    "import_wh": max(0, house + cars - sun) * step_s / 3600,
                    "export_wh": max(0, sun - house - cars) * step_s / 3600,
                    "charged_wh": 0,
                    "discharged_wh": 0,
                    "buy_per_kwh": buy_at(local),
                    "sell_per_kwh": 0.08,
                    "chargers": {GARAGE: _amps(cars, step_s)},
                }
            )
            at += timedelta(seconds=step_s)
        return rows

    def _days(self, start, end):
        """Days of a made-up year: sunny or not, with the battery's and the grid's share."""
        rows, at = [], start
        while at < end:
            sun = 12000 + 9000 * math.sin(at.timetuple().tm_yday / 58.0 - 1.4) + 4000 * (at.day % 5 - 2)
            sun, car = max(sun, 2500.0), 9000.0 * (at.day % 3 > 0)
            own = min(car, sun * 0.6)
            charger = {"solar_wh": round(own), "battery_wh": 400, "grid_wh": round(max(0.0, car - own))}
            kwh, bought = (own + 400) / 1000, max(0.0, car - own) / 1000
            charger |= {"priced_wh": car, "energy_wh": car, "saved": kwh * 0.24}
            charger |= {"cost": kwh * 0.08 + bought * 0.32}
            used = min(sun, own + 5000.0)
            row = {"at": at.isoformat(), "step_s": 86400, "solar_wh": round(sun), "house_wh": 8600}
            row |= {"chargers_wh": round(car), "export_wh": round(sun - used), "charged_wh": 1500}
            row |= {"discharged_wh": 1350, "import_wh": round(max(0.0, 8600 + car - used))}
            rows.append({**row, "chargers": {GARAGE: {**charger, "drawn_amps": 1.7}}})
            at += timedelta(days=1)
        return rows

    def sessions(self, start, end):
        """Two sessions."""
        begin = NOON - timedelta(hours=4)
        return [
            {
                "id": 1,
                "charger": GARAGE,
                "started": (begin - timedelta(days=1)).isoformat(),
                "ended": (begin - timedelta(days=1) + timedelta(hours=5)).isoformat(),
                "energy_wh": 21400,
                "solar_wh": 20100,
                "cost": 2.02,
                "saved": 4.83,
                "currency": "EUR",
                "vin": VIN,
                "car": "Blue Model 3",
                "end_reason": "The car was full.",
            },
            {
                "id": 2,
                "charger": GARAGE,
                "started": begin.isoformat(),
                "ended": None,
                "energy_wh": 8200,
                "solar_wh": 8200,
                "cost": 0.66,
                "saved": 1.97,
                "currency": "EUR",
                "vin": VIN,
                "car": "=HYPERLINK()",
                "end_reason": "",
            },
        ]

    def events(self, after_id, limit, span=None):
        """Events after an id, of a time."""
        newer = [row for row in self.rows if row["id"] > after_id]
        newer = [row for row in newer if not span or span[0] <= datetime.fromisoformat(row["at"]) < span[1]]
        return newer[-limit:] if after_id < 0 else newer[:limit]

    def decisions(self, start, end, charger_id, limit):
        """Two changes of the garage's offer, one of them with its rules."""
        steps = [
            {"rule": "budget", "before_amps": 0, "after_amps": 3.9, "why": "the sun leaves 0.9 kW"},
            {"rule": "hold", "before_amps": 3.9, "after_amps": 0, "why": "below the minimum for too long"},
        ]
        why = "Stopped: the sun leaves only 0.9 kW."
        rows = [
            (1, NOON - timedelta(hours=2), 0, 12, "Offering 12 A: the sun has 2.8 kW to spare.", steps[:1]),
            (2, NOON - timedelta(minutes=40), 12, 0, why, steps),
            (3, NOON - timedelta(minutes=20), 0, 25, "25 A of sun: 6.4 kW from the roof.", steps[:1]),
        ]
        names = ("id", "at", "charger", "before_amps", "after_amps", "reason", "steps")
        found = [
            dict(zip(names, (key, at.isoformat(), GARAGE, *rest), strict=True))
            for key, at, *rest in rows
            if start <= at < end and charger_id in (None, GARAGE)
        ]
        return found[-limit:]

    def tell(self, event: Event) -> None:
        """Write an event down."""
        at = event.at_wall or NOON
        self.rows.append(
            {
                "id": len(self.rows) + 1,
                "at": at.isoformat(),
                "kind": event.kind,
                "sentence": event.sentence,
                "severity": event.severity,
                "subject": event.subject,
                "data": dict(event.data),
            }
        )


def buy_at(wall):
    """A tariff of quarter hours: dear in the morning and evening, cheap at noon and in the night."""
    hour = wall.hour + wall.minute / 60
    curve = 0.26 + 0.07 * math.sin((hour - 4) / 3.82) ** 2 - 0.16 * math.exp(-(((hour - 13.5) / 2.4) ** 2))
    return round(curve + 0.09 * math.exp(-(((hour - 19) / 1.6) ** 2)), 4)


def prices_of(midnight, hours, known=lambda at: True, step_s=900):
    """PUT /prices from a midnight on; `known` says of which quarter hours."""
    begin_s, rows = midnight.timestamp(), []
    for at_s in range(int(begin_s), int(begin_s + hours * 3600), step_s):
        at, end = (datetime.fromtimestamp(one, midnight.tzinfo) for one in (at_s, at_s + step_s))
        row = {"start": at.isoformat(), "end": end.isoformat(), "buy_per_kwh": buy_at(at)}
        rows += [{**row, "sell_per_kwh": 0.08, "co2_g_per_kwh": 180 + at.hour}] if known(at) else []
    return {"currency": "EUR", "slots": rows}


def forecast_of(midnight, days, kilowatts=(5.8, 3.1, 6.4, 2.2)):
    """PUT /forecast for whole days from a midnight on, an hour each."""
    rows = []
    for hour in range(24 * days):
        at_s = midnight.timestamp() + 3600 * hour
        at, end = (datetime.fromtimestamp(one, midnight.tzinfo) for one in (at_s, at_s + 3600))
        share = max(0.0, math.sin((at.hour - 5.5) / 15.5 * math.pi)) if 6 <= at.hour <= 20 else 0.0
        watts = round(1000 * kilowatts[hour // 24 % len(kilowatts)] * share)
        rows.append({"start": at.isoformat(), "end": end.isoformat(), "watts": watts})
    return rows


def _amps(watts, step_s):
    wh = round(watts * step_s / 3600)
    shares = {"energy_wh": wh, "solar_wh": wh, "battery_wh": 0, "grid_wh": 0}
    shares |= {"priced_wh": wh, "cost": wh * 0.00008, "saved": wh * 0.00024}
    return {"offered_amps": round(watts / 233), "drawn_amps": round(watts / 233, 1), "watts": watts, **shares}


def departure_plan():
    """What a scheduler might tell of a car's next departure."""
    prices = [round(0.24 + 0.1 * math.sin((hour - 14) / 3.8), 3) for hour in range(18)]
    begin = NOON.replace(minute=0)
    hours = [begin + timedelta(hours=hour) for hour in range(18)]
    cheap = hours[12], hours[15]
    return {
        "sentence": "80 % by tomorrow 07:00: sun until 17:00, then the three cheapest hours of the night.",
        "ready_at": "2026-06-04T07:00:00+02:00",
        "goal_percent": 80,
        "unit": "€/kWh",
        "prices": [
            {"start": at.isoformat(), "end": (at + timedelta(hours=1)).isoformat(), "price": price}
            for at, price in zip(hours, prices, strict=True)
        ],
        "slots": [
            {"start": cheap[0].isoformat(), "end": cheap[1].isoformat(), "price": 0.15, "amps": 16}
            | {"why": "the cheapest hours before seven"}
        ],
        "forecast": [
            {"start": at.isoformat(), "watts": max(0, 6400 - 900 * hour)} for hour, at in enumerate(hours)
        ],
    }


CALLS = {
    "today": {"data": 38, "command": 4, "wake": 1},
    "caps": {"data": 150, "command": 50, "wake": 5},
    "month_money": 1.84,
    "month_money_cap": 10,
    "currency": "$",
}


class MiniHouse:
    """A house of two chargers; `second()` makes one second pass and publishes it."""

    def __init__(self, rules: Rules = RULES, kept=None, clock=None) -> None:
        self.clock = clock or FakeClock(NOON, 1000.0)
        self.rules = rules
        self.history = Remembered()
        self.published: Slot[Published] = Slot(Published(self.clock.now()))
        self.kept = kept or KeptNowhere()
        self.woken = 0
        self.meters = Meters(Plan(), self.clock)
        self.desk = Desk(
            self.clock,
            self.kept,
            rules,
            windows=read_windows([NIGHT]),
            published=self.published,
            changed=self._wake,
            tell=self.history.tell,
            push=pusher(self.meters),
        )
        self.rooms = Rooms(
            self.clock,
            self.published,
            self.desk,
            self.history,
            Site(
                rules,
                "Sonnenhof",
                versions={"sunward": "0.1.0", "python": "3.13.2"},
                money=Money("€", 0.32, 0.08),
                timezone="Europe/Berlin",
                links={"The demo's letters": "http://127.0.0.1:8081/"},
                settings={"site": {"name": "Sonnenhof", "phases": 1}, "web": {"listen": "127.0.0.1:8080"}},
            ),
            self.history.tell,
            lambda: FINDINGS,
            self.kept,
        )
        self.sun_w, self.house_w, self.soc_percent = 6400.0, 480.0, 61.0
        self.meter_problem = self.bus_problem = self.waiting = ""
        self.drawn = {GARAGE: 0.0, CARPORT: 0.0}
        self.parked = True  # a car in the garage
        self.second()

    def _wake(self) -> None:
        self.woken += 1

    def second(self, seconds: float = 1.0) -> Published:
        """Let time pass: decide, let the cars follow, publish."""
        moment = self.clock.advance(seconds)
        windows = in_force(self.desk.windows.get(), moment.wall, {GARAGE: "", CARPORT: ""})
        offers = tuple(self._offer(charger, windows) for charger in self.rules.chargers)
        self.drawn[GARAGE] = max(0.0, min(offers[0].amps, 32.0)) if self.parked else 0.0
        cars_w = self.drawn[GARAGE] * 233
        battery_w = -600.0 if self.sun_w - self.house_w - cars_w > 600 else 0.0
        grid_w = self.house_w + cars_w - self.sun_w - battery_w
        readings = {
            "grid": Reading(grid_w, moment.mono_s, "solaredge meter 1"),
            "solar": Reading(self.sun_w, moment.mono_s, "solaredge"),
            "battery": Reading(battery_w, moment.mono_s, "powerwall", soc_percent=82),
        }
        health = [
            MeterHealth(role, reading.source, True, "", reading.watts, moment.mono_s)
            for role, reading in readings.items()
        ]
        if self.meter_problem:
            health[0] = replace(health[0], ok=False, problem=self.meter_problem, at_mono_s=moment.mono_s - 95)
        bus = self._bus(offers, moment.mono_s)
        control = replace(self.desk.control.get())
        snapshot = Snapshot(bus.chargers, readings, dict(self.desk.cars.get()), control, windows)
        steps = (
            Step("budget", "", 0, 25.1, "the sun gives 6.4 kW and the house takes 0.5 kW"),
            Step("hold", GARAGE, 25.1, offers[0].amps, "whole amps"),
        )
        decision = Decision(offers, 25.1, steps)
        view = MeterView(readings, tuple(health))
        self.published.put(Published(moment, snapshot, decision, bus, view))
        self.desk.tidy(self.published.get())
        return self.published.get()

    def _offer(self, charger: ChargerRules, windows) -> Offer:
        control, key = self.desk.control.get(), charger.charger_id
        boost = next((b for b in control.boosts if b.charger_id in (key, None)), None)
        mode = control.mode_by_charger.get(key, control.mode)
        surplus = (self.sun_w - self.house_w) // 233 if key == GARAGE else 0.0
        until = self.clock.mono_s + 10
        if boost:
            amps = min(boost.amps or charger.max_amps, charger.max_amps)
            return Offer(key, amps, f"Boosted: {amps:g} A until {boost.ends_wall:%H:%M}.", until)
        if key in windows:
            mode = windows[key].mode
        if mode == Mode.OFF:
            return Offer(key, 0.0, "Switched off.", until)
        if mode == Mode.FAST:
            return Offer(key, charger.max_amps, "Fast: all that the circuit allows.", until)
        if key == CARPORT and mode != Mode.SOLAR_MIN:
            return Offer(key, 0.0, "No car is plugged in.", until)
        if surplus < 6:
            least = 6.0 if mode == Mode.SOLAR_MIN else 0.0
            why = self.waiting or "Waiting for the sun: 0.9 kW left over, 1.4 kW needed."
            return Offer(key, least, why, until)
        amps = min(surplus, charger.max_amps)
        return Offer(key, amps, f"{amps:g} A of sun: {self.sun_w / 1000:.1f} kW from the roof.", until)

    def _bus(self, offers, now: float) -> BusView:
        garage, carport = offers
        drawn = self.drawn[GARAGE]
        return BusView(
            (
                ChargerStatus(
                    GARAGE,
                    state="charging" if drawn else "plugged_in" if self.parked else "ready",
                    rating_amps=32,
                    offered_amps=garage.amps,
                    confirmed_amps=garage.amps,
                    drawn_amps=drawn,
                    volts_by_phase=(233.0, 0.0, 0.0),
                    energy_wh=1_234_567.0 + now,
                    vin=VIN,
                    heard_at_mono_s=now,
                    linked=True,
                    plugged=self.parked,
                    charging=drawn > 0,
                    firmware="4.5.3",
                ),
                ChargerStatus(
                    CARPORT,
                    state="ready",
                    rating_amps=16,
                    offered_amps=carport.amps,
                    confirmed_amps=carport.amps,
                    heard_at_mono_s=now,
                    linked=True,
                ),
            ),
            BusHealth("/dev/ttyUSB0", not self.bus_problem, self.bus_problem, frames=73211, worst_gap_s=1.08),
        )

    def park_the_car(self) -> None:
        """A car in the garage, known to the cloud."""
        car = CarStatus(VIN, "Blue Model 3", self.soc_percent, 80, "Charging", plugged=True, asleep=False)
        car = replace(car, plan=departure_plan(), calls=CALLS)
        self.desk.put_car(car)

    @contextmanager
    def open_web(self, settings: WebSettings | None = None, more=()):
        """The real server on a free port."""
        server = WebServer(self.rooms, settings or WebSettings("127.0.0.1:0"), more)
        server.start()
        try:
            yield server
        finally:
            server.stop()
