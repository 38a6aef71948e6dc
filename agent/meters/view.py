"""Which source counts: pure choice from what all sources last said. No clock, no thread.

A role may have several sources in order: the first fresh one counts, and a change is told. When none is
fresh, the youngest old reading stays, with its age: the brain decides what an old number is worth. A sum
("a + b") is as old as its oldest term, and there is no sum while a term is missing.

What nobody measures is computed, so that the page is whole:

    house = grid + solar + battery - chargers          never below 0
    grid  = house - solar - battery (+ chargers)       for homes with clamps on load and sun only

A grid or house meter that repeats the same number to the last digit for ten minutes, volts and amps
included, is taken for frozen: its reading counts as old from then on. Where the cars' draw moves by a
kilowatt meanwhile, one minute is enough: from such a meter every raise would look like more sun to be had.
(A house battery may hide a car from the grid's meter: where there is one, only the ten minutes count.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.meters import Source
from agent.meters.balance import AGREED, Balance, weigh
from agent.meters.plan import PUSHED, Plan
from agent.meters.values import Bounds, Key, Phases, Poor, Values, believe
from agent.model import ROLES, Event, MeterHealth, MeterView, Moment, Reading, Role

COMPUTED = "computed"
FREEZING: tuple[Role, ...] = ("grid", "house")
UNMOVED_S = 60.0
MOVED_WATTS = 1000.0
MOVES_SHOW_AFTER_S = 15.0  # at the latest, on a meter that is alive
CARS_EVERY_S, CARS_KEPT = 5.0, 30


Cars = tuple[tuple[float, float], ...]  # (mono_s, watts), oldest first


@dataclass(frozen=True, slots=True)
class Limits:
    """When a reading is too old, too steady or impossible. `frozen_s` 0: never too steady."""

    max_age_s: float = 30.0
    frozen_s: float = 600.0
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class Timed:
    """Values, when they were true, and since when they have been the same."""

    values: Values
    at_mono_s: float
    since_mono_s: float


@dataclass(frozen=True, slots=True)
class SourceState:
    """What one source last said: the last good values of each role, and what is wrong now.

    A problem under "" concerns the whole source.
    """

    readings: Mapping[Key, Timed] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Push:
    """A reading that somebody put, and for how long it holds (None: as long as any other)."""

    reading: Reading
    max_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What the choice remembers from one second to the next."""

    started_mono_s: float | None = None
    source_by_role: Mapping[Role, str] = field(default_factory=dict)
    stale: frozenset[Role] = frozenset()
    balance: Balance = AGREED
    cars: Cars = ()  # what they drew of late
    unmoved: Mapping[Source, float] = field(default_factory=dict)  # by frozen source: the same since then


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that was said, at one instant."""

    states: Mapping[Source, SourceState] = field(default_factory=dict)
    pushes: Mapping[Role, Push] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One choice for a role, as it stands now."""

    source: str
    reading: Reading | None
    problem: str
    fresh: bool


def house_watts(grid: float, solar: float, battery: float, chargers: float) -> float:
    """What the house takes beside its chargers: all that comes in, less what the chargers draw."""
    return max(0.0, grid + solar + battery - chargers)


def grid_watts(house: float, solar: float, battery: float, chargers: float) -> float:
    """What the grid must deliver (or take, below 0) so that house and chargers have what they draw."""
    return house + chargers - solar - battery


def compose(
    plan: Plan, board: Board, limits: Limits, memory: Memory, moment: Moment, chargers_watts: float = 0.0
) -> tuple[MeterView, Memory, list[Event]]:
    """All meters now: each role's reading, every source's health, and what changed since last time."""
    started = memory.started_mono_s if memory.started_mono_s is not None else moment.mono_s
    readings: dict[Role, Reading] = {}
    health: list[MeterHealth] = []
    fresh: set[Role] = set()
    cars = _with_cars(memory.cars, moment.mono_s, chargers_watts)
    unmoved = _unmoved(plan, board, memory, cars) if limits.frozen_s > 0 else {}
    for role in ROLES:
        candidates = _candidates(role, plan, board, limits, moment, unmoved)
        chosen = next((one for one in candidates if one.fresh), None) or _youngest(candidates)
        health += [_health(role, one) for one in candidates]
        if chosen and chosen.reading:
            readings[role] = chosen.reading
            if chosen.fresh:
                fresh.add(role)
    _without_cars(plan, readings, chargers_watts)
    measured = {role: reading for role, reading in readings.items() if role in fresh}
    balance, disagreement = weigh(memory.balance, measured, chargers_watts, moment.mono_s)
    _compute(readings, plan, chargers_watts)
    patient = moment.mono_s - started <= limits.max_age_s
    wanted = {role for role in plan.choices if role not in fresh}
    stale = frozenset(role for role in wanted if not patient or role in memory.stale)
    by_role = {role: reading.source for role, reading in readings.items() if role in fresh}
    events = _events(memory, stale, by_role, health) + ([disagreement] if disagreement else [])
    later = Memory(started, {**memory.source_by_role, **by_role}, stale, balance, cars, unmoved)
    return MeterView(readings, tuple(health)), later, events


