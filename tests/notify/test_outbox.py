"""The outbox's file on its bad days: power cuts, two programs at once, a damaged file, a full disk."""

import os
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notify import rows
from notify.events import Event
from notify.file import OutboxError, OutboxFile
from notify.outbox import Outbox
from notify.redact import Redactor
from tests.notify.street import House

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def python(code, *arguments, **more):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, **more)


DIES_AFTER_SENDING = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from notify.letters import Style
from notify.outbox import Outbox
from notify.policy import Policy
from notify.post import deliver
class Line:
    name = "shelf"
    least = "info"
    def send(self, letter):
        Path(sys.argv[2]).write_text(letter.message_id + " " + letter.subject)
        os.kill(os.getpid(), 9)
deliver(Outbox(Path(sys.argv[1])), [Line()], Policy(), Style("Home"), datetime(2026, 6, 1, 8, 1, tzinfo=UTC))
"""


def test_a_power_cut_between_sending_and_noting_it_sends_the_same_letter_once_more(tmp_path):
    house = House(tmp_path / "outbox.db", NOW)
    house.note("charger_lost", "Garage", "Garage no longer answers.")
    child = python(DIES_AFTER_SENDING, tmp_path / "outbox.db", tmp_path / "sent")
    assert child.wait(30) == -9
    first_id, _, subject = (tmp_path / "sent").read_text().partition(" ")
    house.note("charger_lost", "Carport", "Carport no longer answers.")
    house.wait(minutes=5)
    again, other = house.shelf.letters
    assert (again.message_id, again.subject) == (first_id, subject)
    assert other.message_id != first_id
    assert other.subject == "Home: Carport no longer answers."


APPENDS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from notify.events import Event
from notify.outbox import Outbox
box = Outbox(Path(sys.argv[1]))
for number in range(40):
    assert box.append([Event("x", f"{sys.argv[2]} {number}", subject=f"{sys.argv[2]} {number}")],
                      datetime(2026, 6, 1, 8, 0, tzinfo=UTC))
"""


def test_programs_that_append_at_the_same_time_lose_nothing(tmp_path):
    children = [python(APPENDS, tmp_path / "state" / "outbox.db", name) for name in ("agent", "scheduler")]
    assert [child.wait(60) for child in children] == [0, 0]
    assert Outbox(tmp_path / "state" / "outbox.db").pending() == (80, 0)


