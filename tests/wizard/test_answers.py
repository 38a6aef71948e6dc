"""What the wizard reads and proposes, and its page in the docs."""

import re
import tomllib
from pathlib import Path

import pytest

from agent.commands.wizard import read
from agent.commands.wizard.bus import Ears, serial_ports
from agent.commands.wizard.talk import ANSWERS, CHARGER, _unknown
from agent.commands.wizard.tesla import _listed

PAGE = Path(__file__).parents[2] / "docs" / "setup.md"


def test_the_page_names_every_answer_and_no_other():
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    shown = tomllib.loads(block)
    assert list(_unknown(shown)) == []
    assert set(shown) == set(ANSWERS)
    for step, keys in ANSWERS.items():
        missing = set(keys) - set(shown[step])
        assert missing <= {"solar", "battery", "house"}, (step, missing)
    assert set(shown["chargers"]["3201"]) == set(CHARGER)


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
    ],
)
def test_what_cannot_be_meant_is_told(reader, text, says):
    with pytest.raises(ValueError, match=says):
        reader(text)


def test_an_account_lists_cars_and_energy_sites():
    held = [{"vin": "5YJ3E1EA7KF000001", "display_name": "Blue"}, {"energy_site_id": 42, "site_name": "Hill"}]
    assert list(_listed([*held, {}])) == [
        "car          5YJ3E1EA7KF000001  Blue",
        "energy site  42  Hill",
    ]
