"""A copy of the history in real databases: made, kept level, filled up after an outage, nothing twice."""

from dataclasses import replace

import pg8000.dbapi
import pymysql
import pytest

from agent.doors import mysql, postgres
from agent.doors.outlet import Surroundings
from agent.doors.outlet_settings import MysqlSettings, PostgresSettings
from agent.doors.sql import SqlOutlet
from agent.history.copies import TABLES, Copies
from agent.history.part import HistoryPart
from agent.model import ChargerStatus, Event, Moment, Offer, Price
from tests.conftest import free_port
from tests.history.conftest import House
from tests.wires import databases
from tests.wires.databases import Server, wait_until

CHARGING = ChargerStatus(
    "3201", "charging", offered_amps=10, drawn_amps=10, plugged=True, charging=True, vin="5YJ3E1EA7KF000001"
)


class Copied:
    """One real server, one outlet, and the house whose history is copied."""

    def __init__(self, server: Server, login: dict, kind: str, folder):
        self.server, self.login, self.kind = server, login, kind
        self.told: list[Event] = []
        self.house = House(folder / "history.db")
        self.copies = Copies(folder / "history.db")
        around = Surroundings(None, folder, {f"{kind.upper()}_PASSWORD": "secret"}, self.told.append, None)
        where = {"host": login["host"], "port": login["port"]}
        self.outlet: SqlOutlet = (
            mysql.open_outlet(MysqlSettings(**where), around)
            if kind == "mysql"
            else postgres.open_outlet(PostgresSettings(**where), around)
        )
        self.mono_s = 0.0

    def connected(self):
        return (pymysql if self.kind == "mysql" else pg8000.dbapi).connect(**self.login)

    def ask(self, question: str) -> list[tuple]:
        link = self.connected()
        cursor = link.cursor()
        cursor.execute(question)
        rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        link.commit()
        link.close()
        return rows

    def copies_all(self, later_s: float = 0.0) -> None:
        """Let the outlet work until it rests."""
        self.mono_s += later_s
        while (due := self.outlet.step(Moment(self.mono_s))) < self.mono_s + 1:
            self.mono_s = due
        self.next_s = due - self.mono_s

    def is_level(self) -> bool:
        """Whether every table holds exactly what the history holds."""
        for table in TABLES:
            ours = [row for day in self.copies.days(table) for row in self.copies.of_day(table, day)]
            theirs = self.ask(f"SELECT {', '.join(table.names)} FROM sunward_{table.name}")
            told = [str(row).replace("\\x00", "") for row in ours]  # which no database takes
            assert sorted(map(str, theirs)) == sorted(told), table.name
        return True

    def restart(self) -> None:
        self.server.start()
        wait_until(lambda: self.connected().close())


@pytest.fixture(scope="module", params=["mysql", "postgres"])
def running(request):
    """A server for all tests of one kind; each test begins with an empty database."""
    opened = databases.mariadb() if request.param == "mysql" else databases.postgres()
    with opened as (server, login):
        yield server, login, request.param


@pytest.fixture
def copied(running, tmp_path):
    found = Copied(*running, tmp_path)
    names = [table.name for table in TABLES]
    for view in [f"{name}s" for name in names]:
        found.ask(f"DROP VIEW IF EXISTS sunward_{view}")
    for table in [*names, "schema"]:
        found.ask(f"DROP TABLE IF EXISTS sunward_{table}")
    yield found
    found.outlet.rest()


def a_day_with_a_car(house: House) -> None:
    house.says(CHARGING, grid=-200, solar=4000).lives(minutes=4)
    house.offers = (Offer("3201", 10, "4 kW of sun: 10 A — “enough” 🌞", house.clock.mono_s + 10),)
    house.lives(minutes=3)
    house.part._events.put(Event("charging_started", "The car began; it's 50 % full\0.", subject="3201"))
    house.says(replace(CHARGING, charging=False, drawn_amps=0, plugged=False, state="ready")).lives(
        minutes=60
    )
    house.ends()


def test_a_copy_is_made_filled_and_kept_level(copied):
    a_day_with_a_car(copied.house)
    copied.copies_all()
    assert copied.is_level()
    assert round(copied.next_s) == 60
    ((minutes, solar_w),) = copied.ask("SELECT count(*), max(solar_w) FROM sunward_house_minutes")
    assert minutes > 60
    assert float(solar_w) == 4000
    ((energy_wh, starts),) = copied.ask("SELECT energy_wh, starts FROM sunward_sessions")
    assert 250 < float(energy_wh) < 300
    assert starts.isoformat().startswith("2026-05-03T10:00")
    ((sentence,),) = copied.ask("SELECT sentence FROM sunward_events WHERE kind = 'charging_started'")
    assert sentence == "The car began; it's 50 % full."
    assert copied.ask("SELECT reason FROM sunward_decisions")[0][0] == "4 kW of sun: 10 A — “enough” 🌞"
    copied.house.says(CHARGING).lives(minutes=3).ends()
    copied.copies_all(later_s=60)
    assert copied.is_level()
    assert not copied.told


