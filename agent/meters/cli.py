"""`agent meter URL` reads one source once; `agent meters` lists what may stand in a line.

    $ sunward agent meter solaredge://192.168.0.27:1502 --role grid
    -2385
    $ sunward agent meter solaredge://192.168.0.27:1502 --role grid --json
    {"role": "grid", "watts": -2385.0, "source": "solaredge://192.168.0.27:1502", ...}

Watts alone go to stdout, so that scripts can use them; everything else goes to stderr. Exit 0 on a
reading, 1 with one line otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.meters import BadLine, Source, driver, schemes, source
from agent.meters.part import open_line, understand
from agent.meters.values import Key, Meaning, Poor, Values, believe
from agent.meters.via import Answered, Line
from agent.meters.view import house_watts
from agent.model import ROLES, Role
from scheduler.clock import Clock, SystemClock

DOCUMENT = "docs/meters.md"
CREDENTIALS = "credentials.env"
OLD_S = 120.0  # a reading of this age is told as such
PATIENCE_S = 20.0  # for devices that speak by themselves
WORDS: Mapping[Role, tuple[str, str]] = {
    "grid": ("importing from the grid", "exporting to the grid"),
    "solar": ("the sun delivers", ""),
    "battery": ("discharging", "charging"),
    "house": ("the house takes", ""),
}


class Failure(Exception):
    """No reading: one line for stderr."""


def run_meters(args: argparse.Namespace) -> int:
    """List every scheme with its roles, an example and where to read more."""
    rows = [driver(scheme) for scheme in schemes()]
    if args.json:
        keys = ("scheme", "title", "roles", "example")
        out = [{key: getattr(row, key) for key in keys} | {"document": _document(row.scheme)} for row in rows]
        print(json.dumps(out, indent=1))
        return 0
    for row in rows:
        print(f"{row.scheme:<18} {row.title}")
        print(f"{'':<18} {', '.join(row.roles)} · {row.example}")
        print(f"{'':<18} {_document(row.scheme)}")
    return 0


def run_meter(args: argparse.Namespace) -> int:
    """Read one source. Exit 0 with its watts on stdout, or 1 with one line on stderr."""
    clock = SystemClock(ZoneInfo("UTC"))
    line: Line | None = None
    if " + " in args.url:
        return _fail("A sum belongs into [meters] of sunward.toml: here name one source at a time.")
    try:
        found = source(args.url, _credentials(args.credentials))
        line = open_line(found, clock)
        if args.watch:
            return _watch(found, line, clock, args.role, args.json)
        _print(found, args, _read(found, line, clock), clock)
        return 0
    except BadLine as error:
        hint = "" if args.credentials or not _wants_a_secret(error) else " Name that file: --credentials FILE"
        return _fail(" ".join(error.problems) + hint)
    except (Failure, Poor) as error:
        return _fail(f"{found.line}: {error}")
    except KeyboardInterrupt:
        return 0
    finally:
        if line:
            line.close()


Told = tuple[float | None, str]  # watts, or None and what is wrong


def read_once(text: str, role: Role, credentials: Mapping[str, str]) -> Told:
    """Watts of one source for a role: for set-up, not for control."""
    return read_roles(text, [role], credentials)[role]


def read_roles(text: str, roles: Sequence[Role], credentials: Mapping[str, str]) -> dict[Role, Told]:
    """The same for several roles, asked once: some devices lock whoever logs in often."""
    clock = SystemClock(ZoneInfo("UTC"))
    line: Line | None = None
    try:
        found = source(text, credentials)
        line = open_line(found, clock)
        meaning = _read(found, line, clock)
        return {role: _told(found, meaning, role) for role in roles}
    except BadLine as error:
        return dict.fromkeys(roles, (None, " ".join(error.problems)))
    except (Failure, Poor) as error:
        return dict.fromkeys(roles, (None, str(error)))
    finally:
        if line:
            line.close()


def _told(found: Source, meaning: Meaning, role: Role) -> Told:
    try:
        return pick(found, meaning, role)[1].watts, ""
    except Poor as error:
        return None, str(error)


def _read(found: Source, line: Line, clock: Clock) -> Meaning:
    """What the device says now. Raises Failure or Poor."""
    pause, until_s = threading.Event(), clock.now().mono_s + PATIENCE_S
    answer = line.poll(found, clock.now())
    while not isinstance(answer, Answered):
        if answer.kind == "poor":
            raise Poor(answer.sentence)
        if answer.kind == "down" or clock.now().mono_s > until_s:
            hint = found.driver.hint if answer.kind == "down" else ""
            raise Failure(f"{answer.sentence} {hint}".strip())
        pause.wait(0.1)
        answer = line.poll(found, clock.now())
    return understand(found, answer.answers)


def pick(found: Source, meaning: Meaning, role: Role | None) -> tuple[Role, Values]:
    """The values of a role, or of the first that the device has. Raises Poor.

    A house that nobody measures is computed; the cars are in it, because only the bus knows them.
    """
    if role is None:
        offered = [one for one in (*found.driver.roles, *ROLES) if isinstance(meaning.get(one), Values)]
        failed = [str(one) for one in meaning.values() if isinstance(one, Poor)]
        if not offered and "any" not in meaning:
            raise Poor("; ".join(failed) or "it answers, and gives nothing that we could use")
        role = offered[0] if offered else "grid"
    values = meaning.get(role, meaning.get("any"))
    if isinstance(values, Poor):
        raise values
    if values is None and role == "house":
        values = _house(meaning)
    if values is None:
        offers = ", ".join(meaning) or "nothing"
        raise Poor(f"it gives no {role}; it gives {offers}")
    return role, believe(role, values)


def _house(meaning: Meaning) -> Values | None:
    keys: tuple[Key, ...] = ("grid", "solar", "battery")
    watts = [one.watts if isinstance(one := meaning.get(key), Values) else None for key in keys]
    if watts[0] is None or watts[1] is None:
        return None
    return Values(house_watts(watts[0], watts[1], watts[2] or 0.0, 0.0))


def _print(found: Source, args: argparse.Namespace, meaning: Meaning, clock: Clock) -> None:
    role, values = pick(found, meaning, args.role)
    if args.json:
        print(json.dumps(as_json(found, role, values, clock)))
        return
    age_s = _age_s(values, clock) or 0.0
    if age_s > OLD_S:
        print(f"by the device's own time this reading is {age_s / 60:.0f} min old", file=sys.stderr)
    if args.role is None:
        others = [key for key in meaning if key not in (role, "any")]
        also = f" (it also gives {', '.join(others)}: see --role)" if others else ""
        print(f"{role}{also}", file=sys.stderr)
    print(f"{values.watts:.0f}")


def as_json(found: Source, role: Role, values: Values, clock: Clock) -> dict[str, object]:
    """The contract of `agent meter --json`: role, watts, source, and what else the source offers.

    `age_s` stands there where the source tells when its reading was true.
    """
    more = {
        "amps_by_phase": values.amps_by_phase,
        "volts_by_phase": values.volts_by_phase,
        "energy_wh": values.energy_wh,
        "exported_wh": values.exported_wh,
        "soc_percent": values.soc_percent,
        "age_s": _age_s(values, clock),
    }
    given = {name: value for name, value in more.items() if value is not None}
    return {"role": role, "watts": values.watts, "source": found.line, **given}


def _age_s(values: Values, clock: Clock) -> float | None:
    """How old a reading is by its source's own word, which may be silent."""
    now = clock.now().wall
    if values.at_wall is None or now is None:
        return round(values.age_s, 1) if values.age_s else None
    return round((now - values.at_wall).total_seconds(), 1)


