"""A real Home Assistant without a browser: started, entered, asked, restarted, as its owner would do it."""

import contextlib
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest
import websocket

from tests.wires.patience import until

START_S = 90.0
SETTINGS = """
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
config:
websocket_api:
logger:
  default: warning
homeassistant:
  name: House
  time_zone: Europe/Berlin
  unit_system: metric
input_number:
  grid_power:
    name: Grid power
    min: -20000
    max: 20000
    initial: {watts}
template:
  - trigger:
      - trigger: time_pattern
        seconds: "/1"
    sensor:
      - name: Meter
        state: "{{{{ states('input_number.grid_power') }}}}"
        unit_of_measurement: W
        device_class: power
        state_class: measurement
"""


def need_home_assistant():
    """The `hass` program that SUNWARD_HOMEASSISTANT names: its path, or its environment's folder."""
    named = os.environ.get("SUNWARD_HOMEASSISTANT", "")
    if not named:
        pytest.skip("SUNWARD_HOMEASSISTANT names no hass program: docs/mqtt.md says how to make one")
    path = shutil.which(os.path.join(named, "bin", "hass")) or shutil.which(named)
    if not path:
        pytest.fail(f"SUNWARD_HOMEASSISTANT={named} has no hass program")
    return path


class HomeAssistant:
    """One Home Assistant, all its files in `folder`; its sensor.meter tells input_number.grid_power."""

    def __init__(self, program, folder, port, watts):
        self.folder, self.port = folder, port
        self.url = f"http://127.0.0.1:{port}"
        self.token = ""
        self._program = program
        self._process = None
        (folder / "configuration.yaml").write_text(SETTINGS.format(port=port, watts=watts), "utf-8")

    def start(self):
        """Start it, and wait until it has made up its mind."""
        line = [self._program, "--config", str(self.folder), "--skip-pip"]
        with (self.folder / "printed").open("ab") as printed:
            self._process = subprocess.Popen(line, stdout=printed, stderr=printed)
        if not self.token:
            assert until(self._listens, START_S), self.printed()
            self.token = self._first_owner()
        assert until(self._runs, START_S), self.printed()

    def stop(self):
        """End it as systemd would."""
        if self._process:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def printed(self):
        """All it has logged, over all its restarts."""
        return (self.folder / "printed").read_text("utf-8")

    def ask(self, method, path, body=None, form=False):
        """One request of its REST API; None where there is nothing of that name."""
        data = urllib.parse.urlencode(body).encode() if form else body and json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Content-Type", f"application/{'x-www-form-urlencoded' if form else 'json'}")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 404:
                    return None
                raise AssertionError(f"{method} {path}: {error.code} {error.read()!r}") from None

    def talk(self, kind, **more):
        """One command on its WebSocket, and the result."""
        with contextlib.closing(websocket.create_connection(f"ws{self.url[4:]}/api/websocket")) as line:
            line.recv()
            line.send(json.dumps({"type": "auth", "access_token": self.token}))
            assert json.loads(line.recv())["type"] == "auth_ok"
            line.send(json.dumps({"id": 1, "type": kind, **more}))
            answer = json.loads(line.recv())
        assert answer["success"], answer
        return answer["result"]

    def meets_broker(self, port):
        """What its owner types into the MQTT integration's form."""
        flows = "/api/config/config_entries/flow"
        form = self.ask("POST", flows, {"handler": "mqtt"})
        done = self.ask("POST", f"{flows}/{form['flow_id']}", {"broker": "127.0.0.1", "port": port})
        assert done["type"] == "create_entry", done

    def do(self, service, entity, **more):
        """Call a service like `select.select_option`: a tap on the dashboard."""
        path = f"/api/services/{service.replace('.', '/')}"
        self.ask("POST", path, {"entity_id": entity, **more})

    def entity(self, entity):
        """An entity with its attributes, or None."""
        return self.ask("GET", f"/api/states/{entity}")

    def state(self, entity):
        """Its state alone."""
        found = self.entity(entity)
        return found and found["state"]

    def sees(self, entity, state, patience_s=20.0):
        """Wait until an entity has this state, or one that this function likes."""
        good = state if callable(state) else lambda found: found == state
        assert until(lambda: good(self.state(entity)), patience_s), (entity, self.entity(entity))

    def _listens(self):
        with contextlib.suppress(OSError):
            return bool(self.ask("GET", "/api/onboarding"))
        return False

    def _runs(self):
        with contextlib.suppress(OSError):
            return self.ask("GET", "/api/config")["state"] == "RUNNING"
        return False

    def _first_owner(self):
        """Make the first user, and a long-lived token for us."""
        client = f"{self.url}/"
        owner = {"client_id": client, "name": "Sun", "username": "sun", "password": "shine", "language": "en"}
        code = self.ask("POST", "/api/onboarding/users", owner)["auth_code"]
        asked = {"grant_type": "authorization_code", "code": code, "client_id": client}
        self.token = self.ask("POST", "/auth/token", asked, form=True)["access_token"]
        return self.talk("auth/long_lived_access_token", client_name="sunward", lifespan=30)
