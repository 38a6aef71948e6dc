"""[outlets]: every setting is shown, every mistake told, and nothing imported before it is asked for."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent.app import OUTLETS
from agent.config import load
from agent.doors.outlet_settings import OutletSettings
from notify.settings import SettingsError

ROOT = Path(__file__).parents[2]
GOOD = '[bus]\nport = "/dev/ttyUSB0"\ncircuit_amps = 32\n'
EXAMPLE = (ROOT / "sunward.example.toml").read_text("utf-8")
SECTIONS = sorted(OutletSettings.model_fields)


def section_of(name):
    kind = OutletSettings.model_fields[name].annotation
    return kind.__args__[0]


@pytest.mark.parametrize("name", SECTIONS)
def test_every_setting_of_an_outlet_is_in_the_example(name):
    body = re.search(rf"^# \[+outlets\.{name}\]+.*?(?=^# \[|\Z)", EXAMPLE, re.M | re.S)
    assert set(re.findall(r"^# (\w+) = ", body[0], re.M)) == set(section_of(name).model_fields)


def test_the_example_with_every_outlet_switched_on_is_understood(tmp_path):
    begins = EXAMPLE.index("# [outlets.console]")
    text = EXAMPLE[:begins] + re.sub(r"^# (?=\[|\w+ = )", "", EXAMPLE[begins:], flags=re.M)
    (tmp_path / "sunward.toml").write_text(text, "utf-8")
    secrets = (ROOT / "credentials.example.env").read_text("utf-8")
    names = re.findall(r"^# ([A-Z_]+)=", secrets, re.M)
    (tmp_path / "credentials.env").write_text("".join(f"{name}=x\n" for name in names), "utf-8")
    (tmp_path / "credentials.env").chmod(0o600)
    outlets = load(tmp_path / "sunward.toml").settings.outlets
    assert all(getattr(outlets, name) for name in SECTIONS)


def test_every_section_has_its_file_and_every_file_its_line():
    assert sorted(OUTLETS) == SECTIONS
    for place in OUTLETS.values():
        assert callable(importlib.import_module(place).open_outlet)


def test_mistakes_are_told_at_once_with_what_to_write(tmp_path):
    path = tmp_path / "sunward.toml"
    path.write_text(
        GOOD
        + """
[outlets.influx]
url = "192.168.0.9:8086"
[outlets.csv]
folders = "x"
[[outlets.webhooks]]
url = "http://me:hunter2@10.0.0.1/"
secret = "HOOK"
kinds = ["car_fool"]
""",
        "utf-8",
    )
    with pytest.raises(SettingsError) as refused:
        load(path)
    told = "\n".join(refused.value.problems)
    for words in (
        'outlets.influx.url: write an address like "http://192.168.0.9:8086"',
        "outlets.csv.folders: there is no such setting",
        "outlets.webhooks[1].url: secrets don't belong in an address",
        "outlets.webhooks[1].kinds: there is no kind car_fool",
    ):
        assert words in told, told
    assert "hunter2" not in told


def test_a_missing_secret_is_told_with_its_name(tmp_path):
    path = tmp_path / "sunward.toml"
    path.write_text(GOOD + "[outlets.mysql]\n[outlets.sentry]\n", "utf-8")
    with pytest.raises(SettingsError) as refused:
        load(path)
    assert "outlets.mysql: needs a secret. Add a line MYSQL_PASSWORD=..." in refused.value.problems[0]
    assert "SENTRY_DSN" in refused.value.problems[1]


def test_no_outlet_is_imported_before_it_is_asked_for():
    asks = "import sys, agent.app, agent.config; print([m for m in sys.modules if m in {!r}])"
    heavy = [*OUTLETS.values(), "pymysql", "pg8000", "sentry_sdk"]
    line = [sys.executable, "-c", asks.format(heavy)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
