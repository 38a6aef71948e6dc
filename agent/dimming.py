"""Orders to leave room: from what a grid operator's box or another load asked, to what survives a restart.

    amps             for all chargers together, as their circuit counts them
    watts            for all chargers together (section 14a in Germany: 4200 W for each device)
    reserved_watts   one number for each phase: kept free beside the main fuse for another big load
    for_s            how long; without it until it is taken back

A new order replaces the one before. One with an end needs no goodbye: a box that dies dims nobody for ever.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.boosts import Refused
from agent.model import Dimming, Moment, Rules

LONGEST_S = 7 * 24 * 3600.0


def dimming_from(
    amps: float | None,
    watts: float | None,
    reserved_watts: tuple[float, ...],
    for_s: float | None,
    rules: Rules,
    moment: Moment,
) -> Dimming:
    """The order that is meant. Raises Refused."""
    if amps is None and watts is None and not reserved_watts:
        raise Refused(409, "Send amps, watts or reserved_watts; DELETE takes the limit back.")
    for name, value in (("amps", amps), ("watts", watts), *(("reserved_watts", w) for w in reserved_watts)):
        if value is not None and (not math.isfinite(value) or value < 0):
            raise Refused(422, f"{name} must be 0 or more.")
    if len(reserved_watts) > rules.site_phases:
        raise Refused(409, f"reserved_watts has {len(reserved_watts)} phases, the house {rules.site_phases}.")
    if reserved_watts and rules.main_fuse_amps <= 0:
        raise Refused(409, "reserved_watts are kept free beside the main fuse: set site.main_fuse_amps.")
    if for_s is not None and not 1 <= for_s <= LONGEST_S:
        raise Refused(422, f"for_s must be between 1 and {LONGEST_S:.0f} seconds (7 days).")
    ends_mono_s = None if for_s is None else moment.mono_s + for_s
    ends_wall = None
    if for_s is not None and moment.wall is not None:
        ends_wall = (moment.wall.astimezone(UTC) + timedelta(seconds=for_s)).astimezone(moment.wall.tzinfo)
    return Dimming(amps, watts, reserved_watts, ends_mono_s, ends_wall)


def is_over(dimming: Dimming, moment: Moment) -> bool:
    """Whether its time has passed."""
    return dimming.ends_mono_s is not None and moment.mono_s >= dimming.ends_mono_s


def words(dimming: Dimming) -> str:
    """The order for people."""
    parts = []
    if dimming.amps is not None:
        parts.append(f"at most {dimming.amps:g} A")
    if dimming.watts is not None:
        parts.append(f"at most {dimming.watts / 1000:g} kW")
    said = f"All chargers together may draw {' and '.join(parts)}" if parts else ""
    if any(dimming.reserved_watts):
        kept = ", ".join(f"{w / 1000:g} kW on L{i}" for i, w in enumerate(dimming.reserved_watts, 1) if w)
        said = f"{said}, and {kept} stay free" if said else f"{kept} stay free beside the main fuse"
    until = f" until {dimming.ends_wall:%a %H:%M}" if dimming.ends_wall else ""
    return (said or "Nothing is kept free") + until


def to_json(dimming: Dimming, moment: Moment) -> dict[str, object]:
    """What is kept: its end both as a calendar time and as seconds left."""
    return {
        "amps": dimming.amps,
        "watts": dimming.watts,
        "reserved_watts": list(dimming.reserved_watts),
        "left_s": None if dimming.ends_mono_s is None else dimming.ends_mono_s - moment.mono_s,
        "ends": dimming.ends_wall.isoformat() if dimming.ends_wall else None,
    }


def from_json(kept: Mapping[str, Any], moment: Moment) -> Dimming:
    """A kept order in a new process. Raises KeyError, ValueError or TypeError for what can't be read."""
    ends = datetime.fromisoformat(kept["ends"]) if kept["ends"] else None
    left_s = None if kept["left_s"] is None else float(kept["left_s"])
    if left_s is not None and ends is not None and moment.wall is not None:
        left_s = min(left_s, (ends - moment.wall).total_seconds())
    return Dimming(
        None if kept["amps"] is None else float(kept["amps"]),
        None if kept["watts"] is None else float(kept["watts"]),
        tuple(float(watts) for watts in kept["reserved_watts"]),
        None if left_s is None else moment.mono_s + left_s,
        ends,
    )