def _with_cars(cars: Cars, now: float, watts: float) -> Cars:
    if cars and now - cars[-1][0] < CARS_EVERY_S:
        return cars
    return (*cars[-CARS_KEPT + 1 :], (now, watts))


def _unmoved(plan: Plan, board: Board, memory: Memory, cars: Cars) -> Mapping[Source, float]:
    """The sources that have said the same to the last digit while the cars' draw moved, and since when."""
    if "battery" in plan.choices:
        return {}
    found: dict[Source, float] = {}
    for role in FREEZING:
        for source in (one for sum_ in plan.choices.get(role, ()) for one in sum_):
            readings = board.states[source].readings if source in board.states else {}
            timed = readings.get(role) or readings.get("any")
            if timed is None or source.driver.steady or not timed.values.watts:
                continue
            since, at = timed.since_mono_s, timed.at_mono_s
            if memory.unmoved.get(source) == since or (at - since > UNMOVED_S and _moved(cars, since, at)):
                found[source] = since
    return found


def _moved(cars: Cars, since: float, at: float) -> bool:
    drew = [watts for then, watts in cars if since <= then <= at - MOVES_SHOW_AFTER_S]
    return bool(drew) and max(drew) - min(drew) > MOVED_WATTS


def _candidates(
    role: Role,
    plan: Plan,
    board: Board,
    limits: Limits,
    moment: Moment,
    unmoved: Mapping[Source, float],
) -> list[Candidate]:
    choices = plan.choices.get(role, ())
    found = [
        _pushed(role, board, limits, moment)
        if sum_[0].driver.scheme == PUSHED
        else _sum(role, sum_, board, limits, moment, unmoved)
        for sum_ in choices
    ]
    if role in board.pushes and not any(sum_[0].driver.scheme == PUSHED for sum_ in choices):
        found.append(_pushed(role, board, limits, moment))
    return found


def _pushed(role: Role, board: Board, limits: Limits, moment: Moment) -> Candidate:
    push = board.pushes.get(role)
    if push is None:
        return Candidate(
            "pushed://", None, f"nobody has put a reading to /api/v1/meters/{role} yet", fresh=False
        )
    age_s = moment.mono_s - push.reading.at_mono_s
    fresh = age_s <= (limits.max_age_s if push.max_age_s is None else push.max_age_s)
    problem = "" if fresh else f"the last pushed reading is {age_s:.0f} s old"
    return Candidate(push.reading.source, push.reading, problem, fresh)


def _sum(
    role: Role,
    sources: tuple[Source, ...],
    board: Board,
    limits: Limits,
    moment: Moment,
    unmoved: Mapping[Source, float],
) -> Candidate:
    parts = [_one(role, source, board, limits, moment, unmoved) for source in sources]
    if len(parts) == 1:
        return parts[0]
    label = " + ".join(part.source for part in parts)
    problem = "; ".join(f"{part.source}: {part.problem}" for part in parts if part.problem)
    readings = [part.reading for part in parts if part.reading]
    if len(readings) < len(parts):
        return Candidate(label, None, problem, fresh=False)
    return Candidate(label, add(readings, label), problem, all(part.fresh for part in parts))


def _one(
    role: Role,
    source: Source,
    board: Board,
    limits: Limits,
    moment: Moment,
    unmoved: Mapping[Source, float],
) -> Candidate:
    state = board.states.get(source, SourceState())
    timed = state.readings.get(role) or state.readings.get("any")
    problem = next((state.problems[key] for key in (role, "any", "") if key in state.problems), "")
    if timed and role not in state.readings:
        try:
            timed = replace(timed, values=believe(role, timed.values, limits.bounds))
        except Poor as error:
            timed, problem = None, str(error)
    if timed is None:
        if not problem and state.readings:
            problem = f"it offers {', '.join(state.readings)} and no {role}"
        return Candidate(source.line, None, problem or "it has not answered yet", fresh=False)
    age_s = moment.mono_s - timed.at_mono_s
    fresh = age_s <= max(limits.max_age_s, 2.5 * source.every_s)
    same_s = timed.at_mono_s - timed.since_mono_s
    if fresh and role in FREEZING and unmoved.get(source) == timed.since_mono_s:
        fresh, problem = False, problem or _unmoved_words(timed.values.watts, same_s)
        timed = replace(timed, at_mono_s=timed.since_mono_s)
    if fresh and _is_frozen(role, source, timed.values, same_s, limits):
        fresh, problem = (
            False,
            problem
            or (
                f"it has said exactly {timed.values.watts:g} W for {same_s / 60:.0f} minutes: it seems frozen"
            ),
        )
        timed = replace(timed, at_mono_s=timed.since_mono_s + limits.frozen_s)
    if not fresh and not problem:
        problem = f"its last reading is {age_s:.0f} s old"
    return Candidate(source.line, reading(timed.values, timed.at_mono_s, source.line), problem, fresh)


