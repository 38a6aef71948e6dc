"""HTTP as drivers see it: what to get, who we are, and bodies that become numbers. No socket here.

A `Tree` walks JSON by a dotted path ("Body.Data.Site.P_Grid"; list indices are numbers) and raises Poor,
and nothing but Poor, with the path that is missing. XML becomes such a tree as well.
"""

from __future__ import annotations

import html
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.meters import units
from agent.meters.line import NO_FILE, Secret, StateFile
from agent.meters.values import Poor

DEEPEST = 40
LONGEST_BARE = 60
BINARY = "latin-1"  # a byte is a character: how bytes that are no text are kept
_NEXT_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:[.,]\d+)?(?: ?(?:[kKmM]?Wh?|[kKmM]?VA?|m?A|%)(?!\w))?")
_MISSING = object()


# --- what to ask -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Get:
    """One request. `path` holds its query, never a secret. `body` makes it a POST (JSON text).

    `once`: it never changes, so it is asked for once. `optional`: a refusal or an error there is no
    reason to give up the rest. `binary`: the body is no text; take it with Page.bytes().
    """

    path: str
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    once: bool = False
    optional: bool = False
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token in the Authorization header. One in `file` counts more: another program renews it there."""

    token: Secret
    file: StateFile = NO_FILE


@dataclass(frozen=True, slots=True)
class Basic:
    """User and password, sent plainly."""

    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Digest:
    """User and password, sent as a digest (MD5 or SHA-256, as the device asks)."""

    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Password:
    """User and password, as a digest or plainly, whichever the device asks for."""

    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Header:
    """A key in a header of its own."""

    name: str
    key: Secret


@dataclass(frozen=True, slots=True)
class Query:
    """Keys that the device wants in the address; they never show in any text of ours."""

    keys: tuple[tuple[str, Secret], ...]


@dataclass(frozen=True, slots=True)
class Login:
    """Log in once by POST of `body`, keep the cookie, and where `token_at` names a place, the token too.

    Never in a loop: after a 401 or 403 once more, then not for `pause_s`; several vendors lock accounts
    (the whole rule is in login.py).
    """

    path: str
    body: str = field(repr=False)
    token_at: str = ""
    pause_s: float = 900.0


Auth = Bearer | Basic | Digest | Password | Header | Query | Login


# --- what came back --------------------------------------------------------------------------------


class Tree:
    """A piece of JSON with its path. Every accessor raises Poor and nothing else."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str = "") -> None:
        self.value = value
        self.path = path

    def find(self, path: str) -> Tree | None:
        """The piece at a dotted path; None when it is missing or null."""
        value = self.value
        for step in path.split(".") if path else ():
            if isinstance(value, Mapping):
                value = value.get(step, _MISSING)
            elif isinstance(value, list) and step.isascii() and step.isdigit():
                value = value[int(step)] if len(step) < 6 and int(step) < len(value) else _MISSING
            else:
                return None
        return None if value is _MISSING or value is None else Tree(value, self._join(path))

    def at(self, path: str) -> Tree:
        """The piece at a dotted path. Poor when it is missing or null."""
        found = self.find(path)
        if found is None:
            raise Poor(f"the answer has no {self._join(path)}")
        return found

    def number(self, path: str = "") -> float:
        """A finite number, also out of a string."""
        return units.number(self.at(path).value, self._join(path) or "the answer")

    def number_or_none(self, path: str = "") -> float | None:
        """A number, or None where it is missing or no number: for what a device may leave out."""
        found = self.find(path)
        return None if found is None else units.number_or_none(found.value)

    def phases(self, *paths: str) -> tuple[float, ...] | None:
        """L1 L2 L3 up to the first that is missing; None without L1."""
        found: list[float] = []
        for path in paths:
            value = self.number_or_none(path)
            if value is None:
                break
            found.append(value)
        return tuple(found) or None

    def text(self, path: str = "") -> str:
        """A string; numbers are written out."""
        value = self.at(path).value
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Poor(f"{self._join(path)} is not text")
        return str(value)

    def text_or(self, path: str, default: str = "") -> str:
        """A string, or the default."""
        found = self.find(path)
        return found.value if found is not None and isinstance(found.value, str) else default

    def items(self, path: str = "") -> list[Tree]:
        """A list's pieces, or an object's values in their order; empty for anything else or missing."""
        found = self.find(path)
        if found is None:
            return []
        if isinstance(found.value, Mapping):
            return [Tree(value, found._join(str(key))) for key, value in found.value.items()]
        if isinstance(found.value, list):
            return [Tree(value, found._join(str(i))) for i, value in enumerate(found.value)]
        return []

    def keys(self, path: str = "") -> list[str]:
        """An object's keys; empty for anything else."""
        found = self.find(path)
        return [str(key) for key in found.value] if found and isinstance(found.value, Mapping) else []

    def __iter__(self) -> Iterator[Tree]:
        return iter(self.items())

    def _join(self, path: str) -> str:
        return f"{self.path}.{path}" if self.path and path else self.path or path


