"""A Powerwall's own Wi-Fi: pypowerwall itself against a gateway that speaks its format over TLS."""

import sys

import pytest

from scheduler.battery.policy import Site
from scheduler.battery.site import BatteryError
from scheduler.battery.tedapi import WifiGateway, site_of
from tests.scheduler.battery.gateway3 import CONFIG, PASSWORD, STATUS, TOLD, Gateway3

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


def test_what_its_two_tables_mean():
    assert site_of(STATUS, CONFIG) == TOLD


@pytest.mark.parametrize(
    ("status", "config"), [({}, {}), ({"control": None}, {"site_info": []}), ({"control": {"alerts": 1}}, {})]
)
def test_what_it_does_not_say_is_not_known(status, config):
    assert site_of(status, config) == Site()


def test_an_outage_is_what_it_says_itself():
    connection = {"ISLAND_GridConnected": "ISLAND_GridConnected_Disconnected"}
    bus = {"esCan": {"bus": {"ISLANDER": {"ISLAND_GridConnection": connection}}}}
    assert site_of(bus, {}).off_grid
    assert not site_of(bus | {"control": {"alerts": {"active": ["SystemConnectedToGrid"]}}}, {}).off_grid


def test_without_its_package_it_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "pypowerwall.tedapi", None)
    with pytest.raises(BatteryError, match=r"Type: ./sunward python -m pip install pypowerwall$"):
        WifiGateway("https://192.168.91.1", PASSWORD).read()


@pytest.fixture
def gateway(tmp_path, monkeypatch):
    """One that pypowerwall can really ask; needs the extra `powerwall`."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # requests believes them more than verify=False
        monkeypatch.delenv(name, raising=False)
    why = "the extra `powerwall` is not installed: type python -m pip install pypowerwall"
    messages = pytest.importorskip("pypowerwall.tedapi", reason=why).tedapi_pb2
    found = Gateway3(tmp_path, messages)
    yield found
    found.stop()


def test_pypowerwall_reads_it_and_stays_connected(gateway):
    road = WifiGateway(gateway.url, PASSWORD)
    assert road.read() == TOLD
    assert gateway.asked.count("/tedapi/din") == 1
    assert road.read() == TOLD
    assert gateway.asked.count("/tedapi/din") == 1


def test_a_wrong_password_is_one_sentence_without_it(gateway):
    with pytest.raises(BatteryError) as refused:
        WifiGateway(gateway.url, "WRONG").read()
    assert "refuses GATEWAY_PASSWORD: it must be the whole one on its label" in str(refused.value)
    assert "WRONG" not in str(refused.value)
    assert refused.value.rest_s == 900


def test_one_that_fails_later_is_connected_anew(gateway):
    gateway.says = None
    road = WifiGateway(gateway.url, PASSWORD)
    with pytest.raises(BatteryError, match="tells nothing over its Wi-Fi"):
        road.read()
    gateway.says = STATUS
    assert road.read() == TOLD


def test_nobody_there_is_one_sentence(gateway):
    gateway.stop()
    with pytest.raises(BatteryError, match="can't be reached"):
        WifiGateway(gateway.url, PASSWORD).read()
