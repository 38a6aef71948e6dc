"""A person at a real terminal who sets up a house, and the wizard run on a file of answers."""

import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.__main__ import main
from scheduler.clock import system_mono_s

ROOT = Path(__file__).parents[2]


def answer(house, text, *more, listen_s=1.5):
    """Run the wizard on a file of answers."""
    path = house.with_name("answers.toml")
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    begin = ["setup", "--config", str(house), "--answers", str(path), "--listen", str(listen_s)]
    return main([*begin, *more])


def heed_signals():
    """Whoever started the tests in the background, or with nohup, switched these off for every child."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Person:
    """Reads what the wizard prints on a real terminal, and types."""

    def __init__(self, house, *more, **environment):
        self.near, far = pty.openpty()
        self.read = ""
        self.all = ""
        command = [sys.executable, "-m", "agent", "setup", "--config", str(house), "--listen", "1.5"]
        self.process = subprocess.Popen(
            # a session's first terminal is the one that Ctrl-C comes from
            ["sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(far), *command, *more],
            cwd=ROOT,
            env=os.environ | environment,
            start_new_session=True,
            preexec_fn=heed_signals,
        )
        self.far = far

    def sees(self, text, patience_s=20.0):
        """Wait for a text; what came before it is read."""
        end_s = system_mono_s() + patience_s
        while text not in self.read:
            ready, _, _ = select.select([self.near], [], [], max(0.0, end_s - system_mono_s()))
            try:
                piece = os.read(self.near, 4096).decode("utf-8", "replace") if ready else ""
            except OSError:  # Linux: the other side of a terminal is gone
                piece = ""
            if not piece:
                pytest.fail(f"{text!r} was not said:\n{self.all}")
            self.read += piece
            self.all += piece
        self.read = self.read.partition(text)[2]

    def types(self, text=""):
        os.write(self.near, f"{text}\n".encode())

    def answers(self, *dialogue):
        for question, text in dialogue:
            self.sees(question)
            self.types(text)

    def end(self):
        code = self.process.wait(20)
        os.close(self.near)
        os.close(self.far)
        return code
