"""Where numbers go without a network: the console, the log's files, tables for spreadsheets."""

import csv
import io
import json
import logging
from datetime import datetime, timedelta

import pytest

from agent.doors.console import Console
from agent.doors.csvfiles import CsvFiles
from agent.doors.logfiles import LogFiles
from agent.doors.outlet import Surroundings
from agent.doors.outlet_settings import ConsoleSettings, CsvSettings, FilesSettings
from agent.doors.past import Past
from agent.history.reader import Reader
from agent.model import Event, Moment
from tests.history.conftest import House
from tests.web.house import NOON, ZONE, MiniHouse


class Desk:
    """A house, a state folder, and what was told."""

    def __init__(self, folder):
        self.house = MiniHouse()
        self.house.park_the_car()
        self.house.second()
        self.told: list[Event] = []
        self.listeners = []
        self.around = Surroundings(self.house.rooms, folder, {}, self.told.append, self.listeners.append)

    def happens(self, event: Event) -> None:
        for listen in self.listeners:
            listen(event)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_the_console_tells_the_house_on_one_line(desk):
    out = io.StringIO()
    console = Console(ConsoleSettings(), desk.around, out)
    assert console.step(Moment(5.0)) == 15.0
    words = (
        "sun 6.4 kW, grid -0.1 kW, battery 0.0 kW, house 0.5 kW | Garage: charging, 25.0 of 25 A. 25 A of sun"
    )
    assert words in out.getvalue()
    assert out.getvalue().startswith("13:05:0")
    assert out.getvalue().count("\n") == 1


def test_the_console_speaks_json_for_programs(desk):
    out = io.StringIO()
    console = Console(ConsoleSettings(form="json"), desk.around, out)
    desk.happens(Event("car_full", "The car is full.", at_wall=NOON))
    console.step(Moment(5.0))
    event, state = map(json.loads, out.getvalue().splitlines())
    assert event["event"]["sentence"] == "The car is full."
    assert state["state"]["power"]["solar_w"] == 6400


def test_a_closed_console_is_told_once_and_tried_again(desk):
    out = io.StringIO()
    console = Console(ConsoleSettings(), desk.around, out)
    out.close()
    assert console.step(Moment(0.0)) == 5.0
    assert console.step(Moment(5.0)) == 15.0
    assert [event.kind for event in desk.told] == ["outlet_down"]


@pytest.fixture
def log():
    """A logger whose records reach the root."""
    found = logging.getLogger("agent.test_outlets")
    found.setLevel(logging.INFO)
    return found


def test_log_files_turn_over_and_never_grow_past_their_bounds(desk, log, tmp_path):
    files = LogFiles(FilesSettings(max_mb=0.01, keep=2), desk.around)
    for number in range(1000):
        log.info("Line %d of a long story about the sun and two cars", number)
    files.step(Moment(0.0))
    log.warning("The end")
    files.close()
    log.warning("Nobody hears this")
    names = sorted(path.name for path in (tmp_path / "log").iterdir())
    assert names == ["sunward.log", "sunward.log.1", "sunward.log.2"]
    assert all(path.stat().st_size <= 10_000 for path in (tmp_path / "log").iterdir())
    assert files.path.read_text("utf-8").splitlines()[-1].endswith("WARNING agent.test_outlets: The end")


def test_log_files_as_json_hold_the_trace_of_a_crash(desk, log):
    files = LogFiles(FilesSettings(form="json", level="warning"), desk.around)
    log.info("too little to tell")
    try:
        raise ValueError("a broken cloud")
    except ValueError:
        log.exception("It went wrong")
    files.close()
    (line,) = files.path.read_text("utf-8").splitlines()
    told = json.loads(line)
    assert (told["level"], told["says"]) == ("error", "It went wrong")
    assert "a broken cloud" in told["trace"]


