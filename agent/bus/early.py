"""Listening before anything else: the port is opened within a blink of the process's start.

Whatever chargers say from then on waits in the computer's buffer until the bus has been built. What can't
be opened or read here is no problem yet: it is tried again, and told, when the settings are understood.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from agent.bus.port import Port, PortError, open_port
from scheduler.clock import system_mono_s


class Early(NamedTuple):
    """An open port and since when it has been open, on the clock that never jumps."""

    port: Port
    opened_mono_s: float


def listen_early(settings: Path) -> Early | None:
    """Open the bus port that a settings file names."""
    try:
        url = tomllib.loads(settings.read_text(encoding="utf-8"))["bus"]["port"]
        return Early(open_port(url), system_mono_s()) if isinstance(url, str) else None
    except (OSError, ValueError, KeyError, TypeError, PortError):
        return None
