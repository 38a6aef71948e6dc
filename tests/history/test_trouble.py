"""A power cut, a full disk, a damaged file, a locked one: the house hears of it and nothing stops."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.history.files import intact
from agent.history.reader import HistoryError
from agent.model import Event

ROOT = Path(__file__).parents[2]


def test_a_full_disk_is_told_once_and_everything_waits_in_memory(house):
    house.says(grid=1000).lives(minutes=5)
    fill(house, pages=0)
    house.events.put(Event("window_opened", "The night window opened."))
    house.lives(hours=3)
    assert house.kinds_told() == ["history_disk_full"]
    assert "df -h" in house.told[0].sentence
    assert len(house.rows()) < 120  # what the last page still had room for

    fill(house, pages=1_000_000)
    house.lives(minutes=2)
    assert house.kinds_told() == ["history_disk_full", "history_written_again"]
    assert house.told[1].recovers == "history_disk_full"
    assert house.told[1].sentence.endswith("Nothing was lost.")
    assert len(house.rows()) == 5 + 180 + 2
    assert sum(row.import_wh for row in house.rows(3600)) == pytest.approx(1000 * 187 / 60)
    kinds = [event.kind for event in house.reader.events()]
    assert kinds[:2] == ["window_opened", "history_disk_full"]


def fill(house, pages):
    """Let the database grow to so many pages; SQLite then says the same as on a full disk."""
    house.part._store._connection.execute(f"PRAGMA max_page_count = {pages or 1}").fetchone()


def test_after_more_than_a_day_the_oldest_minutes_are_lost_and_counted(house):
    fill(house.lives(minutes=1), pages=0)
    house.lives(hours=30)
    fill(house, pages=1_000_000)
    house.lives(minutes=2)
    assert "rows had waited too long and were lost" in house.told[-1].sentence
    assert len(house.rows(hours=48.0)) >= 1440


FILLING_DISK = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import conftest

house = conftest.House(Path({path!r}))
house.says(grid=1000).lives(minutes=2)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
house.lives(hours=4)
print(house.kinds_told())
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
house.lives(minutes=2).ends()
print(house.kinds_told())
print(len(house.rows()))
"""


def test_a_disk_that_refuses_to_let_files_grow(path):
    script = FILLING_DISK.format(tests=str(Path(__file__).parent), path=str(path))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    before, after, rows = done.stdout.splitlines()
    assert before == "['history_unwritable']"
    assert after == "['history_unwritable', 'history_written_again']"
    assert int(rows) == 244
    assert intact(path)


class TestADamagedFile:
    def test_at_start_is_put_aside_with_its_date(self, new_house, path):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"this was a database once, before the card wore out" * 100)
        house = new_house().lives(minutes=2)
        assert house.kinds_told() == ["history_corrupt"]
        assert "history.db.broken-2026-05-03-1200" in house.told[0].sentence
        assert len(list(path.parent.glob("history.db.broken-2026-05-03-1200*"))) == 1
        assert len(house.rows()) == 2

    def test_without_knowing_the_time_too(self, new_house, path):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * 5000)
        new_house(wall=None).lives(minutes=2)
        assert (path.parent / "history.db.broken-unknown-time").exists()

    def test_while_running_loses_only_what_was_damaged(self, house, path):
        house.lives(hours=2)
        damage(house, path)
        house.lives(minutes=65)
        assert house.kinds_told() == ["history_corrupt"]
        assert intact(path)
        assert len(house.rows()) >= 1
        assert [event.kind for event in house.reader.events()] == ["history_corrupt"]

    def test_only_the_last_three_are_kept(self, new_house, path):
        path.parent.mkdir(parents=True)
        for _ in range(5):
            path.write_bytes(b"x" * 5000)
            new_house().ends()
        assert len(list(path.parent.glob("*.broken-*"))) == 3

    def test_a_question_about_it_gets_a_sentence(self, house, path):
        house.lives(minutes=2).ends()
        path.write_bytes(b"x" * 5000)
        with pytest.raises(HistoryError, match="damaged") as caught:
            house.reader.events()
        assert not caught.value.asker


def damage(house, path):
    """What a dying card does: pages come back as something else."""
    house.ends()
    house.begin("boot-1")
    pages = bytearray(path.read_bytes())
    pages[4096 * 2 :] = os.urandom(len(pages) - 4096 * 2)
    path.write_bytes(pages)


def test_a_file_of_a_newer_sunward_is_left_alone(new_house, path):
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    house = new_house().lives(minutes=3)
    assert house.kinds_told() == ["history_newer"]
    assert "Update sunward" in house.told[0].sentence


def test_a_file_locked_by_another_program_waits(house):
    house.lives(minutes=2)
    other = sqlite3.connect(house.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    house.lives(minutes=1)
    assert house.kinds_told() == ["history_unwritable"]
    assert "locked" in house.told[0].sentence
    other.execute("ROLLBACK")
    other.close()
    house.lives(minutes=2)
    assert len(house.rows()) == 5


def test_a_folder_that_cannot_be_made_is_told(new_house, path):
    path.parent.parent.mkdir(exist_ok=True)
    path.parent.write_text("a file where the folder should be")
    house = new_house().lives(minutes=3)
    assert house.kinds_told() == ["history_unwritable"]
    path.parent.unlink()
    house.lives(minutes=2)
    assert house.kinds_told()[1:] == ["history_written_again"]
    assert len(house.rows()) == 5


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import conftest
from agent.model import Event

house = conftest.House(Path({path!r}), boot=sys.argv[1])
house.clock.wall = conftest.NOON.replace(year=2026 + int(sys.argv[1]))
house.says(conftest.CHARGING, grid=1000)
while True:
    house.lives(minutes=1)
    house.events.put(Event("minute", "A minute passed."))
    print(int(house.clock.wall.timestamp()) // 60 * 60 - 60, flush=True)
"""


def test_a_power_cut_at_any_instant_loses_at_most_a_minute_and_never_the_file(path):
    """kill -9 of a process that writes as fast as it can, again and again, at random instants."""
    script = WRITER.format(tests=str(Path(__file__).parent), path=str(path))
    for run in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(run)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        said = [process.stdout.readline() for _ in range(5 + 37 * run)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
        process.stdout.close()
        process.wait(10)
        assert intact(path)
        promised = int(said[-1] if said[-1].endswith("\n") else said[-2])
        with sqlite3.connect(path) as connection:
            (last,) = connection.execute("SELECT max(at) FROM house WHERE level = 3").fetchone()
        connection.close()
        assert last >= promised - 60
