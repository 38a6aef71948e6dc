"""The old files while they are being understood: every value is taken, changed, or told to have no equal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["taken", "changed", "by hand", "no equal"]
SECRET = re.compile(r"pass|token|secret|api_?key|encryption|^key$|username|userid", re.IGNORECASE)
MISSING = object()


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one value of the old files."""

    verdict: Verdict
    where: str
    says: str

    def __str__(self) -> str:
        return f"{self.verdict:<9} {self.where}: {self.says}"


@dataclass
class Draft:
    """The new house: tables of sunward.toml, secrets, and the lines that tell how it came about."""

    origin: str = "TWCManager's files"
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    chargers: list[dict[str, Any]] = field(default_factory=list)
    windows: list[dict[str, Any]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    def put(self, section: str, key: str, value: object) -> None:
        """One setting of sunward.toml."""
        self.tables.setdefault(section, {})[key] = value

    def get(self, section: str, key: str, otherwise: Any) -> Any:
        """A setting that was put before."""
        return self.tables.get(section, {}).get(key, otherwise)

    def tell(self, verdict: Verdict, where: str, says: str) -> None:
        """One line of the report."""
        self.lines.append(Line(verdict, where, says))


class Found:
    """Values of one old file by dotted path; those that nobody asked for are told at the end."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._leaves = dict(_leaves("", tree))
        self._tree = tree
        self._asked: set[str] = set()

    def get(self, path: str, otherwise: Any = None) -> Any:
        """A value (a leaf or a whole branch), which from now on counts as looked at."""
        node: Any = self._tree
        for part in path.split("."):
            node = node.get(part, MISSING) if isinstance(node, Mapping) else MISSING
            if node is MISSING:
                return otherwise
        self._asked.add(path)
        return node

    def has(self, path: str) -> bool:
        """Whether there is something, without looking at it."""
        return any(leaf == path or leaf.startswith(f"{path}.") for leaf in self._leaves)

    def number(self, path: str) -> float | None:
        """A number, perhaps written as a text; None where there is none."""
        value = self.get(path)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            found = float(value)
        except (ValueError, OverflowError):
            return None
        return found if math.isfinite(found) else None

    def truth(self, path: str, otherwise: bool = False) -> bool:
        """A switch in any of its spellings: true, 1, "1", "on", "yes"."""
        value = self.get(path, otherwise)
        return str(value).casefold() in ("true", "1", "on", "yes")

    def text(self, path: str) -> str:
        """A text, empty where there is none."""
        value = self.get(path)
        return "" if value is None or isinstance(value, Mapping | list) else str(value).strip()

    def left(self) -> Iterator[tuple[str, str]]:
        """What nobody asked for: path, and the value as it may be shown."""
        for path, value in self._leaves.items():
            if not any(path == asked or path.startswith(f"{asked}.") for asked in self._asked):
                yield path, shown(path, value)


def shown(path: str, value: object) -> str:
    """A value for the report; secrets and long things are not repeated."""
    if any(SECRET.search(part) for part in path.split(".")) and value not in ("", None):
        return "(hidden)"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _leaves(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), value)
    elif path:
        yield path, node
