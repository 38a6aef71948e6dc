"""Home Assistant with a real WebSocket and its REST beside it: changes, steady numbers, and its bad days."""

from datetime import UTC, datetime

import pytest

from agent.meters import source
from agent.meters.part import open_line, understand
from agent.meters.values import Poor
from agent.meters.via import Answered, Problem
from agent.meters.via.states import QUIET_S
from scheduler.clock import FakeClock
from tests.wires.hass import Hass
from tests.wires.patience import until

AT_S = 1781437500.0
GRID, SOC = "sensor.grid_power", "sensor.battery_level"


@pytest.fixture
def hass():
    found = Hass()
    found.set(GRID, "-2.35", unit="kW")
    yield found
    found.close()


@pytest.fixture
def clock():
    return FakeClock(datetime.fromtimestamp(AT_S, UTC), 500.0)


@pytest.fixture
def opened(clock):
    lines = []

    def call(hass, rest=GRID + "?token=T", token="long-lived"):
        found = source(f"homeassistant://127.0.0.1:{hass.port}/{rest}", {"T": token})
        line = open_line(found, clock)
        lines.append(line)
        return lambda: line.poll(found, clock.now()), lambda answer: understand(found, answer.answers)["any"]

    yield call
    for line in lines:
        line.close()


def subscribed(hass, poll):
    return until(lambda: poll() and "subscribe_entities" in hass.said)


def test_the_first_reading_is_asked_for_and_changes_are_pushed(hass, opened, clock):
    poll, read = opened(hass)
    assert read(poll()).watts == -2350, "by REST, while the WebSocket is being opened"
    assert subscribed(hass, poll)
    until(lambda: poll() and hass.said.count("subscribe_entities") == 1)
    asked = len(hass.asked)
    clock.advance(2)
    hass.set(GRID, "1.2", AT_S + 2, "kW")
    assert until(lambda: read(poll()).watts == 1200)
    answer = poll()
    assert answer.at_mono_s == 502.0
    assert read(answer).at_wall.timestamp() == AT_S + 2
    assert len(hass.asked) <= asked + 1, "nothing was asked for"


def test_a_steady_number_is_as_old_as_its_last_report_which_rest_does_not_show(hass, opened, clock):
    poll, read = opened(hass)
    assert subscribed(hass, poll)
    clock.advance(1)
    hass.set(GRID, "0", AT_S + 1)
    assert until(lambda: read(poll()).watts == 0)
    asked = len(hass.asked)
    hass.set(GRID, "0", AT_S + 1, reported_s=AT_S + 3)
    clock.advance(QUIET_S)
    assert until(lambda: read(poll()).at_wall.timestamp() == AT_S + 3)
    assert poll().at_mono_s == clock.mono_s
    assert len(hass.asked) == asked, "not by REST"
    assert hass.page(GRID)["last_reported"] == hass.page(GRID)["last_updated"]
    assert until(lambda: not hass.open), "the template is given back"


def test_a_sensor_that_died_grows_old_although_the_connection_lives(hass, opened, clock):
    poll, read = opened(hass)
    assert subscribed(hass, poll)
    clock.advance(300)
    assert read(poll()).at_wall.timestamp() == AT_S


def test_several_entities_are_one_reading(hass, opened):
    hass.set(SOC, "61", unit="%")
    poll, read = opened(hass, f"{GRID}?token=T&soc={SOC}&positive=export")
    assert subscribed(hass, poll)
    hass.set(GRID, "1500", AT_S + 3, "W")
    assert until(lambda: read(poll()).watts == -1500)
    assert read(poll()).soc_percent == 61


def test_an_unavailable_sensor_is_pushed_as_no_reading(hass, opened):
    poll, read = opened(hass)
    assert subscribed(hass, poll)
    hass.set(GRID, "unavailable", AT_S + 3)
    assert until(lambda: "unavailable" in wrong(read, poll))


def wrong(read, poll):
    """Why there is no reading, or nothing."""
    try:
        read(poll())
    except Poor as error:
        return str(error)
    return ""


def test_a_connection_that_breaks_is_opened_again_and_rest_bridges_it(hass, opened, clock):
    poll, read = opened(hass)
    assert subscribed(hass, poll)
    hass.said.clear()
    hass.drop()
    hass.set(GRID, "0.8", AT_S + 4, "kW")
    clock.advance(1)
    assert until(lambda: read(poll()).watts == 800), "by REST"
    assert subscribed(hass, poll)
    hass.set(GRID, "0.9", AT_S + 5, "kW")
    assert until(lambda: read(poll()).watts == 900)


def test_a_restart_is_survived(hass, opened, clock):
    poll, read = opened(hass)
    assert subscribed(hass, poll)
    port = hass.port
    hass.close()
    clock.advance(60)
    assert until(lambda: clock.advance(0.1) and isinstance(poll(), Problem))
    assert poll().kind == "down"
    again = Hass(port=port)
    again.set(GRID, "77")
    assert until(lambda: isinstance(poll(), Answered))
    assert read(poll()).watts == 77
    assert subscribed(again, poll)
    again.close()


def test_a_dead_connection_that_looks_alive_is_found_out(hass, opened, clock):
    poll, _ = opened(hass, "sensor.not_there_yet?token=T")
    assert subscribed(hass, poll)
    assert until(lambda: clock.advance(1) and poll() and "ping" in hass.said), "nothing else is to be said"
    hass.deaf = True
    assert until(lambda: clock.advance(1) and poll() and len(hass.talks) > 1), "it calls again"
    hass.deaf = False
    hass.said.clear()
    assert until(lambda: clock.advance(1) and poll() and "subscribe_entities" in hass.said)


def test_a_wrong_token_is_tried_once_and_never_shown(hass, opened, clock):
    poll, _ = opened(hass, token="stolen-away")
    problem = poll()
    assert problem.kind == "down"
    assert "stolen-away" not in problem.sentence
    assert until(lambda: "auth" in hass.said)
    until(lambda: hass.said.count("auth") > 1, 1.5)
    assert hass.said.count("auth") == 1, "Home Assistant bans who tries again and again"


def test_without_a_websocket_rest_alone_does(opened, clock):
    hass = Hass(has_websocket=False)
    hass.set(GRID, "12")
    poll, read = opened(hass)
    assert read(poll()).watts == 12
    hass.set(GRID, "13")
    clock.advance(1)
    assert until(lambda: read(poll()).watts == 13)
    hass.close()


@pytest.mark.parametrize(
    "junk",
    [b"\x81\x03abc", b"\x81\x02[]", b"\x81\x7f\xff\xff", b"\xff" * 20, b'\x81\x15{"type":"event","e":1}'],
)
def test_junk_on_the_websocket_costs_nothing_but_the_connection(hass, opened, clock, junk):
    poll, read = opened(hass)
    assert subscribed(hass, poll)
    hass.raw(junk)
    hass.set(GRID, "5", AT_S + 9, "W")
    assert until(lambda: clock.advance(0.1) and read(poll()).watts == 5)


def test_an_entity_that_does_not_exist(hass, opened):
    poll, _ = opened(hass, "sensor.nothing?token=T")
    problem = poll()
    assert (problem.kind, "404" in problem.sentence) == ("poor", True)
