"""`agent doctor`: tries everything that is set up, and says in plain words what to do.

It never sends a byte to the bus. Where the agent already runs, the port is its own, and what it hears is
asked from it instead.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.bus import frames, slip
from agent.bus.port import Port, PortError, open_port
from agent.commands.status import LockedOut, fetch_state
from agent.config import House, load
from agent.model import Role
from notify.settings import SettingsError
from scheduler.clock import SystemClock, system_mono_s, wall_is_trustworthy

LISTEN_S = 12.0  # an unlinked charger announces itself every 10 s
LEAST_FREE_MB = 200
SHORTEST_KEYS = {"WEB_PASSWORD": 10, "WEB_TOKEN": 20}  # a token may be tried as often as one likes
MARKS = {"good": "ok  ", "odd": "look", "bad": "BAD "}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: `good`, `odd` (look at it) or `bad`, and what to do."""

    level: str
    about: str
    says: str


def doctor(path: Path, credentials: Path | None) -> int:
    """Print findings as they come; 1 when something is bad."""
    try:
        house = load(path, credentials)
    except SettingsError as error:
        for problem in error.problems:
            _print(Finding("bad", "settings", problem))
        return 1
    worst = 0
    for finding in examine(house, credentials):
        _print(finding)
        worst = max(worst, int(finding.level == "bad"))
    print("Something needs your hand: see the lines marked BAD." if worst else "All is well.")
    return worst


def examine(house: House, credentials: Path | None = None) -> Iterator[Finding]:
    """Everything, in the order in which a person would repair it."""
    from agent.commands.doctor_scheduler import scheduler_findings  # a page's button needs none of it

    yield Finding("good", "settings", f"{house.path} can be used.")
    yield from safety_findings(house)
    runs = True
    try:
        state = fetch_state(house)
        runs = state is not None
        yield from _bus_of_agent(house, state) if state else _bus(house)
    except LockedOut as locked:  # the port is its own: leave it alone
        yield Finding("odd", "agent", f"{locked} Until then the bus can't be judged here.")
    yield from _meters(house)
    yield from clock_findings()
    yield from disk_findings(house.state_dir)
    yield from _web(house, runs)
    yield from scheduler_findings(house.path, credentials, agent_runs=runs)


def safety_findings(house: House) -> Iterator[Finding]:
    if not house.settings.chargers:
        yield Finding("odd", "chargers", "None is named in the settings, so those heard are offered nothing.")
    for charger in house.settings.chargers:
        if charger.max_amps > house.settings.bus.circuit_amps:
            yield Finding(
                "odd",
                "chargers",
                f"{charger.id} may use {charger.max_amps:g} A, but the circuit allows "
                f"{house.settings.bus.circuit_amps:g} A for all: the circuit wins.",
            )
    for name, least in SHORTEST_KEYS.items():
        if 0 < len(house.credentials.get(name, "")) < least:
            says = (
                f"{name} in credentials.env is so short that it can be guessed: take {least} letters or more."
            )
            yield Finding("odd", "keys", says)


# --- the bus ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Heard:
    """What came over the wire while we listened."""

    frames: int = 0
    damaged: int = 0
    stray: int = 0
    chargers: dict[str, float] = field(default_factory=dict)
    primaries: set[str] = field(default_factory=set)


def _bus(house: House) -> Iterator[Finding]:
    url = house.settings.bus.port
    try:
        port = open_port(url)
    except PortError as error:
        yield Finding("bad", "bus port", str(error))
        return
    yield Finding("good", "bus port", f"{url} is there and ours.")
    print(f"     listening on the bus for {LISTEN_S:.0f} s ...", file=sys.stderr)
    try:
        heard = listen(port, LISTEN_S)
    except PortError as error:
        yield Finding("bad", "bus port", str(error))
        return
    finally:
        port.close()
    yield from judge(heard, {c.id for c in house.settings.chargers}, house.settings.bus.primary_id)


