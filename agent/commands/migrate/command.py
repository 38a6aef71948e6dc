"""`sunward migrate --from CONFIG.json [--settings settings.json]`: writes sunward.toml and credentials.env.

`--from config.py` or `--from config.yaml` takes the peak manager's instead (peaks.py). It reads the old
files, writes ours, and says line by line what was taken, what was changed, what has no equal, and what a
person must do. Nothing that exists is overwritten. What comes out has been read by the
same code that will run it; a line of [meters] that it refuses stands there behind a comment sign.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.commands.migrate import config, kept, loose, peaks
from agent.commands.migrate.found import Draft, Found, Line
from agent.commands.migrate.sources import read_sources
from agent.commands.migrate.write import credentials_of, toml_of
from agent.config import CREDENTIALS, load
from notify.settings import SettingsError

LARGEST_FILE = 5_000_000


def migrate(source: Path, settings: Path | None, target: Path, chargers: list[str], only_show: bool) -> int:
    """The exit status: 0 when something was written (or shown)."""
    try:
        is_peaks = source.suffix in peaks.SUFFIXES
        draft = peaks.draft_of(source) if is_peaks else draft_of(source, settings, chargers)
    except loose.LooseError as error:
        print(f"{error}", file=sys.stderr)
        return 1
    refused = _refused_meters(draft)
    text = toml_of(draft, refused)
    for line in draft.lines:
        print(line)
    for where, problem in refused.items():
        print(Line("by hand", where, f"stands behind a comment sign: {problem}"))
    if only_show:
        print(f"\n{text}")
        return 0
    return _write(target, text, draft)


def draft_of(source: Path, settings: Path | None, chargers: list[str]) -> Draft:
    """Both old files, understood. Raises LooseError."""
    draft = Draft()
    old = Found(_tree(source, draft))
    config.read_config(old, draft)
    if settings is not None:
        state = Found(_tree(settings, draft))
        draft.chargers += [{"id": one.upper()} for one in chargers]
        kept.read_kept(state, draft)
        _rest(state, draft, kept.NO_EQUAL)
    else:
        draft.chargers += [{"id": one.upper()} for one in chargers]
        draft.tell("by hand", "--settings", "not given: schedule, units and mode were not read")
    read_sources(old, draft)
    _rest(old, draft, config.NO_EQUAL)
    if not draft.chargers:
        says = (
            "no unit is named: see their ids with `agent sniff PORT`, and write a [[chargers]] block for each"
        )
        draft.tell("by hand", "chargers", says)
    _finish(draft)
    return draft


def _tree(path: Path, draft: Draft) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise loose.LooseError(f"{path} is larger than any settings file.")
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        raise loose.LooseError(f"{path} can't be read: {error.strerror}.") from None
    if not any(line.lstrip().startswith("{") for line in text.splitlines()[:50]) and "=" in text:
        return kept.key_value_lines(text)
    try:
        found = loose.read(text)
    except loose.LooseError as error:
        raise loose.LooseError(f"{path}, {error}") from None
    for repair in found.repairs:
        draft.tell("changed", f"{path.name}, {repair.split(':')[0]}", repair.partition(": ")[2])
    if not isinstance(found.value, dict):
        raise loose.LooseError(f"{path} holds no settings: it should begin with {{.")
    return found.value


def _rest(old: Found, draft: Draft, reasons: Mapping[str, str]) -> None:
    """Everything that nobody asked for, each with the best reason that is known."""
    for path, value in old.left():
        if path.endswith(".enabled") or path == "enabled":
            continue
        fits = [prefix for prefix in reasons if path.startswith(prefix)]
        why = reasons[max(fits, key=len)] if fits else "nothing here answers to it"
        draft.tell("no equal", path, f"{value}: {why}")


def _finish(draft: Draft) -> None:
    """The chargers' limits, where units are known."""
    limits = draft.tables.pop("limits", {})
    draft.put("bus", "circuit_amps", limits.get("wiringMaxAmpsAllTWCs", config.LEAST_AMPS))
    phases = ["L1", "L2", "L3"] if draft.get("site", "phases", 1) == 3 else ["L1"]
    seen: dict[str, dict[str, Any]] = {}
    for charger in draft.chargers:
        most, least = limits.get("wiringMaxAmpsPerTWC", 6.0), limits.get("minAmpsPerTWC", 6.0)
        seen[charger["id"]] = {**charger, "max_amps": most, "min_amps": least, "phases": phases}
    draft.chargers = list(seen.values())
    if len(draft.chargers) > 3:
        draft.put("bus", "max_chargers", min(16, len(draft.chargers)))


def _refused_meters(draft: Draft) -> dict[str, str]:
    """Lines of [meters] that our own reader refuses, with its sentence."""
    refused: dict[str, str] = {}
    for role, lines in draft.tables.get("meters", {}).items():
        for line in lines:
            alone = replace(
                draft, tables={"bus": {"port": "/dev/null", "circuit_amps": 6}}, windows=[], chargers=[]
            )
            alone.tables["meters"] = {role: [line]}
            problems = problems_of(alone)
            if problems:
                refused[f"meters.{role}"] = problems[0]
                refused[line] = problems[0]
    return refused


def problems_of(draft: Draft) -> list[str]:
    """What the agent itself says to a draft."""
    with tempfile.TemporaryDirectory(prefix="sunward-") as folder:
        path = Path(folder) / "sunward.toml"
        path.write_text(toml_of(draft, {}), "utf-8")
        _private(path.parent / CREDENTIALS, credentials_of(draft.secrets))
        try:
            load(path)
        except SettingsError as error:
            return error.problems
    return []


def _write(target: Path, text: str, draft: Draft) -> int:
    credentials = target.parent / CREDENTIALS
    for path in [target, *([credentials] if draft.secrets else [])]:
        if path.exists():
            print(f"{path} exists and is not overwritten: move it away, or give --to FILE.", file=sys.stderr)
            return 1
    try:
        if draft.secrets:
            _private(credentials, credentials_of(draft.secrets))
        target.write_text(text, "utf-8")
    except OSError as error:
        print(f"{target.parent} can't be written: {error.strerror}.", file=sys.stderr)
        return 1
    print(f"\n{target} is written{f', with secrets in {credentials}' if draft.secrets else ''}.")
    try:
        load(target)
    except SettingsError as error:
        print("Correct this before the first start:", *error.problems, sep="\n  ")
    else:
        print(f"Read it, then: ./sunward agent check --config {target}")
    return 0


def _private(path: Path, text: str) -> None:
    """A file that only its owner may read, from its first byte on. Raises OSError where it exists."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
