"""Adding up loses nothing, in whatever order the minutes come and whenever they are folded."""

import sqlite3
import tempfile
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.history import rollup
from agent.history.reader import Reader
from agent.history.rollup import CHARGER_SUMS, DAY, HOUR, HOUSE_SUMS, MINUTE, QUARTER, Minute
from agent.history.store import Batch, Store

BERLIN = ZoneInfo("Europe/Berlin")
START = int(datetime(2026, 3, 28, 12, tzinfo=BERLIN).timestamp())  # the clocks change in the coming night


def minute(index: int, joules: int, chargers: tuple[str, ...] = ("3201",)) -> Minute:
    house = tuple(joules + place for place in range(len(HOUSE_SUMS)))
    own = tuple(joules * 2 + place for place in range(len(CHARGER_SUMS)))
    return Minute(START + 60 * index, 0.0, house, dict.fromkeys(chargers, own))


def totals(connection, table, columns, level, before):
    added = ", ".join(f"coalesce(sum({name}), 0)" for name in columns)
    return connection.execute(
        f"SELECT {added} FROM {table} WHERE level = ? AND at < ?", (level, before)
    ).fetchone()


MINUTES = st.builds(
    minute,
    st.integers(-120, 3000),
    st.integers(0, 10**6),
    st.sampled_from([(), ("3201",), ("3201", "3202"), ("3203",)]),
)
DOINGS = st.lists(
    st.one_of(st.lists(MINUTES, min_size=1, max_size=4), st.integers(0, 55)), min_size=1, max_size=25
)


@given(DOINGS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_level_holds_the_same_sums(doings):
    """Minutes in any order, even behind the mark; folds (a number: up to that hour) at any time."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        path = Path(folder) / "history.db"
        store = Store(path, "boot")
        for doing in doings:
            if isinstance(doing, int):
                store.fold(START + 3600 * doing + 1234, BERLIN)
            else:
                store.write(Batch(minutes=tuple(doing)), BERLIN)
        with sqlite3.connect(path) as connection:
            mark = rollup.folded_to(connection)
            for table, columns in (("house", HOUSE_SUMS), ("charger", CHARGER_SUMS)):
                expected = totals(connection, table, columns, MINUTE, mark)
                for level in (QUARTER, HOUR, DAY):
                    assert totals(connection, table, columns, level, 2**40) == expected
        connection.close()
        store.close()
        whole = datetime(2026, 3, 27, tzinfo=BERLIN), datetime(2026, 4, 2, tzinfo=BERLIN)
        written = sum(one.house[2] for doing in doings if not isinstance(doing, int) for one in doing)
        for step_s in (60, 180, 900, 3600, 5400, 86400, 3 * 86400):
            rows = Reader(path, BERLIN).history(*whole, step_s)
            assert sum(row.import_wh for row in rows) == pytest.approx(written / 3600)


def test_old_minutes_are_dropped_a_day_at_a_time_and_their_energy_stays(path):
    store = Store(path, "boot")
    store.write(Batch(minutes=tuple(minute(10 * n, 60_000) for n in range(600))), BERLIN)
    store.fold(START + 8 * 86400, BERLIN)
    long_after = START + 400 * 86400
    reader = Reader(path, BERLIN)
    whole = datetime(2026, 3, 28, tzinfo=BERLIN), datetime(2026, 4, 3, tzinfo=BERLIN)
    before = [len(reader.history(*whole, 60)), reader.history(*whole, 86400)]
    store.tidy(long_after)
    with sqlite3.connect(path) as connection:
        (left,) = connection.execute("SELECT count(*) FROM house WHERE level = 3").fetchone()
    connection.close()
    assert left == before[0] - 144
    for _ in range(8):
        store.tidy(long_after)
    assert reader.history(*whole, 86400) == before[1]
    quarters = reader.history(*whole, 60)  # the minutes are gone: the answer says what it is
    assert {row.step_s for row in quarters} == {900}
    assert sum(row.solar_wh for row in quarters) == pytest.approx(sum(row.solar_wh for row in before[1]))
    store.tidy(START + 810 * 86400)
    store.close()
    assert {row.step_s for row in reader.history(*whole, 900)} <= {900, 3600}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
@given(start=st.integers(1_700_000_000, 1_900_000_000), length=st.integers(1, 40 * 86400))
@settings(max_examples=40, deadline=None)
def test_days_cover_a_range_without_gap_or_overlap(zone, start, length):
    days = list(rollup.days_between(start, start + length, ZoneInfo(zone)))
    assert days[0][1] == start
    assert days[-1][2] == start + length
    for one, other in pairwise(days):
        assert one[2] == other[1] == other[0]
    for midnight, first, _ in days:
        assert rollup.midnight_before(first, ZoneInfo(zone)) == midnight
        assert datetime.fromtimestamp(midnight, ZoneInfo(zone)).strftime("%H:%M") == "00:00"