def listen(port: Port, seconds: float) -> Heard:
    """Listen, without sending a byte. Raises PortError."""
    heard, decoder = Heard(), slip.Decoder()
    until = system_mono_s() + seconds
    while system_mono_s() < until:
        data = port.read(0.2)
        for body in decoder.feed(
            data, system_mono_s()
        ):  # the time of arrival: a wait is no silence in a frame
            _note(heard, body)
    heard.stray = decoder.junk.stray_bytes + decoder.junk.cut_frames
    return heard


def _note(heard: Heard, body: bytes) -> None:
    try:
        message = frames.decode(body)
    except frames.RemoteError:
        heard.damaged += 1
        return
    heard.frames += 1
    match message:
        case frames.ChargerReady(charger, _, rating):
            heard.chargers[charger] = rating
        case frames.ChargerHeartbeat(charger):
            heard.chargers.setdefault(charger, 0.0)
        case frames.PrimaryReady(primary) | frames.PrimaryHeartbeat(primary):
            heard.primaries.add(primary)


def judge(heard: Heard, named: set[str], own_id: str) -> Iterator[Finding]:
    """What was heard, in words."""
    if heard.primaries:
        ids = ", ".join(sorted(heard.primaries))
        hint = (
            "Is another sunward (or TWCManager) running on this bus?"
            if own_id in heard.primaries
            else "Set every Wall Connector's rotary switch to F (breaker off first), and stop other programs."
        )
        yield Finding(
            "bad", "bus", f"Another primary speaks here ({ids}), so sunward would stay silent. {hint}"
        )
    if not heard.frames:
        yield _silence(heard)
        return
    if heard.damaged or heard.stray > 10:
        yield Finding(
            "odd",
            "bus",
            f"{heard.damaged} damaged messages and {heard.stray} stray bytes, {heard.frames} good ones: "
            "look at cable, termination and bias (docs/wiring-and-safety.md).",
        )
    for charger, rating in sorted(heard.chargers.items()):
        rated = f", rated {rating:g} A" if rating else ""
        if charger in named:
            yield Finding("good", "charger", f"{charger} is there{rated}.")
        else:
            says = (
                f'{charger} is there{rated}, but not in the settings: add [[chargers]] with id = "{charger}".'
            )
            yield Finding("bad", "charger", says)
    for charger in sorted(named - set(heard.chargers)):
        says = f"{charger} was not heard. Is it powered, its switch on F, and its id right?"
        yield Finding("bad", "charger", says)


def _silence(heard: Heard) -> Finding:
    if heard.damaged or heard.stray:
        return Finding(
            "bad",
            "bus",
            f"Only noise ({heard.stray} stray bytes, {heard.damaged} damaged messages). "
            "Swap the two data wires: that is the usual cause, and can't break anything.",
        )
    return Finding(
        "bad",
        "bus",
        "Not a byte was heard. Is the Wall Connector powered, its rotary switch on F, the cable on the right "
        "terminals? Then try swapping the two data wires.",
    )


def _bus_of_agent(house: House, state: Mapping[str, Any]) -> Iterator[Finding]:
    bus = state.get("bus", {})
    yield Finding("good", "agent", f"An agent is running at {house.settings.web.url}/; asking it.")
    if not bus.get("open", False) or bus.get("problem"):
        yield Finding("bad", "bus port", bus.get("problem") or "The agent has no open port.")
    errors, count = bus.get("checksum_errors", 0), bus.get("frames", 0)
    if errors > max(5, 0.01 * count):
        says = f"{errors} damaged of {count} messages: look at cable, termination and bias."
        yield Finding("odd", "bus", says)
    for charger in state.get("chargers", []):
        if charger.get("linked"):
            yield Finding("good", "charger", f"{charger['id']} is there: {charger['reason']}")
        else:
            says = charger.get("problem") or "not heard. Is it powered, its switch on F, and its id right?"
            yield Finding("bad", "charger", f"{charger['id']}: {says}")


