"""One charger under decision, all that is known of it put side by side: the brain's unit of work. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from agent.brain.budget import drawn_amps, volts_of
from agent.brain.guard import own_limit
from agent.brain.memory import BELOW, FRESH, HUNGRY, Above, ChargerMemory, Memory, Sated
from agent.brain.modes import Wanted, wanted
from agent.brain.phases import NOTHING, beside_battery, counted, doubted, expected, learn
from agent.model import ChargerRules, ChargerStatus, Mode, Moment, Reading, Rules, Snapshot

FORGET_UNHEARD_S = 60.0
RESERVED_S = 35.0  # so long a charger that fell silent may draw on
ABOVE_AMPS, ABOVE_SHARE = 1.0, 0.05  # so much more than its offer a car may seem to draw
SATED_AFTER_S = 900.0  # of an offer that the car takes nothing of: so long some take to wake up
SATED_S = 7200.0  # then it is asked again
COMES_DOWN_S = 10.0  # an order takes two seconds to the wire, and a car falls by some 4 A in each


class Case(NamedTuple):
    """One charger under decision: its settings, what it said, what is wanted of it, its past."""

    rules: ChargerRules
    status: ChargerStatus
    wanted: Wanted
    memory: ChargerMemory
    phases: tuple[str, ...]  # that its car really loads, as far as is known
    watts_per_amp: float  # volts x as many as its sun is planned with
    most_watts_per_amp: float  # volts x as many as it may load, for all that is known
    drawn_watts: float
    uncounted_watts: float  # what it draws besides, if it loads all that is wired
    limit_amps: float  # its own and the wish's, together
    soc_percent: float | None
    known_phases: int  # of its car, from earlier times; 0: nothing
    sated: bool  # its car takes nothing of what it is offered
    stray_amps: float  # what flows there whatever is offered: it has fallen silent, or does not come down


def cases_of(rules: Rules, snapshot: Snapshot, memory: Memory, moment: Moment) -> list[Case]:
    """Every charger of the settings, with what this second adds to its past."""
    heard = {status.charger_id: status for status in snapshot.chargers}
    cases = []
    limits = snapshot.control.limit_by_charger
    for charger in rules.chargers:
        if charger.charger_id in limits:
            charger = replace(charger, max_amps=min(charger.max_amps, limits[charger.charger_id]))
        status = heard.get(charger.charger_id) or ChargerStatus(charger.charger_id)
        if not status.linked and status.drawn_amps and not is_reserved(status, moment.mono_s):
            status = replace(status, offered_amps=0.0, drawn_amps=0.0, charging=False)
        past = memory.chargers.get(charger.charger_id, FRESH)
        wish = wanted(charger, status, snapshot, moment)
        limit = own_limit(charger, status)
        if wish.cap_amps is not None:
            limit = min(limit, wish.cap_amps)
        seen = _seen(past, status, wish, rules, moment.mono_s)
        car = snapshot.cars.get(status.vin) if status.vin else None
        soc = car.soc_percent if car else None
        known = memory.phases_by_car.get(status.vin or charger.charger_id, 0)
        cases.append(_case(charger, status, wish, seen, limit, soc, known, rules, moment.mono_s))
    grid = snapshot.readings.get("grid")
    if grid is None:
        return cases
    feels = beside_battery(grid, snapshot.readings.get("battery"), moment.mono_s)
    return [_taught(case, cases, grid, feels, rules, moment.mono_s) for case in cases]


def _case(
    charger: ChargerRules,
    status: ChargerStatus,
    wish: Wanted,
    past: ChargerMemory,
    limit: float,
    soc_percent: float | None,
    known_phases: int,
    rules: Rules,
    now: float,
) -> Case:
    learned, volts = past.learned, volts_of(status, rules)
    phases = learned.where or charger.phases
    drawn, count = drawn_amps(status), counted(learned, charger.phases, known_phases, now)
    per_amp = volts * (learned.phases or len(charger.phases))
    uncounted_watts = drawn * (per_amp - volts * count) if count else 0.0
    since = past.above.since_mono_s
    stays = since is not None and now - since >= COMES_DOWN_S
    return Case(
        charger,
        status,
        wish,
        past,
        phases,
        volts * expected(learned, charger.phases, known_phases, now),
        per_amp,
        drawn * volts * count,
        uncounted_watts,
        limit,
        soc_percent,
        known_phases,
        past.sated is not HUNGRY,
        drawn if stays or not status.linked else 0.0,
    )


def _taught(case: Case, cases: list[Case], grid: Reading, feels: Reading, rules: Rules, now: float) -> Case:
    """The case with what the meter says of the phases that its car loads (`feels`: beside a battery)."""
    past, status, charger = case.memory, case.status, case.rules
    if not status.linked:
        return case
    rest = [other for other in cases if other is not case]
    others = sum(other.drawn_watts for other in rest)
    sure = all(other.memory.learned.phases or len(other.rules.phases) == 1 for other in rest)
    volts, follows = volts_of(status, rules), case.wanted.mode is not Mode.FAST
    learned = learn(
        past.learned, charger.phases, drawn_amps(status), others, sure, follows, feels, volts, now
    )
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
        case.known_phases,
        rules,
        now,
    )


def _seen(
    past: ChargerMemory, status: ChargerStatus, wish: Wanted, rules: Rules, now: float
) -> ChargerMemory:
    """The past with what this second's status adds: plug-in, silence."""
    changes: dict[str, Any] = {}
    if status.plugged is not None and status.plugged != past.plugged:
        changes["plugged"] = status.plugged
        if past.plugged is not None:
            changes["learned"] = NOTHING  # another car, perhaps
        if status.plugged and past.plugged is False:
            changes["grace_until_mono_s"] = now + rules.grace_s
    if past.idle_since_mono_s is not None or past.sated is not HUNGRY:
        changes["sated"] = _sated(past, status, wish, now)
    if status.drawn_amps > past.offer_amps or past.above is not BELOW:
        changes["above"] = _above(past, status, now)
    if status.linked != (past.unheard_since_mono_s is None):
        changes["unheard_since_mono_s"] = None if status.linked else now
    if not status.linked and past.on and now - (past.unheard_since_mono_s or now) > FORGET_UNHEARD_S:
        changes.update(on=False, since_mono_s=now, level_amps=0.0)
    return past._replace(**changes) if changes else past


