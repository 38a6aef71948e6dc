"""The doctor looks at the scheduler: its ticks and files on disk, its services over real HTTP and SMTP."""

import json
from datetime import timedelta

import pytest

from agent.__main__ import main
from agent.commands.doctor_scheduler import scheduler_findings
from scheduler.__main__ import main as scheduler
from scheduler.cars.login import tools_at
from scheduler.cars.settings import TeslaSettings
from scheduler.clock import now_utc
from scheduler.kept import Memory
from scheduler.settings import SchedulerSettings
from simulator.clouds.tesla_car import CloudCar
from simulator.clouds.web import Answer
from simulator.mailbox import Mailbox
from simulator.wires.smtp import SmtpServer
from tests.conftest import free_port
from tests.wires.street import Street

BUS = '[bus]\nport = "/dev/ttyNOTHING"\ncircuit_amps = 12\n'
SECTIONS = {
    "battery": 'site = "1234567"\nservice = "owner"\n',
    "thermostats": 'from = "16:00"\nto = "21:00"\nsteps = [{ battery_percent = 50, degrees = 2 }]\n',
    "tariff": 'kind = "tibber"\n',
    "forecast": "latitude = 48.2\nlongitude = 16.4\nplanes = [{ kwp = 6 }, { kwp = 3 }]\n",
}
CAR = '[[cars]]\nvin = "5YJ3E1EA7KF000042"\nreads = "owner://"\n'
SECRETS = "TIBBER_TOKEN=right\nHONEYWELL_USER=me@example.org\nHONEYWELL_PASSWORD=right\n"


@pytest.fixture
def street():
    found = Street(CloudCar())
    yield found
    found.stop()


@pytest.fixture
def mail():
    server = SmtpServer(Mailbox()).start()
    yield server
    server.stop()


@pytest.fixture
def house(tmp_path, street, mail):
    """Everything that the scheduler can do is set up, and nobody is signed in."""
    parts = [f"[{part}" + SECTIONS.get(part.split("]")[0], "") for part in street.settings.split("[")[1:]]
    letters = '[notify]\nto = "me@example.org"\nfrom = "me@example.org"\n[notify.smtp]\nhost = "127.0.0.1"\n'
    letters += f'port = {mail.port}\nsecurity = "none"\ntimeout_s = 2\n'
    path = tmp_path / "sunward.toml"
    web = f'[web]\nlisten = "127.0.0.1:{free_port()}"\n'
    path.write_text(BUS + web + "".join(parts) + CAR + letters, "utf-8")
    path.with_name("credentials.env").write_text(SECRETS, "utf-8")
    path.with_name("credentials.env").chmod(0o600)
    return path


def dead(house, *places):
    """Lead these to where nobody listens."""
    text = house.read_text("utf-8")
    for place in places:
        text = text.replace(place, "port = 1" if place.startswith("port") else "http://127.0.0.1:1")
    house.write_text(text, "utf-8")


def look(house, *, agent_runs=False):
    """What is found: `about -> (level, says)`, several of one joined."""
    found = {}
    for one in scheduler_findings(house, None, agent_runs=agent_runs):
        level, says = found.get(one.about, ("", ""))
        found[one.about] = (max(level, one.level), f"{says} {one.says}".strip())
    return found


def sign_in(house, street, *accounts, ago=timedelta()):
    settings = SchedulerSettings.load(house)
    tools = tools_at(settings, settings.section("tesla", TeslaSettings), now_utc() - ago)
    for account in accounts or ("owner",):
        tools.tokens(account).put(street.clouds.sign_in(), tools.now_s)
    return tools


def kept(house, job):
    return Memory(house.parent / "state" / "scheduler" / f"{job}.json")


def ran(house, ago=timedelta()):
    memory = kept(house, "watch")
    memory.data["run"] = {"failures": 0}
    memory.save((now_utc() - ago).timestamp())


def test_a_house_without_a_scheduler_hears_nothing_of_it(tmp_path):
    (tmp_path / "sunward.toml").write_text(BUS, "utf-8")
    assert look(tmp_path / "sunward.toml") == {}


def test_all_is_well_and_no_cloud_is_asked_twice(house, street, mail):
    sign_in(house, street)
    ran(house)
    street.clouds.counts.clear()
    found = look(house, agent_runs=True)
    assert {about: level for about, (level, _) in found.items()} == dict.fromkeys(
        ("scheduler", "Tesla (owner)", "thermostats", "prices", "forecast", "mail"), "good"
    )
    assert found["scheduler"][1].startswith("It ran ")
    assert found["Tesla (owner)"][1].startswith("Signed in for cars and Powerwall, renewed 20")
    assert found["prices"][1] == "tibber answers with 8 prices."
    assert found["mail"][1].startswith(f"127.0.0.1:{mail.port} answers.")
    assert street.sky.counts == {"/v1/forecast": 1}
    assert street.portal.counts["sign-in"] == 0
    assert not street.clouds.counts
    assert mail._mailbox.letters() == []