def test_log_lines_wait_while_the_folder_can_not_be_written(desk, log, tmp_path):
    (tmp_path / "log").write_text("a file where a folder should be", "utf-8")
    files = LogFiles(FilesSettings(), desk.around)
    log.info("patience")
    files.step(Moment(0.0))
    assert "can't be written" in desk.told[0].sentence
    (tmp_path / "log").unlink()
    files.step(Moment(5.0))
    assert [event.kind for event in desk.told] == ["outlet_down", "outlet_back"]
    files.close()
    assert "patience" in files.path.read_text("utf-8")


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def at(hour, minute=0, day=3):
    return Moment(3600.0 * hour + 60 * minute, datetime(2026, 6, day, hour, minute, 30, tzinfo=ZONE))


def test_csv_files_begin_with_a_header_and_go_on_where_they_ended(desk, tmp_path):
    CsvFiles(CsvSettings(), desk.around).step(at(12))
    energy = tmp_path / "csv" / "energy-2026-06-03.csv"
    assert energy.read_text("utf-8").startswith("at,seconds,grid_w,solar_w")
    assert len(rows(energy)) == 12 * 60 - 2
    with energy.open("ab") as file:
        file.write(b"2026-06-03T12:0")  # the power went in the middle of a word
    CsvFiles(CsvSettings(), desk.around).step(at(13))
    times = [row["at"] for row in rows(energy)]
    assert len(times) == len(set(times)) == 13 * 60 - 2
    assert times == sorted(times)


def test_csv_has_a_row_for_each_charger_and_minute_and_is_no_formula(desk, tmp_path):
    files = CsvFiles(CsvSettings(), desk.around)
    files.step(at(12))
    for minute in range(1, 6):
        files.step(at(12, minute))
    chargers = rows(tmp_path / "csv" / "chargers-2026-06-03.csv")
    assert len(chargers) == 2 * 6
    assert chargers[0]["volts_l1"] == "233.0"
    assert chargers[0]["drawn_amps"] == "25.0"


def test_csv_sessions_stand_in_the_file_of_the_day_they_ended_once(desk, tmp_path):
    for hour in (12, 13):
        CsvFiles(CsvSettings(), desk.around).step(at(hour))
    files = list((tmp_path / "csv").glob("sessions-*.csv"))
    assert [path.name for path in files] == ["sessions-2026-06-02.csv"]
    assert [row["energy_wh"] for row in rows(files[0])] == ["21400"]


def test_csv_days_are_the_houses_own_and_old_ones_go_when_asked(desk, tmp_path):
    CsvFiles(CsvSettings(), desk.around).step(at(23, 58, day=2))
    CsvFiles(CsvSettings(), desk.around).step(at(0, 10))
    first, second = sorted((tmp_path / "csv").glob("energy-*.csv"))
    assert rows(first)[-1]["at"].startswith("2026-06-02T23:59")
    assert rows(second)[0]["at"].startswith("2026-06-03T00:00")
    CsvFiles(CsvSettings(keep_days=3), desk.around).step(at(0, 10, day=8))
    assert not first.exists()
    assert not second.exists()


def test_csv_waits_for_the_time_and_for_the_disk(desk, tmp_path):
    files = CsvFiles(CsvSettings(), desk.around)
    assert files.step(Moment(0.0)) == 60.0
    assert not (tmp_path / "csv").exists()
    (tmp_path / "csv").write_text("", "utf-8")
    files.step(at(12))
    assert desk.told[0].kind == "outlet_down"
    (tmp_path / "csv").unlink()
    files.step(at(12, 1))
    assert len(rows(tmp_path / "csv" / "chargers-2026-06-03.csv")) == 4


def test_csv_of_a_real_history(desk, tmp_path):
    house = House(tmp_path / "history.db")
    house.says(solar=3000).lives(minutes=10).ends()
    object.__setattr__(desk.around.rooms, "history", Past(Reader(tmp_path / "history.db", ZONE), {}))
    CsvFiles(CsvSettings(), desk.around).step(Moment(0.0, house.clock.wall + timedelta(minutes=3)))
    (energy,) = (tmp_path / "csv").glob("energy-*.csv")
    assert rows(energy)[3]["solar_w"] == "3000"
