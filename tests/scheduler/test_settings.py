"""What the scheduler reads of sunward.toml, and what it says when it can't."""

import pytest
from pydantic import BaseModel, ConfigDict

from notify.settings import SettingsError
from scheduler.settings import SchedulerSettings, SiteSettings, computers_zone
from scheduler.wallclock import read_zone
from scheduler.windows import Mode

WHOLE = """
[site]
name = "Sunny side"
timezone = "Europe/Berlin"
state_dir = "kept"
phases = 3
mode = "solar_min"

[[chargers]]
id = "3201"
name = "Garage"
max_amps = 16

[[windows]]
name = "night"
days = "daily"
from = "21:30"
to = "07:15"
mode = "fast"
charger = "Garage"

[web]
listen = "0.0.0.0:9000"

[tariff]
kind = "fixed"
"""


class Tariff(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: str


def written(folder, text, secrets=""):
    (folder / "sunward.toml").write_text(text)
    if secrets:
        (folder / "credentials.env").write_text(secrets)
        (folder / "credentials.env").chmod(0o600)
    return folder / "sunward.toml"


def test_a_whole_file_is_understood(tmp_path):
    settings = SchedulerSettings.load(written(tmp_path, WHOLE, "WEB_TOKEN=open-sesame\n"))
    assert settings.site.zone.key == "Europe/Berlin"
    assert settings.site.mode is Mode.SOLAR_MIN
    assert settings.state_dir == tmp_path / "kept"
    assert [window.name for window in settings.windows] == ["night"]
    assert settings.chargers == {"3201": "Garage"}
    assert settings.agent_url == "http://127.0.0.1:9000"
    assert settings.token == "open-sesame"
    assert "sesame" not in repr(settings)
    assert settings.section("tariff", Tariff).kind == "fixed"
    assert settings.section("cars", Tariff) is None


def test_an_empty_file_is_a_house_with_its_defaults(tmp_path):
    settings = SchedulerSettings.load(written(tmp_path, ""))
    assert settings.site == SiteSettings()
    assert settings.agent_url == "http://127.0.0.1:8080"
    assert settings.state_dir == tmp_path / "state"
    assert settings.token == ""


def test_the_computer_s_own_zone_is_one_that_exists():
    assert read_zone(computers_zone())


def test_all_problems_are_told_at_once(tmp_path):
    text = WHOLE.replace("Europe/Berlin", "Berlin").replace("phases = 3", "phases = 2")
    text = text.replace("0.0.0.0:9000", "9000").replace("21:30", "25:30")
    with pytest.raises(SettingsError) as refused:
        SchedulerSettings.load(written(tmp_path, text))
    told = refused.value.problems
    assert [problem.partition(":")[0] for problem in told] == [
        "site.timezone",
        "site.phases",
        "windows[1] (night).from",
        "web.listen",
    ]
    assert all(problem.endswith(".") for problem in told)


def test_a_window_for_a_charger_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match=r"there is no such charger; there is 3201 \(Garage\)"):
        SchedulerSettings.load(written(tmp_path, WHOLE.replace('charger = "Garage"', 'charger = "Shed"')))


def test_secrets_that_others_can_read_are_refused(tmp_path):
    path = written(tmp_path, WHOLE, "WEB_TOKEN=x\n")
    (tmp_path / "credentials.env").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        SchedulerSettings.load(path)


def test_a_room_s_unknown_setting_is_told_with_its_place(tmp_path):
    settings = SchedulerSettings.load(written(tmp_path, WHOLE + "\nkindd = 1\n"))
    with pytest.raises(SettingsError, match=r"tariff\.kindd: there is no such setting"):
        settings.section("tariff", Tariff)
