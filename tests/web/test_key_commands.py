"""`agent password` and `agent token`: keys made by command open a running door, and revoked ones don't."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from agent.doors.web.server import WebSettings

SETTINGS = '[site]\nstate_dir = "."\n[bus]\nport = "/dev/ttyUSB0"\ncircuit_amps = 16\n'
ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"


@pytest.fixture
def run(tmp_path):
    (tmp_path / "sunward.toml").write_text(SETTINGS, "utf-8")

    def ran(*words, typed=""):
        line = [sys.executable, "-m", "agent", *words, "--config", str(tmp_path / "sunward.toml")]
        return subprocess.run(line, cwd=ROOT, input=typed, capture_output=True, text=True, timeout=20)

    return ran


def test_a_password_set_by_command_locks_a_running_door(house, run, tmp_path):
    settings = WebSettings("127.0.0.1:0", keys=tmp_path)
    with house.open_web(settings) as server, httpx.Client(base_url=server.url) as web:
        assert web.get("/api/v1/state").status_code == 200
        assert run("password", typed=PASSWORD + "\n").returncode == 0
        assert web.get("/api/v1/state").status_code == 401
        assert web.post("/login", json={"password": PASSWORD}).status_code == 200
        assert web.get("/api/v1/state").status_code == 200
        assert run("password", typed=PASSWORD + " again\n").returncode == 0
        assert web.get("/api/v1/state").status_code == 401


def test_a_token_by_command(house, run, tmp_path):
    run("password", typed=PASSWORD + "\n")
    secret = run("token", "new", "Grafana", "--scope", "read").stdout.strip()
    listed = run("token", "list").stdout
    assert "Grafana" in listed
    assert secret not in listed
    settings, key = WebSettings("127.0.0.1:0", keys=tmp_path), {"Authorization": f"Bearer {secret}"}
    with house.open_web(settings) as server, httpx.Client(base_url=server.url, headers=key) as web:
        assert web.get("/metrics").status_code == 200
        assert web.put("/api/v1/mode", json={"mode": "off"}).status_code == 403
        assert run("token", "revoke", "Grafana").returncode == 0
        assert web.get("/metrics").status_code == 401
    assert secret not in (tmp_path / "access.json").read_text()


def test_status_says_that_it_needs_a_token_and_uses_the_one_it_has(house, run, tmp_path):
    settings = WebSettings("127.0.0.1:0", password=PASSWORD, tokens=("status-token",))
    with house.open_web(settings) as server:
        listen = server.url.removeprefix("http://")
        (tmp_path / "sunward.toml").write_text(f'{SETTINGS}[web]\nlisten = "{listen}"\n', "utf-8")
        locked_out = run("status")
        assert locked_out.returncode == 1
        assert "put a token as WEB_TOKEN" in locked_out.stderr
        (tmp_path / "credentials.env").write_text("WEB_TOKEN=status-token\n", "utf-8")
        (tmp_path / "credentials.env").chmod(0o600)
        assert "Garage: charging" in run("status").stdout


@pytest.mark.parametrize(
    ("words", "typed", "says"),
    [
        (["password"], "short\n", "too short"),
        (["token", "new", "a/b"], "", "1 to 40 letters"),
        (["token", "revoke", "nobody"], "", "no token “nobody”"),
    ],
    ids=["short", "name", "unknown"],
)
def test_a_bad_wish_is_one_sentence(run, words, typed, says):
    done = run(*words, typed=typed)
    assert done.returncode == 1
    assert says in done.stderr


def test_a_password_in_credentials_counts(run, tmp_path):
    (tmp_path / "credentials.env").write_text("WEB_PASSWORD=four words and more\n", "utf-8")
    (tmp_path / "credentials.env").chmod(0o600)
    assert "WEB_PASSWORD in credentials.env counts" in run("password", typed=PASSWORD + "\n").stderr
