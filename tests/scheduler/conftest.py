"""A house for the scheduler's tests: settings, a fake clock, and an agent that is a real server."""

import json
from datetime import datetime
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from scheduler.agent_api import Agent
from scheduler.clock import FakeClock
from scheduler.jobs import JobRunner
from scheduler.settings import SchedulerSettings
from simulator.clouds.web import Answer, WebPeer

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 10, 12, tzinfo=BERLIN)


class AgentPeer:
    """As much of the agent's API as the scheduler uses, over real HTTP; it remembers what it was told."""

    def __init__(self, url):
        self.url = url
        self.windows = []
        self.cars = {}
        self.forecast = []
        self.prices = {"currency": "", "slots": []}
        self.meters = {}
        self.mode = "solar"
        self.own_mode = None
        self.boost = None
        self.charger = {"id": "3201", "name": "Garage", "offered_amps": 16.0, "drawn_amps": 15.5}
        self.wishes = []
        self.ok = True
        self.calls = []
        self.history = lambda start, end, step_s: []
        self.sessions = lambda start, end: []
        self.account = None

    def answer(self, request):
        path = request.path.removeprefix("/api/v1")
        if path == "/calls":
            self.account = json.loads(request.body)
            return Answer(self.account)
        self.calls.append((request.method, request.path))
        if path in ("/history", "/sessions"):
            return self._past(request)
        body = json.loads(request.body) if request.body else None
        if path in ("/forecast", "/prices"):
            if request.method == "PUT":
                setattr(self, path[1:], body)
            return Answer(getattr(self, path[1:]))
        if not path.startswith(("/healthz", "/state", "/mode", "/boost", "/windows", "/cars", "/meters/")):
            return Answer({"detail": f"The agent of the tests knows nothing of {path}."}, 404)
        found = getattr(self, f"_{request.method.lower()}")(unquote(path), body)
        status, answer = found if isinstance(found, tuple) else (200, found)
        return Answer(answer, status)

    def _past(self, request):
        if not self.ok:
            return Answer({"detail": "The history can't be read."}, 503)
        span = [datetime.fromisoformat(request.query[name]) for name in ("from", "to")]
        if request.path.endswith("sessions"):
            return Answer(self.sessions(*span))
        return Answer(self.history(*span, int(request.query["step_s"])))

    def _get(self, path, _):
        if path == "/healthz":
            return 200 if self.ok else 503, {"ok": self.ok, "age_s": 31.0, "problems": []}
        if path == "/windows":
            return self.windows
        if path == "/cars":
            return list(self.cars.values())
        charger = {"own_mode": self.own_mode, "reason": "Enough sun for 16 A.", **self.charger}
        power = {"grid_w": -120, "solar_w": 5200, "house_w": 400, "chargers_w": 3700, "battery_w": None}
        window = {"name": "night", "mode": "fast", "begins": "2026-06-10T21:30:00+02:00"}
        return {
            "mode": self.mode,
            "chargers": [charger],
            "power": power,
            "window": None,
            "next_window": window,
            "wishes": self.wishes,
        }

    def _put(self, path, body):
        if path == "/mode":
            if "charger" in body:
                self.own_mode = body["mode"]
            else:
                self.mode = body["mode"]
        elif path == "/boost":
            self.boost = body
        elif path == "/windows":
            self.windows = body
        elif path.startswith("/windows/"):
            if body.get("charger") not in ("", None, "3201", "Garage"):
                return 422, {"detail": "There is no such charger."}
            self.windows = [row for row in self.windows if row["name"] != body["name"]] + [body]
        elif path.startswith("/cars/"):
            self.cars[path.removeprefix("/cars/")] = body
        elif path.startswith("/meters/"):
            if abs(body["watts"]) > 100_000:
                return 422, {"detail": "It says more watts than a home has."}
            self.meters[path.removeprefix("/meters/")] = body
        return {}

    def _delete(self, path, _):
        if path == "/boost":
            self.boost = None
        self.windows = [row for row in self.windows if not path.endswith("/" + row["name"])]
        return self.windows


@pytest.fixture(scope="session")
def agents():
    """One server for the agents of all tests: `serve(agent)` lets it be this one."""

    class Agents:
        def __init__(self):
            self.now = None
            self.web = WebPeer(lambda request: self.now.answer(request)).start()

        def serve(self, agent):
            self.now = agent
            return agent

    found = Agents()
    yield found
    found.web.stop()


@pytest.fixture
def agent(agents):
    return agents.serve(AgentPeer(agents.web.url))


@pytest.fixture
def config(tmp_path, agent):
    path = tmp_path / "sunward.toml"
    listen = agent.url.removeprefix("http://")
    path.write_text(f'[site]\ntimezone = "Europe/Berlin"\n[web]\nlisten = "{listen}"\n')
    return path


class House:
    """A runner on a fake clock; `told` holds every event, unless `tell` takes them."""

    def __init__(self, config, jobs, clock=None, dry_run=False, tell=None):
        self.settings = SchedulerSettings.load(config)
        self.clock = clock or FakeClock(NOON)
        self.told = []
        self.paused_s = []
        self.on_pause = lambda: None
        self.agent = Agent(self.settings.agent_url, dry_run=dry_run)
        self.runner = JobRunner(
            jobs,
            self.settings,
            self.clock,
            self.agent,
            tell or self.told.append,
            self._pause,
            dry_run=dry_run,
        )

    def _pause(self, seconds):
        self.paused_s.append(seconds)
        self.clock.advance(seconds)
        self.on_pause()

    def after(self, seconds):
        self.clock.advance(seconds)
        return self.runner.tick()


@pytest.fixture
def house(config):
    return lambda *jobs, **more: House(config, jobs, **more)
