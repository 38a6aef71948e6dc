"""The scheduler as a real process: it stays, works, and goes when it is told to."""

import signal
import socket
import subprocess
import sys
import threading
import time
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


@pytest.mark.parametrize("word", ["run", "tick", "watch"])
def test_a_job_that_hangs_for_ever_ends_the_program_so_that_it_is_started_anew(tmp_path, word):
    with socket.create_server(("127.0.0.1", 0)) as drips:
        threading.Thread(target=_drip, args=[drips], daemon=True).start()
        (tmp_path / "sunward.toml").write_text(f'[web]\nlisten = "127.0.0.1:{drips.getsockname()[1]}"\n')
        code = "from scheduler import __main__ as own; own.LONGEST_TICK_S = 2.0; own.main()"
        line = [sys.executable, "-c", code, word, "--config", str(tmp_path / "sunward.toml")]
        with subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            assert process.wait(30) == 70
            assert "the scheduler ends, to be started anew" in process.stderr.read()


def _drip(server):
    """Answers each request with a header a moment, for ever."""
    while True:
        try:
            line, _ = server.accept()
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n")
            while True:
                line.sendall(b" ")
                time.sleep(0.2)
        except OSError:
            return
