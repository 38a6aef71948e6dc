"""What each charger should have before the guard has spoken: by its mode and its share of the sun. Pure."""

from __future__ import annotations

from agent.brain.budget import Sun, drawn_amps
from agent.brain.cases import Case
from agent.brain.guard import Proposal
from agent.brain.hold import WAITING, duration, follow, hold, law_of
from agent.brain.memory import ChargerMemory
from agent.brain.phases import has_answered, is_tried
from agent.brain.share import Claim, share, swaps
from agent.model import Mode, Rules, Step

TURN_S = 7200.0
HALF_AMP = 0.5

Wished = tuple[float, str, ChargerMemory]  # amps before the guard, why, the past after it


def propose(
    cases: list[Case], surplus: Sun, rules: Rules, now: float, dt_s: float, steps: list[Step]
) -> tuple[list[Proposal], dict[str, ChargerMemory]]:
    """A proposal for each case, and each charger's past after it; `steps` gets the reasons."""
    sunny = [
        case for case in cases if case.wanted.mode in (Mode.SOLAR, Mode.SOLAR_MIN) and case.status.linked
    ]
    if any(case.status.has_car for case in sunny):
        sunny = [case for case in sunny if case.status.has_car]
    waiting = any(not case.memory.on for case in sunny)
    claims = [_claim(case, waiting, now) for case in sunny]
    shares = {}
    if surplus.watts is not None and claims:
        shares = share(surplus.watts, claims, law_of(rules.min_solar_share).break_even)
    anyone = any(case.status.has_car for case in cases)
    wishes = {
        case.rules.charger_id: _one(
            case, shares.get(case.rules.charger_id), surplus, anyone, rules, now, dt_s
        )
        for case in cases
    }
    if any(claim.sated for claim in claims) and not all(claim.sated for claim in claims):
        _yield(wishes, claims, shares)
    if surplus.watts is not None and len(claims) > 1:
        _swap(wishes, cases, claims, surplus.watts, rules, now)
    proposals, pasts = [], {}
    for case in cases:
        charger_id = case.rules.charger_id
        amps, why, past = wishes[charger_id]
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
                case.most_watts_per_amp,
                case.uncounted_watts,
                case.memory.learned,
                case.stray_amps,
                case.sated,
            )
        )
        pasts[charger_id] = past
    return proposals, pasts


def _yield(wishes: dict[str, Wished], claims: list[Claim], shares: dict[str, float]) -> None:
    """A car that takes nothing hears who gets its sun, not that there is none."""
    for claim in claims:
        if claim.sated and shares.get(claim.charger_id, 0.0) < claim.min_amps:
            amps, _, past = wishes[claim.charger_id]
            wishes[claim.charger_id] = amps, "its car takes nothing, so the sun goes to another", past


def _swap(
    wishes: dict[str, Wished], cases: list[Case], claims: list[Claim], pool: float, rules: Rules, now: float
) -> None:
    """Where a car starts for which another one has to stop: that one stops now, and not a cloud later.

    A car takes some 20 s to begin and the bus lowers before it raises, so nothing is bought for it.
    """
    by_id = {case.rules.charger_id: case for case in cases if case.wanted.mode is Mode.SOLAR}
    starting = {key for key, case in by_id.items() if wishes[key][2].on and not case.memory.on}
    if not starting:
        return
    for giver, taker in swaps(pool, claims, starting):
        gives, takes = by_id.get(giver.charger_id), by_id[taker.charger_id]
        if gives is None:
            continue
        if now - gives.memory.since_mono_s < rules.min_on_s:
            says = f"{gives.rules.label} has only just started"
            wishes[taker.charger_id] = 0.0, _join(takes.wanted.says, says), _as_of(takes.memory, now)
            continue
        why = f"{_why_it_gives(giver, taker)}: {takes.rules.label} has the sun now"
        wishes[giver.charger_id] = 0.0, _join(gives.wanted.says, why), _off(gives.memory, now)


def _as_of(past: ChargerMemory, now: float) -> ChargerMemory:
    """The same past a second later, not forgotten for having waited."""
    return past._replace(following=past.following._replace(at_mono_s=now))


