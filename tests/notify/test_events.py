"""The catalogue: whole, consistent, and the same as in the manual."""

import dataclasses
from pathlib import Path

import pytest

from notify.events import (
    _TABLE,
    CATALOGUE,
    DELIVERIES,
    SEVERITIES,
    Event,
    event_of,
    kind_of,
    recovered_kind,
    severity_of,
    table,
)

MANUAL = Path(__file__).parents[2] / "docs" / "letters.md"


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=CATALOGUE)
def test_each_kind_is_consistent(kind):
    assert kind.severity in SEVERITIES
    assert kind.delivery in DELIVERIES
    assert kind.title
    if kind.recovers:
        assert kind.severity == "info"
        assert CATALOGUE[kind.recovers].severity != "info"


def test_no_kind_is_listed_twice():
    assert table().count("\n") - 2 == len(CATALOGUE)
    assert len([line for line in _TABLE.splitlines() if line and line[0] != "#"]) == len(CATALOGUE)


def test_the_manual_has_the_same_table():
    assert MANUAL.read_text(encoding="utf-8").partition("<!-- kinds -->\n")[2] == table(), (
        "type: ./sunward notify kinds, and put it at the end of docs/letters.md"
    )


def test_an_event_of_a_kind_has_its_severity_and_its_recovery():
    back = event_of("charger_back", "Garage answers again.", "Garage")
    assert (back.severity, back.recovers) == ("info", "charger_lost")
    assert severity_of(Event("charger_lost", "made without one")) == "warning"
    assert severity_of(Event("charger_lost", "made with one", "error")) == "error"
    assert recovered_kind(Event("token_ok", "x", recovers="token_soon_dead")) == "token_soon_dead"


def test_a_kind_nobody_listed_works():
    assert kind_of("sauna_warm").title == "Sauna warm"
    assert severity_of(Event("sauna_hot", "x", "critical")) == "critical"


def test_an_event_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        event_of("x", "y").kind = "z"


def test_every_kind_that_the_manual_promises_is_told_by_somebody():
    root = Path(__file__).parents[2]
    files = [path for room in ("agent", "scheduler", "notify") for path in (root / room).rglob("*.py")]
    code = "".join(path.read_text() for path in files if path.name != "events.py")
    mute = [
        kind.name
        for kind in CATALOGUE.values()
        if f'"{kind.name}"' not in code and f'.over("{kind.recovers}"' not in code
    ]
    assert mute == []
