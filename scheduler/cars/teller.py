"""Telling the owner once: a trouble when it begins, its end when it ends, and news that must not repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from notify.events import CATALOGUE, Event, event_of
from scheduler.cars.model import Json


class Teller:
    """What was told lies in `told`, a table of JSON values that the caller keeps."""

    def __init__(self, tell: Callable[[Event], None], told: Json) -> None:
        self._tell = tell
        self._told = told

    def once(self, kind: str, subject: str, sentence: str, key: str = "", **data: object) -> bool:
        """Tell it, unless it was told under that key (or kind and subject) and not forgotten since."""
        name = f"{kind} {key or subject}"
        if name in self._told:
            return False
        self._told[name] = sentence
        self._tell(event_of(kind, sentence, subject, data=data))
        return True

    def over(self, kind: str, subject: str, sentence: str = "") -> bool:
        """A trouble has ended: its recovery is told where the trouble was. Answers whether it was."""
        if self._told.pop(f"{kind} {subject}", None) is None:
            return False
        end = next((known.name for known in CATALOGUE.values() if known.recovers == kind), "")
        if end and sentence:
            self._tell(event_of(end, sentence, subject))
        return True

    def forget(self, kind: str, key: str) -> None:
        """The next such news is news again."""
        self._told.pop(f"{kind} {key}", None)

    def keep_only(self, kind: str, keys: Iterable[str], of: str = "") -> None:
        """Forget all such news but these; with `of`, only news whose key begins so."""
        still = {f"{kind} {key}" for key in keys}
        for name in [name for name in self._told if name.startswith(f"{kind} {of}") and name not in still]:
            del self._told[name]

    def now(self, kind: str, subject: str, sentence: str, **data: object) -> None:
        """Tell it in any case."""
        self._tell(event_of(kind, sentence, subject, data=data))
