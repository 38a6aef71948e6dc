"""Stories of meters: which one counts, when it is old, what is computed. No thread, no socket."""

from dataclasses import replace

import pytest

from agent.meters import source
from agent.meters.part import Meters
from agent.meters.plan import plan
from agent.meters.values import Poor, Values, believe
from agent.meters.view import (
    Board,
    Limits,
    Memory,
    SourceState,
    Timed,
    compose,
    grid_watts,
    house_watts,
)
from agent.model import Moment
from scheduler.clock import FakeClock

A, B = "solaredge://10.0.0.1:1502", "solaredge://10.0.0.2:1502"


class Story:
    """A board that sources write to, and a view that is looked at once in a while."""

    def __init__(self, **lines):
        self.plan = plan({role: [text] if isinstance(text, str) else text for role, text in lines.items()})
        self.states = {}
        self.memory = Memory()
        self.now_s = 0.0
        self.limits = Limits()
        self.events = []

    def says(self, line, since=None, problem="", **roles):
        readings = {
            role: Timed(
                Values(watts) if isinstance(watts, int | float) else watts,
                self.now_s,
                self.now_s if since is None else since,
            )
            for role, watts in roles.items()
        }
        self.states[source(line)] = SourceState(readings, {"": problem} if problem else {})

    def look(self, seconds=0.0, chargers=0.0):
        self.now_s += seconds
        board = Board(self.states)
        view, self.memory, self.events = compose(
            self.plan, board, self.limits, self.memory, Moment(self.now_s), chargers
        )
        return view

    def kinds(self):
        return [event.kind for event in self.events]


def test_the_first_fresh_source_counts_and_a_change_is_told():
    story = Story(grid=[A, B])
    story.says(A, grid=-500)
    story.says(B, grid=-400)
    assert story.look().readings["grid"].watts == -500
    story.now_s = 40
    story.says(B, grid=-300)
    view = story.look()
    assert (view.readings["grid"].watts, view.readings["grid"].source) == (-300, B)
    assert story.kinds() == ["meter_source_changed"]
    assert [one.ok for one in view.health] == [False, True]
    story.says(A, grid=-200)
    assert story.look().readings["grid"].watts == -200
    assert "instead of" in story.events[0].sentence


def test_an_old_reading_stays_with_its_age_and_is_told_once():
    story = Story(grid=A)
    story.says(A, grid=700)
    story.look()
    story.says(A, grid=700, problem="10.0.0.1:1502 can't be reached")
    assert story.look(10).readings["grid"].at_mono_s == 0
    assert story.kinds() == []
    view = story.look(25)
    assert view.readings["grid"].watts == 700
    assert view.readings["grid"].at_mono_s == 0
    assert story.kinds() == ["meter_stale"]
    assert "can't be reached" in story.events[0].sentence
    assert (story.look(5), story.kinds())[1] == []
    story.says(A, grid=650)
    story.look(1)
    assert story.kinds() == ["meter_back"]
    assert story.events[0].recovers == "meter_stale"


def test_a_meter_that_never_answers_is_told_after_its_time():
    story = Story(grid=A)
    view = story.look()
    assert "grid" not in view.readings
    assert view.health[0].problem == "it has not answered yet"
    assert (story.look(29), story.kinds())[1] == []
    assert (story.look(2), story.kinds())[1] == ["meter_stale"]


def test_two_inverters_are_added_and_no_half_sum_is_shown():
    story = Story(solar=f"{A} + {B}")
    story.says(A, solar=Values(3000, (4.0, 4.5, 4.5), (230, 231, 232), 1000.0))
    assert "solar" not in story.look().readings
    story.now_s = 3
    story.says(B, solar=Values(2000, (3.0, 3.0, 3.0), None, 500.0))
    reading = story.look().readings["solar"]
    assert (reading.watts, reading.at_mono_s, reading.energy_wh) == (5000, 0, 1500)
    assert reading.amps_by_phase == (7.0, 7.5, 7.5)
    assert reading.source == f"{A} + {B}"


def test_the_house_is_computed_and_never_contains_the_chargers():
    story = Story(grid=A, solar=A)
    story.says(A, grid=-2000, solar=8000)
    reading = story.look(chargers=4600).readings["house"]
    assert (reading.watts, reading.source) == (1400, "computed")
    measured = Story(grid=A, house="fixed://?watts=6000")
    measured.says("fixed://?watts=6000", any=6000)
    measured.says(A, grid=0)
    assert measured.look(chargers=4600).readings["house"].watts == 1400
    apart = Story(house="fixed://?watts=1400&cars=outside")
    apart.says("fixed://?watts=1400&cars=outside", any=1400)
    assert apart.look(chargers=4600).readings["house"].watts == 1400