def _above(past: ChargerMemory, status: ChargerStatus, now: float) -> Above:
    """Whether the car draws more than it may, and since when it has not come down by an ampere."""
    drawn = drawn_amps(status)
    if not status.linked or drawn <= past.offer_amps * (1 + ABOVE_SHARE) + ABOVE_AMPS:
        return BELOW
    before = past.above
    if before.since_mono_s is None or drawn <= before.least_amps - ABOVE_AMPS:
        return Above(drawn, now)
    return before


def _sated(past: ChargerMemory, status: ChargerStatus, wish: Wanted, now: float) -> Sated:
    """Whether the car may be taken for full, asleep or not interested: then others come before it."""
    orders = f"{wish.who} {wish.mode}"
    if status.charging or status.plugged is False or past.plugged is False:
        return HUNGRY
    if past.sated is not HUNGRY:
        return past.sated if past.sated.orders == orders and now < past.sated.until_mono_s else HUNGRY
    since = past.idle_since_mono_s
    return Sated(orders, now + SATED_S) if since is not None and now - since >= SATED_AFTER_S else HUNGRY


def is_reserved(status: ChargerStatus, now: float) -> bool:
    """Whether a charger that says nothing any more may still be drawing."""
    heard_at = status.heard_at_mono_s
    return not status.linked and heard_at is not None and now - heard_at < RESERVED_S