def _unmoved_words(watts: float, same_s: float) -> str:
    while_s = f"{same_s:.0f} s" if same_s < 120 else f"{same_s / 60:.0f} minutes"
    return f"it has said exactly {watts:g} W for {while_s}, though a car's draw changed: it seems frozen"


def _is_frozen(role: Role, source: Source, values: Values, same_s: float, limits: Limits) -> bool:
    may = role in FREEZING and limits.frozen_s > 0 and not source.driver.steady
    return may and values.watts != 0 and same_s > limits.frozen_s


def reading(values: Values, at_mono_s: float, source: str) -> Reading:
    """A driver's values as the noun that the other rooms know."""
    return Reading(
        watts=values.watts,
        at_mono_s=at_mono_s,
        source=source,
        amps_by_phase=values.amps_by_phase,
        volts_by_phase=values.volts_by_phase,
        energy_wh=values.energy_wh,
        exported_wh=values.exported_wh,
        soc_percent=values.soc_percent,
    )


def add(readings: list[Reading], source: str) -> Reading:
    """The sum of several: as old as the oldest; what one of them lacks, the sum lacks."""
    charge = [one.soc_percent for one in readings if one.soc_percent is not None]
    amps = [one.amps_by_phase for one in readings]
    return Reading(
        watts=sum(one.watts for one in readings),
        at_mono_s=min(one.at_mono_s for one in readings),
        source=source,
        amps_by_phase=_add_phases(amps),
        volts_by_phase=next((one.volts_by_phase for one in readings if one.volts_by_phase), None),
        energy_wh=_add_counters([one.energy_wh for one in readings]),
        exported_wh=_add_counters([one.exported_wh for one in readings]),
        soc_percent=sum(charge) / len(charge) if charge else None,
    )


def _add_phases(amps: list[Phases | None]) -> Phases | None:
    there = [one for one in amps if one is not None]
    if len(there) < len(amps) or len({len(one) for one in there}) != 1:
        return None
    return tuple(sum(column) for column in zip(*there, strict=True))


def _add_counters(counters: list[float | None]) -> float | None:
    there = [one for one in counters if one is not None]
    return sum(there) if len(there) == len(counters) else None


def _youngest(candidates: list[Candidate]) -> Candidate | None:
    found = [one for one in candidates if one.reading]
    return max(found, key=lambda one: one.reading.at_mono_s if one.reading else 0.0, default=None)


def _health(role: Role, one: Candidate) -> MeterHealth:
    watts = one.reading.watts if one.reading else None
    at = one.reading.at_mono_s if one.reading else None
    return MeterHealth(role, one.source, one.fresh and not one.problem, one.problem, watts, at)


def _without_cars(plan: Plan, readings: dict[Role, Reading], chargers_watts: float) -> None:
    """A measured house usually sees the chargers too; ours never does."""
    house = readings.get("house")
    if house is None:
        return
    lines = {one.line: one for sum_ in plan.choices.get("house", ()) for one in sum_}
    outside = house.source in lines and not lines[house.source].cars_inside
    if not outside:
        readings["house"] = replace(house, watts=max(0.0, house.watts - chargers_watts), amps_by_phase=None)


def _compute(readings: dict[Role, Reading], plan: Plan, chargers_watts: float) -> None:
    """Fill in the grid or the house from the others, where nobody measures it."""
    solar, battery = _watts(readings.get("solar")), _watts(readings.get("battery"))
    missing = [role for role in ("solar", "battery") if role in plan.choices and role not in readings]
    known = [readings[role] for role in ROLES if role in readings]
    if missing or not known:
        return
    at = min(one.at_mono_s for one in known)
    grid, house = readings.get("grid"), readings.get("house")
    if grid and not house:
        watts = house_watts(grid.watts, solar, battery, chargers_watts)
        readings["house"] = Reading(watts, at, COMPUTED)
    elif house and not grid and "grid" not in plan.choices and "solar" in readings:
        watts = grid_watts(house.watts, solar, battery, chargers_watts)
        readings["grid"] = Reading(watts, at, COMPUTED)


def _watts(one: Reading | None) -> float:
    return one.watts if one else 0.0


def _events(
    memory: Memory, stale: frozenset[Role], by_role: Mapping[Role, str], health: list[MeterHealth]
) -> list[Event]:
    events: list[Event] = []
    for role in ROLES:
        subject = f"meter {role}"
        if role in stale and role not in memory.stale:
            why = "; ".join(f"{one.source}: {one.problem}" for one in health if one.role == role)
            sentence = f"The {role} meter gives no fresh reading. {why}"
            events.append(Event("meter_stale", sentence, "warning", subject, data={"role": role}))
        if role in memory.stale and role in by_role:
            sentence = f"The {role} meter is back: {by_role[role]}."
            events.append(Event("meter_back", sentence, "info", subject, "meter_stale", data={"role": role}))
        before, now = memory.source_by_role.get(role), by_role.get(role)
        if before and now and before != now:
            sentence = f"The {role} is now read from {now} instead of {before}."
            data = {"role": role, "before": before, "now": now}
            events.append(Event("meter_source_changed", sentence, "info", subject, data=data))
    return events
