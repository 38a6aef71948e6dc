"""Windows told as stories of the house's clock, and held against a slow oracle minute by minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduler.wallclock import EVERY_DAY
from scheduler.window_rows import read_windows
from scheduler.windows import Evaluator, Mode, Window, coming, in_force, next_change, preview

BERLIN = ZoneInfo("Europe/Berlin")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
HOUSE = {"3201": "Garage", "3202": "Carport"}


def night(**changes):
    row = {"name": "night", "days": "daily", "from": "21:30", "to": "07:15", "mode": "fast", "amps": 16}
    return read_windows([row | changes])[0]


def wall(text, zone=BERLIN, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def names(windows, moment, chargers=HOUSE):
    return {charger: active.name for charger, active in in_force(windows, moment, chargers).items()}


# --- one window ------------------------------------------------------------------------------------


def test_a_night_window_holds_from_its_first_minute_to_the_one_before_its_end():
    windows = [night()]
    assert names(windows, wall("2026-06-10T21:29:59")) == {}
    assert names(windows, wall("2026-06-10T21:30")) == {"3201": "night", "3202": "night"}
    assert names(windows, wall("2026-06-11T00:00")) == {"3201": "night", "3202": "night"}
    assert names(windows, wall("2026-06-11T07:14:59")) == {"3201": "night", "3202": "night"}
    assert names(windows, wall("2026-06-11T07:15")) == {}


def test_it_says_how_until_when_and_what_comes_next():
    windows = [night()]
    active = in_force(windows, wall("2026-06-10T23:00"), ["3201"])["3201"]
    assert (active.mode, active.amps, active.until) == (Mode.FAST, 16.0, wall("2026-06-11T07:15"))
    assert next_change(windows, wall("2026-06-10T23:00")) == wall("2026-06-11T07:15")
    assert next_change(windows, wall("2026-06-11T07:15")) == wall("2026-06-11T21:30")
    assert coming(windows, wall("2026-06-10T23:00")).start == wall("2026-06-11T21:30")


def test_a_window_belongs_to_the_day_on_which_it_opens():
    windows = [night(days="fri")]  # 2026-06-12 is a Friday
    assert names(windows, wall("2026-06-12T05:00")) == {}
    assert names(windows, wall("2026-06-13T05:00")) != {}


def test_a_window_with_a_last_day_opens_on_it_for_the_last_time_and_runs_to_its_end():
    windows = [night(until="2026-06-11")]
    assert names(windows, wall("2026-06-10T23:00")) != {}
    assert names(windows, wall("2026-06-12T07:14")) != {}
    assert names(windows, wall("2026-06-12T23:00")) == {}
    assert coming(windows, wall("2026-06-12T07:15")) is None
    assert next_change(windows, wall("2026-06-12T07:15")) is None


def test_a_disabled_window_never_holds():
    assert names([night(enabled=False)], wall("2026-06-10T23:00")) == {}
    assert next_change([night(enabled=False)], wall("2026-06-10T23:00")) is None


def test_whole_days_in_a_row_are_one_turn():
    windows = [night(days="sat,sun", **{"from": "00:00", "to": "24:00"})]
    (turn,) = preview(windows, wall("2026-06-10T12:00"))
    assert (turn.start, turn.end) == (wall("2026-06-13T00:00"), wall("2026-06-15T00:00"))


def test_a_window_without_end_says_the_end_of_the_horizon():
    always = night(**{"from": "00:00", "to": "24:00"})
    active = in_force([always], wall("2026-06-10T12:00"), ["3201"])
    assert active["3201"].until == wall("2026-06-18T12:00")
    assert next_change([always], wall("2026-06-10T12:00")) is None


def test_no_windows_and_no_chargers_are_fine():
    assert in_force([], wall("2026-06-10T12:00"), HOUSE) == {}
    assert in_force([night()], wall("2026-06-10T23:00"), {}) == {}
    assert preview([], wall("2026-06-10T12:00")) == []
    assert coming([], wall("2026-06-10T12:00")) is None


def test_a_wall_time_without_its_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        in_force([night()], datetime.fromisoformat("2026-06-10T23:00"), HOUSE)


# --- several windows -------------------------------------------------------------------------------


def test_a_window_for_one_charger_wins_over_one_for_all():
    windows = [night(name="garage", charger="Garage", **{"from": "20:00"}), night()]
    assert names(windows, wall("2026-06-10T23:00")) == {"3201": "garage", "3202": "night"}


def test_a_charger_is_meant_by_its_id_as_by_its_name_in_any_case():
    for word in ("3201", "Garage", "garage"):
        assert names([night(charger=word)], wall("2026-06-10T23:00")) == {"3201": "night"}


def test_of_two_that_hold_the_one_that_opened_later_counts_and_then_the_first_again():
    windows = [night(), night(name="cheap", **{"from": "01:00", "to": "04:00"})]
    told = [
        (turn.window.name, f"{turn.start:%H:%M}") for turn in preview(windows, wall("2026-06-10T12:00"), 1)
    ]
    assert told == [("night", "21:30"), ("cheap", "01:00"), ("night", "04:00")]


def test_the_answer_until_ends_where_a_stronger_window_takes_over():
    windows = [night(), night(name="cheap", **{"from": "01:00", "to": "04:00"})]
    assert in_force(windows, wall("2026-06-10T23:00"), HOUSE)["3201"].until == wall("2026-06-11T01:00")


def test_of_two_that_opened_together_the_first_in_the_list_counts():
    windows = [night(name="first"), night(name="second")]
    assert names(windows, wall("2026-06-10T23:00"), ["3201"]) == {"3201": "first"}


def test_the_preview_tells_what_all_chargers_share_once():
    windows = [night(), night(name="garage", charger="3201", days="fri", **{"from": "12:00", "to": "13:00"})]
    turns = preview(windows, wall("2026-06-12T00:00"), 1, HOUSE)
    assert [(turn.window.name, turn.charger_id) for turn in turns] == [
        ("night", ""),
        ("garage", "3201"),
        ("night", ""),
    ]
    assert turns[-1].end == wall("2026-06-13T00:00")


# --- the two nights --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "evening", "hours"),
    [
        (BERLIN, "2026-03-28T21:30", 8.75),
        (BERLIN, "2026-10-24T21:30", 10.75),
        (LOS_ANGELES, "2027-03-13T21:30", 8.75),
        (LOS_ANGELES, "2026-10-31T21:30", 10.75),
        (BERLIN, "2026-06-10T21:30", 9.75),
    ],
)
def test_a_night_window_opens_and_closes_by_the_clock_on_the_wall(zone, evening, hours):
    (turn,) = preview([night()], wall(evening, zone), 1)[:1]
    assert (f"{turn.start:%H:%M}", f"{turn.end:%H:%M}") == ("21:30", "07:15")
    assert turn.end.timestamp() - turn.start.timestamp() == hours * 3600


@pytest.mark.parametrize(
    ("opens", "closes", "start", "end"),
    [
        ("02:30", "06:00", "03:00", "06:00"),  # a start that never comes: the first instant after the gap
        ("22:00", "02:30", "22:00", "03:00"),  # an end that never comes: the same
        ("02:00", "03:00", None, None),  # wholly inside the gap: no turn
        ("02:10", "02:50", None, None),
    ],
)
def test_in_spring_a_time_that_the_clock_skips_is_the_end_of_the_gap(opens, closes, start, end):
    turns = preview([night(**{"from": opens, "to": closes})], wall("2026-03-28T20:00"), 1)
    turns = [turn for turn in turns if turn.end.date() == date(2026, 3, 29)]
    assert [(f"{turn.start:%H:%M}", f"{turn.end:%H:%M}") for turn in turns] == (
        [(start, end)] if start else []
    )


@pytest.mark.parametrize(
    ("opens", "closes", "minutes"),
    [
        ("02:30", "06:00", 270),  # from the first 02:30
        ("22:00", "02:30", 330),  # to the second 02:30
        ("02:15", "02:45", 90),  # from the first to the second, in one piece
        ("01:00", "02:00", 120),
        ("03:00", "04:00", 60),
    ],
)
def test_in_autumn_a_window_opens_at_the_first_and_closes_at_the_second(opens, closes, minutes):
    turns = preview([night(**{"from": opens, "to": closes})], wall("2026-10-24T20:00"), 1)
    (turn,) = [turn for turn in turns if turn.end.date() == date(2026, 10, 25)]
    assert (turn.end.timestamp() - turn.start.timestamp()) / 60 == minutes


def test_two_windows_that_meet_in_the_doubled_hour_leave_no_gap():
    windows = [night(to="02:30"), night(name="late", **{"from": "02:30"})]
    told = [(turn.window.name, turn.start.fold) for turn in preview(windows, wall("2026-10-24T20:00"), 1)]
    assert told == [("night", 0), ("late", 0)]


# --- asked every second ----------------------------------------------------------------------------


def test_without_a_trusted_clock_windows_are_unknown():
    assert Evaluator([night()], HOUSE).in_force(None) is None


def test_the_evaluator_reads_the_house_s_zone_whatever_zone_it_is_asked_in():
    evaluator = Evaluator([night()], HOUSE, BERLIN)
    assert set(evaluator.in_force(wall("2026-06-10T19:30", UTC))) == set(HOUSE)
    assert evaluator.in_force(wall("2026-06-10T19:29", UTC)) == {}


def test_the_evaluator_follows_a_clock_that_jumps_back():
    evaluator = Evaluator([night()], HOUSE)
    assert evaluator.in_force(wall("2026-06-10T23:00"))
    assert not evaluator.in_force(wall("2026-06-10T12:00"))
    assert evaluator.in_force(wall("2026-06-10T22:00"))


def test_a_day_of_seconds_thinks_only_when_something_changes():
    evaluator = Evaluator([night()], HOUSE, BERLIN)
    begin = wall("2026-06-10T00:00").timestamp()
    answers = {id(evaluator.in_force(datetime.fromtimestamp(begin + s, BERLIN))) for s in range(0, 86400, 60)}
    assert len(answers) <= 3


# --- against the oracle ----------------------------------------------------------------------------

ZONES = [
    "Europe/Berlin",
    "America/Los_Angeles",
    "America/Havana",  # changes at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",  # +05:45
    "Africa/Casablanca",
    "America/St_Johns",
    "UTC",
]
NIGHTS = [
    datetime.fromisoformat(f"{text}+00:00")
    for text in (
        "2026-03-08T09:00",
        "2026-03-29T01:00",
        "2026-04-04T15:00",
        "2026-07-15T00:00",
        "2026-10-03T15:00",
        "2026-10-25T01:00",
        "2026-11-01T05:00",
        "2026-11-01T09:00",
    )
]

random_windows = st.builds(
    lambda days, start, length, charger, mode, enabled: Window(
        "", frozenset(days), start, (start + length - 1) % 1440 + 1, mode, None, charger, enabled
    ),
    days=st.one_of(st.just(EVERY_DAY), st.sets(st.integers(0, 6), min_size=1)),
    start=st.one_of(st.integers(0, 240), st.integers(0, 1439)),
    length=st.one_of(st.integers(1, 200), st.integers(1, 1439)),
    charger=st.sampled_from(["", "", "", "3201", "Carport"]),
    mode=st.sampled_from(list(Mode)),
    enabled=st.sampled_from([True, True, True, False]),
)


class Oracle:
    """The rules of windows.py by brute force: a table of what the clock shows at each minute."""

    def __init__(self, windows, zone, centre):
        self.zone = zone
        first = int(centre.timestamp()) // 60 - 3 * 1440
        self.shown = [
            (minute, datetime.fromtimestamp(minute * 60, zone).replace(tzinfo=None))
            for minute in range(first, first + 6 * 1440)
        ]
        self.turns = []
        for order, window in enumerate(windows):
            for step in range(-2, 2):
                day = (centre.astimezone(zone) + timedelta(days=step)).replace(tzinfo=None)
                midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
                if window.enabled and midnight.weekday() in window.days:
                    start, end = self.open_and_close(window, midnight)
                    self.turns.append((start, end, order, window))

    def open_and_close(self, window, midnight):
        opens = midnight + timedelta(minutes=window.from_minute)
        closes = midnight + timedelta(minutes=window.to_minute)
        closes += timedelta(days=1) if window.to_minute <= window.from_minute else timedelta()
        first = next(minute for minute, shown in self.shown if shown >= opens)
        last, shown = next((minute, shown) for minute, shown in reversed(self.shown) if shown <= closes)
        return first, last if shown == closes else last + 1

    def winner(self, minute, charger_id):
        name = HOUSE[charger_id]
        held = [
            (bool(window.charger), start, -order)
            for start, end, order, window in self.turns
            if start <= minute < end and window.charger in ("", charger_id, name)
        ]
        return -max(held)[2] if held else None


@settings(max_examples=120, deadline=None)
@given(
    windows=st.lists(random_windows, min_size=1, max_size=5),
    zone=st.sampled_from(ZONES),
    night=st.sampled_from(NIGHTS),
    offset_minutes=st.integers(-180, 180),
)
@example(
    windows=[Window("", EVERY_DAY, 23 * 60, 60, Mode.FAST)],
    zone="America/Havana",
    night=NIGHTS[-2],
    offset_minutes=-30,
)
def test_every_minute_agrees_with_the_oracle(windows, zone, night, offset_minutes):
    zone = ZoneInfo(zone)
    windows = [
        Window(str(number), w.days, w.from_minute, w.to_minute, w.mode, w.amps, w.charger, w.enabled)
        for number, w in enumerate(windows)
    ]
    centre = night + timedelta(minutes=offset_minutes)
    oracle, evaluator = Oracle(windows, zone, centre), Evaluator(windows, HOUSE, zone)
    now = centre.astimezone(zone)
    minute = int(now.timestamp()) // 60
    active = in_force(windows, now, HOUSE)
    for charger_id in HOUSE:
        expected = oracle.winner(minute, charger_id)
        assert (int(active[charger_id].name) if charger_id in active else None) == expected
        if charger_id in active:
            until = int(active[charger_id].until.timestamp()) // 60
            ahead = range(minute, min(until, minute + 720))
            assert {oracle.winner(later, charger_id) for later in ahead} == {expected}
            if until < minute + 720:
                assert oracle.winner(until, charger_id) != expected
    for later in range(minute, minute + 300, 7):
        answer = evaluator.in_force(datetime.fromtimestamp(later * 60, zone))
        told = {charger_id: int(active.name) for charger_id, active in answer.items()}
        wanted = {charger_id: oracle.winner(later, charger_id) for charger_id in HOUSE}
        assert told == {charger_id: order for charger_id, order in wanted.items() if order is not None}
