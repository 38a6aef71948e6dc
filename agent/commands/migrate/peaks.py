"""The peak manager's files as [battery], [thermostats] and [notify]: the cron scripts' config.py (with the
credentials.py beside it), or the later daemon's config.yaml.

A config.py is read as text, never run: names with plain values, or with lists of names, count. Tokens are not
carried over: the address that renewed them is gone.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from agent.commands.migrate.found import Draft, Found
from agent.commands.migrate.loose import LooseError
from agent.commands.migrate.peak_daemon import read_daemon
from agent.commands.migrate.peak_scripts import read_scripts

SUFFIXES = (".py", ".yaml", ".yml")
FROM = "the peak manager's files"
NO_EQUAL = {
    "LOG_FILE": "what happens stands in the journal, and in systemd's",
    "BATTERY_STATUS_FILE": "each step is remembered for each thermostat and day",
    "TOKEN_REFRESH_THRESHOLD": "tokens are renewed early by themselves",
    "TESLA_": "the addresses are known",
    "THERMOSTAT_": "the addresses are known",
    "openweather_key": "the forecast needs no key",
    "weather": "the forecast needs no key",
    "tesla": "tokens are renewed by themselves: ./sunward login tesla",
    "settings.dry_run": "type ./sunward scheduler tick --dry-run",
    "settings.max_thermostat_adjustments": "there are as many steps as you write",
    "settings.eod_battery_warning_threshold": "the end-of-day letter always says the charge",
    "paths": "everything lies in the state folder",
    "ha": "there is one scheduler; systemd starts it again",
    "logging": "see [outlets] in docs/outlets.md",
}


def draft_of(source: Path) -> Draft:
    """The old settings, understood. Raises LooseError."""
    draft = Draft(origin=FROM)
    try:
        text = source.read_text("utf-8", "replace")
    except OSError as error:
        raise LooseError(f"{source} can't be read: {error.strerror}.") from None
    old = Found(_assigned(text, source) if source.suffix == ".py" else _yaml(text, source))
    if source.suffix == ".py":
        read_scripts(old, _credentials(source), draft)
    else:
        read_daemon(old, draft)
    for path, value in old.left():
        fits = [prefix for prefix in NO_EQUAL if path.startswith(prefix)]
        why = NO_EQUAL[max(fits, key=len)] if fits else "nothing here answers to it"
        draft.tell("no equal", path, why if value == "None" else f"{value}: {why}")
    draft.tell(
        "by hand",
        "bus",
        "copy these sections into your sunward.toml, or let ./sunward setup ask for the rest",
    )
    draft.tell("by hand", "tesla", "sign in: ./sunward login tesla; then delete the old token file")
    return draft


def _credentials(source: Path) -> Found:
    beside = source.with_name("credentials.py")
    return Found(_assigned(beside.read_text("utf-8", "replace"), beside) if beside.is_file() else {})


def _assigned(text: str, source: Path) -> dict[str, Any]:
    """Names and values of a Python file that is not run. What is worked out there is None."""
    try:
        lines = ast.parse(text).body
    except (SyntaxError, ValueError) as error:
        raise LooseError(f"{source} is no Python file of settings: {error}.") from None
    known: dict[str, Any] = {}
    for line in lines:
        if isinstance(line, ast.Assign) and len(line.targets) == 1 and isinstance(line.targets[0], ast.Name):
            known[line.targets[0].id] = _value(line.value, known)
    return known


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Tuple | ast.List):
        return [_value(one, known) for one in node.elts]
    if isinstance(node, ast.Name):
        return known.get(node.id)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return None


def _yaml(text: str, source: Path) -> Mapping[str, Any]:
    yaml = _import_yaml()
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LooseError(f"{source} is no YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(tree, Mapping):
        raise LooseError(f"{source} holds no settings.")
    return tree


def _import_yaml() -> ModuleType:
    try:
        import yaml
    except ImportError:
        raise LooseError("Reading YAML needs a package: ./sunward python -m pip install pyyaml") from None
    return yaml  # type: ignore[no-any-return]
