"""What a decision changes in the world beside amps: events, wishes to the car's cloud, the memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.brain.cases import Case
from agent.brain.guard import DIMMING, FUSE_CALM_S, IMBALANCE, MAIN_FUSE, PEAK, Proposal
from agent.brain.hold import START_APART_S
from agent.brain.memory import ChargerMemory, Memory
from agent.model import ChargerRules, ChargerStatus, Event, Mode, Moment, Step, Wish
from notify.events import Severity

ASK_TO_START_AFTER_S = 60.0
ASK_TO_STOP_AFTER_S = 30.0
STOP_FAILED_AFTER_S = 120.0
CUT_S = 300.0
BLIND_S = 60.0  # after a silent meter
STILL_DRAWS_AMPS = 1.0
TROUBLE_ENDS_S = 900.0  # a limit that has held nobody back for so long is over

# by rule: the event as it begins, how grave, its words; the event as it ends, its words
TOLD: Mapping[str, tuple[str, Severity, str, str, str]] = {
    MAIN_FUSE: (
        "fuse_cut",
        "warning",
        "The main fuse is fully used",
        "fuse_ok",
        "The main fuse has room again.",
    ),
    PEAK: (
        "peak_cut",
        "warning",
        "The cap on what is bought is reached",
        "peak_ok",
        "There is room below the cap on what is bought again.",
    ),
    IMBALANCE: (
        "uneven_cut",
        "warning",
        "One phase carries much more than the others",
        "uneven_ok",
        "The phases are even enough again.",
    ),
    DIMMING: (
        "dimmed",
        "warning",
        "An order to leave room is in force",
        "dimmed_over",
        "The order to leave room no longer holds charging back.",
    ),
}


class Told(NamedTuple):
    """Events and wishes of one second, each charger's memory after it, and the limits' past."""

    events: tuple[Event, ...]
    wishes: tuple[Wish, ...]
    chargers: dict[str, ChargerMemory]
    cut_mono_s: Mapping[str, float]
    limit_told_mono_s: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Told:
    events: list[Event]
    wishes: list[Wish]


def told(
    cases: Sequence[Case],
    proposals: Sequence[Proposal],
    cuts: Sequence[Step],
    pasts: Mapping[str, ChargerMemory],
    memory: Memory,
    moment: Moment,
) -> Told:
    """What this second tells, and what is remembered of it."""
    told_now = _Told([], [])
    chargers = {
        case.rules.charger_id: _one(case, p, pasts[case.rules.charger_id], cuts, told_now, moment)
        for case, p in zip(cases, proposals, strict=True)
    }
    limits, troubles = memory.cut_mono_s, memory.limit_told_mono_s
    if cuts or limits or troubles:
        took = {p.rules.charger_id for p in proposals if p.amps < p.before_amps}
        limits = _cuts(cuts, took, limits, moment.mono_s)
        troubles = _news(cuts, took, troubles, told_now, moment)
    return Told(tuple(told_now.events), tuple(told_now.wishes), chargers, limits, troubles)


def _one(
    case: Case,
    p: Proposal,
    past: ChargerMemory,
    cuts: Sequence[Step],
    told_now: _Told,
    moment: Moment,
) -> ChargerMemory:
    status, now = case.status, moment.mono_s
    changes: dict[str, Any] = {}
    if p.amps != past.offer_amps:
        changes["offer_amps"] = p.amps
        if not p.amps:
            changes["stopped_why"] = p.why
    if p.amps == 0 and past.on and status.linked:  # a limit took the last amps
        changes.update(on=False, since_mono_s=now, level_amps=0.0)
        changes.update(_refused(p, past, cuts, now))
    if status.linked and status.charging != past.charging:
        changes["charging"] = status.charging
        why = (
            p.why
            if p.amps
            else changes.get("stopped_why") or past.stopped_why or f"nothing is offered ({p.why})"
        )
        told_now.events.append(_charging_event(case.rules, status, p, why, moment))
    idle = status.linked and p.amps > 0 and not status.charging and bool(status.plugged)
    defiant = (
        status.linked and p.amps == 0 and status.offered_amps == 0 and status.drawn_amps > STILL_DRAWS_AMPS
    )
    if idle != (past.idle_since_mono_s is not None):
        changes["idle_since_mono_s"] = now if idle else None
    if defiant != (past.defiant_since_mono_s is not None):
        changes["defiant_since_mono_s"] = now if defiant else None
    if idle or defiant:
        _wish(case, p, past, told_now, moment)
    return past._replace(**changes) if changes else past


def _refused(p: Proposal, past: ChargerMemory, cuts: Sequence[Step], now: float) -> dict[str, Any]:
    """How long not to start again, and what is said meanwhile.

    A car that follows the sun waits for its next start anyway; and once a silent meter is back, all is well.
    """
    limit = next((step for step in reversed(cuts) if step.charger_id == p.rules.charger_id), None)
    rule = limit.rule if limit is not None else ""
    if rule == "stale meter":
        return {"cut_until_mono_s": now + BLIND_S, "cut_why": "the meter was silent a moment ago"}
    lasts_s = max(CUT_S, past.started_mono_s + START_APART_S - now) if p.mode is Mode.SOLAR else CUT_S
    if rule.startswith("unwatched"):
        lasts_s = BLIND_S
    return {
        "cut_until_mono_s": now + lasts_s,
        "cut_why": f"too little for a car when it last tried ({p.why})",
    }


def _charging_event(
    rules: ChargerRules, status: ChargerStatus, p: Proposal, why: str, moment: Moment
) -> Event:
    data = {"charger": rules.charger_id, "vin": status.vin, "amps": p.amps, "reason": why}
    if status.charging and not p.amps:  # it did so before we began, or does so unasked
        sentence = f"{rules.label} draws {status.drawn_amps:.0f} A with nothing on offer: {p.why}."
        return Event("charging_started", sentence, subject=rules.charger_id, at_wall=moment.wall, data=data)
    if status.charging:
        sentence = f"{rules.label} started charging at {p.amps:g} A: {why}."
        return Event("charging_started", sentence, subject=rules.charger_id, at_wall=moment.wall, data=data)
    if p.amps == 0:
        sentence = f"{rules.label} stopped charging: {why}."
        return Event("charging_stopped", sentence, subject=rules.charger_id, at_wall=moment.wall, data=data)
    sentence = f"{rules.label}: the car stopped taking power, with {p.amps:g} A on offer."
    return Event("charging_finished", sentence, subject=rules.charger_id, at_wall=moment.wall, data=data)


def _wish(case: Case, p: Proposal, past: ChargerMemory, told_now: _Told, moment: Moment) -> None:
    """Ask the car's cloud for what amps alone do not achieve."""
    now, status, charger_id = moment.mono_s, case.status, case.rules.charger_id
    if p.amps > 0:
        since = past.idle_since_mono_s
        if status.vin and since is not None and now - since >= ASK_TO_START_AFTER_S:
            told_now.wishes.append(Wish(status.vin, "start", None, p.why, charger_id))
        return
    since = past.defiant_since_mono_s
    if since is None:
        return
    if status.vin and now - since >= ASK_TO_STOP_AFTER_S:
        told_now.wishes.append(Wish(status.vin, "stop", None, p.why, charger_id))
    if now - since >= STOP_FAILED_AFTER_S > now - since - 1.0:
        sentence = (
            f"{case.rules.label} offers 0 A, yet its car has drawn {status.drawn_amps:.0f} A for "
            f"{STOP_FAILED_AFTER_S / 60:.0f} minutes. Stop the charge in the car, or unplug it."
        )
        told_now.events.append(Event("stop_failed", sentence, "error", charger_id, at_wall=moment.wall))


