"""Changing a settings file a person may have written: only the lines that change, comments and all else kept.

A sheet is the file's text as blocks, each begun by a header (`[site]`, `[[chargers]]`). Values are replaced
where they stand, new ones go below the last of their block, new blocks to the end. Whoever changed a
sheet reads the result once more (`tables`) and compares: unusual TOML is then refused, never spoiled.
"""

from __future__ import annotations

import io
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dotenv import dotenv_values

HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]\]?\s*(#.*)?\n?")
HEAD = (
    "# sunward's settings, begun by ./sunward setup. sunward.example.toml explains every setting there is.\n"
)
ENV_HEAD = "# sunward's secrets. Nobody else may read this file (chmod 600).\n"
PLAIN = re.compile(r"[\w./:@%+,=-]*", re.ASCII)
BARE = re.compile(r"[\w-]+", re.ASCII)


class Odd(Exception):
    """The text is written in a way that can't be changed safely here."""


@dataclass(slots=True)
class _Block:
    name: str  # "" before the first header
    repeats: bool = False
    lines: list[str] = field(default_factory=list)  # the header's line is the first

    def values(self) -> dict[str, Any]:
        return _parsed("".join(self.lines[1:] if self.name else self.lines))

    def put(self, key: str, value: Any) -> None:
        """Replace, add, or with None take away."""
        values = self.values()
        if values.get(key) == value:
            return
        span = self._span(key) if key in values else None
        line = [] if value is None else [f"{key} = {toml(value)}\n"]
        if span:
            comment = _comment(self.lines[span[0]]) if span[1] - span[0] == 1 and line else ""
            self.lines[span[0] : span[1]] = [line[0].rstrip("\n") + comment + "\n"] if line else []
            return
        last = max((n for n, text in enumerate(self.lines) if _says_something(text)), default=-1)
        if last >= 0 and not self.lines[last].endswith("\n"):
            self.lines[last] += "\n"
        self.lines[last + 1 : last + 1] = line

    def _span(self, key: str) -> tuple[int, int]:
        begins = re.compile(rf"\s*{re.escape(key)}\s*=")
        for first, text in enumerate(self.lines):
            if begins.match(text):
                for end in range(first + 1, len(self.lines) + 1):
                    try:
                        tomllib.loads("".join(self.lines[first:end]))
                    except tomllib.TOMLDecodeError:
                        continue
                    return first, end
        raise Odd(f"{self.name}.{key} is written in an unusual way.")


class Sheet:
    """The text of sunward.toml, to be changed and rendered."""

    def __init__(self, text: str) -> None:
        self._blocks = [_Block("")]
        for line in (text or HEAD).splitlines(keepends=True):
            header = HEADER.fullmatch(line)
            if header:
                self._blocks.append(_Block(header[2], header[1] == "[["))
            self._blocks[-1].lines.append(line)

    def put(self, name: str, values: Mapping[str, Any]) -> None:
        """Set values of the table `name`; None takes one away, what is not named stays. Raises Odd."""
        block = self._block(name)
        if block is None:
            if all(value is None for value in values.values()):
                return
            block = self._add(name, repeats=False)
        for key, value in values.items():
            if rows := [one for one in self._blocks if one.repeats and one.name == f"{name}.{key}"]:
                if [one.values() for one in rows] == value:
                    continue
                self._blocks = [one for one in self._blocks if one not in rows]
            own = self._block(f"{name}.{key}") if isinstance(value, dict) else None
            if own is None:
                block.put(key, value)
            else:
                gone = dict.fromkeys(own.values().keys() - value.keys())
                self.put(own.name, value | gone)

    def put_rows(self, name: str, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make the array of tables `name` hold these rows, told apart by `key`; others go. Raises Odd.

        Tables inside a row (`[[cars.plans]]`) stay as they are written.
        """
        family, _, last = name.rpartition(".")
        if (above := self._block(family)) and last in above.values():
            above.put(last, list(rows))  # it was written on one line
            return
        there = {one.values().get(key): one for one in self._blocks if one.name == name and one.repeats}
        wanted = {row[key] for row in rows}
        self._blocks = [
            one for one in self._blocks if one not in there.values() or one.values().get(key) in wanted
        ]
        for row in rows:
            block = there.get(row[key]) or self._add(name, repeats=True)
            for one in block.values().keys() - row.keys():
                block.put(one, None)
            for one, value in row.items():
                if not holds_tables(value):
                    block.put(one, value)

    def render(self) -> str:
        """The whole text."""
        return "".join(line for block in self._blocks for line in block.lines)

    def _block(self, name: str) -> _Block | None:
        return next((one for one in self._blocks if one.name == name and not one.repeats), None)

    def _add(self, name: str, *, repeats: bool) -> _Block:
        if (last := self._blocks[-1]).lines and not last.lines[-1].endswith("\n"):
            last.lines[-1] += "\n"
        header = f"[[{name}]]\n" if repeats else f"[{name}]\n"
        family = name.rpartition(".")[0] or name
        same = [
            n
            for n, one in enumerate(self._blocks)
            if one.name in (name, family) or one.name.startswith((f"{name}.", f"{family}."))
        ]
        place = same[-1] + 1 if same else len(self._blocks)
        before = self._blocks[place - 1].lines
        if before and before[-1].strip():
            before.append("\n")
        block = _Block(name, repeats, [header, "\n"] if place < len(self._blocks) else [header])
        self._blocks.insert(place, block)
        return block


def tables(text: str) -> dict[str, Any]:
    """What the text means. Raises Odd."""
    return _parsed(text)


def holds_tables(value: Any) -> bool:
    """Whether a value is a table, or a list of some."""
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(one, dict) for one in value)
    )


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(toml, value))}]"
        case dict() if all(BARE.fullmatch(key) for key in value):
            inside = ", ".join(f"{key} = {toml(one)}" for key, one in value.items())
            return f"{{ {inside} }}"
    raise Odd(f"{value!r} can't be written.")


def put_secret(text: str, name: str, value: str) -> str:
    """The text of credentials.env with one secret set. Raises Odd."""
    quoted = value if PLAIN.fullmatch(value) else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    lines = (text or ENV_HEAD).splitlines()
    mine = [n for n, line in enumerate(lines) if re.match(rf"\s*(export\s+)?{re.escape(name)}\s*=", line)]
    for number in mine:
        lines[number] = f"{name}={quoted}"
    if not mine:
        lines.append(f"{name}={quoted}")
    after = "\n".join(lines) + "\n"
    if dotenv_values(stream=io.StringIO(after), interpolate=False).get(name) != value:
        raise Odd(f"{name} holds characters that credentials.env can't.")
    return after


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Odd(f"It can't be read in pieces: {error}.") from None


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _comment(line: str) -> str:
    """The comment behind a value, with the space before it; empty where a # may be part of the value."""
    found = re.search(r"(\s+#[^\"'#]*)$", line.rstrip("\n"))
    return found[1] if found else ""
