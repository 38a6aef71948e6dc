"""Whether a plan charges at this moment: it is made anew often, and no car is switched for that. Pure.

* A slot that begins with less than 14 minutes left and nothing after it is not worth a start.
* A running slot is finished, also where a newer plan would have left it out; of a long one the last hour.
* With less than 15 minutes of charging to go, a running charge just goes on.
* A pause of less than 14 minutes is none.
* After the target a charge goes on until it is done. One to 100 % stays on until the car is unplugged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.cars.planner import Plan, joined

SHORTEST_S = 14 * 60.0
NEARLY_DONE_S = 15 * 60.0
NO_PAUSE_S = 14 * 60.0
LONGEST_REST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Running:
    """What holds now: charge or not, until when at least (seconds since 1970), and why."""

    on: bool
    until_s: float = 0.0
    why: str = ""


def running(
    plan: Plan, now: datetime, was: Running, *, need_s: float, target: datetime, to_full: bool
) -> Running:
    """What holds at `now`, given what held at the last look."""
    now_s = now.timestamp()
    stretches = [(start.timestamp(), end.timestamp()) for start, end in joined(plan)]
    inside = next(((start, end) for start, end in stretches if start <= now_s < end), None)
    if was.on and (why := _goes_on(stretches, now_s, was, need_s, target, to_full)):
        until_s = inside[1] if inside else _end_of(stretches, now_s, was, need_s)
        return Running(True, until_s, _why_now(plan, now) or why)
    if inside is None:
        return Running(False, why=plan.says)
    if need_s >= SHORTEST_S and inside[1] - now_s < SHORTEST_S and not _soon(stretches, inside[1]):
        return Running(False, why="What is left of this slot is not worth a start.")
    return Running(True, inside[1], _why_now(plan, now))


def _goes_on(
    stretches: Sequence[tuple[float, float]],
    now_s: float,
    was: Running,
    need_s: float,
    target: datetime,
    to_full: bool,
) -> str:
    """Why a running charge goes on; "" when it should end."""
    if need_s <= 0:
        return "it stays on until it is unplugged, as a charge to 100 % does" if to_full else ""
    if any(start <= now_s < end for start, end in stretches):
        return "its slot lasts"
    if now_s < was.until_s <= now_s + LONGEST_REST_S:
        return "a slot that has begun is finished"
    if now_s >= target.timestamp():
        return "it is late, and goes on until it is done"
    if need_s < NEARLY_DONE_S:
        return "it is nearly done"
    return "the next slot begins in a moment" if _soon(stretches, now_s) else ""


def _end_of(stretches: Sequence[tuple[float, float]], now_s: float, was: Running, need_s: float) -> float:
    """Until when a charge that goes on outside a slot should hold."""
    coming = next((end for start, end in stretches if 0 <= start - now_s < NO_PAUSE_S), 0.0)
    return max(coming, was.until_s, now_s + min(need_s, 1800.0) if need_s > 0 else now_s + 1800.0)


def _soon(stretches: Sequence[tuple[float, float]], after_s: float) -> bool:
    return any(0 <= start - after_s < NO_PAUSE_S for start, _ in stretches)


def _why_now(plan: Plan, now: datetime) -> str:
    for slot in plan.slots:
        if slot.start.timestamp() <= now.timestamp() < slot.end.timestamp():
            return slot.why
    return ""