def test_only_one_delivers_at_a_time_and_a_dead_one_holds_nobody_up(tmp_path):
    path = tmp_path / "outbox.db"
    mine, other = Outbox(path), House(path, NOW)
    other.note("second_master")
    with mine.alone() as claimed:
        assert claimed
        assert other.deliver().busy
    assert other.deliver().sent == 1
    claim = "import sys,os,time; from pathlib import Path; from notify.outbox import Outbox\n"
    claim += "with Outbox(Path(sys.argv[1])).alone(): print(1, flush=True); sys.stdin.read()"
    child = python(claim, path, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    assert other.deliver().busy
    child.kill()
    child.communicate(timeout=10)
    assert not other.deliver().busy


def test_nobody_else_may_read_the_file(tmp_path):
    Outbox(tmp_path / "state" / "outbox.db").append([Event("x", "y")], NOW)
    assert stat.S_IMODE((tmp_path / "state" / "outbox.db").stat().st_mode) == 0o600


def test_no_secret_is_written_to_the_disk(tmp_path):
    box = Outbox(tmp_path / "outbox.db", Redactor(["hunter2-long"]))
    box.append(
        [Event("x", "signing in with hunter2-long failed", data={"token": "t0", "url": "hunter2-long"})], NOW
    )
    assert b"hunter2" not in (tmp_path / "outbox.db").read_bytes()


# --- damage ----------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_set_aside_and_told(tmp_path):
    house = House(tmp_path / "outbox.db", NOW)
    (tmp_path / "outbox.db").write_bytes(b"not a database at all " * 400)
    house.note("charger_lost", "Garage")
    house.wait(minutes=2)
    assert house.told == ["Home: charger_lost Garage +1 more"]
    assert "outbox.db.broken-1" in house.shelf.letters[0].text
    assert (tmp_path / "outbox.db.broken-1").read_bytes().startswith(b"not a database")


def test_from_a_damaged_file_is_saved_what_can_be_read(tmp_path):
    path = tmp_path / "outbox.db"
    house = House(path, NOW)
    for number in range(50):
        house.note("job_failed", f"job {number}", f"Job {number} failed.", data={"why": "x" * 6000})
    house.outbox.close()
    page = 4096
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.seek(size // 2 // page * page)
        file.write(os.urandom(8 * page))
    for number in range(50):  # sooner or later the damage is met
        house.note("job_failed", f"job {number}", "Again.")
    house.wait(minutes=2)
    assert (tmp_path / "outbox.db.broken-1").exists()
    said = house.shelf.letters[0].text
    assert "was damaged and is new now" in said
    saved = int(said.partition(" entries were saved")[0].rpartition(" ")[2])
    assert 10 <= saved <= 50


def test_at_most_three_damaged_files_are_kept(tmp_path):
    for _ in range(6):
        box = Outbox(tmp_path / "outbox.db")
        (tmp_path / "outbox.db").write_bytes(b"junk" * 1000)
        assert box.append([Event("x", "y")], NOW)
        box.close()
    assert len(list(tmp_path.glob("*.broken-*"))) == 3


def test_a_row_that_the_card_has_garbled_does_not_stop_the_post(house):
    house.note("second_master", "bus")
    house.note("charger_lost", "Garage")
    with sqlite3.connect(house.outbox._file.path) as db:
        db.execute("UPDATE events SET event = '{\"kind\": ' WHERE kind = 'second_master'")
    house.wait(minutes=2)
    assert "could not be read" in house.shelf.letters[0].text
    house.note("bus_port_lost", "line")
    house.shelf.down = "later"
    house.wait(minutes=2)
    with sqlite3.connect(house.outbox._file.path) as db:
        db.execute("UPDATE letters SET items = '[{\"x\": 1}]' WHERE state = 'waiting'")
    house.shelf.down = None
    house.wait(hours=1)
    assert "could not be read" in house.shelf.letters[-1].text


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        db.execute("PRAGMA user_version = 99")
    box = Outbox(tmp_path / "outbox.db")
    assert not box.append([Event("x", "y")], NOW)
    assert "newer sunward" in box.problem


# --- no room ---------------------------------------------------------------------------------------

FILLS_THE_DISK = """
import resource, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
sys.path.insert(0, ".")
from tests.notify.street import House
house = House(Path(sys.argv[1]), datetime(2026, 6, 1, 8, 0, tzinfo=UTC))
house.note("charger_lost", "Garage")
house.wait(minutes=1)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
house.note("history_disk_full", "disk", "The disk is full.")
house.note("bus_port_lost", "line", "The line is lost.")
print(bool(house.outbox.problem))
house.wait(minutes=3)
print(house.told[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
house.note("history_written_again", "disk", "There is room again.")
house.note("charger_back", "Garage", "Garage is back.")
house.wait(minutes=5)
print(house.outbox.problem or "fine")
print(house.told[2])
"""


def test_with_a_full_disk_news_is_told_from_memory(tmp_path):
    """The kernel refuses every write beyond 1 kB, as a full disk does."""
    child = python(FILLS_THE_DISK, tmp_path / "outbox.db", stdout=subprocess.PIPE, text=True)
    said, _ = child.communicate(timeout=60)
    assert said.splitlines() == [
        "True",
        "Home: The disk is full. +1 more",
        "fine",
        "Home: Garage is back.",
    ]


def test_a_state_folder_that_can_t_be_made_is_told_and_news_kept(tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    house = House(tmp_path / "state" / "outbox.db", NOW)
    house.note("charger_lost", "Garage")
    assert "can't be used" in house.outbox.problem
    report = house.deliver()
    assert any("outbox.db can't be used" in problem for problem in report.problems)
    house.wait(minutes=1)
    assert house.told == ["Home: charger_lost Garage"]
    (tmp_path / "state").unlink()
    house.note("charger_lost", "Carport")
    house.wait(minutes=5)
    assert house.told[1:] == ["Home: charger_lost Carport"]


def test_a_file_that_another_program_holds_is_told(tmp_path):
    box = Outbox(tmp_path / "outbox.db", patience_s=0.05)
    box.append([Event("x", "y")], NOW)
    holder = sqlite3.connect(tmp_path / "outbox.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert not box.append([Event("x", "z")], NOW)
    assert "in use by another program" in box.problem
    holder.execute("ROLLBACK")
    holder.close()
    assert box.append([], NOW)
    assert box.pending() == (2, 0)


def test_a_full_outbox_loses_the_least_first_and_says_so(house):
    house.note("second_master", "bus")
    house.outbox.append(
        [Event("x", f"small talk {n}", subject=str(n)) for n in range(rows.MOST_EVENTS + 50)], NOW
    )
    news = house.outbox.waiting(house.wall)
    assert len(news) <= rows.MOST_EVENTS
    assert any(row.event.kind == "second_master" for row in news)
    (overflow,) = [row for row in news if row.event.kind == rows.OVERFLOW]
    assert overflow.count + len(news) - 1 == rows.MOST_EVENTS + 51


def test_old_letters_are_forgotten():
    def month(db):
        for number in range(rows.MOST_DONE + 50):
            rows.add_letters(db, ["shelf"], "letter", [], NOW + timedelta(minutes=number))
            db.execute(
                "UPDATE letters SET state = 'sent', done_s = made_s, attempts = 1 WHERE state = 'waiting'"
            )
        rows.add_letters(db, ["shelf"], "letter", [], NOW)
        rows.forget_done(db, NOW + timedelta(days=1))
        most = len(rows.read_letters(db))
        rows.forget_done(db, NOW + timedelta(days=40))
        return most, [job.state for job in rows.read_letters(db)]

    assert OutboxFile(None).do(month) == (rows.MOST_DONE + 1, ["waiting"])


def test_odd_events_are_taken_as_they_are(house):
    odd = [
        Event("", "", subject=""),
        Event("x", "\ud800 half a character\x00\r\nSubject: mine", subject="\udfff"),
        Event("y", "long " * 5000, data={"big": "x" * 20000}),
        Event("z", "set", data={"set": {1, 2}, "nan": float("nan"), "wall": NOW, ("a",): 1}),
    ]
    assert house.outbox.append(odd, house.wall)
    house.until(19, 1)
    assert len(house.told) == 1
    assert "\n" not in house.told[0]


def test_without_anybody_to_write_to_news_waits(house):
    from notify.post import deliver

    house.note("charger_lost", "Garage")
    deliver(house.outbox, [], house.policy, house.style, house.wall + timedelta(days=2))
    assert house.outbox.pending() == (1, 0)
    deliver(house.outbox, [], house.policy, house.style, house.wall + timedelta(days=40))
    assert house.outbox.pending() == (0, 0)


def test_letters_for_an_address_that_left_the_settings_are_given_up(house):
    house.shelf.down = "later"
    house.note("charger_lost", "Garage")
    house.wait(minutes=2)
    house.shelf.name = "new"
    house.shelf.down = None
    house.note("bus_port_lost", "line")
    house.wait(minutes=5)
    states = {job.channel: (job.state, job.problem) for job in house.outbox.letters()}
    assert states["shelf"] == ("given up", "It is no longer in the settings.")
    assert states["new"][0] == "sent"


def test_a_failed_transaction_leaves_nothing_behind(tmp_path):
    file = OutboxFile(tmp_path / "outbox.db")

    def half(db):
        rows.add_event(db, Event("x", "y"), NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        file.do(half)
    assert file.do(lambda db: db.execute("SELECT count(*) FROM events").fetchone()) == (0,)
    file.path.chmod(0o600)
    with pytest.raises(OutboxError):
        OutboxFile(tmp_path).do(lambda db: None)