def test_tables_of_the_first_version_learn_what_power_cost(copied):
    a_day_with_a_car(copied.house)
    copied.copies_all()
    for name in ("house_minutes", "house_hours", "charger_minutes", "charger_hours", "sessions"):
        copied.ask(f"DROP VIEW sunward_{name}")  # as the first version left them: without money
    for table, columns in (
        ("house_minute", ("buy_s", "buy_us", "sell_s", "sell_us")),
        ("charger_hour", ("priced_j", "cost_u")),  # an update that was cut off: saved_u is there already
        ("session", ("priced_j", "cost", "saved", "currency")),
    ):
        for column in columns:
            copied.ask(f"ALTER TABLE sunward_{table} DROP COLUMN {column}")
    copied.ask("UPDATE sunward_schema SET version = 1")
    copied.outlet.rest()
    copied.house.price = Price(0.40, 0.08, "EUR")
    copied.house.says(CHARGING, grid=2000, solar=0).lives(minutes=5).ends()
    copied.copies_all(later_s=60)
    ((cost, currency),) = copied.ask("SELECT cost, currency FROM sunward_sessions WHERE cost IS NOT NULL")
    assert 0.03 < float(cost) < 0.08
    assert currency == "EUR"
    ((rows, price),) = copied.ask("SELECT count(*), max(buy_per_kwh) FROM sunward_house_minutes")
    assert rows > 60
    assert float(price) == pytest.approx(0.40)
    ((paid,),) = copied.ask("SELECT sum(cost) FROM sunward_charger_minutes")
    assert float(paid) == pytest.approx(float(cost), rel=0.01)
    assert not copied.told


def test_after_an_outage_nothing_is_lost_and_nothing_is_there_twice(copied):
    a_day_with_a_car(copied.house)
    copied.copies_all()
    copied.server.stop()
    copied.house.says(CHARGING).lives(minutes=30).ends()
    copied.copies_all(later_s=60)
    copied.copies_all(later_s=60)
    assert [event.kind for event in copied.told] == ["outlet_down"]
    assert "keeps everything" in copied.told[0].sentence
    assert round(copied.next_s) == 10
    copied.restart()
    copied.house.lives(minutes=10).ends()
    copied.copies_all(later_s=60)
    assert copied.is_level()
    assert [event.kind for event in copied.told] == ["outlet_down", "outlet_back"]


def test_a_restored_or_damaged_copy_is_made_level_again(copied):
    a_day_with_a_car(copied.house)
    copied.copies_all()
    copied.ask("DELETE FROM sunward_house_minute WHERE seconds > 0")
    copied.ask("UPDATE sunward_session SET energy_j = 1")
    copied.copies_all(later_s=6 * 3600)
    assert copied.is_level()


def test_a_program_that_begins_again_does_not_double_a_minute_it_shares(copied, tmp_path):
    copied.house.says(CHARGING, solar=3000).lives(seconds=90).ends()
    copied.copies_all()
    copied.house.begin("boot-1")
    copied.house.lives(seconds=90).ends()
    copied.outlet.rest()
    copied.copies_all(later_s=60)
    assert copied.is_level()
    assert isinstance(copied.house.part, HistoryPart)


def test_what_was_pruned_here_stays_there(copied):
    a_day_with_a_car(copied.house)
    copied.copies_all()
    before = copied.ask("SELECT count(*) FROM sunward_house_minute")
    other = replace(TABLES[0], source=TABLES[0].source + " AND at % 120 = 0")
    assert len(copied.copies.of_day(other, min(copied.copies.days(other)))) < before[0][0]
    copied.ask("INSERT INTO sunward_house_minute (at_s, seconds) VALUES (60, 60)")
    copied.copies_all(later_s=6 * 3600)
    assert copied.ask("SELECT count(*) FROM sunward_house_minute") == [(before[0][0] + 1,)]


def test_tables_of_a_newer_program_are_left_alone(copied):
    copied.copies_all()
    copied.ask("INSERT INTO sunward_schema (version) VALUES (99)")
    copied.outlet.rest()
    copied.copies_all(later_s=60)
    assert "newer sunward" in copied.told[0].sentence


def test_a_wrong_password_says_who_and_where(copied, tmp_path):
    around = Surroundings(None, tmp_path, {}, copied.told.append, None)
    door = {"port": copied.login["port"]}
    outlet = (
        mysql.open_outlet(MysqlSettings(**door), around)
        if copied.kind == "mysql"
        else postgres.open_outlet(PostgresSettings(**door), around)
    )
    assert outlet.step(Moment(0.0)) == 5
    assert f"sunward at 127.0.0.1:{copied.login['port']}/sunward" in copied.told[0].sentence
    assert "secret" not in copied.told[0].sentence


def test_a_server_that_is_not_there_is_asked_more_and_more_seldom(tmp_path):
    told: list[Event] = []
    around = Surroundings(None, tmp_path, {}, told.append, None)
    outlet = postgres.open_outlet(PostgresSettings(port=free_port()), around)
    waits = [outlet.step(Moment(0.0)) for _ in range(8)]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    assert len(told) == 1
