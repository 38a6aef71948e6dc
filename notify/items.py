"""The entries of a letter: one trouble, its end, or a notice, with its count. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from notify.events import SEVERITIES, Severity

Role = Literal["notice", "trouble", "over", "brief"]  # brief: came and went before it was told

FOLD_NOTICES_BEYOND = 5
MOST_ITEMS = 60


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a letter. `count` events in all.

    For the end of a trouble, `began` is when it started and `ended` how bad it was.
    """

    kind: str
    subject: str
    severity: Severity
    role: Role
    sentence: str
    first: datetime
    last: datetime
    count: int = 1
    began: datetime | None = None
    ended: Severity | None = None
    data: Mapping[str, object] = field(default_factory=dict)

    def is_at_least(self, least: Severity) -> bool:
        """Whether it is so bad, or the end of something that was."""
        return SEVERITIES.index(self.ended or self.severity) >= SEVERITIES.index(least)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values; times as ISO text."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name in self.__slots__
            if (value := getattr(self, name)) is not None
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Item:
        """The inverse of `to_json`. Raises TypeError, ValueError or KeyError for anything else."""
        times = {
            name: datetime.fromisoformat(values[name])
            for name in ("first", "last", "began")
            if name in values
        }
        return cls(**{**values, **times})


def fold(items: Iterable[Item]) -> tuple[Item, ...]:
    """The same items, the worst first, alike ones as one with a count, and never more than MOST_ITEMS."""
    groups: dict[tuple[str, str, Role, str], list[Item]] = {}
    for item in items:
        which = item.sentence if item.role == "over" else ""  # one kind may end several troubles
        groups.setdefault((item.kind, item.subject, item.role, which), []).append(item)
    folded: list[Item] = []
    for group in groups.values():
        apart = group[0].role == "notice" and len(group) <= FOLD_NOTICES_BEYOND
        folded += group if apart else [_together(group)]
    folded.sort(key=lambda item: (-SEVERITIES.index(item.severity), item.first))
    if len(folded) <= MOST_ITEMS:
        return tuple(folded)
    shown, rest = folded[: MOST_ITEMS - 1], folded[MOST_ITEMS - 1 :]
    more = sum(item.count for item in rest)
    first, last = min(item.first for item in rest), max(item.last for item in rest)
    sentence = "More notices of the same time, too many to list."
    return (*shown, Item("more", "", rest[0].severity, "notice", sentence, first, last, more))


def _together(group: list[Item]) -> Item:
    newest = max(group, key=lambda item: item.last)
    return replace(
        newest,
        first=min(item.first for item in group),
        count=sum(item.count for item in group),
        severity=max((item.severity for item in group), key=SEVERITIES.index),
    )
