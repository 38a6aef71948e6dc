"""No secret ever leaves in a letter: everything that looks like one is blacked out.

Three nets, one behind the other: the very values of credentials.env (as they are, and as they look
inside an address), shapes that only secrets have (bearer tokens, `password=...`, a user and password
in an address), and what a letter needs no more of than a hint (a car's VIN, the house's place).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

HIDDEN = "[hidden]"
SHORTEST_SECRET = 4  # shorter values are words and numbers that a sentence may well contain

_SHAPES = (
    (re.compile(r"eyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?"), HIDDEN),  # a JSON web token
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)(\b\w*(?:passw(?:or)?d|token|secret|api_?key)\w*[\"']?\s*(?:=|:\s*[\"'])[\"']?)[^\s\"'&,;]+"),
     rf"\1{HIDDEN}"),
    (re.compile(r"(\w://)[^\s/@]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"\b(?=\w*\d)(?=\w*[A-Z])[A-HJ-NPR-Z0-9]{11}([A-HJ-NPR-Z0-9]{6})\b"), r"…\1"),
    (re.compile(r"-?\b\d{1,3}\.\d{4,},\s*-?\d{1,3}\.\d{4,}"), "[place]"),
)  # fmt: skip
_SECRET_NAMES = re.compile(r"(?i)passw|token|secret|api_?key|^lat(itude)?$|^lon(gitude)?$|cookie|credential")


class Redactor:
    """Blacks out given values and everything in the shape of a secret."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        parts = {part for value in values for part in {value, *value.split()}}
        spellings = {spelling for part in parts for spelling in (part, quote(part, safe=""))}
        known = sorted((v for v in spellings if len(v) >= SHORTEST_SECRET), key=len, reverse=True)
        self._known = re.compile("|".join(re.escape(value) for value in known)) if known else None

    def text(self, text: str) -> str:
        """The same text without secrets."""
        if self._known:
            text = self._known.sub(HIDDEN, text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text

    def data(self, data: Mapping[str, object]) -> dict[str, object]:
        """The same JSON values without secrets, however deep."""
        return {self.text(str(name)): self._value(str(name), value) for name, value in data.items()}

    def _value(self, name: str, value: object) -> object:
        if _SECRET_NAMES.search(name) and not isinstance(value, bool | Mapping | None):
            return HIDDEN
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self.data(value)
        if isinstance(value, list | tuple):
            return [self._value(name, item) for item in value]
        return value
