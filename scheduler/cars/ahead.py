"""A plan's coming slots, left with the agent as windows: what happens if this program dies in the night.

While the scheduler lives, boosts make a plan true, and these windows never open: each begins ten minutes
after its slot, and is taken away when the slot begins. If nobody is there to do so, the agent opens it by
itself, and the car is ready in the morning all the same. Only what has still to be bought is left there, so
it is bounded by the plan's own hours (and by the limit in the car's app); a window opens on its one day and
never again.

A window that somebody deletes is not written again until the plan changes; and a plan that moves a little
while the sun fills the car is no reason to write them anew, unless one of them is about to open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from scheduler.agent_api import Agent
from scheduler.cars.model import Json
from scheduler.cars.planner import Plan, joined
from scheduler.tariffs.follow import is_ours, rows
from scheduler.tariffs.settings import PriceWindowSettings
from scheduler.wallclock import read_minute
from scheduler.windows import Mode

LATER_S = 600.0  # two ticks of cron
GRID_S = 300.0  # a plan that moves by seconds leaves its windows as they are
SHORTEST_S = 900.0
HORIZON_S = 86400.0
OPENS_SOON = timedelta(minutes=20)
MOVES_MIN = 30


def windows_of(
    plan: Plan, charger_id: str, now: datetime, zone: tzinfo, amps: float | None = None
) -> list[Json]:
    """The windows of the slots that have not begun, as the agent takes them."""
    now_s, parts = now.timestamp(), []
    for start, end in joined(plan):
        begin_s = math.ceil((start.timestamp() + LATER_S) / GRID_S) * GRID_S
        end_s = math.floor(end.timestamp() / GRID_S) * GRID_S
        if now_s < start.timestamp() < now_s + HORIZON_S and end_s - begin_s >= SHORTEST_S:
            parts.append((begin_s, end_s))
    rule = PriceWindowSettings(
        name=_name(charger_id), below=None, hours=1, mode=Mode.FAST, charger=charger_id, amps=amps
    )
    return rows(rule, parts, zone)


def leave(agent: Agent, kept: Json, charger_id: str, wanted: Sequence[Json], now: datetime) -> None:
    """Close the difference to what was left before (`kept`). Raises AgentError."""
    before: dict[str, Any] = kept.get("ahead") or {"charger": charger_id, "rows": []}
    if _is_near(before["rows"], wanted, now) and (not wanted or before["charger"] == charger_id):
        return
    known = {row["name"]: row for row in before["rows"]}
    keep = {row["name"] for row in wanted}
    for row in agent.windows():
        name = str(row.get("name"))
        if is_ours([_name(before["charger"]), _name(charger_id)], name) and name not in keep:
            agent.delete_window(name)
    for row in wanted:
        if known.get(row["name"]) != row:
            agent.put_window(row["name"], row)
    kept["ahead"] = {"charger": charger_id, "rows": list(wanted)}


def _is_near(before: Sequence[Json], wanted: Sequence[Json], now: datetime) -> bool:
    """Whether what was left may stay: all but the same, and nothing opens soon that should not."""
    if list(before) == list(wanted):
        return True
    if len(before) != len(wanted):
        return False
    for old, new in zip(before, wanted, strict=True):
        same = all(old[key] == new[key] for key in ("until", "amps", "charger"))
        opens = datetime.fromisoformat(f"{old['until']}T{old['from']}")
        soon = opens - now.replace(tzinfo=None) < OPENS_SOON
        if not same or soon or any(_minutes(old, new, key) > MOVES_MIN for key in ("from", "to")):
            return False
    return True


def _minutes(old: Json, new: Json, key: str) -> int:
    """By how much an end has moved, over midnight or not."""
    moved = abs(read_minute(old[key], as_end=True) - read_minute(new[key], as_end=True))
    return min(moved, 1440 - moved)


def _name(charger_id: str) -> str:
    return f"plan {charger_id}"
