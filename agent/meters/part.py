"""The meters at work: one thread for each endpoint, one board that all of them write to.

A thread asks its sources one after the other, each at its own pace. A source that is down is asked again
after 1, 2, 4 ... 60 s (or when the device says so); one that answers with junk keeps its pace. Whatever
goes wrong becomes a sentence on the board: the last good reading stays there and grows older. Nothing
is raised, and no source can disturb another or the bus.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, replace

from agent.meters import Source
from agent.meters.plan import PUSHED, Plan
from agent.meters.values import Bounds, Key, Meaning, Poor, Values, believe
from agent.meters.via import Answered, Line, Problem
from agent.meters.view import Board, Limits, Memory, Push, SourceState, Timed, compose
from agent.model import ROLES, Event, MeterView, Moment, Reading, Role
from agent.parts import Outbox, Slot
from scheduler.clock import Clock

FIRST_PATIENCE_S = 1.0
LONGEST_PATIENCE_S = 60.0
WAITING_S = 1.0
CLOCK_TRUST_S = 600.0  # a device's time stamp further off than this is a wrong clock, not an age


def open_line(source: Source, clock: Clock) -> Line:
    """The transport of a source, imported only now."""
    module = importlib.import_module(f"agent.meters.via.{source.via}")
    line: Line = module.open_line(source, clock)
    return line


def understand(source: Source, answers: object, bounds: Bounds | None = None) -> Meaning:
    """What the answers mean, each role believed or Poor. Raises Poor when nothing can be understood."""
    meaning: Meaning = source.driver.decode(answers, source.options)
    out: Meaning = {}
    for key, values in meaning.items():
        if isinstance(values, Values):
            try:
                # "any" has no role yet: what no role may have is refused here, the rest when it is read
                values = believe("grid" if key == "any" else key, values, bounds)
            except Poor as problem:
                out[key] = problem
                continue
        out[key] = values
    return out


class MeterBoard:
    """Where all meter threads write and the brain reads: a slot for each source and each pushed role."""

    def __init__(self, sources: tuple[Source, ...]) -> None:
        self.states: dict[Source, Slot[SourceState]] = {one: Slot(SourceState()) for one in sources}
        self.pushes: dict[Role, Slot[Push | None]] = {role: Slot(None) for role in ROLES}

    def now(self) -> Board:
        """A frozen look at everything."""
        pushes = {role: push for role, slot in self.pushes.items() if (push := slot.get())}
        return Board({source: slot.get() for source, slot in self.states.items()}, pushes)


@dataclass(slots=True)
class _Turn:
    """One source's place in its thread's round."""

    source: Source
    due_s: float = 0.0
    failures: int = 0
    stamps: dict[Key, tuple[object, float]] = field(default_factory=dict)


class MetersPart:
    """All sources of one endpoint, in one thread."""

    def __init__(self, sources: tuple[Source, ...], board: MeterBoard, clock: Clock, bounds: Bounds) -> None:
        self.name = f"meter {sources[0].endpoint}"
        self._turns = [_Turn(one) for one in sources]
        self._board = board
        self._clock = clock
        self._bounds = bounds
        self._line: Line | None = None

    def step(self, moment: Moment) -> float:
        """Ask the sources that are due; the next is due when the first of them is."""
        for turn in self._turns:
            if turn.due_s <= moment.mono_s:
                turn.due_s = (
                    moment.mono_s + turn.source.every_s
                )  # before the ask: a crash must not starve others
                self._ask(turn, moment)
        return min(turn.due_s for turn in self._turns)

    def close(self) -> None:
        """Let go of the device."""
        if self._line:
            self._line.close()

    def _ask(self, turn: _Turn, moment: Moment) -> None:
        source, slot = turn.source, self._board.states[turn.source]
        if self._line is None:
            self._line = open_line(source, self._clock)
        answer = self._line.poll(source, moment)
        if isinstance(answer, Answered):
            turn.failures = 0
            try:
                meaning = understand(source, answer.answers, self._bounds)
            except Poor as problem:
                slot.put(replace(slot.get(), problems={"": str(problem)}))
            else:
                slot.put(self._noted(turn, meaning, slot.get(), answer.at_mono_s, moment))
            return
        self._be_patient(turn, answer, moment)
        if answer.kind != "waiting" or not slot.get().readings:
            hint = source.driver.hint if answer.kind == "down" else ""
            slot.put(replace(slot.get(), problems={"": f"{answer.sentence} {hint}".strip()}))

    @staticmethod
    def _be_patient(turn: _Turn, problem: Problem, moment: Moment) -> None:
        wait_s = turn.source.every_s
        if problem.kind == "waiting" or problem.keeps_trying:
            wait_s = WAITING_S
        elif problem.kind == "down":
            wait_s = min(FIRST_PATIENCE_S * 2 ** min(turn.failures, 10), LONGEST_PATIENCE_S)
            turn.failures += 1
        turn.due_s = moment.mono_s + max(wait_s, problem.wait_s)

    def _noted(
        self, turn: _Turn, meaning: Meaning, before: SourceState, at_mono_s: float, moment: Moment
    ) -> SourceState:
        """The board's next state: good roles anew, poor ones as they were, with their problem."""
        readings = dict(before.readings)
        problems: dict[str, str] = {}
        for key, values in meaning.items():
            if isinstance(values, Poor):
                problems[key] = str(values)
                continue
            at = self._true_at(turn, key, values, at_mono_s, moment)
            last = readings.get(key)
            same = last is not None and _plain(last.values) == _plain(values)
            readings[key] = Timed(values, at, last.since_mono_s if last and same else at)
        for key in set(readings) - set(meaning):
            problems[key] = f"it no longer gives its {key}"
        return SourceState(readings, problems)

    @staticmethod
    def _true_at(turn: _Turn, key: Key, values: Values, at_mono_s: float, moment: Moment) -> float:
        """When values were true: by the age or the time stamp of the device, as far as it can be right.

        A stamp near our own time is believed. Further off, the device's clock is wrong, and all that its
        stamp tells is whether it moves: then the age counts from when it last did.
        """
        at = at_mono_s - max(0.0, values.age_s)
        if values.at_wall is None:
            return at
        stamp, first_seen_s = turn.stamps.get(key, (None, at))
        if stamp != values.at_wall:
            first_seen_s = at
            turn.stamps[key] = (values.at_wall, at)
        if moment.wall is not None:
            age_s = (moment.wall - values.at_wall).total_seconds()
            if -CLOCK_TRUST_S < age_s < CLOCK_TRUST_S:
                return min(at, moment.mono_s - max(0.0, age_s))
        return first_seen_s


