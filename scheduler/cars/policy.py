"""When a car's cloud is asked: almost never. Pure.

Reading a car's data keeps it awake and empties its battery, and each call may cost money. The bus tells for
nothing when a car comes, draws, stops and leaves, so the cloud is asked at these edges only:

1. not at our chargers: never;
2. just plugged in: once, ten seconds later (it is awake then, and what it says is what its driver set);
3. drawing: every `poll_s` (it can't sleep anyway), more often shortly before its limit;
4. it stopped drawing: once, two minutes later (why?);
5. plugged in and idle: never, until somebody has to decide something and what is known is older than
   `max_age_s`. Then it is asked first whether it is awake, which costs nothing and keeps nobody up, and
   its data only if it is. Nobody is woken for a look.

What fails is tried again with growing patience. Times of polls differ by up to a tenth from car to car and
from time to time, so that houses don't ask all at once.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import StrEnum

from scheduler.cars.memory import CarMemory
from scheduler.cars.sight import Sight

SETTLE_S = 10.0
AFTER_STOP_S = 120.0
NEAR_PERCENT = 3.0
NEAR_POLL_S = 120.0
LOOK_GAP_S = 900.0
FIRST_PATIENCE_S, LONGEST_PATIENCE_S = 60.0, 3600.0


class Ask(StrEnum):
    """What to ask of the cloud now."""

    NOTHING = "nothing"
    LOOK = "look"  # is it awake? if so, read it
    READ = "read"


@dataclass(frozen=True, slots=True)
class PollRules:
    """How often. `local`: the source is at home and doesn't touch the car, so it may be asked any time."""

    poll_s: float = 300.0
    max_age_s: float = 7200.0
    local: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """What to ask, and why (or why not)."""

    ask: Ask
    why: str


def next_ask(
    rules: PollRules,
    memory: CarMemory,
    sight: Sight,
    now_s: float,
    *,
    soc_percent: float | None,
    deciding: str,
) -> Next:
    """What to ask now. `soc_percent` is estimated; `deciding` says what hangs on it, or is empty."""
    if memory.failures and 0 <= now_s - memory.failed_s < patience_s(memory.failures):
        return Next(Ask.NOTHING, "the last try failed a moment ago")
    since_read_s = now_s - memory.read_s
    if rules.local:
        due = not 0 <= since_read_s < rules.poll_s
        return Next(Ask.READ if due else Ask.NOTHING, "it is asked at home, the car does not notice")
    if memory.here_since_s is None or not sight.certain:
        return Next(Ask.NOTHING, "it is not at our chargers")
    if memory.read_s < memory.here_since_s and memory.looked_s < memory.here_since_s:
        settled = now_s - memory.here_since_s >= SETTLE_S
        return Next(Ask.LOOK if settled else Ask.NOTHING, "it was just plugged in")
    if sight.drawing:
        return _charging(rules, memory, since_read_s, soc_percent)
    if memory.stopped_s is not None and max(memory.read_s, memory.looked_s) < memory.stopped_s:
        due = now_s - memory.stopped_s >= AFTER_STOP_S
        return Next(Ask.LOOK if due else Ask.NOTHING, "it stopped drawing: why?")
    if not deciding:
        return Next(Ask.NOTHING, "nothing hangs on it: it may sleep")
    stale = memory.read_s < memory.here_since_s or since_read_s >= rules.max_age_s
    due = stale and now_s - memory.looked_s >= LOOK_GAP_S
    return Next(Ask.LOOK if due else Ask.NOTHING, deciding)


def _charging(rules: PollRules, memory: CarMemory, since_read_s: float, soc_percent: float | None) -> Next:
    limit = memory.reading.limit_percent if memory.reading else None
    near = soc_percent is not None and limit is not None and soc_percent >= limit - NEAR_PERCENT
    every_s = min(NEAR_POLL_S, rules.poll_s) if near else rules.poll_s
    due = not 0 <= since_read_s < every_s * _jitter(memory.read_s)
    return Next(Ask.READ if due else Ask.NOTHING, "it charges")


def patience_s(failures: int) -> float:
    """How long a car is left alone after so many failures in a row."""
    return min(FIRST_PATIENCE_S * 2.0 ** min(failures - 1, 20), LONGEST_PATIENCE_S)


def _jitter(seed: float) -> float:
    """A factor from 0.9 to 1.1 that anybody can compute again."""
    return 0.9 + 0.2 * (zlib.crc32(repr(seed).encode()) % 1000) / 1000
