"""What a decision changes in the world beside amps: events, wishes to the car's cloud, the memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from agent.brain.guard import FUSE_CALM_S, IMBALANCE, MAIN_FUSE, PEAK, Proposal
from agent.brain.memory import ChargerMemory, Memory
from agent.model import ChargerRules, ChargerStatus, Event, Moment, Step, Wish

ASK_TO_START_AFTER_S = 60.0
ASK_TO_STOP_AFTER_S = 30.0
STOP_FAILED_AFTER_S = 120.0
CUT_S = 300.0
STILL_DRAWS_AMPS = 1.0


class AnyCase(Protocol):
    """What this file needs of decide.Case."""

    @property
    def rules(self) -> ChargerRules: ...
    @property
    def status(self) -> ChargerStatus: ...
    @property
    def memory(self) -> ChargerMemory: ...


@dataclass(frozen=True, slots=True)
class _Told:
    events: list[Event]
    wishes: list[Wish]


def told(
    cases: Sequence[AnyCase],
    proposals: Sequence[Proposal],
    cuts: Sequence[Step],
    pasts: Mapping[str, ChargerMemory],
    memory: Memory,
    moment: Moment,
) -> tuple[tuple[Event, ...], tuple[Wish, ...], dict[str, ChargerMemory], Mapping[str, float]]:
    """Events and wishes of this second, each charger's memory after it, and when limits last cut."""
    told_now = _Told([], [])
    chargers = {
        case.rules.charger_id: _one(case, p, pasts[case.rules.charger_id], told_now, moment)
        for case, p in zip(cases, proposals, strict=True)
    }
    limits = memory.cut_mono_s
    if cuts or limits:
        took = {p.rules.charger_id for p in proposals if p.amps < p.before_amps}
        limits = _cuts([step for step in cuts if step.charger_id in took], limits, told_now, moment)
    return tuple(told_now.events), tuple(told_now.wishes), chargers, limits


def _one(case: AnyCase, p: Proposal, past: ChargerMemory, told_now: _Told, moment: Moment) -> ChargerMemory:
    status, now = case.status, moment.mono_s
    changes: dict[str, Any] = {}
    if p.amps != past.offer_amps:
        changes["offer_amps"] = p.amps
    if p.amps == 0 and past.on and status.linked:  # a limit took the last amps
        changes.update(
            on=False, since_mono_s=now, level_amps=0.0, cut_until_mono_s=now + CUT_S, cut_why=p.why
        )
    if status.linked and status.charging != past.charging:
        changes["charging"] = status.charging
        told_now.events.append(_charging_event(case.rules, status, p, moment))
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


def _charging_event(rules: ChargerRules, status: ChargerStatus, p: Proposal, moment: Moment) -> Event:
    data = {"charger": rules.charger_id, "vin": status.vin, "amps": p.amps, "reason": p.why}
    if status.charging:
        sentence = f"{rules.label} started charging at {p.amps:.0f} A: {p.why}."
        return Event("charging_started", sentence, subject=rules.charger_id, at_wall=moment.wall, data=data)
    if p.amps == 0:
        sentence = f"{rules.label} stopped charging: {p.why}."
        return Event("charging_stopped", sentence, subject=rules.charger_id, at_wall=moment.wall, data=data)
    sentence = f"{rules.label}: the car stopped taking power, with {p.amps:.0f} A on offer."
    return Event("charging_finished", sentence, subject=rules.charger_id, at_wall=moment.wall, data=data)


def _wish(case: AnyCase, p: Proposal, past: ChargerMemory, told_now: _Told, moment: Moment) -> None:
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
    cuts: Sequence[Step], before: Mapping[str, float], told_now: _Told, moment: Moment
) -> Mapping[str, float]:
    """When each limit last took amps away, without those that have had room for a while."""
    after = {rule: at for rule, at in before.items() if moment.mono_s - at < FUSE_CALM_S}
    for step in cuts:
        limit = MAIN_FUSE if step.rule.startswith(f"{MAIN_FUSE} on") else step.rule
        if limit in (MAIN_FUSE, PEAK, IMBALANCE):
            after[limit] = moment.mono_s
    fuse_steps = [step for step in cuts if step.rule.startswith(f"{MAIN_FUSE} on")]
    if fuse_steps and MAIN_FUSE not in before:
        sentence = f"The {fuse_steps[0].rule} is fully used: charging was lowered ({fuse_steps[0].why})."
        told_now.events.append(Event("fuse_cut", sentence, "warning", MAIN_FUSE, at_wall=moment.wall))
    if MAIN_FUSE in before and MAIN_FUSE not in after:
        sentence = "The main fuse has room again."
        told_now.events.append(Event("fuse_ok", sentence, "info", MAIN_FUSE, "fuse_cut", moment.wall))
    return after
