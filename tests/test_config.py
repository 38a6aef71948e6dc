"""sunward.toml: understood whole or refused whole, every problem at once, each in words."""

import re
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.config import Settings, load
from notify.settings import SettingsError

ROOT = Path(__file__).parents[1]
GOOD = """
[bus]
port = "/dev/ttyUSB0"
circuit_amps = 32
[[chargers]]
id = "3201"
max_amps = 16
"""


@pytest.fixture
def file(tmp_path):
    def written(text, secrets=None, mode=0o600):
        path = tmp_path / "sunward.toml"
        path.write_text(text, "utf-8")
        if secrets is not None:
            (tmp_path / "credentials.env").write_text(secrets, "utf-8")
            (tmp_path / "credentials.env").chmod(mode)
        return path

    return written


def problems(path):
    with pytest.raises(SettingsError) as refused:
        load(path)
    return refused.value.problems


def test_little_is_enough_and_the_rest_has_defaults(file):
    house = load(file(GOOD))
    assert house.rules.circuit_amps == 32
    assert house.rules.chargers[0].min_amps == 6
    assert not house.rules.has_meter
    assert house.settings.web.listen == "127.0.0.1:8080"


def test_half_amps_are_told_to_the_brain_and_to_the_bus(file):
    house = load(file(GOOD + "half_amps = true\n"))
    assert house.rules.chargers[0].half_amps
    assert house.bus_rules.chargers[0].half_amps


def test_the_example_is_a_house_that_can_run():
    assert load(ROOT / "sunward.example.toml").rules.has_meter


def documented(text, section):
    """The names that the example shows for a section, set or behind a comment sign."""
    body = re.search(rf"^(?:# )?\[+{section}\]+.*?(?=^(?:# )?\[|\Z)", text, re.M | re.S)
    return set(re.findall(r"^(?:# )?(\w+) = ", body[0], re.M)) if body else set()


@pytest.mark.parametrize(
    "section",
    ["site", "bus", "chargers", "meters", "solar", "web", "mqtt", "homeassistant", "evcc", "legacy"],
)
def test_every_setting_is_in_the_example(section):
    text = (ROOT / "sunward.example.toml").read_text("utf-8")
    kind = Settings.model_fields[section].annotation
    model = getattr(kind, "__args__", [kind])[0]
    assert set(model.model_fields) - documented(text, section) == set()


def test_all_problems_are_told_at_once_each_with_its_place_and_its_cure(file):
    path = file(
        """
[site]
timezone = "Mars/Olympus"
[bus]
port = "COM3"
circuit_amps = 500
primary_id = "77"
[[chargers]]
id = "3201"
max_amps = 16
phase = "L1"
[solar]
min_solar_share = 2
[sollar]
x = 1
"""
    )
    told = "\n".join(problems(path))
    for words in (
        "site.timezone: ",
        "bus.port: write a device like /dev/serial/by-id/",
        "bus.circuit_amps: ",
        "bus.primary_id: an id is four hexadecimal digits",
        "chargers[1].phase: there is no such setting",
        "solar.min_solar_share: ",
        "sollar: there is no such setting",
    ):
        assert words in told, told


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('trusted_proxies = ["nginx"]', "web.trusted_proxies"),
        ('tls_cert = "cert.pem"', "belong together"),
        ('listen = "8080"', "web.listen"),
        ('currency = "Dollars"', "web.currency"),
    ],
)
def test_the_web_door_is_checked_like_the_rest(file, lines, words):
    assert any(words in one for one in problems(file(f"{GOOD}[web]\n{lines}\n")))


def test_what_an_unwatched_main_fuse_may_bear_is_a_setting(file):
    fused = f"[site]\nmain_fuse_amps = 35\n{GOOD}"
    assert load(file(fused)).rules.blind_fast_amps is None
    meters = "[meters]\nunwatched_fuse_amps = {}\n"
    assert load(file(fused + meters.format(10))).rules.blind_fast_amps == 10
    (told,) = problems(file(fused + meters.format(36)))
    assert "unwatched_fuse_amps = 36 is more than the main fuse" in told


