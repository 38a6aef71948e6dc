"""The manuals keep up: each view, column, outlet, field and unit stands in them."""

import re
import sqlite3
from pathlib import Path

import pytest

from agent.commands.install import UNITS
from agent.doors.influx import lines_of
from agent.doors.mysql import MYSQL
from agent.doors.outlet_settings import OutletSettings
from agent.doors.sql import PREFIX
from agent.doors.web.view import state_now
from agent.history.copies import TABLES
from agent.history.store import MIGRATIONS
from tests.web.house import MiniHouse

DOCS = Path(__file__).parents[2] / "docs"
NAMES = ("history", "outlets", "install")
HISTORY, OUTLETS, INSTALL = ((DOCS / f"{name}.md").read_text("utf-8") for name in NAMES)


def views():
    connection = sqlite3.connect(":memory:")
    for script in MIGRATIONS:
        connection.executescript(script)
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall()
    for name in (name for (name,) in names if not name.endswith("_all")):
        yield name, [row[0] for row in connection.execute(f"SELECT * FROM {name}").description]
    connection.close()


@pytest.mark.parametrize(("view", "columns"), list(views()))
def test_every_view_of_the_history_and_its_columns_are_described(view, columns):
    assert f"`{view}`" in HISTORY
    assert [name for name in columns if f"`{name}`" not in HISTORY] == []


def test_every_outlet_is_described():
    assert [name for name in OutletSettings.model_fields if f"[outlets.{name}]" not in OUTLETS] == []


def test_every_view_of_a_copy_is_described():
    assert [table.name for table in TABLES if f"`{PREFIX}{table.name}s`" not in OUTLETS] == []
    assert MYSQL.name in OUTLETS


def test_every_field_of_the_line_protocol_is_described():
    lines = list(lines_of(state_now(MiniHouse().rooms), 0))
    fields = {name for line in lines for name in re.findall(r"[ ,](\w+)=", line)} - {"charger"}
    assert [name for name in fields if name not in OUTLETS and not re.match(r"volts_l\d", name)] == []


def test_every_unit_is_described():
    assert [
        name for name in UNITS if name.removesuffix(".service").removesuffix(".timer") not in INSTALL
    ] == []
