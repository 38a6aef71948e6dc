"""A computer with a real systemd: Debian in a container, changed for one test and thrown away after it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import need
from tests.wires.patience import until

BOOT_S = 60.0
HOME = "/opt/sunward"


def need_debian():
    """The folder with a Debian that SUNWARD_DEBIAN names."""
    named = os.environ.get("SUNWARD_DEBIAN", "")
    if not named:
        pytest.skip("SUNWARD_DEBIAN names no folder with a Debian: docs/install.md says how to make one")
    if os.geteuid() != 0:
        pytest.skip("only root can start a computer in a container")
    if not (Path(named) / "lib/systemd/systemd").exists():
        pytest.fail(f"SUNWARD_DEBIAN={named} has no systemd")
    return Path(named)


class Computer:
    """Starts, does what it is told, is switched off and on. What it changes lies in `folder`."""

    def __init__(self, debian, folder):
        self.root = folder / "root"
        parts = {name: folder / name for name in ("above", "work")}
        for path in (self.root, *parts.values()):
            path.mkdir()
        layers = f"lowerdir={debian},upperdir={parts['above']},workdir={parts['work']}"
        subprocess.run(["mount", "-t", "overlay", "-o", layers, "overlay", self.root], check=True)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        self._nspawn = need("systemd-nspawn")
        self._process, self._leader = None, 0

    def start(self):
        """Power on, and wait until all is up."""
        line = [self._nspawn, "-q", "-b", "-D", self.root, "--register=no", "--keep-unit"]
        line += ["--console=pipe", "--link-journal=no"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(line, **quiet)
        assert until(self._is_up, BOOT_S), self.tries("systemctl list-jobs")

    def _is_up(self):
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        self._leader = int(children[0]) if children else 0
        return self._leader and self.tries("systemctl is-system-running")[1] in ("running", "degraded")

    def tries(self, command, patience_s=300):
        """A line for its shell, as root: (status, what it printed)."""
        line = [need("nsenter"), "-t", str(self._leader), "-m", "-u", "-i", "-p", "-r", "-w", "--"]
        passed = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        plain = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root", **passed}
        done = subprocess.run(
            [*line, "/bin/bash", "-c", command],
            env=plain,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=patience_s,
        )
        return done.returncode, done.stdout.strip()

    def does(self, command, patience_s=300):
        """The same for what must succeed; what it printed."""
        status, printed = self.tries(command, patience_s)
        assert status == 0, (command, printed)
        return printed

    def write(self, path, text):
        """A file of it."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")

    def stop(self):
        """Switch it off in order."""
        if self._process:
            self.tries("systemctl poweroff")
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def close(self):
        """Off, and away with it."""
        self.stop()
        subprocess.run(["umount", self.root], check=True)

    def unit(self, name, key):
        """What systemd knows of a unit."""
        return self.does(f"systemctl show -P {key} {name}")