def test_a_grid_that_nobody_measures_is_computed():
    story = Story(solar=A, house="fixed://?watts=5000")
    story.says(A, solar=7000)
    story.says("fixed://?watts=5000", any=5000)
    assert story.look(chargers=3000).readings["grid"].watts == -2000
    assert (house_watts(-2000, 8000, -1000, 4600), grid_watts(400, 8000, -1000, 4600)) == (400, -2000)
    assert house_watts(-9000, 8000, 0, 0) == 0


def test_without_the_sun_that_the_settings_name_there_is_no_house():
    story = Story(grid=A, solar=B)
    story.says(A, grid=-2000)
    assert "house" not in story.look().readings


def test_a_frozen_meter_grows_old():
    story = Story(grid=[A, B])
    story.now_s = 700
    story.says(A, since=0, grid=-1234.5)
    story.says(B, grid=-300)
    view = story.look()
    assert view.readings["grid"].source == B
    assert "frozen" in view.health[0].problem
    still = Story(grid="fixed://?watts=-3000")
    still.now_s = 9000
    still.says("fixed://?watts=-3000", since=0, any=-3000)
    assert still.look().health[0].ok


def hear(story, seconds, chargers, since, watts=-1234.5):
    """The meter says the same each second, while the cars draw so much."""
    for _ in range(seconds):
        story.now_s += 1
        story.says(A, since=since, grid=watts)
        view = story.look(chargers=chargers)
    return view


def test_a_meter_that_a_car_does_not_move_is_frozen_after_a_minute():
    story = Story(grid=A)
    assert hear(story, 30, 1400.0, since=0).health[0].ok
    assert hear(story, 30, 2900.0, since=0).health[0].ok
    view = hear(story, 20, 2900.0, since=0)
    assert "though a car's draw changed" in view.health[0].problem
    assert view.readings["grid"].at_mono_s == 0, "all that it says is as old as that"
    assert not hear(story, 300, 1400.0, since=0).health[0].ok, "it stays so while the car stands still"
    assert hear(story, 5, 1400.0, since=380, watts=-900.0).health[0].ok


@pytest.mark.parametrize(
    ("more", "watts", "draws"),
    [
        ({}, -1234.5, (2000.0, 2500.0)),  # too little to be sure
        ({}, 0.0, (0.0, 5000.0)),
        ({"battery": B}, -1234.5, (0.0, 5000.0)),  # which may do what the grid's meter does not see
    ],
)
def test_a_meter_that_may_stand_still_is_not_frozen(more, watts, draws):
    story = Story(grid=A, **more)
    hear(story, 40, draws[0], since=0, watts=watts)
    view = hear(story, 60, draws[1], since=0, watts=watts)
    assert next(one for one in view.health if one.role == "grid").ok


def test_a_car_that_moved_just_now_is_still_on_its_way_to_the_meter():
    story = Story(grid=A)
    hear(story, 70, 0.0, since=0)
    assert hear(story, 14, 7000.0, since=0).health[0].ok


def test_any_number_must_fit_the_role_that_its_line_stands_under():
    story = Story(solar="fixed://?watts=-3000")
    story.says("fixed://?watts=-3000", any=-3000)
    view = story.look()
    assert "solar" not in view.readings
    assert "can't be negative" in view.health[0].problem


@pytest.mark.parametrize("watts", [float("nan"), float("inf"), 1e7, -1e7])
def test_no_home_has_such_watts(watts):
    with pytest.raises(Poor, match="no home has"):
        believe("grid", Values(watts))


def test_what_cannot_be_is_dropped_or_refused():
    assert believe("solar", Values(-12.0)).watts == 0
    assert believe("grid", Values(5, volts_by_phase=(2300.0,))).volts_by_phase is None
    assert believe("grid", Values(5, volts_by_phase=(0.0, 230.0, 231.0))).volts_by_phase == (0, 230, 231)
    assert believe("grid", Values(5, energy_wh=float("nan"))).energy_wh is None
    with pytest.raises(Poor, match="full"):
        believe("battery", Values(0, soc_percent=655.35))


def test_a_push_counts_last_while_it_is_fresh():
    clock = FakeClock()
    meters = Meters(plan({"solar": ["pushed://"]}), clock)
    meters.push("grid", -800, 0.0, source="node-red", soc_percent=None)
    meters.push("solar", 2500, 0.0, max_age_s=600)
    assert meters.view(clock.advance(10)).readings["grid"].source == "node-red"
    view = meters.view(clock.advance(100))
    assert view.readings["solar"].watts == 2500
    assert {one.role: one.ok for one in view.health} == {"grid": False, "solar": True}
    with pytest.raises(Poor):
        meters.push("solar", -5000, 0.0)


def test_parts_read_what_needs_no_device():
    clock = FakeClock()
    meters = Meters(plan({"grid": ["fixed://?watts=-300&soc_percent=50"]}), clock)
    (part,) = meters.parts
    assert part.step(clock.now()) == 5.0
    reading = meters.view(clock.now()).readings["grid"]
    assert (reading.watts, reading.source) == (-300, "fixed://?watts=-300&soc_percent=50")
    assert replace(reading, watts=0).at_mono_s == 0
