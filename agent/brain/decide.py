"""The brain: from everything known at one second to one offer for each charger, and why.

    decide(rules, snapshot, memory, moment) -> (decision, memory)

Pure: no clock, no input or output, no logging, no chance. In this order: what is wanted of each charger
(modes.py), what the sun leaves (budget.py), who gets it (share.py), without flapping (hold.py), and the
guard's last word (guard.py), which may only lower. Every offer carries one sentence that a driver of
the car understands; `steps` tells the whole way there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from agent.brain.budget import DRAWS_KEPT, GRIDS_KEPT, Sun, drawn_amps, heard_at, sun, volts_of, watch
from agent.brain.guard import Proposal, Scene, guard, own_limit
from agent.brain.hold import follow, hold
from agent.brain.limits.grid import bought
from agent.brain.memory import FRESH, ChargerMemory, Memory
from agent.brain.modes import Wanted, wanted
from agent.brain.phases import NOTHING, counted, doubted, learn
from agent.brain.rest import at_rest, still
from agent.brain.share import Claim, share
from agent.brain.tell import told
from agent.model import (
    ChargerRules,
    ChargerStatus,
    Decision,
    Mode,
    Moment,
    Offer,
    Reading,
    Rules,
    Snapshot,
    Step,
)

OFFER_GOOD_S = 10.0
TURN_S = 7200.0
HALF_AMP = 0.5
FORGET_UNHEARD_S = 60.0
RESERVED_S = 35.0
LONGEST_STEP_S = 5.0  # a gap in the brain's own life is not integrated over


class Case(NamedTuple):
    """One charger under decision: its settings, what it said, what is wanted of it, its past."""

    rules: ChargerRules
    status: ChargerStatus
    wanted: Wanted
    memory: ChargerMemory
    phases: tuple[str, ...]  # that its car really loads, as far as is known
    watts_per_amp: float  # volts x as many
    drawn_watts: float
    uncounted_watts: float  # what it draws besides, if it loads all that is wired
    limit_amps: float  # its own and the wish's, together
    soc_percent: float | None


def decide(rules: Rules, snapshot: Snapshot, memory: Memory, moment: Moment) -> tuple[Decision, Memory]:
    """One second's decision. `moment.wall` may be None: then windows are unknown, sun and safety go on."""
    now = moment.mono_s
    if memory.rest is not None:
        again = still(memory.rest, rules, snapshot, moment, OFFER_GOOD_S)
        if again is not None:
            return again, replace(memory, at_mono_s=now)
    dt_s = min(max(0.0, now - memory.at_mono_s), LONGEST_STEP_S) if memory.at_mono_s > 0 else 1.0
    cases = _cases(rules, snapshot, memory, moment)
    draw_watts = sum(case.drawn_watts for case in cases)
    draws = watch(memory.draws, heard_at(snapshot.chargers, now), draw_watts, DRAWS_KEPT)
    grid = snapshot.readings.get("grid")
    grids = watch(memory.grids, grid.at_mono_s, grid.watts, GRIDS_KEPT) if grid else memory.grids
    surplus = sun(rules, snapshot.readings, draws, grids, memory.offered_mono_s, now)
    steps: list[Step] = []
    proposals, pasts = _propose(cases, surplus, rules, now, dt_s, steps)
    room = _room_for_all(rules, cases, now)
    demand = bought(memory.demand, grid, moment) if rules.peak_watts else memory.demand
    dimming = snapshot.control.dimming
    if dimming is not None and dimming.ends_mono_s is not None and now >= dimming.ends_mono_s:
        dimming = None
    scene = Scene(room, surplus.age_s, grid, draws, demand, memory.cut_mono_s, dimming, now)
    lowered, cuts = guard(proposals, scene)
    offers = tuple(_offer(p, moment) for p in lowered)
    told_events, wishes, chargers, limits = told(cases, lowered, cuts, pasts, memory, moment)
    decision = Decision(offers, _budget_amps(surplus, cases, rules), (*steps, *cuts), wishes, told_events)
    offered = now if any(p.amps != p.before_amps for p in lowered) else memory.offered_mono_s
    rest = at_rest(rules, snapshot, decision, chargers) if not limits else None
    after = Memory(now, chargers, draws, grids, offered, limits, rest, demand)
    return decision, after


def _cases(rules: Rules, snapshot: Snapshot, memory: Memory, moment: Moment) -> list[Case]:
    heard = {status.charger_id: status for status in snapshot.chargers}
    cases = []
    limits = snapshot.control.limit_by_charger
    for charger in rules.chargers:
        if charger.charger_id in limits:
            charger = replace(charger, max_amps=min(charger.max_amps, limits[charger.charger_id]))
        status = heard.get(charger.charger_id) or ChargerStatus(charger.charger_id)
        past = memory.chargers.get(charger.charger_id, FRESH)
        wish = wanted(charger, status, snapshot, moment)
        limit = own_limit(charger, status)
        if wish.cap_amps is not None:
            limit = min(limit, wish.cap_amps)
        seen = _seen(past, status, rules, moment.mono_s)
        car = snapshot.cars.get(status.vin) if status.vin else None
        soc = car.soc_percent if car else None
        cases.append(_case(charger, status, wish, seen, limit, soc, rules, moment.mono_s))
    grid = snapshot.readings.get("grid")
    return [_taught(case, cases, grid, rules, moment.mono_s) for case in cases] if grid else cases


