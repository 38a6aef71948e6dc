"""Reads TWCManager's config.json, which is no JSON: comments, tabs, trailing and missing commas, YAML words.

What can be read in one way only is read, and every repair is told with its line. What can't is an error
with its line. (The example that TWCManager ships lacks a comma itself, so files in the field are repaired
by hand in many ways.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\ufeff]+)
      | (?P<line>\n)
      | (?P<comment>(?:\#|//)[^\n]*)
      | (?P<text>"(?:[^"\\\n]|\\.)*"|'[^'\n]*')
      | (?P<mark>[{}\[\]:,])
      | (?P<word>[^\s{}\[\]:,"'#][^\s{}\[\],"'#:]*)""",
    re.VERBOSE,
)
YES = {"true", "yes", "on"}
NO = {"false", "no", "off"}
NOTHING = {"null", "~", "none"}
DEEPEST = 60


class LooseError(ValueError):
    """A file that can't be read; the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class Token:
    """One piece: `kind` is text, word or mark (or end), with its line."""

    kind: str
    text: str
    line: int


@dataclass
class Loose:
    """What was read, and the repairs that it took."""

    value: Any = None
    repairs: list[str] = field(default_factory=list)


def read(text: str) -> Loose:
    """The value of a file. Raises LooseError."""
    reader = _Reader(list(_tokens(text)))
    value = reader.value(0)
    rest = reader.peek()
    if rest.kind != "end":
        reader.repairs.append(f"line {rest.line}: everything from {rest.text!r} on stands after the end.")
    return Loose(value, reader.repairs)


def _tokens(text: str) -> Iterator[Token]:
    at, line = 0, 1
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            hint = "a quote is not closed" if text[at] in "\"'" else f"{text[at]!r} has no meaning here"
            raise LooseError(f"line {line}: {hint}. Correct that line and try again.")
        at, kind = found.end(), str(found.lastgroup)
        if kind == "line":
            line += 1
        elif kind in ("text", "word", "mark"):
            yield Token(kind, found.group(), line)
    yield Token("end", "the end of the file", line)


class _Reader:
    """Goes from token to token."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self.repairs: list[str] = []

    def peek(self) -> Token:
        return self._tokens[self._at]

    def take(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise LooseError(f"line {self.peek().line}: brackets are nested too deeply.")
        token = self.take()
        if token.text == "{" and token.kind == "mark":
            return self._table(depth)
        if token.text == "[" and token.kind == "mark":
            return self._list(depth)
        if token.kind in ("mark", "end"):
            raise LooseError(f"line {token.line}: a value is missing before {token.text}.")
        return _plain(token)

    def _table(self, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        while self._goes_on("}"):
            key = self.take()
            colon = self.take()
            if key.kind not in ("text", "word") or colon.text != ":":
                raise LooseError(
                    f"line {key.line}: a name and a colon are expected here, not {key.text} {colon.text}."
                )
            name = str(_plain(key)) if key.kind == "text" else key.text
            if name in out:
                self.repairs.append(f"line {key.line}: “{name}” stands there twice; the last one counts.")
            out[name] = self.value(depth + 1)
            self._comma("}", f"“{name}”")
        return out

    def _list(self, depth: int) -> list[Any]:
        out: list[Any] = []
        while self._goes_on("]"):
            out.append(self.value(depth + 1))
            self._comma("]", "a value")
        return out

    def _goes_on(self, close: str) -> bool:
        token = self.peek()
        while token.text == "," and token.kind == "mark":
            self.repairs.append(f"line {token.line}: a comma too many was passed over.")
            self.take()
            token = self.peek()
        if token.kind == "end":
            self.repairs.append(f"line {token.line}: {close} is missing at the end and was added.")
            return False
        if token.kind == "mark" and token.text == close:
            self.take()
            return False
        return True

    def _comma(self, close: str, after: str) -> None:
        token = self.peek()
        if token.kind == "mark" and token.text == ",":
            self.take()
        elif token.kind in ("text", "word") or token.text in ("{", "["):
            line = self._tokens[self._at - 1].line
            self.repairs.append(f"line {line}: a comma is missing after {after} and was added.")
        elif token.kind != "end" and token.text != close:
            raise LooseError(f"line {token.line}: {token.text} closes what was not opened.")


def _plain(token: Token) -> Any:
    if token.kind == "text":
        if token.text.startswith("'"):
            return token.text[1:-1]
        try:
            return json.loads(token.text, strict=False)
        except ValueError:
            return token.text[1:-1]
    word = token.text
    if word.casefold() in YES | NO:
        return word.casefold() in YES
    if word.casefold() in NOTHING:
        return None
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
