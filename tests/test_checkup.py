"""The page's doctor button and its settings: what the running house knows of itself, and no secret."""

import json

import pytest

from agent.commands.checkup import checkup
from agent.config import load
from agent.model import BusHealth, BusView, ChargerStatus, MeterHealth, MeterView, Moment, Published, Reading
from agent.shown import site_of, web_settings

SETTINGS = """
[bus]
port = "/dev/ttyUSB0"
circuit_amps = 16
[[chargers]]
id = "3201"
max_amps = 16
[meters]
grid = "http-json://10.0.0.4/state?watts=power&token=METER_TOKEN"
[web]
tls_cert = "cert.pem"
tls_key = "key.pem"
"""
NOW = Moment(1000.0, None)
SECRET = "do-not-tell-7f3a9c"


@pytest.fixture
def house(tmp_path):
    path = tmp_path / "sunward.toml"
    path.write_text(SETTINGS, "utf-8")
    secrets = tmp_path / "credentials.env"
    secrets.write_text(f"METER_TOKEN={SECRET}\nWEB_PASSWORD={SECRET}\n", "utf-8")
    secrets.chmod(0o600)
    return load(path)


def said(house, **parts):
    rows = checkup(house, Published(NOW, **parts), NOW)
    return {(row["level"], row["about"]) for row in rows}, " ".join(str(row["says"]) for row in rows)


def test_a_well_house_is_well(house):
    reading = Reading(-500.0, 999.0, "grid meter")
    findings, words = said(
        house,
        bus=BusView((ChargerStatus("3201", rating_amps=32, linked=True),), BusHealth("/dev/ttyUSB0", True)),
        meters=MeterView({"grid": reading}, (MeterHealth("grid", "grid meter", True, "", -500.0, 999.0),)),
    )
    assert {level for level, _ in findings} <= {"good", "odd"}
    assert "grid meter: -500 W, 1 s ago." in words


def test_every_trouble_is_named(house):
    health = BusHealth("/dev/ttyUSB0", True, "", 100, 20, other_primary="7777", worst_gap_s=4.0)
    findings, words = said(
        house,
        bus=BusView((ChargerStatus("3201"),), health),
        meters=MeterView({}, (MeterHealth("grid", "grid meter", False, "It does not answer."),)),
    )
    assert {("bad", "bus"), ("odd", "bus"), ("bad", "charger"), ("bad", "grid meter")} <= findings
    assert "20 damaged of 100 messages" in words
    assert "was 4.0 s" in words
    assert "It does not answer." in words


def test_no_secret_is_among_the_settings_that_the_page_shows(house):
    shown = json.dumps(dict(site_of(house).settings))
    assert "10.0.0.4" in shown
    assert SECRET not in shown
    assert SECRET not in repr(web_settings(house))


def test_tls_files_lie_beside_the_settings(house, tmp_path):
    assert web_settings(house).tls_cert == tmp_path / "cert.pem"


def test_a_key_that_can_be_guessed_is_told(house, tmp_path):
    assert "so short" not in said(house)[1]
    (tmp_path / "credentials.env").write_text("METER_TOKEN=x\nWEB_PASSWORD=4711\nWEB_TOKEN=secret\n", "utf-8")
    findings, words = said(load(house.path))
    assert ("odd", "keys") in findings
    assert "WEB_PASSWORD in credentials.env is so short" in words
    assert "WEB_TOKEN in credentials.env is so short" in words
    assert "4711" not in words
