"""Notices that a charger has another firmware than it had before, over restarts too.

A unit tells its version in three or in four numbers, depending on which question it answers: the first three
count.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from agent.keeping import KeepError, Kept
from agent.model import ChargerStatus, Event

log = logging.getLogger(__name__)
KEY = "firmware"


class FirmwareWatch:
    """`look` at the chargers as often as you like; it returns at once unless a version is new."""

    def __init__(self, kept: Kept, tell: Callable[[Event], None], names: dict[str, str]) -> None:
        self._kept = kept
        self._tell = tell
        self._names = names
        self._known = _from_json(kept.get(KEY))

    def look(self, chargers: Iterable[ChargerStatus]) -> None:
        """Tell of each version that has changed, and remember it."""
        for one in chargers:
            known = self._known.get(one.charger_id, "")
            if not one.firmware or _release(one.firmware) == _release(known):
                continue
            self._known[one.charger_id] = one.firmware
            self._keep()
            if known:
                name = self._names.get(one.charger_id) or f"charger {one.charger_id}"
                says = f"{name[:1].upper()}{name[1:]} has firmware {one.firmware} now; before it was {known}."
                self._tell(Event("new_firmware", says, "info", one.charger_id))

    def _keep(self) -> None:
        try:
            self._kept.put(KEY, dict(self._known))
        except KeepError as error:
            log.warning("A charger's firmware was not kept: %s", error)


def _release(version: str) -> list[str]:
    return version.split(".")[:3]


def _from_json(kept: Any) -> dict[str, str]:
    if not isinstance(kept, dict):
        return {}
    return {str(key): value for key, value in kept.items() if isinstance(value, str)}