def test_what_contradicts_itself_is_refused(file):
    path = file(
        """
[site]
phases = 1
[bus]
port = "/dev/ttyUSB0"
circuit_amps = 32
primary_id = "3201"
[[chargers]]
id = "3201"
max_amps = 16
min_amps = 20
[[chargers]]
id = "3201"
max_amps = 16
phases = ["L1", "L2"]
[meters]
grid = "solarege://1.2.3.4"
solar = ["fixed://?watts=1", "solaredge://"]
max_age_s = 10
minimum_after_s = 30
[[windows]]
name = "night"
days = "mon-fry"
from = "25:00"
to = "07:15"
mode = "quick"
"""
    )
    told = "\n".join(problems(path))
    for words in (
        "the id 3201 stands there twice",
        "min_amps: 20 A is more than max_amps 16 A",
        "3201 is our own id on the bus",
        "L2 does not exist in a house with site.phases = 1",
        "must rise in this order",
        "meters.grid: ",
        "solaredge",
        "windows[1] (night).days",
        "windows[1] (night).from",
        "windows[1] (night).mode",
    ):
        assert words in told, told


@pytest.mark.parametrize(
    ("text", "words"),
    [("[bus\n", "is not valid TOML"), ("", "bus: is missing"), ("[site]\nname = 3\n", "site.name: ")],
)
def test_a_broken_file_is_one_clear_line(file, text, words):
    assert any(words in one for one in problems(file(text)))


def test_a_file_that_is_not_there_says_what_to_copy(tmp_path):
    assert "Copy sunward.example.toml" in problems(tmp_path / "none.toml")[0]


def test_secrets_that_others_can_read_are_refused(file):
    told = problems(file(GOOD, "WEB_PASSWORD=x\n", mode=0o644))
    assert any("chmod 600" in one for one in told)


def test_a_secret_is_in_no_sentence(file):
    path = file(GOOD + '[meters]\ngrid = "fixed://user:hunter2@?watts=1"\n')
    assert "hunter2" not in "\n".join(problems(path))


def test_check_says_the_house_or_every_problem(file, capsys):
    assert main(["check", "--config", str(file(GOOD))]) == 0
    assert "3201 up to 16 A" in capsys.readouterr().out
    assert main(["check", "--config", str(file(GOOD.replace("16", "160")))]) == 1
    error = capsys.readouterr().err
    assert "chargers[1].max_amps" in error
    assert "Nothing was started" in error


def test_a_meter_that_is_read_seldom_is_not_stale_before_it_has_missed_a_beat(file):
    house = load(file(GOOD + '[meters]\ngrid = "solaredge://192.168.0.27?every_s=20"\n'))
    assert (house.rules.stale_no_raise_s, house.rules.stale_minimum_s, house.rules.stale_safe_s) == (
        50,
        100,
        200,
    )
    house = load(file(GOOD + '[meters]\ngrid = "solaredge://192.168.0.27?every_s=2"\n'))
    assert (house.rules.stale_no_raise_s, house.rules.stale_minimum_s, house.rules.stale_safe_s) == (
        10,
        30,
        120,
    )


def test_one_phase_may_stand_alone_and_none_stands_twice(file):
    three = "[site]\nphases = 3\n" + GOOD
    assert load(file(three + 'phases = "L2"\n')).rules.chargers[0].phases == ("L2",)
    assert load(file(three + 'phases = ["L3", "L1"]\n')).rules.chargers[0].phases == ("L3", "L1")
    for wrong in ('["L1", "L1"]', "[]", '"L9"', '["l1"]', "3", "[1]"):
        (told,) = problems(file(three + f"phases = {wrong}\n"))
        assert told.startswith('chargers[1].phases: write the supply phases that it is wired to, like ["L1"]')