def _why_it_gives(giver: Claim, taker: Claim) -> str:
    if giver.sated:
        return "its car takes nothing"
    if taker.priority != giver.priority:
        return "it comes second"
    return "its turn is over" if giver.turn_over else "its car is fuller"


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
        not past.on and now - past.since_mono_s < TURN_S / 2,
        case.soc_percent,
        HALF_AMP if case.rules.half_amps else 1.0,
        past.level_amps,
        case.sated,
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
    most = min(case.limit_amps, rules.circuit_amps)
    if most < case.rules.min_amps:
        says = case.wanted.says or ("fast charging" if case.wanted.mode is Mode.FAST else "")
        return 0.0, _too_few(says, most, case.rules.min_amps), _off(past, now)
    if case.wanted.mode is not Mode.SOLAR and now < past.cut_until_mono_s:
        again_s = past.cut_until_mono_s - now
        return 0.0, f"{past.cut_why}; it tries again in {duration(again_s)}", past
    if case.wanted.mode is Mode.FAST:
        return _fast(case, anyone, now)
    if available is None:
        return _without_sun(case, surplus, now)
    return _with_sun(case, available, surplus, rules, now, dt_s)


def _with_sun(
    case: Case, available: float, surplus: Sun, rules: Rules, now: float, dt_s: float
) -> tuple[float, str, ChargerMemory]:
    claim = _claim(case, False, now)
    if case.wanted.mode is Mode.SOLAR_MIN:
        return _at_least_the_minimum(case, available, claim, rules, now, dt_s)
    if not case.memory.on and surplus.age_s > rules.stale_no_raise_s:
        why = f"the grid meter is silent for {surplus.age_s:.0f} s: no start before it is back"
        return 0.0, _join(case.wanted.says, why), case.memory
    held = hold(case.memory, available, drawn_amps(case.status), claim, rules, now, dt_s)
    if not held.amps and now < case.memory.grace_until_mono_s:
        why = "for a minute, so that the car accepts the charger; then the sun decides"
        return case.rules.min_amps, why, held.memory
    learned = case.memory.learned
    tried = len(case.rules.phases) > 1 and is_tried(learned, case.known_phases, now)
    if tried and not has_answered(learned) and held.amps > case.rules.min_amps:
        why = "the minimum, until the meter has shown how many phases this car uses"
        return case.rules.min_amps, _join(case.wanted.says, why), held.memory
    why = f"{held.why}; {surplus.why}" if surplus.why and held.why.startswith(WAITING) else held.why
    return held.amps, _join(case.wanted.says, why), held.memory


def _fast(case: Case, anyone: bool, now: float) -> tuple[float, str, ChargerMemory]:
    says = case.wanted.says or "fast charging"
    if anyone and not case.status.has_car:
        return 0.0, f"{says}, but no car is seen here and another one is charging", _off(case.memory, now)
    return case.limit_amps, says, _on(case.memory, case.rules.min_amps, now)


def _without_sun(case: Case, surplus: Sun, now: float) -> tuple[float, str, ChargerMemory]:
    if case.wanted.mode is Mode.SOLAR_MIN and (surplus.watts is None or case.status.has_car):
        why = f"the minimum, for {surplus.why}" if surplus.why else "the minimum"
        return case.rules.min_amps, why, _on(case.memory, case.rules.min_amps, now)
    if surplus.watts is None:
        return 0.0, surplus.why, _off(case.memory, now)
    return 0.0, "no car is seen here, so the sun goes where one is", _off(case.memory, now)


def _at_least_the_minimum(
    case: Case, available: float, claim: Claim, rules: Rules, now: float, dt_s: float
) -> tuple[float, str, ChargerMemory]:
    past = _on(case.memory, case.rules.min_amps, now)
    level, following = follow(past, available, claim, rules, now, dt_s)
    past = past._replace(level_amps=level, following=following)
    spare_kw = max(0.0, available) * case.watts_per_amp / 1000
    why = "the minimum" if level <= case.rules.min_amps else "the minimum and the sun above it"
    return level, _join(case.wanted.says, f"{why} ({spare_kw:.1f} kW of sun)"), past


def _too_few(says: str, most: float, least: float) -> str:
    words = f"{most:.0f} A is below this charger's minimum of {least:.0f} A"
    return f"{says}, but {words}" if says else words


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
