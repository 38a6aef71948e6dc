"""The wizard asks a Powerwall 3 over its own Wi-Fi, by pypowerwall itself."""

import sys
import tomllib

import pytest

from notify.settings import read_credentials
from scheduler.agent_api import Agent
from scheduler.battery import look
from scheduler.clock import SystemClock
from scheduler.jobs import Context
from scheduler.kept import Memory
from scheduler.settings import SchedulerSettings
from tests.scheduler.battery.gateway3 import PASSWORD, TOLD, Gateway3
from tests.wires.newcomer import Person, answer
from tests.wires.street import Street

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
END = "[finish]\noverwrite = true\ndoctor = false\n"


@pytest.fixture
def street():
    found = Street()
    yield found
    found.stop()


@pytest.fixture
def house(tmp_path, street):
    path = tmp_path / "sunward.toml"
    begin = '[bus]\nport = "/dev/ttyUSB7"\ncircuit_amps = 12\n'
    path.write_text(begin + street.settings.partition("[thermostats]")[0], "utf-8")
    return path


@pytest.fixture
def gateway(tmp_path, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests believes them more than verify=False
        monkeypatch.delenv(name, raising=False)
    why = "the extra `powerwall` is not installed: type python -m pip install pypowerwall"
    messages = pytest.importorskip("pypowerwall.tedapi", reason=why).tedapi_pb2
    found = Gateway3(tmp_path, messages)
    yield found
    found.stop()


def test_a_powerwall_3_is_read_over_its_wifi_and_the_scheduler_does_so_too(house, street, gateway, capsys):
    paste = street.clouds.sign_in()["refresh_token"]
    text = (
        f'[tesla]\nback_end = "owner"\npaste = "{paste}"\nvins = []\n[battery]\ngateway = "{gateway.url}"\n'
    )
    assert answer(house, f'{text}wifi = true\npassword = "{PASSWORD}"\n{END}') == 0
    told = capsys.readouterr()
    assert "The Powerwall is at 70 %, mode Self-Powered, reserve 20 %" in told.out
    assert PASSWORD not in told.out + told.err
    found = tomllib.loads(house.read_text("utf-8"))
    assert (found["battery"]["gateway"], found["battery"]["gateway_login"]) == (gateway.url, "wifi")
    assert "meters" not in found  # it is too slow for that
    assert read_credentials(house.with_name("credentials.env")) == {"GATEWAY_PASSWORD": PASSWORD}
    settings = SchedulerSettings.load(house)
    agent, memory = Agent(settings.agent_url), Memory(house.with_name("memory.json"))
    moment = SystemClock(settings.site.zone).now()
    assert look(Context(settings, moment, agent, memory, print, print)) == TOLD
    before = house.read_text("utf-8")
    assert answer(house, "[battery]\n" + END) == 0
    assert house.read_text("utf-8") == before
    gateway.stop()
    assert (
        answer(house, f'[battery]\ngateway = "{street.powerwall.gateway.url}"\npassword = "12345"\n{END}')
        == 0
    )
    assert "gateway_login" not in house.read_text("utf-8")


def test_a_wrong_password_there_is_told_and_kept(house, gateway, capsys):
    text = f'[battery]\nsite = "1234567"\ngateway = "{gateway.url}"\nwifi = true\npassword = "WRONG"\n'
    assert answer(house, text + END) == 0
    told = capsys.readouterr()
    assert "can't be reached, or refuses GATEWAY_PASSWORD" in told.out
    assert "WRONG" not in told.out + told.err


def test_without_its_package_the_command_that_installs_it_is_told(house, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pypowerwall.tedapi", None)
    text = '[battery]\nsite = "1234567"\ngateway = "192.168.91.1"\npassword = "ABCDEFGHIJ"\n'
    assert answer(house, text + END) == 0  # at that address it is proposed
    assert "Type: ./sunward python -m pip install pypowerwall" in capsys.readouterr().out
    battery = tomllib.loads(house.read_text("utf-8"))["battery"]
    assert (battery["gateway"], battery["gateway_login"]) == ("https://192.168.91.1", "wifi")


def test_a_person_is_asked_for_the_password_that_this_way_needs(house, gateway):
    person = Person(house)
    steps = (
        "The house",
        "The chargers",
        "The meters",
        "What power costs",
        "What the sun",
        "the Tesla account",
    )
    person.answers(
        *((step, "s") for step in steps),
        ("The Powerwall ──", ""),
        ("The energy site's id", "-"),
        ("a Powerwall 3: 192.168.91.1, in its Wi-Fi) [-]", gateway.url),
        ("in the Powerwall's own Wi-Fi (y/n) [n]", "y"),
        ("The gateway's password there; the whole one of its label", PASSWORD),
    )
    person.sees("The Powerwall is at 70 %")
    person.sees("needs a site, too: nothing is set up for it.")
    person.types("\x03")
    person.sees("Nothing was written.")
    assert person.end() == 130
