"""The end of a real file: growing, half written, rotated, old, gone."""

import os
from datetime import UTC, datetime

import pytest

from agent.meters import source
from agent.meters.part import open_line, understand
from agent.meters.values import Poor
from agent.meters.via import Answered
from agent.meters.via.tail import TAIL_BYTES
from scheduler.clock import FakeClock

AT = datetime(2026, 6, 14, 11, 45, 5, tzinfo=UTC)


class Log:
    """A CSV file, and a source that reads its end."""

    def __init__(self, path, wall=AT):
        self.path = path
        self.clock = FakeClock(wall, 1000.0)
        self.source = source(f"csv-tail://{path}?watts=power_w")
        self.line = open_line(self.source, self.clock)

    def write(self, text, how="a", age_s=0.0):
        with open(self.path, how, encoding="utf-8") as file:
            file.write(text)
        at_s = AT.timestamp() - age_s
        os.utime(self.path, (at_s, at_s))

    def look(self, seconds=0.0):
        """(watts, at) or the sentence."""
        found = self.line.poll(self.source, self.clock.advance(seconds))
        if not isinstance(found, Answered):
            return found.sentence
        return understand(self.source, found.answers)["any"].watts, found.at_mono_s


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "meter.csv")


def test_a_growing_file(log):
    log.write("t,power_w\n1,100\n", age_s=3)
    assert log.look() == (100, 997.0)
    log.write("2,200\n")
    assert log.look(10) == (200, 1010.0)
    assert log.look(20) == (200, 1010.0), "an old line is not made young"
    log.write("3,200\n3,3")
    assert log.look(5) == (200, 1035.0), "half a line waits for its end"
    log.write("00\n\n")
    assert log.look(5) == (300, 1040.0)


def test_an_old_file_is_old(log):
    log.write("t,power_w\n1,100\n", age_s=86400)
    assert log.look() == (100, 1000.0 - 86400)


def test_without_a_clock_the_first_line_counts_for_nothing(tmp_path):
    log = Log(tmp_path / "meter.csv", wall=None)
    log.write("t,power_w\n1,100\n")
    assert "our clock isn't set yet" in log.look()
    log.write("2,200\n")
    assert log.look(3) == (200, 1003.0)


def test_rotation(log, tmp_path):
    log.write("t,power_w\n1,100\n")
    assert log.look()[0] == 100
    log.path.rename(tmp_path / "meter.csv.1")
    assert "is not there" in log.look(1)
    log.write("power_w,t\n")
    with pytest.raises(Poor, match="first line and no other"):
        log.look(1)
    log.write("300,1\n")
    assert log.look(1)[0] == 300
    log.write("power_w,t\n50,1\n", "w")
    assert log.look(1) == (50, 1004.0), "emptied and written anew"


def test_a_long_file_is_read_at_its_end_alone(log):
    log.write("t,power_w\n" + "1,100\n" * 40_000 + "2,-5\n")
    assert log.look()[0] == -5
    log.write("x" * (TAIL_BYTES + 10) + "\n")
    assert "longer than" in log.look()


def test_what_is_no_file(tmp_path, log):
    assert "is not there" in log.look()
    os.mkfifo(log.path)
    assert "is no file" in log.look(), "and nobody waits for it"
    folder = Log(tmp_path)
    assert "is it a file" in folder.look() or "is no file" in folder.look()
