"""What the two files will say: the tables and secrets as found, and as the steps have changed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.commands.wizard import sheet
from agent.commands.wizard.sheet import Odd, Sheet


@dataclass(slots=True)
class Draft:
    """The house while it is being asked for. `path` is the settings file, `secrets_path` beside it."""

    path: Path
    secrets_path: Path
    text: str = ""  # as found
    secrets_text: str = field(default="", repr=False)
    tables: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    new_secrets: dict[str, str] = field(default_factory=dict, repr=False)
    page_password: str = field(default="", repr=False)
    changed: set[str] = field(default_factory=set)

    def table(self, name: str) -> dict[str, Any]:
        """One section as it stands in the draft; empty where there is none."""
        found = self.tables
        for part in name.split("."):
            found = found.get(part, {})
            if not isinstance(found, dict):
                return {}
        return found

    def rows(self, name: str) -> list[dict[str, Any]]:
        """An array of tables as it stands in the draft."""
        found = self.tables.get(name, [])
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def put(self, name: str, values: Mapping[str, Any]) -> None:
        """Set values of a section; None takes one away."""
        where = self.tables
        for part in name.split("."):
            where = where.setdefault(part, {})
        for key, value in values.items():
            if value is None:
                where.pop(key, None)
            else:
                where[key] = value
        self.changed.add(name)

    def put_rows(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Replace an array of tables."""
        self.tables[name] = rows
        self.changed.add(name)

    def keep_secret(self, name: str, value: str) -> None:
        """Put a secret into credentials.env."""
        self.secrets[name] = self.new_secrets[name] = value

    @property
    def state_dir(self) -> Path:
        """The state folder."""
        return (
            self.path.absolute().parent / Path(str(self.table("site").get("state_dir", "state"))).expanduser()
        )

    def new_text(self) -> str:
        """sunward.toml as it will be. Raises Odd where the file can't be changed safely."""
        if not self.changed:
            return self.text
        page = Sheet(self.text)
        before = sheet.tables(self.text)
        for name in sorted(self.changed, key=_order):
            here = self.tables.get(name)
            if isinstance(here, list):
                page.put_rows(name, "vin" if name == "cars" else "id", [_own(row) for row in here])
            else:
                gone = _own(_at(before, name)).keys() - _own(self.table(name)).keys()
                page.put(name, _own(self.table(name)) | dict.fromkeys(gone))
        after = page.render()
        if _filled(sheet.tables(after)) != _filled(self.tables):
            raise Odd("Its lines are written in an unusual way.")
        return after

    def new_secrets_text(self) -> str:
        """credentials.env as it will be. Raises Odd."""
        text = self.secrets_text
        for name, value in self.new_secrets.items():
            text = sheet.put_secret(text, name, value)
        return text


def _order(name: str) -> tuple[int, str]:
    """New sections stand in the order of sunward.example.toml."""
    known = ("site", "bus", "chargers", "meters", "web", "notify", "notify.smtp", "tesla", "cars")
    return known.index(name) if name in known else len(known), name


def _at(tables: dict[str, Any], name: str) -> dict[str, Any]:
    found: Any = tables
    for part in name.split("."):
        found = found.get(part, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _own(table: dict[str, Any]) -> dict[str, Any]:
    """A table without those inside it, which have headers of their own."""
    return {key: value for key, value in table.items() if not _is_table(value)}


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(one, dict) for one in value)
    )


def _filled(value: Any) -> Any:
    """Without tables that say nothing: an empty section and none are the same."""
    if not isinstance(value, dict):
        return value
    inside = {key: _filled(one) for key, one in value.items()}
    return {key: one for key, one in inside.items() if one != {} and one != []}
