"""`agent explain`: why now, from a running agent; why then, from what is remembered."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.__main__ import main
from agent.commands.explain import Unclear, explain, read_time
from agent.config import load
from agent.history.part import HistoryPart
from agent.model import Control, Mode, Moment, Published
from agent.parts import Outbox, Slot
from tests.brain.plant import Plant

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 6, 15, 16, 0, tzinfo=ZONE)
SETTINGS = """
[site]
timezone = "Europe/Berlin"
[bus]
port = "/dev/ttyUSB0"
circuit_amps = 20
[[chargers]]
id = "3201"
name = "Garage"
max_amps = 32
[web]
listen = "{listen}"
"""


@pytest.fixture
def house(tmp_path):
    (tmp_path / "sunward.toml").write_text(SETTINGS.format(listen="127.0.0.1:9"))
    return load(tmp_path / "sunward.toml")


def remembered(house):
    """A day that began with sun at 13:58, and was switched off at 14:10."""
    published = Slot(Published(Moment(0.0)))
    history = HistoryPart(published, Outbox(), house.state_dir / "history.db", rules=house.rules)
    house.state_dir.mkdir(exist_ok=True)
    plant = Plant(house.rules, sun_w=6500.0)
    began = datetime(2026, 6, 15, 13, 58, tzinfo=ZONE)
    for second in range(1500):
        if second == 720:
            plant.control = Control(Mode.OFF)
        plant.run(1)
        moment = Moment(plant.now, began + timedelta(seconds=second))
        published.put(Published(moment, decision=plant.decision))
        history.step(moment)
    history.finish(moment)


def test_the_past_is_told_with_its_reason_its_rules_and_what_came_next(house, capsys):
    remembered(house)
    assert explain(house, "14:05", "garage", NOW) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("Garage, Mon 15 Jun 14:05, since Mon 13:58")
    assert "Offering 20 A: " in told[0]
    assert any("the house's mode: from 0 A to" in line for line in told)
    assert told[-1].startswith("    then, at Mon 14:10:00: Not charging: switched off.")
    assert explain(house, "14:15", "3201", NOW) == 0
    assert "Not charging: switched off." in capsys.readouterr().out
    assert explain(house, "2026-05-01", None, NOW) == 0
    assert "nothing is remembered of that time" in capsys.readouterr().out


def test_now_is_asked_of_the_running_agent_and_its_absence_is_told(house, capsys):
    assert explain(house, None, None, NOW) == 1
    assert "No agent answers" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["25:00", "yesterday", "2026-06-15T17:00"])
def test_a_time_that_is_none_or_has_not_come_is_refused(text):
    with pytest.raises(Unclear):
        read_time(text, NOW)


def test_a_clock_time_is_the_last_one():
    assert read_time("15:59", NOW) == NOW - timedelta(minutes=1)
    assert read_time("16:01", NOW) == NOW + timedelta(minutes=1) - timedelta(days=1)


def test_the_command_refuses_a_charger_that_is_not_there(house, capsys):
    assert main(["explain", "--config", str(house.path), "--charger", "9999"]) == 1
    assert "The chargers here: 3201 (Garage)." in capsys.readouterr().err
