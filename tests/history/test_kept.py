"""What people set on the page outlives everything but its own disk."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.history.files import intact
from agent.history.kept import KeepError, Kept
from scheduler.clock import FakeClock

ROOT = Path(__file__).parents[2]
CLOCK = FakeClock(datetime(2026, 5, 3, 14, 5, 1, tzinfo=UTC))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture
def told():
    return []


@pytest.fixture
def kept(path, told):
    box = Kept(path, CLOCK, told.append)
    yield box
    box.close()


def test_a_value_outlives_a_restart(kept, path, told):
    assert kept.get("mode") is None
    kept.put("mode", {"site": "solar", "chargers": {"3201": "fast"}})
    kept.put("windows", [])
    kept.put("windows", [{"name": "night", "from": "21:30"}])
    kept.close()
    again = Kept(path, CLOCK, told.append)
    assert again.get("mode") == {"site": "solar", "chargers": {"3201": "fast"}}
    assert again.get("windows") == [{"name": "night", "from": "21:30"}]
    assert told == []
    again.close()


def test_what_is_kept_already_is_not_written_again(kept, path):
    kept.put("mode", {"mode": "fast"})
    before = path.stat().st_mtime_ns, path.read_bytes()
    for _ in range(3):
        kept.put("mode", {"mode": "fast"})
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    kept.put_all({"mode": {"mode": "fast"}, "more": 1})
    assert path.read_bytes() != before[1]


@given(VALUES)
def test_any_json_comes_back_as_it_was(value):
    with Box() as box:
        box.put("x", value)
        assert box.get("x") == value


class Box(Kept):
    """One in memory."""

    def __init__(self):
        super().__init__(Path(":memory:"), CLOCK, print)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_what_is_not_json_is_refused_with_a_sentence(kept, value):
    kept.put("x", 1)
    with pytest.raises(KeepError, match="The value of x can't be kept"):
        kept.put("x", value)
    assert kept.get("x") == 1


def test_a_damaged_file_is_put_aside_at_start(path, told):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database" * 1000)
    box = Kept(path, CLOCK, told.append)
    assert box.get("mode") is None
    assert [event.kind for event in told] == ["state_corrupt"]
    assert f"{path.name}.broken-2026-05-03-140501" in told[0].sentence
    box.put("mode", "off")
    assert box.get("mode") == "off"
    box.close()


def test_one_that_is_damaged_while_running_is_written_anew_from_memory(kept, path, told):
    kept.put("mode", "fast")
    kept.close()
    path.write_bytes(os.urandom(8192))
    kept.put("amps", 16)
    assert [event.kind for event in told] == ["state_corrupt"]
    kept.close()
    again = Kept(path, CLOCK, told.append)
    assert (again.get("mode"), again.get("amps")) == ("fast", 16)
    again.close()


def test_a_folder_that_cannot_be_written_is_told_at_start_and_at_each_change(path, told):
    path.parent.write_text("a file where the folder should be")
    box = Kept(path, CLOCK, told.append)
    assert [event.kind for event in told] == ["state_unreadable"]
    with pytest.raises(KeepError, match="can't be written"):
        box.put("mode", "off")
    path.parent.unlink()
    box.put("mode", "off")
    assert box.get("mode") == "off"
    box.close()


def test_a_full_disk_refuses_the_change_and_the_former_value_counts(kept, path):
    kept.put("mode", "solar")
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, former[1]))
    try:
        with pytest.raises(KeepError, match="The change was not kept"):
            kept.put("windows", ["x" * 100_000])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert kept.get("windows") is None
    assert kept.get("mode") == "solar"
    kept.put("windows", ["x" * 100_000])
    assert intact(path)


WRITER = """
import sys
from pathlib import Path
from agent.history.kept import Kept
from scheduler.clock import FakeClock
box = Kept(Path(sys.argv[1]), FakeClock(), print)
number = box.get("number") or 0
while True:
    number += 1
    box.put("number", number)
    print(number, flush=True)
"""


def test_what_put_returned_from_is_on_disk_whenever_the_power_goes(path):
    for run in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        said = [process.stdout.readline() for _ in range(3 + 29 * run)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
        process.stdout.close()
        process.wait(10)
        promised = int([line for line in said if line.endswith("\n")][-1])
        box = Kept(path, CLOCK, print)
        assert promised <= box.get("number") <= promised + 1
        box.close()
        assert intact(path)


def test_a_file_with_a_value_that_is_no_json_is_put_aside(kept, path, told):
    kept.put("mode", "solar")
    kept.close()
    with sqlite3.connect(path) as other:
        other.execute("UPDATE kept SET value = 'not json'")
    other.close()
    again = Kept(path, CLOCK, told.append)
    assert [event.kind for event in told] == ["state_corrupt"]
    again.close()
