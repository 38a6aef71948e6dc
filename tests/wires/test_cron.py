"""crontab.example under real cron: accepted, each command understood, and a line that reaches the agent."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from werkzeug import Response

from scheduler.__main__ import WORDS
from tests.conftest import need

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "crontab.example"
LINE = re.compile(r"^(?:# )?((?:@reboot|(?:[\d*/,-]+\s+){5}))\s*cd \$SUNWARD && (.*)$", re.MULTILINE)
LONGEST_MINUTE_S = 75


def test_cron_accepts_the_example():
    done = subprocess.run([need("crontab"), "-n", EXAMPLE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_cron_accepts_the_lines_that_are_commented_out_too(tmp_path):
    bare = tmp_path / "crontab"
    bare.write_text(re.sub(r"^# (?=[\d*].*cd )", "", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert bare.read_text() != EXAMPLE.read_text()
    done = subprocess.run([need("crontab"), "-n", bare], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_each_line_calls_a_command_that_there_is():
    jobs = {"powerwall", "powerwall_report", "thermostats"}
    lines = LINE.findall(EXAMPLE.read_text())
    assert len(lines) >= 16
    for _, command in lines:
        words = shlex.split(command)
        assert words[0] == "./sunward"
        assert words[-2:] == ["--config", "$CONFIG"]
        assert words[1:3] == ["agent", "run"] or (words[1] == "scheduler" and words[2] in {*WORDS, *jobs})


@pytest.fixture
def cron(tmp_path):
    """Install a crontab, run cron itself, and put everything back as it was."""
    program, crontab = need("cron"), need("crontab")
    if os.geteuid() != 0:
        pytest.skip("cron itself runs as root only")
    before = subprocess.run([crontab, "-l"], capture_output=True, text=True)
    running = []

    def start(text):
        path = tmp_path / "crontab"
        path.write_text(text)
        subprocess.run([crontab, path], check=True)
        running.append(subprocess.Popen([program, "-f"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        return running[0]

    yield start
    for process in running:
        process.terminate()
        process.wait(10)
    if before.returncode == 0:
        subprocess.run([crontab, "-"], input=before.stdout, text=True, check=True)
    else:
        subprocess.run([crontab, "-r"], check=False, capture_output=True)


@pytest.mark.slow
def test_a_real_cron_changes_a_window_and_the_agent_hears_it(cron, tmp_path, httpserver):
    heard = threading.Event()
    windows = []

    def put(request):
        windows[:] = [request.get_json()]
        heard.set()
        return Response("[]", content_type="application/json")

    def get(request):
        heard_of = [{"name": "night", **windows[0]}] if windows else []
        return Response(json.dumps(heard_of), content_type="application/json")

    httpserver.expect_request("/api/v1/windows", "GET").respond_with_handler(get)
    httpserver.expect_request("/api/v1/windows/night", "PUT").respond_with_handler(put)
    listen = httpserver.url_for("").removeprefix("http://").rstrip("/")
    (tmp_path / "sunward.toml").write_text(f'[web]\nlisten = "{listen}"\n')
    command = f"{sys.executable} -m scheduler window night set days=mon-fri from=21:30 to=07:15 mode=fast"
    process = cron(
        f'SHELL=/bin/sh\nMAILTO=""\nSUNWARD={ROOT}\nCONFIG={tmp_path / "sunward.toml"}\n'
        f"* * * * * cd $SUNWARD && {command} --config $CONFIG > {tmp_path / 'said'} 2>&1\n"
    )
    if not heard.wait(LONGEST_MINUTE_S):
        said = (tmp_path / "said").read_text() if (tmp_path / "said").exists() else "nothing"
        pytest.fail(f"cron ({process.poll()}) did not reach the agent; the command said: {said}")
    assert (windows[0]["from"], windows[0]["mode"]) == ("21:30", "fast")
