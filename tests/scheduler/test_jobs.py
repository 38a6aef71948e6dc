"""Jobs on the fake clock: due by level, missed, repeated, overlapping, crashing, on a bad disk."""

import json
import os
from datetime import timedelta

import pytest

from scheduler.agent_api import AgentDown
from scheduler.clock import FakeClock
from scheduler.jobs import Job, JobFailed, patience_s
from scheduler.kept import Memory, only_one
from scheduler.watch import JOB as WATCH


class Counter:
    """A job's body that counts its runs, and fails when it is told to."""

    def __init__(self):
        self.runs = 0
        self.error = None

    def __call__(self, context):
        self.runs += 1
        context.memory.data["runs"] = context.memory.data.get("runs", 0) + 1
        if self.error:
            raise self.error
        return []


@pytest.fixture
def body():
    return Counter()


# --- when ------------------------------------------------------------------------------------------


def test_a_job_runs_at_the_first_tick_and_then_when_it_is_due(house, body):
    home = house(Job("count", 600, body))
    assert [home.after(0) != [], body.runs] == [True, 1]
    for _ in range(20):
        home.after(30)
    assert body.runs == 2


def test_cron_ticks_that_jitter_never_skip_a_turn(house, body):
    clock = FakeClock(None)
    for jitter_s in (2.0, 0.0, 1.5, 0.2, 1.9):  # each tick is a process of its own
        home = house(Job("count", 300, body))
        home.clock.wall += timedelta(seconds=clock.mono_s + jitter_s)
        home.runner.tick()
        clock.advance(300)
    assert body.runs == 5


def test_a_missed_night_is_made_up_by_one_run(house, body):
    home = house(Job("count", 300, body))
    home.after(0)
    home.after(10 * 3600)
    home.after(30)
    assert body.runs == 2


def test_a_clock_that_was_set_back_does_not_silence_a_job(house, body):
    home = house(Job("count", 300, body))
    home.after(0)
    home.clock.advance(301)
    home.clock.wall = home.clock.wall.replace(year=2026, month=1)
    home.runner.tick()
    assert body.runs == 2


def test_without_a_trusted_clock_only_jobs_that_need_none_run(house, body):
    other = Counter()
    home = house(Job("calendar", 60, body), Job("plain", 60, other, needs_wall=False), clock=FakeClock(None))
    home.after(0)
    home.after(30)
    home.after(30)
    assert (body.runs, other.runs) == (0, 2)
    assert home.runner.run_now("calendar").sentences == ("It waits until the time of day is known.",)


def test_one_job_runs_now_when_asked_whether_due_or_not(house, body):
    home = house(Job("count", 3600, body))
    home.runner.tick()
    assert home.runner.run_now("count").did == "ran"
    assert body.runs == 2


# --- memory and locks ------------------------------------------------------------------------------


def test_a_job_finds_its_memory_again_after_a_restart(house, body):
    house(Job("count", 60, body)).runner.tick()
    again = house(Job("count", 60, body))
    again.after(60)
    kept = Memory(again.runner.folder / "count.json")
    assert kept.data["runs"] == 2
    assert kept.path.stat().st_mode & 0o077 == 0


def test_two_processes_never_run_the_same_job_at_once(house, body):
    home = house(Job("count", 60, body))
    with only_one(home.runner.folder / "count.lock") as free:
        assert free
        (outcome,) = home.runner.tick()
    assert (outcome.did, body.runs) == ("waits", 0)
    home.after(0)
    assert body.runs == 1


def test_a_damaged_memory_is_set_aside_and_said(house, body):
    home = house(Job("count", 60, body))
    home.runner.folder.mkdir(parents=True)
    (home.runner.folder / "count.json").write_text('{"runs": 7, "run"')
    (outcome,) = home.runner.tick()
    assert "was damaged" in outcome.sentences[0]
    assert (home.runner.folder / "count.json.broken").exists()
    assert json.loads((home.runner.folder / "count.json").read_text())["runs"] == 1


@pytest.mark.parametrize(
    "text", ["[]", "null", '{"run": 3}', '{"run": {"at": "x", "failures": -1, "told": 1}}']
)
def test_a_strange_memory_stops_nothing(house, body, text):
    home = house(Job("count", 60, body))
    home.runner.folder.mkdir(parents=True)
    (home.runner.folder / "count.json").write_text(text)
    assert [outcome.did for outcome in home.runner.tick()] == ["ran"]


def test_a_state_folder_that_is_none_is_one_sentence_for_each_job(house, body):
    home = house(Job("count", 60, body))
    home.settings.state_dir.write_text("a file where the folder should be")
    (outcome,) = home.runner.tick()
    assert outcome.did == "failed"
    assert "can't be opened" in outcome.sentences[0]