def _plain(values: Values) -> Values:
    return replace(values, age_s=0.0, at_wall=None)


class Meters:
    """The meters' room as others see it: parts to run, a view to read, a place to push to."""

    def __init__(self, plan: Plan, clock: Clock, limits: Limits | None = None) -> None:
        self.plan = plan
        self.limits = limits or Limits()
        self.events: Outbox[Event] = Outbox()
        asked = tuple(one for one in plan.sources if one.driver.scheme != PUSHED)
        self.board = MeterBoard(asked)
        self._memory = Memory()
        by_endpoint: dict[tuple[str, str], list[Source]] = {}
        for one in asked:
            by_endpoint.setdefault((one.via, one.endpoint), []).append(one)
        self.parts = tuple(
            MetersPart(tuple(group), self.board, clock, self.limits.bounds) for group in by_endpoint.values()
        )

    def view(self, moment: Moment, chargers_watts: float = 0.0) -> MeterView:
        """All meters now. One thread calls this, once a second; events go to the outbox."""
        view, self._memory, events = compose(
            self.plan, self.board.now(), self.limits, self._memory, moment, chargers_watts
        )
        for event in events:
            self.events.put(replace(event, at_wall=moment.wall))
        return view

    def push(
        self,
        role: Role,
        watts: float,
        at_mono_s: float,
        *,
        source: str = PUSHED,
        max_age_s: float | None = None,
        **more: object,
    ) -> Reading:
        """Take a reading from outside, in our signs; `more` are other fields of Values.

        Any thread may call this. Raises Poor with a sentence for a number that no home can have.
        """
        values = believe(role, Values(watts, **more), self.limits.bounds)  # type: ignore[arg-type]
        reading = Reading(
            values.watts,
            at_mono_s,
            source,
            values.amps_by_phase,
            values.volts_by_phase,
            values.energy_wh,
            values.exported_wh,
            values.soc_percent,
        )
        self.board.pushes[role].put(Push(reading, max_age_s))
        return reading

    def close(self) -> None:
        """Let go of all devices."""
        for part in self.parts:
            part.close()
