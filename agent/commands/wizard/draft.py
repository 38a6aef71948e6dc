"""What the two files will say: the tables and secrets as found, and as the steps have changed them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.commands.wizard import sheet
from agent.commands.wizard.sheet import Odd, Sheet
from scheduler.settings import SchedulerSettings, SiteSettings

KEYS = {"chargers": "id", "cars": "vin"}  # what tells the rows of an array apart; elsewhere their name
INSIDE = (
    "battery.off_peak",
    "forecast.planes",
    "thermostats.steps",
    "thermostats.precool",
)  # written as { ... } on one line
ORDER = (
    *("site", "bus", "chargers", "meters", "web", "tesla", "cars", "tariff", "tariff.periods"),
    *("tariff.windows", "forecast", "battery", "battery.periods", "thermostats", "notify", "notify.smtp"),
)


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
    account: str = ""  # of Tesla, signed in: owner or fleet
    sites: dict[str, str] = field(default_factory=dict)  # its energy sites: names by id

    def table(self, name: str) -> dict[str, Any]:
        """One section as it stands in the draft; empty where there is none."""
        found = _at(self.tables, name)
        return found if isinstance(found, dict) else {}

    def rows(self, name: str) -> list[dict[str, Any]]:
        """An array of tables as it stands in the draft."""
        found = _at(self.tables, name)
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def put(self, name: str, values: Mapping[str, Any]) -> None:
        """Set values of a section; None takes one away."""
        where = self._made(name)
        for key, value in values.items():
            if value is None:
                where.pop(key, None)
            else:
                where[key] = value
        self.changed.add(name)

    def put_rows(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Replace an array of tables."""
        family, _, last = name.rpartition(".")
        (self._made(family) if family else self.tables)[last] = rows
        self.changed.add(name)

    def _made(self, name: str) -> dict[str, Any]:
        where = self.tables
        for part in name.split("."):
            where = where.setdefault(part, {})
        return where

    def keep_secret(self, name: str, value: str) -> None:
        """Put a secret into credentials.env."""
        self.secrets[name] = self.new_secrets[name] = value

    def copy(self) -> Draft:
        """The same, to go back to."""
        return deepcopy(self)

    def become(self, other: Draft) -> None:
        """Be as the other is."""
        for one in fields(self):
            setattr(self, one.name, getattr(other, one.name))

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
            if isinstance(here := _at(self.tables, name), list):
                page.put_rows(name, KEYS.get(name, "name"), here)
                continue
            now, was = self.table(name), _at(before, name)
            kept = {key: value for key, value in now.items() if _stands_in(name, key, value)}
            gone = (was if isinstance(was, dict) else {}).keys() - now.keys()
            page.put(name, kept | dict.fromkeys(gone))
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


def settings_of(draft: Draft) -> SchedulerSettings:
    """The draft as the scheduler will read it, so that each answer can be tried where it is given."""
    try:
        site = SiteSettings.model_validate(draft.table("site"))
    except ValidationError:
        site = SiteSettings()  # `check` tells it at the end
    chargers = {str(row["id"]).upper(): str(row.get("name", "")) for row in draft.rows("chargers")}
    return SchedulerSettings(
        draft.path,
        site,
        draft.state_dir,
        chargers=chargers,
        credentials=draft.secrets,
        tables=draft.tables,
    )


def _order(name: str) -> tuple[int, str]:
    """New sections stand in the order of sunward.example.toml."""
    return ORDER.index(name) if name in ORDER else len(ORDER), name


def _at(tables: dict[str, Any], name: str) -> Any:
    found: Any = tables
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _stands_in(name: str, key: str, value: Any) -> bool:
    """Whether a value is written in its section, and not below a header of its own."""
    return f"{name}.{key}" in INSIDE or not sheet.holds_tables(value)


def _filled(value: Any) -> Any:
    """Without tables that say nothing: an empty section and none are the same."""
    if not isinstance(value, dict):
        return value
    inside = {key: _filled(one) for key, one in value.items()}
    return {key: one for key, one in inside.items() if one != {} and one != []}