def _case(
    charger: ChargerRules,
    status: ChargerStatus,
    wish: Wanted,
    past: ChargerMemory,
    limit: float,
    soc_percent: float | None,
    rules: Rules,
    now: float,
) -> Case:
    learned, volts = past.learned, volts_of(status, rules)
    phases = learned.where or charger.phases
    drawn, count = drawn_amps(status), counted(learned, charger.phases, now)
    per_amp = volts * (learned.phases or len(charger.phases))
    uncounted_watts = drawn * (per_amp - volts * count)
    return Case(
        charger,
        status,
        wish,
        past,
        phases,
        per_amp,
        drawn * volts * count,
        uncounted_watts,
        limit,
        soc_percent,
    )


def _taught(case: Case, cases: list[Case], grid: Reading, rules: Rules, now: float) -> Case:
    """The case with what the meter says of the phases that its car loads."""
    past, status, charger = case.memory, case.status, case.rules
    if not status.linked:
        return case
    rest = [other for other in cases if other is not case]
    others = sum(other.drawn_watts for other in rest)
    sure = all(other.memory.learned.phases or len(other.rules.phases) == 1 for other in rest)
    volts, follows = volts_of(status, rules), case.wanted.mode is not Mode.FAST
    learned = learn(past.learned, charger.phases, drawn_amps(status), others, sure, follows, grid, volts, now)
    if rules.main_fuse_amps and doubted(learned, charger.phases, grid, rules.main_fuse_amps):
        learned = NOTHING
    if learned is past.learned:
        return case
    return _case(
        charger,
        status,
        case.wanted,
        past._replace(learned=learned),
        case.limit_amps,
        case.soc_percent,
        rules,
        now,
    )


def _seen(past: ChargerMemory, status: ChargerStatus, rules: Rules, now: float) -> ChargerMemory:
    """The past with what this second's status adds: plug-in, silence."""
    changes: dict[str, Any] = {}
    if status.plugged is not None and status.plugged != past.plugged:
        changes["plugged"] = status.plugged
        if past.plugged is not None:
            changes["learned"] = NOTHING  # another car, perhaps
        if status.plugged and past.plugged is False:
            changes["grace_until_mono_s"] = now + rules.grace_s
    if status.linked != (past.unheard_since_mono_s is None):
        changes["unheard_since_mono_s"] = None if status.linked else now
    if not status.linked and past.on and now - (past.unheard_since_mono_s or now) > FORGET_UNHEARD_S:
        changes.update(on=False, since_mono_s=now, level_amps=0.0)
    return past._replace(**changes) if changes else past


def _room_for_all(rules: Rules, cases: list[Case], now: float) -> Rules:
    """The circuit less what chargers may still draw that have just fallen silent."""
    reserved = sum(
        max(case.status.offered_amps, case.status.drawn_amps)
        for case in cases
        if not case.status.linked
        and case.status.heard_at_mono_s is not None
        and now - case.status.heard_at_mono_s < RESERVED_S
    )
    return replace(rules, circuit_amps=max(0.0, rules.circuit_amps - reserved)) if reserved else rules


def _budget_amps(surplus: Sun, cases: list[Case], rules: Rules) -> float:
    if surplus.watts is None:
        return 0.0
    per_amp = cases[0].watts_per_amp if cases else rules.volts
    return round(max(0.0, surplus.watts) / per_amp, 2)


def _offer(p: Proposal, moment: Moment) -> Offer:
    return Offer(p.rules.charger_id, p.amps, _sentence(p), moment.mono_s + OFFER_GOOD_S)


def _sentence(p: Proposal) -> str:
    lead = f"Offering {round(p.amps, 1):g} A" if p.amps else "Not charging"
    return f"{lead}: {p.why}." if p.why else f"{lead}."


# --- from wishes to proposals ------------------------------------------------------------------------


def _propose(
    cases: list[Case], surplus: Sun, rules: Rules, now: float, dt_s: float, steps: list[Step]
) -> tuple[list[Proposal], dict[str, ChargerMemory]]:
    sunny = [
        case for case in cases if case.wanted.mode in (Mode.SOLAR, Mode.SOLAR_MIN) and case.status.linked
    ]
    if any(case.status.has_car for case in sunny):
        sunny = [case for case in sunny if case.status.has_car]
    shares = _shares(sunny, surplus, rules, now)
    anyone = any(case.status.has_car for case in cases)
    proposals, pasts = [], {}
    for case in cases:
        charger_id = case.rules.charger_id
        amps, why, past = _one(case, shares.get(charger_id), surplus, anyone, rules, now, dt_s)
        before = case.memory.offer_amps
        steps.append(Step(case.wanted.who, charger_id, before, amps, why))
        proposals.append(
            Proposal(
                case.rules,
                case.status,
                case.wanted.mode,
                amps,
                why,
                before,
                case.phases,
                case.watts_per_amp,
                case.uncounted_watts,
                case.memory.learned,
            )
        )
        pasts[charger_id] = past
    return proposals, pasts


