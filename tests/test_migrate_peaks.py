"""What the peak manager left behind becomes [battery], [thermostats] and [notify]."""

import stat
import tomllib

import pytest

from agent.__main__ import main
from notify.settings import NotifySettings
from scheduler.battery.settings import BatterySettings
from scheduler.thermostats.settings import ThermostatSettings

SCRIPTS = """
LOG_FILE = '/root/powermgr.log'
NOTIFICATION_EMAILS = ["ann@example.org", "bob@example.org"]  # who hears
EMAIL_PORT = 465
THERMOSTAT_IDS = [2200042, 2200043]
PORTAL = 'https://portal.example/portal'
THERMOSTAT_OPERATION_URL = f"{PORTAL}/Device/Submit"
FIRST_THRESHOLD, = 50,
FIRST_THRESHOLD = 50
SECOND_THRESHOLD = 35
THIRD_THRESHOLD = 20
PRECOOL_TEMP = 67
PRECOOL_THRESHOLD = 90
LAT = 33.45
LON = -112.07
FORECAST_THRESHOLD = 105
SUMMER_FIRST_MONTH = 5
SUMMER_LAST_MONTH = 10
SUMMER_PEAK_START = 14
SUMMER_PEAK_END = 20
WINTER_MORNING_PEAK_START = 5
WINTER_MORNING_PEAK_END = 9
WINTER_EVENING_PEAK_START = 17
WINTER_EVENING_PEAK_END = 21
NEW_YEARS = '2021-01-01'
CHRISTMAS = '2021-12-24'
HOLIDAYS = (NEW_YEARS, CHRISTMAS)
TOKEN_REFRESH_THRESHOLD = 15*24*60*60
TESLA_ENERGY_SITE_ID = 123456789012
TESLA_TOKEN_FILE = "/root/tesla.token"
__import__("os").abort()
"""
SECRETS = """
gmail_user = "ann@example.org"
gmail_pwrd = "abcd efgh ijkl mnop"
honeywell_user = "ann"
honeywell_pwrd = "hw-secret"
"""
DAEMON = """
tesla: {token_file: /var/lib/t.json, energy_site_id: "42", client_id: ownerapi}
honeywell: {username: ann, password: hw-secret}
weather: {api_key: weather-secret}
settings:
  dry_run: true
  holidays: ["2025-01-01", "2025-07-04"]
  thermostat_increment_f: 2
  precool_adjustment_f: 2
  precool_threshold_f: 95
  max_thermostat_temp_f: 82
  min_thermostat_temp_f: 67
  location: America/Phoenix
  check_interval_seconds: 300
  seasons:
    summer:
      months: [5, 6, 7, 8, 9, 10]
      peak_periods:
        - { start: 16:00, end: "19:00" }
    winter:
      months: [11, 12, 1, 2, 3, 4]
      peak_periods:
        - { start: "06:00", end: "09:00" }
        - { start: "17:00", end: "20:00" }
  battery_thresholds:
    - { time_remaining_minutes: 120, level_percent: 75 }
    - { time_remaining_minutes: 60, level_percent: 50 }
  thermostat_ids: ["2200042"]
notifications:
  smtp: {server: smtp.gmail.com, port: 587, username: ann@example.org, password: mail-secret}
  recipients:
    info: [ann@example.org]
    warning: [bob@example.org, ann@example.org]
    critical: [cat@example.org]
ha: {virtual_ip: 192.168.1.99}
"""


@pytest.fixture
def moved(tmp_path, monkeypatch, capsys):
    """Move the files in; what was said, and what was written."""

    def move(name, text, **beside):
        (tmp_path / name).write_text(text, "utf-8")
        for other, content in beside.items():
            (tmp_path / f"{other}.py").write_text(content, "utf-8")
        monkeypatch.chdir(tmp_path)
        code = main(["migrate", "--from", name])
        said = capsys.readouterr()
        new = tmp_path / "sunward.toml"
        return code, said, tomllib.loads(new.read_text("utf-8")) if new.exists() else {}

    return move


