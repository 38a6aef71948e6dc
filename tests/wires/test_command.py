"""Programs that are run for a reading: good ones, hanging ones, floods, and what a shell would have done."""

import os
from urllib.parse import quote

import pytest

from agent.meters import source
from agent.meters.part import open_line, understand
from agent.meters.via import Answered
from scheduler.clock import SystemClock
from tests.wires.patience import until


@pytest.fixture
def run(tmp_path):
    """Write a script, run it as a source, return what the line answers."""

    def call(script, args="", more="", mode=0o755, head="#!/bin/sh\n"):
        program = tmp_path / "read meter"
        program.write_text(head + script)
        program.chmod(mode)
        found = source(f"command://{quote(str(program))}?args={quote(args)}&timeout_s=2{more}")
        clock = SystemClock(None)
        line = open_line(found, clock)
        answer = line.poll(found, clock.now())
        line.close()
        return understand(found, answer.answers)["any"].watts if isinstance(answer, Answered) else answer

    return call


def test_a_number_and_json(run):
    assert run("echo -2385") == -2385
    assert run("""echo '{"a": [{"kw": "2.1 kW"}]}'""", more="&watts=a.0.kw&positive=export") == -2100


def test_arguments_are_split_and_nothing_is_expanded(run, tmp_path):
    trap = tmp_path / "trap"
    script = f'[ "$#-$1-$2-$3" = "3-my meter-; touch {trap}-\\$(id)" ] && echo 5'
    assert run(script, f"'my meter' '; touch {trap}' $(id)") == 5
    assert "status 1" in run(script, f"a b; touch {trap} | `touch {trap}`").sentence
    assert not trap.exists()
    assert "quotation mark" in run("echo 1", "'my meter").sentence


def test_its_surroundings_are_few(run, monkeypatch):
    monkeypatch.setenv("SUNWARD_SECRET", "shine")
    assert run('[ -z "$SUNWARD_SECRET" ] && [ -n "$PATH" ] && echo 7') == 7


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 5; echo hunter2 >&2; exit 3", "ended with status 3"),
        ("kill -9 $$", "was ended by signal 9"),
        ("cat /dev/zero", "more than 256 KiB"),
    ],
)
def test_what_went_wrong_is_told_without_its_words(run, script, said):
    problem = run(script)
    assert said in problem.sentence
    assert "hunter2" not in problem.sentence
    assert problem.kind in ("down", "poor")


def test_a_program_that_cannot_be_run(run):
    assert "chmod +x" in run("echo 1", mode=0o644).sentence
    assert "#!" in run("echo 1", head="").sentence
    found = source("command:///nothing/here")
    assert "is not there" in open_line(found, SystemClock(None)).poll(found, SystemClock(None).now()).sentence


@pytest.mark.parametrize(
    "script",
    [
        "sleep 60 & echo $! > PID; wait",
        "sleep 60 & echo $! > PID; echo 5",  # its child holds the line open
        "echo $$ > PID; while :; do echo 1; sleep 0.1; done",  # drip by drip
        "echo $$ > PID; exec >&-; sleep 60",  # silent, and still there
    ],
    ids=["hangs", "child", "drips", "mute"],
)
def test_a_program_that_hangs_is_ended_with_all_that_it_started(run, tmp_path, script):
    pid = tmp_path / "pid"
    problem = run(script.replace("PID", f"'{pid}'"))
    assert problem.kind == "down"
    assert "longer than 2 s" in problem.sentence
    assert until(lambda: not _lives(int(pid.read_text())))


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="ascii") as state:
        return state.read().rpartition(")")[2].split()[0] != "Z"
