"""What the battery showed a moment ago: two jobs of one tick ask it once, for each call is counted and paid.

It lies in the keeper's memory, so it works for jobs of one process as for those of two. A change forgets it:
what is read back is always asked for.
"""

from __future__ import annotations

from typing import Any

from scheduler.battery.policy import Site
from scheduler.kept import Memory
from scheduler.settings import SchedulerSettings

KEEPER = "powerwall"
FRESH_S = 60.0


def note(kept: dict[str, Any], site: Site, now_s: float) -> None:
    """Keep its charge and reserve, read at `now_s` (seconds since 1970)."""
    kept["seen"] = [now_s, site.charge_percent, site.reserve_percent]


def forget(kept: dict[str, Any]) -> None:
    """It is about to be changed."""
    kept.pop("seen", None)


def seen(settings: SchedulerSettings, now_s: float) -> Site | None:
    """Its charge and reserve (in percent) within the last minute; None where it must be asked."""
    kept = Memory(settings.state_dir / "scheduler" / f"{KEEPER}.json", dry_run=True).data
    match kept.get("seen"):
        case [int() | float() as at_s, int() | float() as charge, int() | float() | None as reserve]:
            fresh = 0 <= now_s - at_s <= FRESH_S
            return Site(charge_percent=charge, reserve_percent=reserve) if fresh else None
    return None
