"""A house whose clouds are a real server on this computer."""

import json
import logging

import pytest
from werkzeug import Response

from scheduler.rooms import jobs_of
from scheduler.settings import SchedulerSettings
from tests.scheduler.conftest import House

SECRETS = {
    "SOLAREDGE_KEY": "solaredge-s3cr3t",
    "ENPHASE_API_KEY": "enphase-key-s3cr3t",
    "ENPHASE_CLIENT_ID": "client",
    "ENPHASE_CLIENT_SECRET": "client-s3cr3t",
    "ENPHASE_CODE": "c0de-s3cr3t",
    "EFERGY_TOKEN": "efergy-s3cr3t",
    "GROWATT_USER": "visitor",
    "GROWATT_PASSWORD": "growatt-s3cr3t",
    "ENPHASE_USER": "owner@example.org",
    "ENPHASE_PASSWORD": "owner-s3cr3t",
}


class Peer:
    """A cloud that answers what it is told to, path by path, and remembers what it was asked."""

    def __init__(self, server):
        self.server = server
        self.url = server.url_for("").rstrip("/")
        self.asked = []
        self.answers = {}

    def says(self, path, body, status=200, headers=None):
        """From now on this path answers so. `body`: text, JSON, or a function of the request."""
        if path not in self.answers:
            self.server.expect_request(path).respond_with_handler(self._answer)
        self.answers[path] = (body, status, headers or {})

    def _answer(self, request):
        self.asked.append(request)
        body, status, headers = self.answers[request.path]
        if callable(body):
            found = body(request)
            if isinstance(found, Response):
                return found
            body = found
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status, headers)

    def paths(self):
        return [request.path for request in self.asked]


@pytest.fixture
def cloud(httpserver):
    return Peer(httpserver)


@pytest.fixture
def home(config, cloud):
    """`home(toml, **more)`: a house with this section; call it again for a restart of the scheduler."""

    def make(toml, *, secrets=None, clock=None, dry_run=False):
        base = config.read_text().split("[clouds")[0].split("[meters")[0]
        config.write_text(base + toml.replace("URL", cloud.url))
        file = config.with_name("credentials.env")
        found = SECRETS | (secrets or {})
        file.write_text("".join(f"{name}={value}\n" for name, value in found.items() if value))
        file.chmod(0o600)
        jobs = [job for job in jobs_of(SchedulerSettings.load(config)) if job.name != "watch"]
        return House(config, jobs, clock=clock, dry_run=dry_run)

    return make


@pytest.fixture(autouse=True)
def no_secret_is_ever_told(caplog):
    caplog.set_level(logging.DEBUG)
    yield
    ours = [one for one in caplog.get_records("call") if one.name != "werkzeug"]
    assert "s3cr3t" not in " ".join(one.getMessage() for one in ours)