def _shares(sunny: list[Case], surplus: Sun, rules: Rules, now: float) -> Mapping[str, float]:
    if surplus.watts is None or not sunny:
        return {}
    waiting = [case for case in sunny if not case.memory.on]
    return share(surplus.watts, [_claim(case, bool(waiting), now) for case in sunny])


def _claim(case: Case, someone_waits: bool, now: float) -> Claim:
    past = case.memory
    return Claim(
        case.rules.charger_id,
        past.on,
        case.watts_per_amp,
        case.rules.min_amps,
        max(case.limit_amps, case.rules.min_amps),
        case.rules.priority,
        past.since_mono_s,
        someone_waits and past.on and now - past.since_mono_s > TURN_S,
        case.soc_percent,
        HALF_AMP if case.rules.half_amps else 1.0,
    )


def _one(
    case: Case, available: float | None, surplus: Sun, anyone: bool, rules: Rules, now: float, dt_s: float
) -> tuple[float, str, ChargerMemory]:
    """One charger's amps before the guard, the reason, and its past after the sun's rules."""
    past = case.memory
    if not case.status.linked:
        return 0.0, "the charger has not been heard on the bus", past
    if case.wanted.mode is Mode.OFF:
        return 0.0, case.wanted.says or "switched off", _off(past, now)
    if case.wanted.mode is not Mode.SOLAR and now < past.cut_until_mono_s:
        again_s = past.cut_until_mono_s - now
        return 0.0, f"{past.cut_why}, less than a car needs; it tries again in {again_s:.0f} s", past
    if case.wanted.mode is Mode.FAST:
        return _fast(case, anyone, now)
    if available is None:
        return _without_sun(case, surplus, now)
    return _with_sun(case, available, rules, now, dt_s)


def _with_sun(
    case: Case, available: float, rules: Rules, now: float, dt_s: float
) -> tuple[float, str, ChargerMemory]:
    claim = _claim(case, False, now)
    if case.wanted.mode is Mode.SOLAR_MIN:
        return _at_least_the_minimum(case, available, claim, rules, now, dt_s)
    held = hold(case.memory, available, drawn_amps(case.status), claim, rules, now, dt_s)
    if not held.amps and now < case.memory.grace_until_mono_s:
        why = "for a minute, so that the car accepts the charger; then the sun decides"
        return case.rules.min_amps, why, held.memory
    return held.amps, _join(case.wanted.says, held.why), held.memory


def _fast(case: Case, anyone: bool, now: float) -> tuple[float, str, ChargerMemory]:
    says = case.wanted.says or "fast charging"
    if case.limit_amps < case.rules.min_amps:
        return (
            0.0,
            f"{says}, but {case.limit_amps:.0f} A is below this charger's minimum",
            _off(case.memory, now),
        )
    if anyone and not case.status.has_car:
        return 0.0, f"{says}, but no car is seen here and another one is charging", _off(case.memory, now)
    return case.limit_amps, says, _on(case.memory, case.rules.min_amps, now)


def _without_sun(case: Case, surplus: Sun, now: float) -> tuple[float, str, ChargerMemory]:
    if case.wanted.mode is Mode.SOLAR_MIN and (surplus.watts is None or case.status.has_car):
        return case.rules.min_amps, surplus.why or "the minimum", _on(case.memory, case.rules.min_amps, now)
    if surplus.watts is None:
        return 0.0, surplus.why, _off(case.memory, now)
    return 0.0, "no car is seen here, so the sun goes to the other charger", _off(case.memory, now)


def _at_least_the_minimum(
    case: Case, available: float, claim: Claim, rules: Rules, now: float, dt_s: float
) -> tuple[float, str, ChargerMemory]:
    past = _on(case.memory, case.rules.min_amps, now)
    level, following = follow(past, available, claim, rules, now, dt_s)
    past = past._replace(level_amps=level, following=following)
    spare_kw = max(0.0, available) * case.watts_per_amp / 1000
    why = "the minimum" if level <= case.rules.min_amps else "the minimum and the sun above it"
    return level, _join(case.wanted.says, f"{why} ({spare_kw:.1f} kW of sun)"), past


def _on(past: ChargerMemory, level: float, now: float) -> ChargerMemory:
    if past.on:
        return past
    return past._replace(on=True, since_mono_s=now, started_mono_s=now, level_amps=level)


def _off(past: ChargerMemory, now: float) -> ChargerMemory:
    if not past.on:
        return past
    return past._replace(on=False, since_mono_s=now, level_amps=0.0)


def _join(says: str, why: str) -> str:
    return f"{says}; {why}" if says else why
