"""Watts from whatever hangs on the wall: one file here is one kind of device.

    grid  = "solaredge://192.168.0.27:1502?meter=1"
    solar = ["fronius://10.0.0.5", "shelly://10.0.0.6 + shelly://10.0.0.7"]

A line's scheme is a file's name in this folder (a hyphen stands for an underscore). A driver is an *ask*
and a *meaning*: `ask` says as data what to request, `decode` says what the answer means; neither has a
socket, a clock or a retry. Those live once: transports in via/, threads and back-off in part.py, the
choice between sources in view.py. Start from _blueprint.py to add one.

This file finds drivers by listing the folder, and imports only those that a line names.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from agent.meters.line import HERE, BadLine, Driver, NoOptions, Source, _hidden, _unknown, parse

MODBUS_HINT = "Modbus must be switched on in the device, and many serve one client only."
FRAME = {
    "balance",
    "cli",
    "line",
    "part",
    "picked",
    "plan",
    "units",
    "values",
    "view",
}  # not devices: what drivers stand on

__all__ = ["BadLine", "Driver", "Source", "driver", "schemes", "source", "terms"]


def schemes() -> list[str]:
    """Every scheme that a settings line may use, sorted."""
    names = (path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    return sorted(name.replace("_", "-") for name in names if name not in FRAME)


def driver(scheme: str) -> Driver:
    """The driver of a scheme, imported now. Raises BadLine, the nearest guess first."""
    known = schemes()
    if scheme not in known:
        raise BadLine(_unknown("meter scheme", scheme, known))
    return described(scheme, importlib.import_module(f"agent.meters.{scheme.replace('-', '_')}"))


def described(scheme: str, module: ModuleType) -> Driver:
    """What a driver's file says of itself, as one value."""
    optional: dict[str, Any] = {
        "options": getattr(module, "Options", NoOptions),
        "place": getattr(module, "PLACE", "host"),
        "port": getattr(module, "PORT", None),
        "every_s": getattr(module, "EVERY_S", 5.0),
        "fastest_s": getattr(module, "FASTEST_S", 1.0),
        "steady": getattr(module, "STEADY", False),
        "auth": getattr(module, "auth", None),
        "hint": getattr(module, "HINT", MODBUS_HINT if module.VIA == "modbus" else ""),
    }
    return Driver(
        scheme, module.TITLE, module.ROLES, module.EXAMPLE, module.VIA, module.ask, module.decode, **optional
    )


def source(line: str, credentials: Mapping[str, str] | None = None, state_dir: Path = HERE) -> Source:
    """Understand one settings line (not a sum). Raises BadLine with one sentence for each problem."""
    scheme, colon, _ = line.strip().partition(":")
    if not colon:
        raise BadLine(f"{_hidden(line)} is not a source. Write it like solaredge://192.168.0.27:1502")
    return parse(line, driver(scheme.lower()), credentials, state_dir)


def terms(
    line: str, credentials: Mapping[str, str] | None = None, state_dir: Path = HERE
) -> tuple[Source, ...]:
    """The sources of one line, `a + b` being a sum of two. Raises BadLine with all their problems."""
    found: list[Source] = []
    problems: list[str] = []
    for part in line.split(" + "):
        try:
            found.append(source(part, credentials, state_dir))
        except BadLine as error:
            problems += error.problems
    if problems:
        raise BadLine(*problems)
    return tuple(found)
