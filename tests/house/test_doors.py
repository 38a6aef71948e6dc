"""A door is taken out of the house by deleting its file and one line of app.py: nobody else knows it."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.app import BRANCHES, DOORS, OUTLETS

ROOT = Path(__file__).parents[2]
FOLDERS = ("agent", "scheduler", "notify", "simulator")
PLACES = [place for _, place in (*BRANCHES, *DOORS, *OUTLETS.items())]
APP = ROOT / "agent/app.py"


def imports(path):
    """Every module that a file names in an import, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.fixture(scope="module")
def named():
    """Each file, and what it imports."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): set(imports(path)) for path in files}


@pytest.mark.parametrize("place", PLACES)
def test_nobody_but_one_line_of_app_knows_a_door(place, named):
    lines = [line for line in APP.read_text("utf-8").splitlines() if f'"{place}"' in line]
    assert len(lines) == 1
    assert [path for path, names in named.items() if place in names] == []


@pytest.mark.parametrize("place", [place for _, place in DOORS])
def test_the_house_runs_without_a_door_that_was_taken_out(place, tmp_path):
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / f"{place.replace('.', '/')}.py").unlink()
    app = tmp_path / "agent/app.py"
    app.write_text("".join(line for line in app.read_text().splitlines(True) if f'"{place}"' not in line))
    config = tmp_path / "sunward.toml"
    config.write_text(SETTINGS.format(folder=tmp_path))
    secrets = tmp_path / "credentials.env"
    secrets.write_text("HA_TOKEN=one-that-is-long-enough\n")
    secrets.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(config)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    left = [one for _, one in DOORS if one != place]
    assert done.stdout.split() == [str(app), "agent.doors.web.server", *left], done.stderr


SETTINGS = """
[site]
state_dir = "{folder}/state"
[bus]
port = "/dev/nowhere"
circuit_amps = 40
[web]
listen = "127.0.0.1:0"
[mqtt]
broker = "127.0.0.1:9"
[homeassistant]
url = "http://127.0.0.1:9"
[evcc]
[ocpp]
url = "ws://127.0.0.1:9"
[legacy]
http = "127.0.0.1:0"
mqtt_prefix = "TWC"
ipc_path = "{folder}"
"""
RUN = """
import sys
from pathlib import Path
import agent.app
from agent.config import load
app = agent.app.App(load(Path(sys.argv[1])))
app.start_bus()
app.start_rooms()
print(agent.app.__file__, *(type(door).__module__ for door in app.doors))
app.stop()
"""
