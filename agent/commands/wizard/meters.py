"""The meters. Finds SunSpec devices at an address, and tries every other line before it is kept."""

from __future__ import annotations

import dataclasses
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from agent.commands.doctor import MARKS, meaning, plausible
from agent.commands.probe import HINTS, PORTS, UNITS, is_open
from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.talk import Talk
from agent.meters import BadLine, driver, schemes, source, terms
from agent.meters.cli import Told, read_once, read_roles
from agent.meters.line import Secret
from agent.model import ROLES, Role

FOUND_ROLES: tuple[Role, ...] = ("grid", "solar", "battery")
WHAT: dict[Role, str] = {
    "grid": "The meter at the grid connection",
    "solar": "The sun",
    "battery": "The house battery",
    "house": "What the house takes (instead of a grid meter)",
}
UNSURE_OF_SIGN = "positive="
NOTHING: Told = (None, "")
SEPARATOR = re.compile(r",\s+")

Seen = dict[str, dict[Role, Told]]  # what a line gave already, by role


def ask_meters(talk: Talk, draft: Draft) -> None:
    """[meters]: a line for each role."""
    about = (
        "How much sun is left. Without any meter, windows and fast charging still work.\n"
        "A Powerwall's gateway has a step of its own below, and may be the meter from there."
    )
    if not talk.wants("meters", "The meters", about):
        return
    found = _ask_address(talk)
    talk.say(
        "A line names one source, like shelly://192.168.0.30. Type list for every kind, or a kind's name."
    )
    if talk.patient:
        talk.say("Enter takes what stands in brackets, - takes none.")
    watts: dict[str, float] = {}
    seen: Seen = {}
    lines: dict[Role, list[str]] = {}
    for role in (*FOUND_ROLES, "house"):
        if role == "house" and lines.get("grid"):
            continue
        lines[role] = _ask_role(talk, draft, role, found.get(role, ""), watts, seen)
    draft.put("meters", {role: _one_or_several(some) for role, some in lines.items()})
    for finding in plausible(watts):
        talk.say(f"  {MARKS[finding.level]} {finding.says}")
    if not any(lines.values()):
        talk.say("  Without a meter the sun can't be followed.")


def _one_or_several(lines: list[str]) -> str | list[str] | None:
    return None if not lines else lines[0] if len(lines) == 1 else lines


# --- looking around ----------------------------------------------------------------------------------


def _ask_address(talk: Talk) -> dict[Role, str]:
    """Lines by role for what speaks SunSpec at an address that the person names."""
    question = "Address of an inverter or meter that speaks Modbus, like 192.168.0.27 (or nothing)"
    key = "meters.address"
    while address := talk.ask(key, question, _address, ""):
        host, port = address
        found = dict(_sunspec(talk, host, port))
        if found:
            return found
        talk.say(f"  {HINTS}")
        if not talk.patient:
            break
        key = ""  # where nothing was found is not proposed again
    return {}


def _address(text: str) -> tuple[str, int] | None:
    """HOST or HOST:PORT; port 0 stands for the usual ones."""
    if text.strip() in ("", "-"):
        return None
    host, _, port = text.strip().partition(":")
    if not re.fullmatch(r"[\w.-]+", host) or (port and not (port.isdecimal() and 0 < int(port) < 65536)):
        raise ValueError("Write an address like 192.168.0.27 or 192.168.0.27:1502.")
    return host, int(port or 0)


def _sunspec(talk: Talk, host: str, only_port: int) -> Iterator[tuple[Role, str]]:
    """The first unit that has something to say, on the first open port."""
    for port in (only_port,) if only_port else PORTS:
        if not is_open(host, port):
            talk.say(f"  {host}:{port} does not answer.")
            continue
        talk.say(f"  {host}:{port} is open; asking its units ...")
        for unit in UNITS:
            found = dict(_of_unit(talk, f"sunspec://{host}:{port}?unit={unit}"))
            if not found:
                continue
            yield from _with_solaredge_battery(talk, host, port, unit, found)
            return