def _read(tables):
    return (
        BatterySettings.model_validate(tables["battery"]),
        ThermostatSettings.model_validate(tables["thermostats"]),
        NotifySettings.model_validate(tables["notify"]),
    )


def test_the_cron_scripts_are_read_and_never_run(moved, tmp_path):
    code, said, tables = moved("config.py", SCRIPTS, credentials=SECRETS)
    assert code == 0
    battery, thermostats, notify = _read(tables)
    assert battery.site == "123456789012"
    assert battery.off_peak.mode == "backup"
    spans = [(one.months, one.from_, one.to, one.mode) for one in battery.periods]
    assert spans == [
        ("5-10", "14:00", "20:00", "self_consumption"),
        ("11-4", "05:00", "09:00", "self_consumption"),
        ("11-4", "17:00", "21:00", "self_consumption"),
    ]
    assert battery.holidays == ("us-utility",)
    assert thermostats.devices == ("2200042", "2200043")
    assert [(one.battery_percent, one.degrees) for one in thermostats.steps] == [(50, 2), (35, 2), (20, 4)]
    assert (thermostats.from_, thermostats.to) == ("14:00", "20:15")
    assert thermostats.precool.setpoint == 67
    assert notify.to == ("ann@example.org", "bob@example.org")
    assert notify.smtp.security == "tls"
    secrets = tmp_path / "credentials.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert "SMTP_PASSWORD='abcd efgh ijkl mnop'" in secrets.read_text()
    assert "hw-secret" not in said.out
    assert "ijkl" not in said.out
    assert "by hand   LAT: write [forecast] with latitude = 33.45, longitude = -112.07" in said.out
    assert "no equal  TOKEN_REFRESH_THRESHOLD: tokens are renewed early by themselves" in said.out


def test_the_later_scripts_moved_the_reserve(moved):
    _, _, tables = moved("config.py", SCRIPTS + "TESLA_RESERVE_URL = PORTAL + '/backup'\n")
    battery = BatterySettings.model_validate(tables["battery"])
    assert battery.off_peak.reserve == 100
    assert {one.reserve for one in battery.periods} == {0}


def test_the_daemon_s_yaml_is_read_too(moved):
    code, said, tables = moved("config.yaml", DAEMON)
    assert code == 0
    battery, thermostats, notify = _read(tables)
    assert tables["site"]["timezone"] == "America/Phoenix"
    assert [(one.months, one.from_, one.to, one.reserve) for one in battery.periods] == [
        ("5-10", "16:00", "19:00", 0),
        ("11-4", "06:00", "09:00", 0),
        ("11-4", "17:00", "20:00", 0),
    ]
    assert battery.holidays == ("2025-01-01", "2025-07-04")
    assert (thermostats.lowest, thermostats.highest) == (67, 82)
    assert [(one.battery_percent, one.peak_minutes_left) for one in thermostats.steps] == [
        (75, 120),
        (50, 60),
    ]
    assert notify.least == {"bob@example.org": "warning", "cat@example.org": "critical"}
    for secret in ("hw-secret", "mail-secret", "weather-secret"):
        assert secret not in said.out
    assert "no equal  weather.api_key: (hidden): the forecast needs no key" in said.out


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("config.py", "SUMMER = (", "is no Python file of settings"),
        ("config.yaml", "a: [1", "is no YAML"),
        ("config.yaml", "- 1", "holds no settings"),
    ],
)
def test_what_can_t_be_read_is_one_sentence(moved, name, text, says):
    code, said, tables = moved(name, text)
    assert (code, tables) == (1, {})
    assert says in said.err
    assert said.err.count("\n") == 1


def test_empty_files_make_no_nonsense(moved):
    code, said, tables = moved("config.py", "")
    assert code == 0
    assert tables["battery"]["periods"] == []
    assert "by hand   TESLA_ENERGY_SITE_ID" in said.out