@dataclass(frozen=True, slots=True)
class Page:
    """One body, as text."""

    text: str
    status: int = 200

    def bytes(self) -> bytes:
        """The body of a `binary` request."""
        return self.text.encode(BINARY, "replace")

    def json(self) -> Tree:
        """The body as JSON. Poor for a login page, a body cut short, and the like.

        NaN and Infinity, which some devices write, become words: no number, and never a missing one.
        """
        return Tree(_guarded(self.text, "JSON", lambda: json.loads(self.text, parse_constant=str)))

    def json_or_bare(self) -> Tree:
        """The body as JSON; a bare number or word ("2.1 kW", "offline") is a tree of one piece. Poor else."""
        text = self.text.strip()
        if 0 < len(text) <= LONGEST_BARE and "\n" not in text and text[0] not in '{["<':
            return Tree(text)
        return self.json()

    def xml(self) -> Tree:
        """The body as XML: children by tag (a list where a tag repeats), attributes as @name, text as #.

        An element that holds text alone is that text.
        """
        text = re.sub(r"^\s*<\?xml[^>]*\?>", "", self.text)  # the encoding was dealt with by HTTP
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise Poor(_not_a("XML", text))
        return Tree(_guarded(self.text, "XML", lambda: _element(ElementTree.fromstring(text), 0)))

    def words(self) -> str:
        """The body as people read it: without tags, every gap one space."""
        return " ".join(html.unescape(re.sub(r"<[^<>]*>", " ", self.text)).split())

    def after(self, mark: str) -> str:
        """The next number after `mark` in the words, with its unit if one follows. Poor without."""
        _, found, rest = self.words().partition(mark)
        if not found:
            raise Poor(f"the page has no {mark!r}")
        number = _NEXT_NUMBER.search(rest)
        if number is None:
            raise Poor(f"the page has no number after {mark!r}")
        return number.group()


class Pages:
    """All answers of one poll, by what was asked."""

    def __init__(self) -> None:
        self.asked: set[Get] = set()
        self._pages: dict[Get, Page] = {}

    def add(self, get: Get, page: Page) -> None:
        """Keep a body."""
        self._pages[get] = page

    def kept(self) -> Pages:
        """What need not be asked for again."""
        fresh = Pages()
        fresh.asked = {get for get in self.asked if get.once}
        fresh._pages = {get: page for get, page in self._pages.items() if get.once}
        return fresh

    def find(self, get: Get) -> Page | None:
        """A body, or None where it was not asked for or an optional one failed."""
        return self._pages.get(get)

    def page(self, get: Get) -> Page:
        """A body, or Poor."""
        page = self._pages.get(get)
        if page is None:
            raise Poor(f"it does not offer {get.path.partition('?')[0]}")
        return page

    def json(self, get: Get) -> Tree:
        """A body as JSON."""
        return self.page(get).json()

    def xml(self, get: Get) -> Tree:
        """A body as XML."""
        return self.page(get).xml()


def _guarded(text: str, wanted: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (ValueError, RecursionError, ElementTree.ParseError):
        raise Poor(_not_a(wanted, text)) from None


def _not_a(wanted: str, text: str) -> str:
    start = text.lstrip()[:200].lower()
    if not start:
        return f"it answered with nothing where {wanted} belongs"
    if start.startswith(("<!doctype html", "<html")) or "<head" in start or "<body" in start:
        return f"it answered with a web page where {wanted} belongs: a log-in or an update page?"
    if (wanted == "JSON" and start[0] in "[{") or (wanted == "XML" and start[0] == "<"):
        return f"its {wanted} is damaged or cut short"
    return f"it answered with something else than {wanted}"


def _element(element: ElementTree.Element, depth: int) -> Any:
    if depth > DEEPEST:
        raise ValueError("too deep")
    out: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        tag, value = child.tag.rpartition("}")[2], _element(child, depth + 1)
        if tag not in out:
            out[tag] = value
        elif isinstance(out[tag], list):
            out[tag].append(value)
        else:
            out[tag] = [out[tag], value]
    text = (element.text or "").strip()
    if not out:
        return text
    if text:
        out["#"] = text
    return out
