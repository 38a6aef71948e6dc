"""What a command prints, read by another program: a line at a time, and by one who leaves early."""

import json
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(*words):
    line = [sys.executable, "-m", *words]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_watching_a_meter_as_json_is_one_object_on_each_line():
    line = "fixed://?watts=-5&every_s=1"
    with start("agent", "meter", line, "--role", "grid", "--watch", "--json") as watching:
        read = [json.loads(watching.stdout.readline()) for _ in range(2)]
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0
        assert read == [{"role": "grid", "watts": -5.0, "source": line}] * 2
        assert watching.stderr.read() == ""


def test_watching_as_json_keeps_what_fails_away_from_the_objects():
    with start("agent", "meter", "http-json://127.0.0.1:1/x?every_s=1", "--watch", "--json") as watching:
        assert "can't be reached" in watching.stderr.readline()
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0
        assert watching.stdout.read() == ""


def test_a_reader_that_has_heard_enough_ends_a_command_without_a_word():
    for words in (("agent", "meters"), ("notify", "kinds"), ("scheduler", "--help")):
        with start(*words) as listing:
            listing.stdout.close()
            assert listing.wait(30) in (0, 141)
            assert listing.stderr.read() == "", words
