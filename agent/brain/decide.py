"""The brain: from everything known at one second to one offer for each charger, and why.

    decide(rules, snapshot, memory, moment) -> (decision, memory)

Pure: no clock, no input or output, no logging, no chance. In this order: what is known and wanted of each
charger (cases.py, modes.py), what the sun leaves (budget.py), who gets it (propose.py, share.py), without
flapping (hold.py), and the guard's last word (guard.py), which may only lower. Every offer carries one
sentence that a driver of the car understands; `steps` tells the whole way there.
"""

from __future__ import annotations

from dataclasses import replace

from agent.brain.budget import GRIDS_KEPT, Sun, heard_at, kept_for, sun, watch
from agent.brain.cases import Case, cases_of, is_reserved
from agent.brain.guard import Proposal, Scene, guard
from agent.brain.limits.grid import bought
from agent.brain.memory import Memory
from agent.brain.phases import (
    remembered,
)
from agent.brain.propose import propose
from agent.brain.rest import at_rest, still
from agent.brain.tell import told
from agent.model import (
    Decision,
    Moment,
    Offer,
    Rules,
    Snapshot,
    Step,
)

OFFER_GOOD_S = 10.0
LONGEST_STEP_S = 5.0  # a gap in the brain's own life is not integrated over


def decide(rules: Rules, snapshot: Snapshot, memory: Memory, moment: Moment) -> tuple[Decision, Memory]:
    """One second's decision. `moment.wall` may be None: then windows are unknown, sun and safety go on."""
    now = moment.mono_s
    if memory.rest is not None:
        again = still(memory.rest, rules, snapshot, moment, OFFER_GOOD_S)
        if again is not None:
            return again, replace(memory, at_mono_s=now)
    dt_s = min(max(0.0, now - memory.at_mono_s), LONGEST_STEP_S) if memory.at_mono_s > 0 else 1.0
    cases = cases_of(rules, snapshot, memory, moment)
    draw_watts = sum(case.drawn_watts for case in cases)
    grid = snapshot.readings.get("grid")
    draws = watch(memory.draws, heard_at(snapshot.chargers, now), draw_watts, kept_for(memory.draws, grid))
    grids = watch(memory.grids, grid.at_mono_s, grid.watts, GRIDS_KEPT) if grid else memory.grids
    surplus = _less_strays(sun(rules, snapshot.readings, draws, grids, memory.offered_mono_s, now), cases)
    steps: list[Step] = []
    proposals, pasts = propose(cases, surplus, rules, now, dt_s, steps)
    room = _room_for_all(rules, cases, now)
    demand = bought(memory.demand, grid, moment) if rules.peak_watts else memory.demand
    dimming = snapshot.control.dimming
    if dimming is not None and dimming.ends_mono_s is not None and now >= dimming.ends_mono_s:
        dimming = None
    scene = Scene(room, surplus.age_s, grid, draws, demand, memory.cut_mono_s, dimming, now)
    lowered, cuts = guard(proposals, scene)
    offers = tuple(_offer(p, snapshot.bus_problem, moment) for p in lowered)
    said = told(cases, lowered, cuts, pasts, memory, moment)
    budget_amps = _budget_amps(surplus, cases, rules)
    decision = Decision(offers, budget_amps, (*steps, *cuts), said.wishes, said.events)
    offered = now if any(p.amps != p.before_amps for p in lowered) else memory.offered_mono_s
    calm = not (said.cut_mono_s or said.limit_told_mono_s)
    rest = at_rest(rules, snapshot, decision, said.chargers) if calm else None
    known = memory.phases_by_car
    for case in cases:
        known = remembered(known, case.rules.charger_id, case.status.vin, case.memory.learned)
    limits, troubles = said.cut_mono_s, said.limit_told_mono_s
    return decision, Memory(now, said.chargers, draws, grids, offered, limits, rest, demand, known, troubles)


def _room_for_all(rules: Rules, cases: list[Case], now: float) -> Rules:
    """The circuit less what chargers may yet take, beyond what they draw, that have just fallen silent."""
    reserved = sum(
        max(0.0, case.status.offered_amps - case.stray_amps)
        for case in cases
        if is_reserved(case.status, now)
    )
    return replace(rules, circuit_amps=max(0.0, rules.circuit_amps - reserved)) if reserved else rules


def _less_strays(surplus: Sun, cases: list[Case]) -> Sun:
    """The sun without what flows where nothing is offered: nobody else can have that."""
    if surplus.watts is None or not any(case.stray_amps for case in cases):
        return surplus
    lost = sum(
        case.drawn_watts * max(0.0, 1.0 - case.memory.offer_amps * case.status.linked / case.stray_amps)
        for case in cases
        if case.stray_amps
    )
    return surplus._replace(watts=surplus.watts - lost)


def _budget_amps(surplus: Sun, cases: list[Case], rules: Rules) -> float:
    if surplus.watts is None:
        return 0.0
    per_amp = cases[0].watts_per_amp if cases else rules.volts
    return round(max(0.0, surplus.watts) / per_amp, 2)


def _offer(p: Proposal, unreached: str, moment: Moment) -> Offer:
    """`unreached`: why no word reaches a charger; then that is the reason, and no amps are promised."""
    reason = f"Not in our hands now: {unreached}" if unreached else _sentence(p)
    return Offer(p.rules.charger_id, p.amps, reason, moment.mono_s + OFFER_GOOD_S)


def _sentence(p: Proposal) -> str:
    lead = f"Offering {round(p.amps, 1):g} A" if p.amps else "Not charging"
    takes = "; the car takes none of it" if p.sated and p.amps and not p.why.startswith("its car") else ""
    return f"{lead}: {p.why}{takes}." if p.why else f"{lead}{takes}."