def _watch(found: Source, line: Line, clock: Clock, role: Role | None, as_objects: bool) -> int:
    """A line for every reading, in words or as JSON, until Ctrl-C. What fails goes to stderr with JSON."""
    pause = threading.Event()
    while True:
        try:
            meaning = _read(found, line, clock)
            roles: list[Role | None] = [role] if role else [one for one in ROLES if one in meaning]
            picked = [pick(found, meaning, one) for one in roles or [None]]
            if as_objects:
                print(*(json.dumps(as_json(found, *one, clock)) for one in picked), sep="\n", flush=True)
            else:
                print("   ".join(_in_words(*one) for one in picked), flush=True)
        except (Failure, Poor) as error:
            print(f"no reading: {error}", file=sys.stderr if as_objects else sys.stdout, flush=True)
        pause.wait(found.every_s)


def _in_words(role: Role, values: Values) -> str:
    plus, minus = WORDS[role]
    words = minus if values.watts < 0 else plus
    charge = "" if values.soc_percent is None else f", {values.soc_percent:.0f} % full"
    return f"{role} {values.watts:.0f} W ({words}{charge})"


def _credentials(path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    from notify.settings import SettingsError, read_credentials

    try:
        return read_credentials(path, wanted=True)
    except SettingsError as error:
        raise BadLine(*error.problems) from None


def _wants_a_secret(error: BadLine) -> bool:
    return any(CREDENTIALS in problem for problem in error.problems)


def _document(scheme: str) -> str:
    return f"{DOCUMENT}#{scheme}"


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1
