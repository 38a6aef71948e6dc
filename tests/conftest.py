"""What every test may use: real peers found on this machine, or a loud skip."""

import os
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

import pytest
from hypothesis import settings

# The same examples in each run, so that a red run means a change. New ones:
# ./sunward test --hypothesis-profile explore
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("steady")

LEAST_FREE_BYTES = 2 << 30


def _in_memory() -> Path | None:
    """The folder that Linux keeps in memory, where there is room and programs may be run from it."""
    folder = Path("/dev/shm")
    if not os.access(folder, os.W_OK):
        return None
    found = os.statvfs(folder)
    roomy = found.f_bavail * found.f_frsize >= LEAST_FREE_BYTES
    return folder if roomy and not found.f_flag & os.ST_NOEXEC else None


# The product waits for the disk at each letter, minute and memory of a job: a third of the suite's time.
SCRATCH = _in_memory() or Path(tempfile.gettempdir())
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(SCRATCH))

SBIN = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def need(program: str) -> str:
    """The path of a real peer; missing, the test is skipped on a person's machine and fails in CI."""
    path = shutil.which(program, path=SBIN)
    if path:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"{program} is missing, and CI must have it (see tests/install-services)")
    pytest.skip(f"{program} is not installed: run tests/install-services as root")
    raise AssertionError


def free_port() -> int:
    """A port that nobody has, below those that the system lends to calls: nobody gets it in between."""
    while True:
        port = SystemRandom().randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


# Chromium as root in a closed network, without a word to anybody else's servers.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
