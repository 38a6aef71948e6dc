"""A draft as the text of sunward.toml, and secrets as that of credentials.env."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import Any

from agent.commands.migrate.found import Draft

HEAD = """# Made by `sunward migrate` from {origin}. Every other setting: sunward.example.toml.
# Compare the amps with your breakers and the meters with their devices before the first start.
"""
ORDER = ("site", "bus", "meters", "solar", "mqtt", "homeassistant", "legacy")


def toml_of(draft: Draft, refused: Container[str]) -> str:
    """The settings; lines of [meters] that are `refused` stand behind a comment sign."""
    parts = [HEAD.format(origin=draft.origin)]
    names = [*ORDER, *(name for name in draft.tables if name not in ORDER)]
    for name in names:
        table = draft.tables.get(name)
        if table is not None:
            rows = _meters(table, refused) if name == "meters" else [_row(*item) for item in table.items()]
            parts.append("\n".join([f"[{name}]", *rows, ""]))
        if name == "bus":
            parts += [_block("chargers", charger) for charger in draft.chargers]
        if name == "solar":
            parts += [_block("windows", window) for window in draft.windows]
    return "\n".join(parts)


def credentials_of(secrets: Mapping[str, str]) -> str:
    """Names and values, quoted so that nothing in a value has a meaning."""
    return "".join(f"{name}={_quoted(value)}\n" for name, value in secrets.items())


def _meters(table: Mapping[str, Any], refused: Container[str]) -> list[str]:
    rows = []
    for role, lines in table.items():
        good = [line for line in lines if line not in refused]
        rows += [f"# {_row(role, line)}" for line in lines if line in refused]
        if good:
            rows.append(_row(role, good[0] if len(good) == 1 else good))
    return rows


def _block(name: str, table: Mapping[str, Any]) -> str:
    return "\n".join([f"[[{name}]]", *(_row(*item) for item in table.items()), ""])


def _row(key: str, value: Any) -> str:
    return f"{key} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if value != int(value) else str(int(value))
    if isinstance(value, Mapping):
        return f"{{ {', '.join(_row(_name(key), one) for key, one in value.items())} }}"
    if isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        return "\n".join(["[", *(f"    {_value(one)}," for one in value), "]"])
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    return str(value) if isinstance(value, int) else json.dumps(str(value)).replace("\x7f", "\\u007f")


def _name(key: str) -> str:
    return key if key.replace("_", "").isalnum() and key.isascii() else json.dumps(key)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ")
    return f"'{escaped}'"
