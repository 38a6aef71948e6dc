"""What the wizard reads and proposes, and its page in the docs."""

import re
import tomllib
from pathlib import Path

import pytest

from agent.commands.wizard import read
from agent.commands.wizard.answers import KEYS, NAMED, STEP_KEYS, unknown
from agent.commands.wizard.bus import Ears, bears, serial_ports

PAGE = Path(__file__).parents[2] / "docs" / "setup.md"


def test_the_page_names_every_answer_and_no_other():
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    shown = tomllib.loads(block)
    assert list(unknown(shown)) == []
    assert set(shown) == set(STEP_KEYS)
    for step, keys in STEP_KEYS.items():
        there = next(iter(shown[step].values())) if step in NAMED else shown[step]
        missing = set(keys) - set(there)
        assert missing <= {"solar", "battery", "house"}, (step, missing)
    for key in ("tariff.periods", "battery.periods"):
        step, _, name = key.partition(".")
        assert set(shown[step][name][0]) == set(KEYS[key])


def test_lasting_names_of_adapters_come_before_passing_ones(tmp_path):
    (tmp_path / "ttyUSB0").touch()
    ears = Ears(1.0, tmp_path / "by-id", tmp_path)
    assert serial_ports(ears) == [str(tmp_path / "ttyUSB0")]
    (tmp_path / "by-id").mkdir()
    (tmp_path / "by-id" / "usb-FTDI_1").touch()
    assert serial_ports(ears) == [str(tmp_path / "by-id" / "usb-FTDI_1")]


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        (read.number(6, 80, "A"), "16 A", 16),
        (read.number(6, 80, "A"), "12,8", 12.8),
        (read.charger_ids, "3201, 4a11 3201", ["3201", "4A11"]),
        (read.phases, "l1 L2", ["L1", "L2"]),
        (read.addresses, "a@b.c, D <d@e.f>", ["a@b.c", "D <d@e.f>"]),
        (read.zone, "Europe/Vienna", "Europe/Vienna"),
        (read.clock, "4 pm", "16:00"),
        (read.clock, "12 AM", "00:00"),
        (read.clock, "7", "07:00"),
        (read.clock, "16.30", "16:30"),
        (read.clock, "24:00", "24:00"),
        (read.days, "Weekdays", "mon-fri"),
        (read.months, "11-3", "11-3"),
        (read.holidays, "us-utility, 12-24", ["us-utility", "12-24"]),
        (read.holidays, "-", []),
        (read.price, "0,08", 0.08),
        (read.price, "spot - 0.005", "spot - 0.005"),
        (read.vins, "5yj3e1ea7kf000042", ["5YJ3E1EA7KF000042"]),
        (bears, 20.0, 16),
        (bears, 15.4625, 12.3),
    ],
)
def test_what_people_type_is_read_kindly(reader, text, value):
    assert reader(text) == value


@pytest.mark.parametrize(
    ("reader", "text", "says"),
    [
        (read.number(6, 80, "A"), "nan", "from 6 to 80"),
        (read.number(6, 80, "A"), "5", "from 6 to 80"),
        (read.charger_ids, "32O1", "four hexadecimal digits"),
        (read.phases, "L4", "as it is wired"),
        (read.addresses, "", "Write a mail address"),
        (read.zone, "new york", "Did you mean America/New_York"),
        (read.clock, "25:00", "time of day"),
        (read.clock, "13 pm", "time of day"),
        (read.days, "someday", "mon-fri"),
        (read.months, "13", "by their numbers"),
        (read.holidays, "us-utilty", "no calendar and no date"),
        (read.price, "-11", "from -10 to 100"),
        (read.price, "spot +", "."),
        (read.vins, "5YJ3", "is no VIN"),
    ],
)
def test_what_cannot_be_meant_is_told(reader, text, says):
    with pytest.raises(ValueError, match=says):
        reader(text)
