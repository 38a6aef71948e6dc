"""Prices on disk: what a service said is asked for once, and outlives a restart and a service's bad day.

`prices.json` in the scheduler's state folder holds what the service said, before fees and taxes, so a
changed formula counts at once and for all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from scheduler.kept import write_atomically
from scheduler.tariffs.slots import PriceSlot, in_order

KEEP_S = 2 * 86400.0


@dataclass(frozen=True, slots=True)
class Cache:
    """The known slots of one service. `source` says which; another one's prices are not ours."""

    path: Path
    source: str

    def read(self) -> tuple[PriceSlot, ...]:
        """Every slot that is known; none where the file is missing, damaged, or another service's."""
        try:
            source, slots = _known(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return ()
        return slots if source == self.source else ()

    def add(self, slots: Iterable[PriceSlot], wall: datetime) -> tuple[PriceSlot, ...]:
        """Put newer slots over the known ones and forget the old. Returns all. Raises KeepError."""
        oldest = wall.timestamp() - KEEP_S
        new = in_order(slots)
        first, last = (new[0].start.timestamp(), new[-1].end.timestamp()) if new else (0.0, 0.0)
        kept = [slot for slot in self.read() if not first <= slot.start.timestamp() < last]
        known = in_order(slot for slot in (*kept, *new) if slot.end.timestamp() > oldest)
        told = {"source": self.source, "at": wall.isoformat(), "slots": [_row(slot) for slot in known]}
        write_atomically(self.path, json.dumps(told) + "\n")
        return known


@lru_cache(maxsize=4)
def _known(text: str) -> tuple[str, tuple[PriceSlot, ...]]:
    """A file's service and its slots, which were written in order. Often asked for, seldom changed."""
    found = json.loads(text)
    return found["source"], tuple(_slot(row) for row in found["slots"])


def _row(slot: PriceSlot) -> list[Any]:
    return [slot.start.timestamp(), slot.end.timestamp(), slot.price_per_kwh, slot.co2_g_per_kwh]


def _slot(row: list[Any]) -> PriceSlot:
    start, end, price, grams = row
    return PriceSlot(
        datetime.fromtimestamp(float(start), UTC),
        datetime.fromtimestamp(float(end), UTC),
        float(price),
        "",
        None if grams is None else float(grams),
    )
