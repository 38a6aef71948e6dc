"""A house with a Powerwall in a real (small) cloud, on the fake clock."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.clock import FakeClock
from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from simulator.clouds.powerwall import PowerwallCloud

PHOENIX = ZoneInfo("America/Phoenix")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")

PERIODS = """
[battery]
site = "1234567"
address = "{address}"
holidays = ["us-utility"]
off_peak = {{ reserve = 100, mode = "backup" }}
{more}
[[battery.periods]]
name = "summer peak"
months = "5-10"
from = "14:00"
to = "20:00"
reserve = 0
mode = "self_consumption"
[[battery.periods]]
name = "winter morning"
months = "11-4"
from = "05:00"
to = "09:00"
reserve = 0
mode = "self_consumption"
report = false
[[battery.periods]]
name = "winter evening"
months = "11-4"
from = "17:00"
to = "21:00"
reserve = 0
mode = "self_consumption"
"""


class BatteryHouse:
    """The two jobs, their cloud, and what was told."""

    def __init__(self, config, house, wall, more="", zone=LOS_ANGELES, before=""):
        self.clock = FakeClock(datetime.fromisoformat(wall).replace(tzinfo=zone))
        self.cloud = PowerwallCloud(lambda: self.clock.wall.timestamp()).start()
        self.pack = self.cloud.pack
        self.pack.mode, self.pack.reserve = "backup", 100
        more = more.replace("GATEWAY", self.cloud.gateway.url)
        text = PERIODS.format(address=self.cloud.cloud.url, more=more)
        listen = SchedulerSettings.load(config).agent_url.removeprefix("http://")
        config.write_text(f'[site]\ntimezone = "{zone.key}"\n[web]\nlisten = "{listen}"\n{before}{text}')
        secrets = config.with_name("credentials.env")
        secrets.write_text("TESLA_ACCESS_TOKEN=good\nGATEWAY_PASSWORD=12345\n")
        secrets.chmod(0o600)
        self.config, self._house = config, house
        self.home = self.again()

    def again(self, **more):
        """Another process with the same files."""
        jobs = jobs_of(SchedulerSettings.load(self.config))[1:]
        self.home = self._house(*jobs, clock=self.clock, **more)
        return self.home

    def until(self, text, every_s=60):
        """Ticks until the clock shows this; answers what was said."""
        goal = datetime.fromisoformat(text).replace(tzinfo=self.clock.wall.tzinfo).timestamp()
        said = []
        while self.clock.wall.timestamp() < goal:
            step = min(every_s, goal - self.clock.wall.timestamp())
            said += [line for one in self.home.after(step) for line in one.sentences]
        return said

    def jump(self, **span):
        """Nobody is there for a while."""
        self.clock.advance(timedelta(**span).total_seconds())

    @property
    def kinds(self):
        return [event.kind for event in self.home.told]

    def said(self, kind):
        """What the letters of a kind say."""
        return " ".join(event.sentence for event in self.home.told if event.kind == kind)

    @property
    def state(self):
        self.pack.settle(self.clock.wall.timestamp())
        return self.pack.mode, self.pack.reserve


@pytest.fixture
def powerwall(config, house):
    """Start a battery house at a local time."""
    started = []

    def start(wall, more="", **kwargs):
        started.append(BatteryHouse(config, house, wall, more, **kwargs))
        return started[-1]

    yield start
    for one in started:
        one.cloud.stop()
