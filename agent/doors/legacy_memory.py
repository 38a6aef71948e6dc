"""What TWCManager's orders have to remember through a restart, as JSON values and back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from agent.doors.legacy_words import Schedule
from agent.model import Mode

log = logging.getLogger(__name__)

KEPT = "legacy"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What TWCManager kept in its settings and the house has no place for.

    `half_set` is a schedule that can't be in force yet; `before_stop` the mode that a start brings back.
    """

    half_set: Schedule | None = None
    fixed_amps: int = 0
    action: int | None = None
    before_stop: Mode | None = None


def to_json(known: Remembered) -> dict[str, object]:
    """As JSON values."""
    half = known.half_set
    schedule = half and [half.amps, half.start_minute, half.end_minute, sorted(half.days)]
    mode = known.before_stop and known.before_stop.value
    return {"half_set": schedule, "fixed_amps": known.fixed_amps, "action": known.action, "before_stop": mode}


def remembered(kept: Any) -> Remembered:
    """What an earlier run kept; nothing where it can't be read."""
    if kept is None:
        return Remembered()
    try:
        half, mode = kept["half_set"], kept["before_stop"]
        schedule = half and Schedule(float(half[0]), int(half[1]), int(half[2]), frozenset(half[3]))
        return Remembered(schedule, int(kept["fixed_amps"]), kept["action"], Mode(mode) if mode else None)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        log.warning("What the old orders remembered can't be read: %r", error)
        return Remembered()
