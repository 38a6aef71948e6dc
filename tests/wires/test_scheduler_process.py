"""The scheduler as a real process: it stays, works, and goes when it is told to."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_resident_scheduler_ticks_at_once_and_ends_at_a_signal(tmp_path, httpserver, number):
    httpserver.expect_request("/healthz").respond_with_json({"ok": True})
    listen = httpserver.url_for("").removeprefix("http://").rstrip("/")
    (tmp_path / "sunward.toml").write_text(f'[web]\nlisten = "{listen}"\n')
    line = [sys.executable, "-m", "scheduler", "run", "--config", str(tmp_path / "sunward.toml")]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        with httpserver.wait(timeout=20, stop_on_nohandler=False):
            httpserver.expect_oneshot_request("/healthz").respond_with_json({"ok": True})
        assert process.stdout.readline().startswith("scheduler: 1 jobs")
        process.send_signal(number)
        assert process.wait(10) == 0
    assert (tmp_path / "state" / "scheduler" / "watch.json").exists()