# --- meters ----------------------------------------------------------------------------------------


def _meters(house: House) -> Iterator[Finding]:
    from agent.meters.cli import Told, read_roles

    wanted = house.settings.meters.lines()
    roles_of: dict[str, list[Role]] = {}
    for role, lines in wanted.items():
        for term in (term for line in lines for term in line.split(" + ")):
            roles_of.setdefault(term, []).append(role)
    watts: dict[str, float] = {}
    told: dict[str, dict[Role, Told]] = {}
    for role, lines in wanted.items():
        for line in lines:
            for term in line.split(" + "):
                if term not in told:
                    told[term] = read_roles(term, roles_of[term], house.credentials)
                value, problem = told[term][role]
                if value is None:
                    yield Finding("bad", f"{role} meter", f"{term}: {problem}")
                    continue
                watts[role] = watts.get(role, 0.0) + value
                yield Finding("good", f"{role} meter", f"{term}: {meaning(role, value)}")
    yield from plausible(watts)
    if not house.settings.meters.lines():
        yield Finding("odd", "meters", "None is set up: the sun can't be followed, windows and fast work.")


def meaning(role: str, watts: float) -> str:
    """A reading in words that show a wrong sign."""
    kw = f"{abs(watts) / 1000:.2f} kW"
    match role:
        case "grid":
            way = "bought from" if watts >= 0 else "sold to"
            return f"{kw} {way} the grid now. If it is the other way round, the sign is wrong."
        case "battery":
            return f"the battery {'gives' if watts >= 0 else 'takes'} {kw} now."
        case "solar":
            return f"the sun gives {kw} now."
    return f"the house takes {kw} now."


def plausible(watts: Mapping[str, float]) -> Iterator[Finding]:
    """Whether the readings can be true together."""
    if "grid" not in watts or "solar" not in watts:
        return
    house = watts["grid"] + watts["solar"] + watts.get("battery", 0.0)
    if house < -100:
        yield Finding(
            "bad",
            "meters",
            f"Together they say that the house takes {house:.0f} W, which can't be: the sign of grid or "
            "battery is wrong, or the solar meter does not see all of the sun.",
        )


# --- the computer ----------------------------------------------------------------------------------


def clock_findings() -> Iterator[Finding]:
    if wall_is_trustworthy():
        now = SystemClock(_utc()).now().wall
        yield Finding("good", "clock", f"It is {now:%Y-%m-%d %H:%M} UTC, and that can be believed.")
    else:
        yield Finding(
            "odd",
            "clock",
            "The time is not known yet (no clock chip, nothing heard from the network): windows wait, "
            "sun and safety go on. Check with: timedatectl",
        )


def _utc() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("UTC")


def disk_findings(folder: Path) -> Iterator[Finding]:
    there = next((one for one in (folder, *folder.parents) if one.exists()), Path("/"))
    if not os.access(there, os.W_OK):
        yield Finding("bad", "disk", f"{folder} can't be written: sudo chown $USER {there}")
        return
    free_mb = shutil.disk_usage(there).free // 2**20
    if free_mb < LEAST_FREE_MB:
        yield Finding("bad", "disk", f"Only {free_mb} MB are free for {folder}: make room.")
    else:
        yield Finding("good", "disk", f"{folder} can be written, {free_mb} MB are free.")


def _web(house: House, runs: bool) -> Iterable[Finding]:
    host, _, port = house.settings.web.listen.rpartition(":")
    if runs:
        return []
    try:
        with socket.create_server((host.strip("[]"), int(port))):
            return [Finding("good", "page", f"{house.settings.web.url}/ is free.")]
    except OSError as error:
        says = (
            f"{house.settings.web.listen} can't be used ({error.strerror}): choose another in [web] listen."
        )
        return [Finding("bad", "page", says)]


def _print(finding: Finding) -> None:
    print(f"{MARKS[finding.level]} {finding.about:<14} {finding.says}", flush=True)
