"""What TWCManager left behind becomes our settings, and every line of it is accounted for."""

import json
import stat

import pytest

from agent.__main__ import main
from agent.commands.migrate import loose
from agent.config import load

CONFIG = """
// TWCManager's settings, repaired by hand as in the field
{
    "config": {
        # breaker of 40 A
        "wiringMaxAmpsAllTWCs": 32,
\t"wiringMaxAmpsPerTWC": 16,
        "minAmpsPerTWC": "5",
        "defaultVoltage": 230,
        "numberOfPhases": 3,
        "greenEnergyFlexAmps": 3,
        "subtractChargerLoad": true,
        "maxAmpsAllowedFromGrid": 35,
        "startStopDelay": 90,
        "teslaApiClientSecret": "s3cr3t-client",
        "wakeDelayMins": 3
    },
    "interface": { "RS485": { "enabled": true, "baud": 9600, "port": "/dev/ttyUSB0" } },
    "control": {
        "HTTP": { "enabled": true, "listenPort": 8080 },
        "MQTT": { "enabled": true, "brokerIP": "10.0.0.2", "topicPrefix": "TWC",
                  "username": "bob", "password": "pa#ss'word" }
    }
    "status": { "MQTT": { "enabled": true, "brokerIP": "10.0.0.2", "topicPrefix": "TWC",
                          "homeassistantDiscovery": true, "deviceNamePrefix": "My TWC", }, },
    "sources": {
        "HASS": { "enabled": true, "serverIP": "10.0.0.3", "apiKey": "ha-token-xyz",
                  "hassEntityConsumption": "sensor.used", "hassEntityGeneration": "sensor.made" },
        "Fronius": { "enabled": false, "serverIP": "10.0.0.4" },
        "Powerwall2": { "enabled": true, "serverIP": "10.0.0.5", "password": "pw", "minBatteryLevel": 80 }
    },
    "policy": { "extend": { "before": [ { "name": "Cheap night", "match": ["tm_hour"] } ] } }
}
"""
USED, MADE = (f"homeassistant://10.0.0.3:8123/sensor.{it}?token=HA_TOKEN" for it in ("used", "made"))
KEPT = """{
  "nonScheduledAction": "1", "nonScheduledAmpsMax": 12, "sunrise": 7, "sunset": 19,
  "scheduledAmpsMax": 24, "scheduledAmpsStartHour": 21.5, "scheduledAmpsEndHour": 7.25,
  "scheduledAmpsDaysBitmap": 31,
  "SlaveTWCs": {"3201": {"supportsVINQuery": 1}, "a7f4": {}},
  "consumptionOffset": {"base": {"value": 300, "unit": "W"}},
  "chargeLimits": {"17": [80, 50]}, "carApiBearerToken": "bearer-secret", "history": [["2024", 1]]
}"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "config.json").write_text(CONFIG, "utf-8")
    (tmp_path / "settings.json").write_text(KEPT, "utf-8")
    return tmp_path


def migrate(folder, *more):
    words = ["migrate", "--from", str(folder / "config.json"), "--to", str(folder / "sunward.toml"), *more]
    return main(words)


def test_a_whole_house_moves_in(files, capsys):
    assert migrate(files, "--settings", str(files / "settings.json")) == 0
    said = capsys.readouterr().out
    house = load(files / "sunward.toml")
    settings = house.settings
    assert (settings.bus.circuit_amps, settings.site.phases, settings.site.main_fuse_amps) == (32, 3, 35)
    assert [(one.id, one.max_amps, one.min_amps) for one in settings.chargers] == [
        ("3201", 16, 6),
        ("A7F4", 16, 6),
    ]
    assert settings.chargers[0].phases == ("L1", "L2", "L3")
    assert settings.meters.grid == (
        f"{USED}&positive=import + {MADE}&positive=export",
        "powerwall://10.0.0.5?password=POWERWALL_PASSWORD",
    )
    assert settings.solar.min_solar_share == 0.5
    assert settings.solar.min_on_s == 90
    assert settings.solar.reserve_watts == 300
    assert settings.solar.battery_full_percent == 80
    assert settings.mqtt.broker == "10.0.0.2:1883"
    assert settings.legacy.mqtt_prefix == "TWC"
    assert (settings.legacy.mqtt_discovery, settings.legacy.mqtt_device_name) == (True, "My TWC")
    assert settings.homeassistant.discovery is False
    assert not settings.legacy.http
    windows = {window.name: window for window in house.windows}
    assert (windows["scheduled"].from_minute, windows["scheduled"].to_minute) == (1290, 435)
    assert windows["scheduled"].days == frozenset(range(5))
    assert windows["scheduled"].amps == 12  # 24 A for two units
    assert (windows["by night"].from_minute, windows["by night"].amps) == (19 * 60, 6)
    assert house.credentials == {
        "MQTT_USER": "bob",
        "MQTT_PASSWORD": "pa#ss'word",
        "HA_TOKEN": "ha-token-xyz",
        "POWERWALL_PASSWORD": "pw",
    }
    assert stat.S_IMODE((files / "credentials.env").stat().st_mode) == 0o600
    for words in (
        "changed   config.json, line 23: a comma is missing",
        "changed   config.minAmpsPerTWC: chargers.min_amps = 6 (was 5",
        "by hand   control.HTTP: off, since its clients have no password",
        "by hand   policy.extend.before: the rule 'Cheap night': it looks at the time",
        "by hand   chargeLimits.17: set the car's own charge limit back to 80 %",
        "no equal  config.teslaApiClientSecret: (hidden): log in anew",
        "no equal  sources.Fronius.serverIP: '10.0.0.4': this source is switched off",
        "no equal  config.wakeDelayMins",
        "no equal  history",
    ):
        assert words in said, said


def test_no_secret_is_said_and_none_is_in_the_settings(files, capsys):
    migrate(files, "--settings", str(files / "settings.json"))
    said = capsys.readouterr().out + (files / "sunward.toml").read_text("utf-8")
    for secret in ("pa#ss", "ha-token", "s3cr3t", "bearer-secret", "bob"):
        assert secret not in said


def test_nothing_that_exists_is_overwritten(files, capsys):
    (files / "sunward.toml").write_text("mine", "utf-8")
    assert migrate(files) == 1
    assert "is not overwritten" in capsys.readouterr().err
    assert (files / "sunward.toml").read_text("utf-8") == "mine"
    assert not (files / "credentials.env").exists()


def test_without_settings_it_says_what_was_not_read(files, capsys):
    assert migrate(files, "--show", "--charger", "3201") == 0
    said = capsys.readouterr().out
    assert "by hand   --settings: not given" in said
    assert 'id = "3201"' in said
    assert not (files / "sunward.toml").exists()


def test_the_oldest_settings_file_is_read_too(files, capsys):
    old = files / "TWCManagerSettings.txt"
    old.write_text(
        "nonScheduledAmpsMax=-1\nscheduledAmpsMax=16\nscheduledAmpsStartHour=23.0\n"
        "scheduledAmpsEndHour=6.0\nscheduledAmpsDaysBitmap=127\ncarApiBearerToken=x\n",
        "utf-8",
    )
    assert migrate(files, "--settings", str(old), "--charger", "3201") == 0
    house = load(files / "sunward.toml")
    assert house.settings.site.mode == "solar"
    assert house.windows[0].from_minute == 23 * 60


def test_a_meter_line_that_can_not_be_is_commented_out(files, capsys):
    text = CONFIG.replace('"Powerwall2"', '"TED": {"enabled": true, "serverIP": ""}, "Powerwall2"')
    (files / "config.json").write_text(text, "utf-8")
    assert migrate(files) == 0
    assert "by hand   meters.grid: stands behind a comment sign" in capsys.readouterr().out
    assert '# grid = "ted://' in (files / "sunward.toml").read_text("utf-8")
    load(files / "sunward.toml")


def test_what_stood_in_an_address_is_kept_and_its_secrets_are_not_in_the_settings(files, capsys):
    url = "https://anna:s3cr%23t@10.0.0.9:81/all.json?site=1&apikey=k3y&x=a%26b"
    source = {"enabled": True, "url": url, "consumptionItem": "a.b", "generationItem": "c"}
    text = CONFIG.replace('"Powerwall2"', f'"URL": {json.dumps(source)}, "Powerwall2"')
    (files / "config.json").write_text(text, "utf-8")
    assert migrate(files) == 0
    house = load(files / "sunward.toml")
    assert house.settings.meters.solar[-1] == (
        "http-json://10.0.0.9:81/all.json?watts=c&tls=on&user=anna&password=URL_PASSWORD"
        "&key=URL_KEY&key_query=apikey&query=site%3D1%26x%3Da%2526b"
    )
    kept = (files / "credentials.env").read_text("utf-8")
    assert "URL_PASSWORD='s3cr#t'\nURL_KEY='k3y'\n" in kept
    told = (files / "sunward.toml").read_text("utf-8") + capsys.readouterr().out
    for secret in ("s3cr", "k3y"):
        assert secret not in told


def test_a_limit_that_is_no_number_is_told_and_becomes_the_least(tmp_path, capsys):
    for nonsense in ("NaN", '"x"', "-5", "1" + "0" * 400):
        source = tmp_path / "config.json"
        source.write_text(f'{{"config": {{"wiringMaxAmpsPerTWC": {nonsense}}}}}', "utf-8")
        assert main(["migrate", "--from", str(source), "--show"]) == 0
        said = capsys.readouterr().out
        assert "changed   config.wiringMaxAmpsPerTWC: chargers.max_amps = 6 (was " in said
        assert "changed   config.wiringMaxAmpsAllTWCs: bus.circuit_amps = 6 (it was not there)" in said


@pytest.mark.parametrize(
    ("text", "value", "repairs"),
    [
        ('{"a": 1, "b": [1, 2,],}', {"a": 1, "b": [1, 2]}, 0),
        ('{"a": 1 "b": {"c": on} "d": ~}', {"a": 1, "b": {"c": True}, "d": None}, 2),
        ("{a: 'x', # note\n b: \"http://x/#y\"}", {"a": "x", "b": "http://x/#y"}, 0),
        ('{"a": 1,, "a": 2}', {"a": 2}, 2),
        ('{"a": {"b": 1}', {"a": {"b": 1}}, 1),
        ('{"a": /dev/ttyUSB0, "b": -1.5e3}', {"a": "/dev/ttyUSB0", "b": -1500.0}, 0),
    ],
)
def test_what_can_be_read_in_one_way_is_read(text, value, repairs):
    found = loose.read(text)
    assert found.value == value
    assert len(found.repairs) == repairs, found.repairs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": "x\n}', "line 1: a quote is not closed"),
        ('{\n"a" 1}', "line 2: a name and a colon"),
        ('{"a": [1, 2}', "closes what was not opened"),
        ('{"a": }', "a value is missing"),
        ("", "a value is missing"),
        ("[" * 100, "too deeply"),
    ],
)
def test_what_can_not_be_read_says_its_line(text, words):
    with pytest.raises(loose.LooseError, match=words):
        loose.read(text)


def test_a_file_that_is_not_there(tmp_path, capsys):
    assert main(["migrate", "--from", str(tmp_path / "none.json")]) == 1
    assert "can't be read" in capsys.readouterr().err