@pytest.mark.parametrize(
    "port", ["socket://x", "socket://x:99999", "socket://:5", "rfc2217://x:0", "COM3", ""]
)
def test_an_adapter_in_the_network_is_named_by_host_and_port(file, port):
    (told,) = problems(file(GOOD.replace("/dev/ttyUSB0", port)))
    assert told.startswith("bus.port: write a device like /dev/serial/by-id/..., or socket://HOST:PORT")


def test_an_id_without_quotes_is_told_in_words(file):
    (told,) = problems(file(GOOD.replace('"3201"', "3201")))
    assert told == 'chargers[1].id: write the id in quotes, like id = "3201" (found 3201).'


def test_a_wrong_meter_is_told_beside_what_else_is_wrong(file):
    told = problems(file(GOOD + 'max_amps_ = 3\n[meters]\ngrid = "foo://x"\n'))
    assert len(told) == 2
    assert "chargers[1].max_amps_: there is no such setting" in told[0]
    assert "meters.grid: there is no meter scheme 'foo'" in told[1]
    (told,) = problems(file(GOOD + "[meters]\nsolar = 5\n"))
    assert told == (
        'meters.solar: write a line like "solaredge://192.168.0.27:1502", or a list of such lines (found 5).'
    )


def ages(house):
    return house.rules.stale_no_raise_s, house.rules.stale_minimum_s, house.rules.stale_safe_s


def test_whoever_sets_one_age_of_a_reading_need_not_set_the_others(file):
    fast = GOOD + '[meters]\ngrid = "fixed://?watts=1&every_s=1"\n'
    assert ages(load(file(fast + "max_age_s = 15\n"))) == (5, 10, 15)
    assert ages(load(file(fast + "max_age_s = 60\n"))) == (10, 30, 60)
    assert ages(load(file(fast + "minimum_after_s = 8\n"))) == (4, 8, 120)
    assert ages(load(file(fast + "no_raise_after_s = 50\n"))) == (50, 50, 120)


def test_an_age_limit_that_is_set_holds_as_it_stands_with_a_slow_meter_too(file):
    slow = GOOD + '[meters]\ngrid = "solaredge://192.168.0.27?every_s=10"\n'
    assert ages(load(file(slow + "max_age_s = 40\n"))) == (25, 40, 40)
    (told,) = problems(file(slow + "max_age_s = 14\n"))
    assert told.startswith("meters.max_age_s: the grid's source is read every 10 s")
    assert "write 15 or more, or a shorter every_s in its line (found 14)." in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[homeassistant]\n", "there is no [mqtt] section"),
        ('[homeassistant]\ndiscovery = false\nurl = "http://x:8123"\n', "HA_TOKEN"),
        ('[mqtt]\nbroker = "10.0.0.2"\n', "mqtt.broker: write a host and a port"),
        ('[mqtt]\nbroker = "x:1883"\nprefix = "a/#"\n', "mqtt.prefix"),
        ('[mqtt]\nbroker = "x:1883"\nca_file = "/none.pem"\n', "can't be found"),
        ('[mqtt]\nbroker = "x:1883"\n[legacy]\nmqtt_prefix = "sunward"\n', "Give each its own"),
        ('[legacy]\nmqtt_prefix = "TWC"\n', "which broker to use"),
        ('[legacy]\nallow = ["my-laptop"]\n', "is no address or network"),
        ('[legacy]\nhttp = "8090"\n', "legacy.http"),
    ],
)
def test_a_door_that_can_not_work_is_told_before_it_is_opened(file, text, words):
    assert any(words in one for one in problems(file(GOOD + text)))


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("phases = 1\nimbalance_amps = 20", "nothing to compare"),
        ("reserved_watts = [3000]", "set site.main_fuse_amps too"),
        ("main_fuse_amps = 25\nreserved_watts = [3000, 0]", "one number for each of the 1 phases"),
        ("main_fuse_amps = 16\nreserved_watts = [4000]", "leave nothing of the main fuse"),
        ("peak_watts = 4000", "without a grid meter"),
    ],
)
def test_a_limit_that_cannot_work_is_told(file, site, words):
    assert any(words in problem for problem in problems(file(f"[site]\n{site}\n{GOOD}")))
