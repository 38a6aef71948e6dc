"""A charger's new firmware is news, once, and over restarts too."""

from agent.firmware import FirmwareWatch
from agent.history.kept import Kept
from agent.keeping import KeptNowhere
from agent.model import ChargerStatus
from scheduler.clock import FakeClock


def seen(firmware, charger_id="3201"):
    return [ChargerStatus(charger_id, "ready", firmware=firmware)]


def test_another_version_is_told_once_also_by_the_next_process(tmp_path):
    told = []
    path, clock = tmp_path / "state.db", FakeClock()
    kept = Kept(path, clock, told.append)
    watch = FirmwareWatch(kept, told.append, {"3201": "Garage"})
    for firmware in ("", "4.5.3.0", "", "4.5.3", "4.5.3.0"):
        watch.look(seen(firmware))
    assert told == []
    kept.close()
    kept = Kept(path, clock, told.append)
    again = FirmwareWatch(kept, told.append, {"3201": "Garage"})
    again.look(seen("4.6.0.1"))
    again.look(seen("4.6.0.1"))
    (event,) = told
    assert (event.kind, event.subject) == ("new_firmware", "3201")
    assert event.sentence == "Garage has firmware 4.6.0.1 now; before it was 4.5.3.0."
    kept.close()


def test_a_charger_that_is_seen_first_is_no_news_and_nonsense_on_disk_is_none():
    told, kept = [], KeptNowhere({"firmware": ["x"]})
    FirmwareWatch(kept, told.append, {}).look(seen("4.5.3", "1234"))
    assert (told, kept.get("firmware")) == ([], {"1234": "4.5.3"})
    FirmwareWatch(kept, told.append, {}).look(seen("4.5.4", "1234"))
    assert told[0].sentence.startswith("Charger 1234 has firmware 4.5.4")


def test_a_disk_that_takes_nothing_stops_nothing(tmp_path, caplog):
    (tmp_path / "state.db").mkdir()
    kept = Kept(tmp_path / "state.db", FakeClock(), lambda event: None)
    FirmwareWatch(kept, lambda event: None, {}).look(seen("4.5.3"))
    assert "firmware was not kept" in caplog.text
