"""No flapping: when to start, when to stop, how fast to follow the sun.

Stopping is the expensive act: a contactor wears, and a car refuses after a dozen interruptions. Below
the minimum (6 A) a charger can only buy or stop. `min_solar_share` says which: 1.0 never buys for the
sun's sake, 0.45 goes on while nearly half of the minimum is sun.

* Start once the sun has covered its share of the minimum for the start delay, and long enough after the
  last stop and start (one start in ten minutes at the most).
* Down at once; up only to what has lasted ten seconds; whole amps (fractions make Teslas misbehave).
* Stop when what was bought below that share adds up to a small debt of energy: a deep dip stops soon, a
  shallow one late, and sun in between repays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor

from agent.brain.memory import ChargerMemory
from agent.brain.share import Claim
from agent.model import Rules

UP_LASTS_S = 10.0
DEBT_WH = 25.0
START_APART_S = 600.0
DIP_FORGIVEN = 0.3  # while waiting to start, a dip of this much of the need does not reset the wait


@dataclass(frozen=True, slots=True)
class Held:
    """The sun's answer for one charger: amps (0 or at least the minimum) and why, in words."""

    amps: float
    why: str
    memory: ChargerMemory


def hold(
    memory: ChargerMemory, available: float, claim: Claim, rules: Rules, now: float, dt_s: float
) -> Held:
    """Amps for a charger that follows the sun, from the amps of sun `available` to it."""
    if memory.on:
        return _running(memory, available, claim, rules, now, dt_s)
    return _waiting(memory, available, claim, rules, now)


def need_amps(claim: Claim, rules: Rules) -> float:
    """The sun that must be there before a charger starts: a little more than what keeps it going."""
    share = rules.min_solar_share
    return claim.min_amps * (share + 0.3 * (1 - share))


def _waiting(memory: ChargerMemory, available: float, claim: Claim, rules: Rules, now: float) -> Held:
    need = need_amps(claim, rules)
    spare_kw = max(0.0, available) * claim.watts_per_amp / 1000
    if available < need:
        since = memory.above_since_mono_s
        if since is not None and available < need * (1 - DIP_FORGIVEN):
            since = None
        if since is None:
            need_kw = need * claim.watts_per_amp / 1000
            why = f"waiting for sun: {spare_kw:.1f} kW to spare, {need_kw:.1f} kW are needed"
            return Held(0.0, why, _with_wait(memory, None))
    else:
        since = now if memory.above_since_mono_s is None else memory.above_since_mono_s
    ready_at = max(
        since + rules.start_delay_s,
        memory.since_mono_s + rules.min_off_s,
        memory.started_mono_s + START_APART_S,
    )
    if now < ready_at or available < need:
        wait = _duration(max(1.0, ready_at - now))
        return Held(
            0.0,
            f"starting in {wait} if the sun stays ({spare_kw:.1f} kW to spare)",
            _with_wait(memory, since),
        )
    level = min(max(floor(available), claim.min_amps), claim.cap_amps)
    started = replace(
        memory,
        on=True,
        since_mono_s=now,
        started_mono_s=now,
        above_since_mono_s=None,
        level_amps=level,
        up_since_mono_s=None,
        debt_wh=0.0,
    )
    return Held(level, f"the sun has {spare_kw:.1f} kW to spare", started)


def _with_wait(memory: ChargerMemory, since: float | None) -> ChargerMemory:
    return memory if memory.above_since_mono_s == since else replace(memory, above_since_mono_s=since)


def _running(
    memory: ChargerMemory, available: float, claim: Claim, rules: Rules, now: float, dt_s: float
) -> Held:
    share = rules.min_solar_share
    missing_w = (claim.min_amps * share - available) * claim.watts_per_amp
    debt_wh = memory.debt_wh
    if missing_w > 0 or debt_wh > 0:
        debt_wh = max(0.0, debt_wh + missing_w * dt_s / 3600)
    spare_kw = max(0.0, available) * claim.watts_per_amp / 1000
    if debt_wh > DEBT_WH and now - memory.since_mono_s >= rules.min_on_s:
        stopped = replace(
            memory, on=False, since_mono_s=now, level_amps=0.0, debt_wh=0.0, above_since_mono_s=None
        )
        return Held(0.0, f"stopped: the sun leaves only {spare_kw:.1f} kW", stopped)
    level, up_since, up_amps = follow(memory, available, claim, share, now)
    if (level, up_since, up_amps, debt_wh) != (
        memory.level_amps,
        memory.up_since_mono_s,
        memory.up_amps,
        memory.debt_wh,
    ):
        memory = replace(memory, level_amps=level, up_since_mono_s=up_since, up_amps=up_amps, debt_wh=debt_wh)
    return Held(level, _running_words(level, available, spare_kw, claim), memory)


def follow(
    memory: ChargerMemory, available: float, claim: Claim, share: float, now: float
) -> tuple[float, float | None, float]:
    """The next whole-amp level: down at once, up to the least of the last ten seconds."""
    round_up = 0.15 + 0.65 * (1 - share)
    target = float(min(max(floor(available + round_up), claim.min_amps), claim.cap_amps))
    level = memory.level_amps
    if target <= level:
        return target, None, 0.0
    if memory.up_since_mono_s is None:
        return level, now, target
    least = min(memory.up_amps, target)
    if now - memory.up_since_mono_s < UP_LASTS_S:
        return level, memory.up_since_mono_s, least
    return least, None, 0.0


def _running_words(level: float, available: float, spare_kw: float, claim: Claim) -> str:
    if available >= claim.cap_amps:
        return "more sun than this charger may use"
    if available < claim.min_amps:
        return f"holding the minimum through a cloud ({spare_kw:.1f} kW of sun)"
    return f"the sun has {spare_kw:.1f} kW to spare"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
