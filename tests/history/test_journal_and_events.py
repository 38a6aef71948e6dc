"""Why did it stop at 14:05? And: what happened since I last looked?"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.history.journal import Journal
from agent.history.reader import HistoryError
from agent.model import Decision, Event, Moment, Offer, Step

BERLIN = ZoneInfo("Europe/Berlin")


def decision(amps, reason, charger_id="3201"):
    steps = (
        Step("budget", "", 0.0, amps, "sun"),
        Step("share", charger_id, 0.0, amps, "its turn"),
        Step("share", "9999", 0.0, 0.0, "not its turn"),
    )
    return Decision(offers=(Offer(charger_id, amps, reason, 0.0),), steps=steps)


def test_a_stop_is_answered_later_with_its_reason(house):
    house.offers = (Offer("3201", 10.0, "2.3 kW of sun to spare.", 0.0),)
    house.lives(hours=1)
    house.offers = (Offer("3201", 0.0, "The sun is gone; waiting for 1.4 kW.", 0.0),)
    house.lives(minutes=2)
    now = house.clock.wall
    first, stop = house.reader.decisions(now - timedelta(hours=5), now)
    assert (first.before_amps, first.after_amps) == (None, 10)
    assert (stop.before_amps, stop.after_amps) == (10, 0)
    assert stop.reason == "The sun is gone; waiting for 1.4 kW."
    assert stop.at_wall == now - timedelta(minutes=2) + timedelta(seconds=1)
    assert house.reader.decisions(now - timedelta(hours=5), now, charger_id="3202") == ()
    assert house.reader.decisions(now - timedelta(minutes=5), now) == (stop,)


def test_figures_that_follow_the_sun_do_not_fill_the_journal():
    journal = Journal()
    lines = [
        change
        for second in range(3600)
        for change in journal.step(
            decision(6 + second % 10, f"{second / 1000:.1f} kW of sun at 14:{second % 60:02}"),
            Moment(float(second)),
        )
    ]
    assert len(lines) == 1


def test_flutter_between_two_sentences_is_calmed_but_a_stop_is_never_missed():
    journal = Journal()
    for second in range(5):
        journal.step(decision(10, "Sun." if second % 2 else "Window."), Moment(float(second)))
    assert [one.after_amps for one in journal.step(decision(0, "Sun."), Moment(5.0))] == [0]
    assert [one.after_amps for one in journal.step(decision(10, "Sun."), Moment(6.0))] == [10]
    assert journal.step(decision(10, "Window."), Moment(7.0)) == []
    assert [one.reason for one in journal.step(decision(10, "Window."), Moment(17.0))] == ["Window."]


def test_a_line_holds_the_steps_of_its_own_charger():
    (line,) = Journal().step(decision(10, "Sun."), Moment(0.0))
    assert line.steps == (("budget", 0.0, 10, "sun"), ("share", 0.0, 10, "its turn"))


def test_an_event_is_on_disk_within_a_second(house):
    data = {"amps": 10, "until": datetime(2026, 5, 3, 14, tzinfo=BERLIN)}
    house.events.put(Event("boost_began", "Boost until 14:00.", subject="3201", data=data))
    house.lives(seconds=1)
    (event,) = house.reader.events()
    assert (event.kind, event.sentence, event.severity, event.subject) == (
        "boost_began",
        "Boost until 14:00.",
        "info",
        "3201",
    )
    assert event.at_wall == house.clock.wall
    assert event.data["amps"] == 10


@pytest.mark.parametrize("value", [{(1, 2): 3}, {"watts": float("nan")}, {"path": "half \udce9"}])
def test_an_event_with_odd_data_does_not_stop_the_others(house, value):
    house.events.put(Event("odd", "A file with half a character \udce9.", data={"value": value}))
    house.events.put(Event("even", "The next one."))
    house.lives(seconds=1)
    assert [event.kind for event in house.reader.events()] == ["odd", "even"]


def test_events_can_be_followed_and_chosen(house):
    for number in range(5):
        house.events.put(Event("odd" if number % 2 else "even", f"Number {number}."))
    house.lives(seconds=1)
    read = house.reader
    assert [event.sentence for event in read.events(limit=2)] == ["Number 3.", "Number 4."]
    first = read.events(after_id=0, limit=2)
    assert [event.sentence for event in first] == ["Number 0.", "Number 1."]
    assert read.events(after_id=first[-1].id)[0].sentence == "Number 2."
    assert [event.sentence for event in read.events(kinds=["odd"])] == ["Number 1.", "Number 3."]
    assert read.events(after_id=10**9) == ()
    told_at = first[0].at_wall
    assert len(read.events(span=(told_at, told_at + timedelta(seconds=1)))) == 5
    assert [one.sentence for one in read.events(limit=1, span=(told_at, told_at + timedelta(seconds=1)))] == [
        "Number 4."
    ]
    assert read.events(span=(told_at - timedelta(days=1), told_at)) == ()
    with pytest.raises(HistoryError, match="limit must be between"):
        read.events(limit=0)


def test_an_event_of_unknown_time_gets_its_time_later(new_house):
    house = new_house(wall=None, mono_s=60.0)
    house.events.put(Event("bus_lost", "The port is gone."))
    house.lives(seconds=10)
    assert house.reader.events()[0].at_wall is None
    house.lives(seconds=50)
    house.clock.wall = datetime(2026, 5, 3, 12, 1, tzinfo=BERLIN)
    house.lives(minutes=2)
    assert house.reader.events()[0].at_wall == datetime(2026, 5, 3, 12, 0, 1, tzinfo=BERLIN)


def test_what_is_gathered_is_written_when_the_program_ends(house):
    house.says(grid=3600).lives(seconds=30).ends()
    (row,) = house.rows()
    assert (row.seconds, row.import_wh) == (30, 30)
