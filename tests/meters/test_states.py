"""Home Assistant's WebSocket without a socket: states put together of differences, and any junk."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.meters.values import Down, Poor
from agent.meters.via.states import QUIET_S, States

GRID = "sensor.grid_power"
START = {
    "a": {GRID: {"s": "-2.35", "a": {"unit_of_measurement": "kW", "icon": "x"}, "c": "01", "lc": 1781437500}}
}


def event(**what):
    return json.dumps({"id": 1, "type": "event", "event": what})


@pytest.fixture
def states():
    found = States("10.0.0.5:8123", "T0K3N")
    assert json.loads(found.heard('{"type": "auth_required"}', 0.0)[0])["access_token"] == "T0K3N"
    assert found.ask([GRID]) == [], "nobody asks before he is let in"
    found.heard('{"type": "auth_ok"}', 0.0)
    return found


def test_ids_rise_and_nothing_is_asked_for_twice(states):
    first = json.loads(states.ask([GRID])[0])
    assert first == {"id": 1, "type": "subscribe_entities", "entity_ids": [GRID]}
    assert states.ask([GRID]) == []
    assert json.loads(states.ask([GRID, "sensor.soc"])[0])["entity_ids"] == ["sensor.soc"]
    assert json.loads(states.ping()) == {"id": 3, "type": "ping"}


def test_what_is_there_at_the_start_counts_for_nothing_until_it_changes(states):
    states.heard(event(**START), 5.0)
    assert states.changed == {}
    assert states.since_s == {GRID: 5.0}
    states.heard(
        event(c={GRID: {"+": {"s": "1200", "lc": 1781437503.5, "a": {"unit_of_measurement": "W"}}}}), 8.0
    )
    page, at_s = states.changed[GRID]
    assert at_s == 8.0
    assert json.loads(page.text) == {
        "entity_id": GRID,
        "state": "1200",
        "attributes": {"unit_of_measurement": "W", "icon": "x"},
        "last_updated": "2026-06-14T11:45:03.500000+00:00",
        "last_reported": "2026-06-14T11:45:03.500000+00:00",
    }


def test_attributes_go_and_entities_too(states):
    states.heard(event(**START), 5.0)
    states.heard(event(c={GRID: {"+": {"lu": 1781437600}, "-": {"a": ["icon"]}}}), 6.0)
    assert states.changed[GRID][0].json().keys("attributes") == ["unit_of_measurement"]
    states.heard(event(r=[GRID]), 7.0)
    assert states.changed == {}


def test_who_is_silent_is_asked_for_its_last_report(states):
    states.ask([GRID])
    states.heard(event(**START), 5.0)
    assert states.doubt(5.0 + QUIET_S - 0.1) == []
    (asked,) = map(json.loads, states.doubt(5.0 + QUIET_S))
    assert (asked["id"], asked["type"], asked["variables"]) == (2, "render_template", {"entity": GRID})
    assert states.doubt(5.5 + QUIET_S) == [], "once is enough"
    told = {"id": 2, "type": "event", "event": {"result": 1781437503.5, "listeners": {}}}
    (thanks,) = map(json.loads, states.heard(json.dumps(told), 9.0))
    assert thanks == {"id": 3, "type": "unsubscribe_events", "subscription": 2}
    page, at_s = states.changed[GRID]
    assert (page.json().text_or("state"), at_s) == ("-2.35", 9.0)
    assert page.json().text_or("last_reported") == "2026-06-14T11:45:03.500000+00:00"
    assert page.json().text_or("last_updated") == "2026-06-14T11:45:00+00:00"


@pytest.mark.parametrize("nothing", [0, None, "", "x", [1], {"a": {}}])
def test_a_report_that_is_none_counts_for_nothing_and_is_not_asked_for_in_haste(states, nothing):
    states.ask([GRID])
    states.heard(event(**START), 5.0)
    states.doubt(8.0)
    states.heard(json.dumps({"id": 2, "type": "event", "event": {"result": nothing}}), 8.1)
    assert states.changed == {}
    assert states.doubt(8.1 + QUIET_S / 2) == []
    assert len(states.doubt(8.1 + QUIET_S)) == 1


def test_a_refused_token_waits_and_is_not_shown(states):
    with pytest.raises(Down, match="refuses our token") as told:
        states.heard('{"type": "auth_invalid", "message": "T0K3N?"}', 1.0)
    assert told.value.wait_s >= 60
    assert "T0K3N" not in str(told.value)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
TREES = st.recursive(
    LEAVES,
    lambda t: (
        st.lists(t, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "c", "r", "s", "+", "-", GRID, "lu"]), t)
    ),
)


@given(st.lists(TREES, max_size=4))
def test_any_event_raises_nothing_but_poor(events):
    states = States("x", "t")
    for one in (START, *events):
        with contextlib.suppress(Poor):
            states.heard(json.dumps({"type": "event", "event": one}), 1.0)


@given(st.text(max_size=40) | TREES.map(json.dumps))
def test_any_text_raises_nothing_but_poor(text):
    with contextlib.suppress(Poor):
        States("x", "t").heard(text, 1.0)
