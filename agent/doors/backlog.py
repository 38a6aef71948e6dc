"""How far an outlet has come, and what the history remembers of the time that it missed.

An outlet's own queue lives in memory. What it holds when the power goes is in the history as well, which
is on the disk within seconds (events) or a minute (figures). So an outlet only keeps a mark of the last
thing that arrived, and after a restart asks the history for everything since.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

from agent.doors.rooms import HistoryReader
from agent.keeping import KeepError, Kept
from agent.model import Event

log = logging.getLogger(__name__)

NAMES_KEPT = 50
MOST_EVENTS = 1000


class Mark:
    """The time of the last thing that arrived, and the names of the last ones; kept under `key`."""

    def __init__(self, kept: Kept, key: str) -> None:
        self._kept, self._key = kept, f"outlet {key}"
        found = kept.get(self._key)
        at_s, names = found if isinstance(found, list) and len(found) == 2 else (None, [])
        self.at_s = at_s if isinstance(at_s, int) else None
        self.names: tuple[str, ...] = tuple(map(str, names))
        self._on_disk = self._value

    def reached(self, at_s: int, name: str = "") -> None:
        """Everything up to then has arrived, the thing of that name too. In memory until `keep`."""
        self.at_s = max(at_s, self.at_s or at_s)
        self.names = (*self.names, name)[-NAMES_KEPT:] if name else self.names

    def keep(self) -> None:
        """Put it on the disk, if it is news; a disk that refuses costs no more than a repetition."""
        if self._value == self._on_disk:
            return
        try:
            self._kept.put(self._key, self._value)
            self._on_disk = self._value
        except KeepError as error:
            log.warning("How far an outlet has come was not kept: %s", error)

    @property
    def _value(self) -> list[object]:
        return [self.at_s, list(self.names)]


def events_between(history: HistoryReader, since_s: float, until_s: float) -> Iterator[Event]:
    """What happened from `since_s` to `until_s` (seconds since 1970, both included). Raises Refused."""
    for row in history.events(-1, MOST_EVENTS):
        at = datetime.fromisoformat(str(row["at"])) if row["at"] else None
        if at is None or not since_s <= at.timestamp() <= until_s:
            continue
        data = row.get("data")
        yield Event(
            str(row["kind"]),
            str(row["sentence"]),
            row["severity"],  # type: ignore[arg-type]
            str(row.get("subject", "")),
            str(row.get("recovers", "")),
            at,
            data if isinstance(data, dict) else {},
        )


def at_utc(seconds: float) -> datetime:
    """A time from seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