def test_a_sign_in_that_is_missing_or_dead_says_what_to_type(house, street):
    level, says = look(house)["Tesla (owner)"]
    assert (level, says) == (
        "bad",
        "Nobody is signed in. Needed for cars and Powerwall. Type: ./sunward scheduler login owner",
    )
    tools = sign_in(house, street)
    path = tools.folder / "owner.json"
    said = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(said | {"dead": True, "trouble": "Tesla does not accept it."}), "utf-8")
    assert look(house)["Tesla (owner)"][1].startswith("Tesla does not accept it. Needed for cars")
    sign_in(house, street, ago=timedelta(days=88))
    level, says = look(house)["Tesla (owner)"]
    assert level == "odd"
    assert "ends in 2 days" in says


def test_each_account_is_named_with_who_needs_it(house, street):
    text = (
        house.read_text("utf-8")
        .replace('"owner://"', '"fleet://"')
        .replace("[tesla]", '[tesla]\nclient_id = "x"')
    )
    house.write_text(text, "utf-8")
    found = look(house)
    assert "Needed for the cars." in found["Tesla (fleet)"][1]
    assert "Needed for the Powerwall." in found["Tesla (owner)"][1]
    house.with_name("credentials.env").write_text(SECRETS + "TESLA_ACCESS_TOKEN=elsewhere\n", "utf-8")
    assert "Tesla (owner)" not in look(house)


def test_what_can_not_be_reached_is_worth_a_look_and_no_fault(house, street, mail):
    sign_in(house, street)
    ran(house)
    dead(house, street.prices.url, street.sky.web.url, f"port = {mail.port}")
    found = look(house, agent_runs=True)
    assert found["prices"] == ("odd", "127.0.0.1 can't be reached. It is asked again by itself.")
    assert found["forecast"][0] == "odd"
    assert found["mail"][0] == "odd"
    assert "Nothing listens at 127.0.0.1" in found["mail"][1]
    assert "bad" not in {level for level, _ in found.values()}


def test_a_key_that_is_refused_wants_a_hand_and_a_page_instead_of_prices_does_not(house, street):
    street.key = "another"
    level, says = look(house)["prices"]
    assert level == "bad"
    assert "refuses the key (HTTP 401)" in says
    street.sky.troubles = [("/v1", Answer("<html>", 200))]
    assert look(house)["forecast"][0] == "odd"


def test_who_asked_for_a_rest_is_left_alone(house, street):
    soon_s = (now_utc() + timedelta(hours=1)).timestamp()
    for job in ("tariff", "forecast", "thermostats"):
        memory = kept(house, job)
        memory.data["rest_until"] = soon_s
        memory.save()
    found = look(house)
    for about in ("prices", "forecast", "thermostats"):
        assert found[about][0] == "odd"
        assert "left alone until" in found[about][1]
    assert not street.sky.counts


@pytest.mark.parametrize(("agent_runs", "level"), [(True, "bad"), (False, "odd")])
def test_that_it_stands_still_is_bad_while_the_agent_runs(house, agent_runs, level):
    found = look(house, agent_runs=agent_runs)
    assert found["scheduler"][0] == level
    assert found["scheduler"][1].startswith("It has never run")
    ran(house, ago=timedelta(hours=2))
    found = look(house, agent_runs=agent_runs)
    assert found["scheduler"][0] == level
    assert "Type: ./sunward scheduler run" in found["scheduler"][1]


def test_a_real_tick_is_seen_and_so_is_a_job_that_fails(house, street):
    dead(house, street.prices.url)
    assert scheduler(["tick", "--config", str(house)], pace=1000.0) == 1
    level, says = look(house)["scheduler"]
    assert says.startswith("It ran ")
    assert level == "odd"
    assert "failed once. What it says: ./sunward scheduler " in says


def test_a_state_folder_that_is_none_ends_nothing(house):
    (house.parent / "state").write_text("I am a file", "utf-8")
    found = look(house)
    assert found["scheduler"][1].startswith("It has never run")
    assert found["Tesla (owner)"][0] == "odd"


def test_settings_that_do_not_fit_are_told_instead(house):
    house.with_name("credentials.env").write_text("TIBBER_TOKEN=right\n", "utf-8")
    level, says = look(house)["scheduler"]
    assert level == "bad"
    assert "write HONEYWELL_USER=... and HONEYWELL_PASSWORD=... into credentials.env" in says


def test_the_command_prints_it_below_the_rest(house, capsys):
    assert main(["doctor", "--config", str(house)]) == 1
    told = capsys.readouterr().out
    assert "look scheduler      It has never run" in told
    assert "ok   prices         tibber answers with 8 prices." in told
    assert told.index("bus port") < told.index("scheduler  ")