def test_a_disk_that_takes_nothing_is_told_once_and_so_is_its_end(house, body):
    other = Counter()
    home = house(Job("count", 60, body), Job("other", 60, other))
    home.runner.tick()
    blocked = [home.runner.folder / f".{name}.json.{os.getpid()}.new" for name in ("count", "other")]
    for path in blocked:
        path.mkdir()
    for _ in range(30):
        assert {outcome.did for outcome in home.after(60)} == {"failed"}
    assert (body.runs, other.runs) == (31, 31)
    (told,) = home.told
    assert (told.kind, told.subject) == ("job_failed", "state folder")
    assert "Timed jobs can't note what they did" in told.sentence
    assert "Is the disk full or read-only?" in told.sentence
    for path in blocked:
        path.rmdir()
    home.after(60)
    home.after(60)
    assert [event.kind for event in home.told] == ["job_failed", "job_ok"]


def test_ticks_of_cron_write_no_letter_each_about_a_disk_that_takes_nothing(house, body):
    home = house(Job("count", 60, body))
    home.runner.tick()
    (home.runner.folder / f".count.json.{os.getpid()}.new").mkdir()
    told = []
    for _ in range(5):
        again = house(Job("count", 60, body), clock=home.clock)
        again.after(300)
        told += again.told
    assert told == []


def test_a_job_that_cannot_note_what_it_does_in_its_middle_is_no_crash(house):
    def saves(context):
        context.memory.data["n"] = context.moment.mono_s
        context.memory.save()
        return []

    home = house(Job("saves", 60, saves))
    home.runner.tick()
    (home.runner.folder / f".saves.json.{os.getpid()}.new").mkdir()
    (outcome,) = home.after(60)
    assert (outcome.did, "crashed" in outcome.sentences[0]) == ("failed", False)
    assert "Is the disk full or read-only?" in outcome.sentences[0]


# --- failing ---------------------------------------------------------------------------------------


def test_a_job_that_raises_never_stops_the_others(house, body):
    body.error = ZeroDivisionError("division by zero")
    other = Counter()
    home = house(Job("bad", 60, body), Job("good", 60, other))
    assert [outcome.did for outcome in home.runner.tick()] == ["failed", "ran"]


def test_a_failing_job_is_told_once_tried_with_patience_and_its_end_is_told(house, body):
    body.error = JobFailed("The portal is closed.")
    home = house(Job("bad", 60, body))
    for _ in range(120):
        home.after(30)
    assert [event.kind for event in home.told] == ["job_failed"]
    assert home.told[0].sentence == "The job bad failed: The portal is closed. It is tried again in 1 min."
    assert body.runs == 6  # after 0, 1, 3, 7, 15, 31 minutes
    body.error = None
    home.after(3600)
    assert [(event.kind, event.recovers, event.subject) for event in home.told[1:]] == [
        ("job_ok", "job_failed", "bad")
    ]


def test_patience_grows_to_an_hour_and_no_further():
    assert [patience_s(failures) / 60 for failures in (1, 2, 3, 6, 7, 5000)] == [1, 2, 4, 32, 60, 60]


def test_that_the_agent_is_down_is_not_told_by_each_job(house, body):
    body.error = AgentDown("The agent can't be reached.")
    home = house(Job("bad", 60, body))
    assert home.runner.tick()[0].did == "failed"
    assert home.told == []


def test_events_get_their_time(house):
    def run(context):
        raise JobFailed("x")

    home = house(Job("bad", 60, run))
    home.runner.tick()
    assert home.told[0].at_wall == home.clock.wall


# --- dry runs --------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing_tells_nobody_and_says_what_it_would(house, agent):
    def run(context):
        context.memory.data["seen"] = True
        context.agent.set_mode("off")
        return ["would switch the house off"]

    home = house(Job("switch", 60, run), dry_run=True)
    (outcome,) = home.runner.tick()
    assert outcome.sentences == (
        "would switch the house off",
        'would ask the agent: PUT /mode {"mode": "off"}',
    )
    assert (agent.mode, agent.calls, home.told) == ("solar", [], [])
    assert not (home.runner.folder / "switch.json").exists()


# --- the agent's watch -----------------------------------------------------------------------------


def test_a_living_agent_is_no_news(house, agent):
    home = house(WATCH)
    home.after(0)
    home.after(60)
    assert (home.told, home.paused_s) == ([], [])


def test_a_silent_agent_is_told_once_and_so_is_its_return(house, agent):
    home = house(WATCH)
    agent.ok = False
    for _ in range(5):
        home.after(60)
    assert [event.kind for event in home.told] == ["agent_down"]
    assert "decides nothing (for 31.0 s)" in home.told[0].sentence
    agent.ok = True
    home.after(60)
    assert [event.kind for event in home.told] == ["agent_down", "agent_back"]


def test_a_restart_of_the_agent_is_no_news(house, agent):
    home = house(WATCH)
    agent.ok = False
    home.on_pause = lambda: setattr(agent, "ok", True)
    home.after(0)
    assert (home.told, home.paused_s) == ([], [3.0])
