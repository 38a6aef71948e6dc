"""What the house keeps through restarts beside what people asked for."""

from agent.history.kept import Kept
from agent.keeping import KeptNowhere, keep_phases, phases_from_json
from scheduler.clock import FakeClock


def test_the_phases_of_each_car_are_known_in_the_next_process(tmp_path):
    path, clock, told = tmp_path / "state.db", FakeClock(), []
    first = Kept(path, clock, told.append)
    keep_phases(first, {"5YJ3E1EA7KF000001": 1, "0001": 3})
    first.close()
    second = Kept(path, clock, told.append)
    assert phases_from_json(second.get("phases")) == {"5YJ3E1EA7KF000001": 1, "0001": 3}
    second.close()
    assert told == []


def test_what_cannot_be_read_is_learned_again():
    assert phases_from_json(KeptNowhere().get("phases")) == {}
    assert phases_from_json(["1"]) == {}
    assert phases_from_json({"a": 4, "b": "2", "c": True, "d": 2}) == {"d": 2}


def test_a_disk_that_takes_nothing_stops_nothing(tmp_path, caplog):
    (tmp_path / "state.db").mkdir()
    kept = Kept(tmp_path / "state.db", FakeClock(), lambda event: None)
    keep_phases(kept, {"0001": 3})
    assert "were not kept" in caplog.text