def _of_unit(talk: Talk, line: str) -> Iterator[tuple[Role, str]]:
    for role in FOUND_ROLES:
        watts, problem = read_once(f"{line}&timeout_s=1", role, {})
        if watts is not None:
            talk.say(f"  found: {meaning(role, watts)}")
            yield role, line
        elif role == "grid" and UNSURE_OF_SIGN in problem:
            yield role, _with_sign(talk, line)


def _with_sign(talk: Talk, line: str) -> str:
    """A maker whose sign nobody knows: look at the house and say what is true now."""
    watts, _ = read_once(f"{line}&positive=import&timeout_s=1", "grid", {})
    question = (
        f"Its grid meter says {watts or 0:.0f} W. What is positive: power bought (import) or sold (export)"
    )
    sign = talk.ask("meters.positive", question, read.one_of(("import", "export")), "import")
    return f"{line}&positive={sign}"


def _with_solaredge_battery(
    talk: Talk, host: str, port: int, unit: int, found: dict[Role, str]
) -> Iterator[tuple[Role, str]]:
    """SolarEdge keeps its battery beside the SunSpec chain: then its own driver reads all three."""
    own = f"solaredge://{host}:{port}" + (f"?unit={unit}" if unit != 1 else "")
    watts, _ = read_once(own, "battery", {}) if "battery" not in found else (None, "")
    if watts is not None:
        talk.say(f"  found: {meaning('battery', watts)} (a SolarEdge battery)")
        found = dict.fromkeys((*found, "battery"), own)
    yield from found.items()


# --- one role ----------------------------------------------------------------------------------------


def _ask_role(
    talk: Talk, draft: Draft, role: Role, found: str, watts: dict[str, float], seen: Seen
) -> list[str]:
    """The lines of a role, tried."""
    before = draft.table("meters").get(role, "")
    proposal = found or (", ".join(before) if isinstance(before, list) else str(before))
    while True:
        text = talk.ask(f"meters.{role}", f"{WHAT[role]} ({role})", _source, proposal)
        if text in ("", "-"):
            return []
        lines = SEPARATOR.split(text)
        _ask_secrets(talk, draft, [name for line in lines for name in _secrets_of(line)])
        worked = [_try(talk, draft, role, line, watts, seen) for line in lines]
        if all(worked) or not talk.patient or talk.yes("", "Keep it all the same", False):
            return lines


def _source(text: str) -> str:
    """Lines that can be understood, or "-". Raises ValueError: for bad ones, and with what was asked for."""
    text = text.strip()
    try:
        if text in ("", "-"):
            return text
        if text.lower() in ("list", "?"):
            raise ValueError(textwrap.fill(", ".join(schemes()), 100, subsequent_indent="  "))
        if "://" in text:
            for line in SEPARATOR.split(text):
                _secrets_of(line)
            return text
        one = driver(text.rstrip("?").lower())
    except BadLine as error:
        raise ValueError(" ".join(error.problems)) from None
    raise ValueError(
        f"{one.title}: {', '.join(one.roles)}. For example {one.example}  (docs/meters.md#{one.scheme})"
    )


def _secrets_of(line: str) -> list[str]:
    """Names of secrets that a line uses. Raises BadLine."""
    options = [one.options for one in terms(line)]
    values: list[Any] = [getattr(each, one.name) for each in options for one in dataclasses.fields(each)]
    return [value.name for value in values if isinstance(value, Secret) and value.name]


def _ask_secrets(talk: Talk, draft: Draft, names: list[str]) -> None:
    for name in names:
        if name not in draft.secrets and (value := talk.secret(f"secrets.{name}", f"The secret {name}")):
            draft.keep_secret(name, value)


def _try(talk: Talk, draft: Draft, role: Role, line: str, watts: dict[str, float], seen: Seen) -> bool:
    """Read every term of a line once for all its roles, and tell."""
    total = 0.0
    for term in line.split(" + "):
        if seen.get(term, {}).get(role, NOTHING)[0] is None:
            talk.say(f"  asking {source(term).line} ...")
            seen[term] = read_roles(term, ROLES, draft.secrets)
        value, problem = seen[term][role]
        if value is None:
            talk.say(f"  no reading: {problem}")
            return False
        talk.say(f"  {meaning(role, value)}")
        total += value
    watts.setdefault(role, total)
    return True
