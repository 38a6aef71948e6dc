"""The PHP page of old, driven by a real PHP: it asks, boosts, cancels and plans."""

import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import sysv_ipc

from agent.doors.legacy_orders import orders_for
from agent.doors.settings import LegacySettings
from agent.doors.webipc import WebIpcDoor
from agent.model import Mode
from tests.conftest import need
from tests.web.house import GARAGE

PAGE = Path(__file__).with_name("page.php")


@contextmanager
def opened(house, folder, **settings):
    legacy = LegacySettings(**{"ipc_path": str(folder), "ipc_control": True, **settings})
    door = WebIpcDoor(house.rooms, legacy, orders_for(house.rooms, legacy))
    door.start()
    try:
        yield door
    finally:
        door.stop()
        queue_of(folder).remove()


def queue_of(folder):
    return sysv_ipc.MessageQueue(sysv_ipc.ftok(str(folder), ord("T"), silence_warning=True))


def php(house, folder, text, wants="", age_s=0):
    at = int(house.clock.wall.timestamp() - age_s)
    command = [need("php"), str(PAGE), f"{folder}/", str(at), text, wants]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done
    return done.stdout


def order(house, folder, text, **how):
    """Send an order, then a question: its answer comes only once the order was read."""
    php(house, folder, text, **how)
    return php(house, folder, "getStatus", "answer").split("`")


def test_the_page_reads_the_status(house, tmp_path):
    with opened(house, tmp_path):
        said = php(house, tmp_path, "getStatus", "answer")
    assert said == (
        "25.10`40.00`6.00`0.00`-1`32`21:30`07:15`31`-1:00`0`2`3201~32.0~25.00~25.0~1`A7F4~16.0~0.00~0.0~0"
    )


def test_boost_and_cancel(house, tmp_path):
    with opened(house, tmp_path):
        assert order(house, tmp_path, "chargeNow")[3] == "32.00"
        assert house.desk.control.get().boosts
        assert order(house, tmp_path, "chargeNowCancel")[3] == "0.00"
        assert not house.desk.control.get().boosts


@pytest.mark.parametrize("between", ["\n", " "])
def test_the_schedule_comes_back_as_it_was_sent(house, tmp_path, between):
    with opened(house, tmp_path):
        text = between.join(["setScheduledAmps=24", "startTime=21:35", "endTime=06:05", "days=65"])
        said = order(house, tmp_path, text)
        assert said[5:9] == ["24", "21:35", "06:05", "65"]
        window = house.desk.windows.get()[-1]
        assert window.days == {0, 6}
        order(house, tmp_path, "setScheduledAmps=-1\nstartTime=-1:00\nendTime=-1:00\ndays=127")
        assert [window.name for window in house.desk.windows.get()] == ["night"]


def test_amps_outside_of_the_schedule(house, tmp_path):
    with opened(house, tmp_path):
        assert order(house, tmp_path, "setNonScheduledAmps=13")[4] == "13"
        assert house.desk.control.get().limit_by_charger == {GARAGE: 13.0}
        assert order(house, tmp_path, "setNonScheduledAmps=0")[4] == "0"
        assert house.desk.control.get().mode == Mode.OFF
        assert order(house, tmp_path, "setNonScheduledAmps=-1")[4] == "-1"


def test_the_state_comes_in_pages(house, tmp_path):
    with opened(house, tmp_path):
        said = php(house, tmp_path, "dumpState", "pages")
    assert "3201 Garage: charging" in said
    assert "25 A of sun" in said


def test_old_wrong_and_forbidden_orders_do_nothing(house, tmp_path, caplog):
    with opened(house, tmp_path):
        order(house, tmp_path, "chargeNow", age_s=60)
        order(house, tmp_path, "setNonScheduledAmps=500")
        order(house, tmp_path, "setNonScheduledAmps=x")
        order(house, tmp_path, "sendTWCMsg=FBE0")
        order(house, tmp_path, "carApiEmailPassword=me@example.com\nhunter2")
        order(house, tmp_path, "beginTest")
    with opened(house, tmp_path, ipc_control=False):
        order(house, tmp_path, "chargeNow")
    control = house.desk.control.get()
    assert (control.mode, control.boosts) == (Mode.SOLAR, ())
    assert "too old" in caplog.text
    assert "legacy.ipc_control" in caplog.text
    assert "hunter2" not in caplog.text


def test_the_queue_is_private_unless_asked_for_and_comes_back(house, tmp_path):
    with opened(house, tmp_path):
        assert queue_of(tmp_path).mode & 0o777 == 0o600
        queue_of(tmp_path).remove()
        nap = threading.Event()
        for _ in range(100):
            try:
                queue_of(tmp_path)
                break
            except sysv_ipc.ExistentialError:
                nap.wait(0.05)
        assert php(house, tmp_path, "getStatus", "answer").startswith("25.10`")
    with opened(house, tmp_path, ipc_rights="group"):
        assert queue_of(tmp_path).mode & 0o777 == 0o660


def test_a_folder_that_is_not_there_is_one_sentence(house, tmp_path):
    legacy = LegacySettings(ipc_path=str(tmp_path / "none"))
    door = WebIpcDoor(house.rooms, legacy, orders_for(house.rooms, legacy))
    with pytest.raises(OSError, match=r"legacy\.ipc_path"):
        door.start()


def test_a_message_that_no_page_sends_is_taken_out_of_the_way(house, tmp_path):
    with opened(house, tmp_path):
        for text in ("chargeNow" + "x" * 300, "x" * 8000):
            php(house, tmp_path, text)
        assert order(house, tmp_path, "chargeNow")[3] == "32.00"