def _cuts(
    cuts: Sequence[Step], took: Collection[str], before: Mapping[str, float], now: float
) -> Mapping[str, float]:
    """When each limit last took amps away, without those that have had room for a while."""
    after = {rule: at for rule, at in before.items() if now - at < FUSE_CALM_S}
    for step in cuts:
        limit = _limit_of(step)
        if step.charger_id in took and limit in (MAIN_FUSE, PEAK, IMBALANCE):
            after[limit] = now
    return after


def _news(
    cuts: Sequence[Step], took: Collection[str], before: Mapping[str, float], told_now: _Told, moment: Moment
) -> Mapping[str, float]:
    """When each limit that was told of last held anybody back; one event as it begins, one as it ends.

    A limit begins when it takes amps away. It goes on as long as it holds somebody back, and a quarter of an
    hour beyond: a kettle that comes and goes is one trouble, and one letter.
    """
    now = moment.mono_s
    after = dict(before)
    for step in cuts:
        limit = _limit_of(step)
        if limit in after:
            after[limit] = now
        elif limit in TOLD and step.charger_id in took:
            after[limit] = now
            kind, severity, begins, _, _ = TOLD[limit]
            sentence = f"{begins}: charging was lowered ({step.why})."
            told_now.events.append(Event(kind, sentence, severity, limit, at_wall=moment.wall))
    for limit, at in before.items():
        if after[limit] == at and now - at >= TROUBLE_ENDS_S:
            del after[limit]
            kind, _, _, end, ends = TOLD[limit]
            told_now.events.append(Event(end, ends, "info", limit, kind, moment.wall))
    return after


def _limit_of(step: Step) -> str:
    return MAIN_FUSE if step.rule.startswith(f"{MAIN_FUSE} on") else step.rule
