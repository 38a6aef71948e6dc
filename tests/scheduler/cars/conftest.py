"""A street with one car: Tesla's clouds over real HTTP, a charger as the agent shows it, a fake clock."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.cars.room import jobs
from scheduler.clock import FakeClock
from scheduler.settings import SchedulerSettings
from simulator.clouds.tesla import TeslaClouds
from simulator.clouds.tesla_car import CloudCar

VIN = "5YJ3E1EA7KF000042"


class Street:
    """The car, its clouds and its charger; `live` lets time pass with the jobs ticking as they do."""

    def __init__(self, make_house, config, agent, clouds):
        self._make_house = make_house
        self._config = config
        self._plain = config.read_text()
        self.agent = agent
        self.clouds = clouds
        self.car = clouds.cars[VIN]
        self.offer = 0.0
        self.wants_it = None  # "start" or "stop": what the brain wishes while it is so
        self.energy_wh = 100_000.0
        self.mode = "solar"
        self.home = None
        self.said = []

    def settings(self, car="", tesla="", reads="fleet://", commands="fleet-proxy", signed_in=True):
        port, api, sso = self.clouds.proxy.port, self.clouds.api.url, self.clouds.sso.url
        commands = f"fleet-proxy://127.0.0.1:{port}?tls=no" if commands == "fleet-proxy" else commands
        self._config.write_text(
            self._plain + f'[[chargers]]\nid = "3201"\nname = "Garage"\nmax_amps = 16\n'
            f'[tesla]\nclient_id = "app"\nfleet_url = "{api}"\nowner_url = "{api}"\n'
            f'sso_url = "{sso}"\nfleet_auth_url = "{sso}/oauth2/v3"\n{tesla}\n'
            f'[[cars]]\nvin = "{VIN}"\nname = "Comet"\nreads = {json.dumps(reads)}\n'
            f"commands = {json.dumps(commands)}\n{car}\n"
        )
        found = SchedulerSettings.load(self._config)
        self.home = self._make_house(*jobs(found), clock=self.home.clock if self.home else self.clock)
        for name in ("fleet", "owner") if signed_in else ():
            self.sign_in(name)
        return self

    def sign_in(self, name="fleet"):
        folder = self.home.settings.state_dir / "tesla"
        folder.mkdir(parents=True, exist_ok=True)
        reply, now_s = self.clouds.sign_in(), self.clock.wall.timestamp()
        pair = {"access": reply["access_token"], "refresh": reply["refresh_token"]}
        pair |= {"made_s": now_s, "ends_s": now_s + reply["expires_in"]}
        (folder / f"{name}.json").write_text(json.dumps({"pair": pair}))

    @property
    def now_s(self):
        return self.clock.wall.timestamp()

    def plug(self):
        self.car.plug(self.now_s, self.offer)

    def unplug(self):
        self.car.unplug(self.now_s)

    def live(self, seconds, step_s=30.0):
        """Time passes; the charger gives what the car takes; jobs tick. Answers what they said."""
        said = []
        for _ in range(max(1, round(seconds / step_s))):
            self._physics(step_s)
            self._show()
            for outcome in self.home.after(step_s):
                said += outcome.sentences
        self.said += said
        return said

    def _boosted(self):
        """The boost in force, as the agent drops it: at its end, or at its goal."""
        boost = self.agent.boost
        if boost and "until" in boost:
            over = datetime.fromisoformat(boost["until"]).timestamp() <= self.now_s
            if over or self.car.soc_percent >= boost.get("to_soc_percent", 101):
                self.agent.boost = boost = None
        return boost

    def _physics(self, step_s):
        self.car.offered_amps = 16 if self._boosted() else self.offer
        wh = self.car.drawn_amps * 230 * step_s / 3600
        self.energy_wh += wh
        self.car.soc_percent += wh * 0.9 / 75000 * 100

    def _show(self):
        car, boost = self.car, self._boosted()
        self.agent.charger |= {
            "boost": {"charger": "3201", "ends": boost.get("until")} if boost else None,
            "vin": VIN if car.plugged else "",
            "plugged": car.plugged,
            "linked": True,
            "offered_amps": 16 if boost else self.offer,
            "drawn_amps": car.drawn_amps,
            "charging": car.drawn_amps > 0,
            "energy_wh": self.energy_wh,
            "min_amps": 6.0,
            "max_amps": 16.0,
            "mode": self.mode,
        }
        wish = {"vin": VIN, "action": self.wants_it, "value": None, "why": "enough sun", "charger": "3201"}
        self.agent.wishes = [wish] if self.wants_it else []

    @property
    def kinds(self):
        return [event.kind for event in self.home.told]

    def memory(self):
        return json.loads((self.home.runner.folder / "cars.json").read_text())["cars"][VIN]["memory"]

    @property
    def shown(self):
        return self.agent.cars[VIN]

    @property
    def counts(self):
        """Calls of Tesla's API by class; renewals of the sign-in apart."""
        return {kind: count for kind, count in self.clouds.counts.items() if kind != "token"}


@pytest.fixture
def clouds():
    found = TeslaClouds(lambda: 0.0, CloudCar(VIN)).start()
    yield found
    found.stop()


@pytest.fixture
def street(house, config, agent, clouds):
    found = Street(house, config, agent, clouds)
    found.clock = FakeClock(datetime(2026, 6, 10, 12, tzinfo=ZoneInfo("Europe/Berlin")))
    clouds.now = lambda: found.now_s
    return found
