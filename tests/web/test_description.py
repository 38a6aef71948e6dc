"""A stranger reads our OpenAPI description and tries everything that it promises (schemathesis)."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from hypothesis import settings

from agent.doors.web.server import WebSettings

PASSWORD = "/api/v1/admin/password"


def strange(server, folder, *more):
    program = Path(sys.executable).with_name("schemathesis")
    if settings.get_current_profile_name() != "explore":
        more = ("--seed", "1", *more)
    return subprocess.run(
        [program, "run", f"{server.url}/api/openapi.json", "--max-examples", "8", "--no-color", *more],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=110,
    )


@pytest.mark.slow
def test_the_api_keeps_every_promise_of_its_description(house, tmp_path):
    with house.open_web() as server:  # a stranger who sets a password has locked himself out
        done = strange(server, tmp_path, "--exclude-path", PASSWORD)
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.slow
def test_the_password_keeps_its_promises_and_holds(house, tmp_path):
    secret = "nobody comes to think of it"
    settings = WebSettings("127.0.0.1:0", keys=tmp_path)
    with house.open_web(settings) as server, httpx.Client(base_url=server.url) as web:
        web.put(PASSWORD, json={"new": secret})
        made = web.post("/api/v1/admin/tokens", json={"name": "stranger", "scope": "admin"}).json()
        key = f"Authorization: Bearer {made['token']}"
        done = strange(server, tmp_path, "--include-path", PASSWORD, "-H", key)
        house.clock.advance(61)
        assert web.post("/login", json={"password": secret}).status_code == 200
    assert done.returncode == 0, done.stdout[-6000:]
