"""A simulated month of a house's scheduler, with the counts of calls and letters.

    python -m benchmarks.month [--days 30] [--from 2026-07-01]

Every job of the house runs as from cron, every five minutes, on the fake clock: a day-ahead tariff with a
price window, a forecast, a Powerwall with summer and winter peaks, two thermostats, and letters. Each cloud
is a real HTTP server with the bad days of a real one, as is the agent; mail goes to a real SMTP server.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.agent_api import Agent
from scheduler.clock import FakeClock
from scheduler.jobs import JobRunner
from scheduler.letters import Letters
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from simulator.clouds.honeywell import HoneywellPortal, Stat
from simulator.clouds.powerwall import PowerwallCloud
from simulator.clouds.web import Answer, Request, WebPeer
from simulator.mailbox import Mailbox
from simulator.wires.smtp import SmtpServer

ZONE = ZoneInfo("America/Los_Angeles")
EVERY_S = 300
SETTINGS = """
[site]
timezone = "America/Los_Angeles"
[web]
listen = "{agent}"
[notify]
to = "me@example.org"
from = "home@example.org"
[notify.smtp]
host = "127.0.0.1"
port = {mail}
security = "none"
[tariff]
kind = "energy_charts"
zone = "DE-LU"
address = "http://{agent}"
[[tariff.windows]]
name = "cheap night"
hours = 3
[forecast]
latitude = 37.8
longitude = -122.3
planes = [{{ kwp = 6 }}]
degrees = "F"
address = "http://{agent}"
[battery]
site = "1234567"
address = "{cloud}"
holidays = ["us-utility"]
off_peak = {{ mode = "backup", reserve = 100 }}
[[battery.periods]]
name = "summer peak"
months = "5-10"
from = "14:00"
to = "20:00"
mode = "self_consumption"
reserve = 0
[[battery.periods]]
name = "winter morning"
months = "11-4"
from = "05:00"
to = "09:00"
mode = "self_consumption"
reserve = 0
report = false
[[battery.periods]]
name = "winter evening"
months = "11-4"
from = "17:00"
to = "21:00"
mode = "self_consumption"
reserve = 0
[thermostats]
address = "{portal}"
holidays = ["us-utility"]
steps = [{{ battery_percent = 50, degrees = 2 }}, {{ battery_percent = 20, degrees = 4 }}]
precool = {{ setpoint = 67, battery_below = 40, hotter_than = 100 }}
"""


class World:
    """The agent, an exchange and a weather service in one server, and the battery's day."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.windows: dict[str, Any] = {}
        self.told: dict[str, Any] = {"/api/v1/prices": {"currency": "", "slots": []}, "/api/v1/forecast": []}
        self.counts: Counter[str] = Counter()
        self.web = WebPeer(self._answer).start()

    def now(self) -> float:
        """Seconds since 1970."""
        assert self.clock.wall is not None
        return self.clock.wall.timestamp()

    def _answer(self, request: Request) -> Answer:
        path = request.path
        self.counts[path if not path.startswith("/api/v1/windows/") else "/api/v1/windows/NAME"] += 1
        if path == "/price":
            return self._prices(request.query["start"])
        if path == "/v1/forecast":
            return self._weather()
        if path == "/api/v1/history":
            return Answer([{"solar_w": 1200.0}] * 96)
        if path in self.told:
            if request.method == "PUT":
                self.told[path] = json.loads(request.body)
            return Answer(self.told[path])
        if path.startswith("/api/v1/windows/"):
            name = path.rpartition("/")[2].replace("%20", " ")
            if request.method == "PUT":
                self.windows[name] = {**request.form, "name": name}
            else:
                self.windows.pop(name, None)
        if path.startswith("/api/v1/windows"):
            return Answer(list(self.windows.values()))
        return Answer({"ok": True, "age_s": 0.1, "problems": []})

    def _prices(self, start: str) -> Answer:
        assert self.clock.wall is not None
        day = datetime.fromisoformat(start).replace(tzinfo=ZONE)
        days = 2 if self.clock.wall.hour >= 13 else 1
        end = (day.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=ZONE)
        starts = list(range(int(day.timestamp()), int(end.timestamp()), 900))
        prices = [80 + 60 * math.sin(at_s / 86400 * 2 * math.pi) for at_s in starts]
        return Answer({"unix_seconds": starts, "price": prices, "unit": "EUR / MWh"})

    def _weather(self) -> Answer:
        first = int(self.now() // 86400 - 1) * 86400
        times = [first + 3600 * hour for hour in range(96)]
        light = [max(0.0, 800 * math.sin((at_s - 14 * 3600) / 86400 * 2 * math.pi)) for at_s in times]
        heat = [22.0 + 12 * math.sin((at_s - 17 * 3600) / 86400 * 2 * math.pi) for at_s in times]
        hourly = {"time": times, "global_tilted_irradiance": light, "temperature_2m": heat}
        return Answer({"hourly": hourly})


def month(first: datetime, days: int, folder: Path) -> dict[str, Any]:
    """Live it. Returns figures: seconds, ticks, calls by service, letters by subject."""
    clock = FakeClock(first)
    world, mailbox = World(clock), Mailbox()
    smtp = SmtpServer(mailbox).start()
    cloud = PowerwallCloud(world.now).start()
    cloud.pack.mode, cloud.pack.reserve = "backup", 100
    portal = HoneywellPortal(world.now, _1=Stat("Downstairs"), _2=Stat("Upstairs")).start()
    config = folder / "sunward.toml"
    listen = world.web.url.removeprefix("http://")
    config.write_text(
        SETTINGS.format(agent=listen, mail=smtp.port, cloud=cloud.cloud.url, portal=portal.web.url)
    )
    secrets = folder / "credentials.env"
    secrets.write_text("TESLA_ACCESS_TOKEN=good\nHONEYWELL_USER=me\nHONEYWELL_PASSWORD=right\n")
    secrets.chmod(0o600)
    settings = SchedulerSettings.load(config)
    letters = Letters(settings)
    agent = Agent(settings.agent_url)
    jobs = [*jobs_of(settings), *letters.jobs]
    runner = JobRunner(jobs, settings, clock, agent, letters.tell, lambda pause_s: _pause(clock, pause_s))
    began, cpu_began_s = perf_counter(), process_time()
    end_s = first.timestamp() + days * 86400
    ticks = failed = 0
    while world.now() < end_s:
        clock.advance(EVERY_S - world.now() % EVERY_S)
        _weather_of_the_battery(cloud, clock)
        _bad_days(cloud, portal, world)
        failed += sum(outcome.did == "failed" for outcome in runner.tick())
        ticks += 1
    took_s, cpu_s = perf_counter() - began, process_time() - cpu_began_s
    for server in (smtp, cloud, portal, world.web):
        server.stop()
    return {
        "days": days,
        "seconds": round(took_s, 1),
        "cpu_seconds": round(cpu_s, 1),
        "ticks": ticks,
        "failed_runs": failed,
        "calls": {
            "exchange": world.counts["/price"],
            "weather": world.counts["/v1/forecast"],
            "powerwall_reads": cloud.counts["GET live_status"],
            "powerwall_writes": cloud.counts["POST operation"] + cloud.counts["POST backup"],
            "honeywell_sign_ins": portal.counts["sign-in"],
            "honeywell_reads": portal.counts["GET /Device/CheckDataSession"],
            "honeywell_writes": portal.counts["POST /Device/SubmitControlScreenChanges"],
        },
        "letters": len(mailbox.letters()),
        "letters_twice": sum(letter.copies > 1 for letter in mailbox.letters()),
        "subjects": Counter(_kind_of(letter.subject) for letter in mailbox.letters()),
    }


def _pause(clock: FakeClock, pause_s: float) -> None:
    clock.advance(pause_s)


def _weather_of_the_battery(cloud: PowerwallCloud, clock: FakeClock) -> None:
    """Full in the morning, low in the evening; every third day worse."""
    assert clock.wall is not None
    pack, hour = cloud.pack, clock.wall.hour + clock.wall.minute / 60
    pack.settle(clock.wall.timestamp())
    depth = 85 if clock.wall.day % 3 == 0 else 45
    pack.charge_percent = 100 - depth * max(0.0, min(1.0, (hour - 14) / 6))
    pack.battery_watts = 1500.0 if 14 <= hour < 20.1 else 0.0
    pack.grid_watts = 2200.0 if clock.wall.day == 15 and 17 <= hour < 18 else 40.0


def _bad_days(cloud: PowerwallCloud, portal: HoneywellPortal, world: World) -> None:
    """The 8th: Tesla's cloud is down as a peak begins. The 10th: Honeywell's session dies at noon."""
    wall = datetime.fromtimestamp(world.now(), ZONE)
    cloud.troubles = [("", Answer({}, 503))] if wall.day == 8 and 13 <= wall.hour < 16 else []
    if wall.day == 10 and wall.hour == 12 and wall.minute == 0:
        portal.end_session()


def _kind_of(subject: str) -> str:
    return " ".join(subject.split()[:5])


def main() -> None:
    """Print the figures as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--days", type=int, default=30)
    asked.add_argument("--from", dest="first", default="2026-07-01")
    given = asked.parse_args()
    logging.disable(logging.CRITICAL)
    first = datetime.fromisoformat(given.first).replace(tzinfo=ZONE)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(month(first, given.days, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
