"""How many phases a car really loads, and on which the meter feels it: learned each time it starts or steps.

A charger on three phases may feed a car that uses one or two. Then an ampere costs a third or two thirds of
what the wiring says, and 1.4 kW of sun are enough to start where 4.1 kW would be waited for. Nobody says so
on the bus, but the house meter feels it: when a charger's draw moves by D amps and settles, and the other
chargers stand still, the grid's watts move by D x volts x phases, and the amps of just these phases by D.

One step may be blurred by a kettle, so steps are weighed together, big ones more, old ones less; what comes
out near no whole number teaches nothing, and a step that a car could not have made alone is not weighed.
A car of fewer phases loads the first conductors; felt elsewhere, it counts on all that is wired as well.
Learned is forgotten when the cable is pulled, and also when a phase that the car was thought not to load is
over the main fuse: then the wiring counts again. Beside a main fuse two steps must agree (`Learned.sure`).

What was learned of a car is remembered by its VIN (of a car that tells none, by its charger) and kept through
restarts. It tells with how much sun to begin, never how much a fuse bears: that each start shows anew.

While a car's first step is still being watched, only one phase of its draw counts as sun to be had again:
else a car of one phase would look like more sun the more it draws.

A car that follows a cloud moves just as the sun does, and the meter sees nothing of either. So of a car that
follows the sun, starts and stops count, and other steps only where the meter felt them.

A charger that the meter does not feel at all is not watched by it: a clamp fell off, or hangs elsewhere.
Then its draw is in no reading, and nothing is taken off one for it: it counts beside whatever the meter says.
What a house battery gives for a car in the same seconds is counted as felt, for the meter sees none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agent.model import Reading

PHASES = ("L1", "L2", "L3")
NEVER = float("-inf")
STILL_AMPS = 0.35
SETTLES_S = 2.0
APART_S = 3.0
STEP_AMPS = 4.0
LONGEST_STEP_S = 50.0
OTHERS_STILL_WATTS = 120.0
NEAR_WHOLE = 0.35
FADES = 0.6  # of earlier steps' weight, at each new one
FELT, UNFELT = 0.5, 0.3
SURE_UNFELT = 30.0  # amps squared: one step of 6 A
BATTERY_OLD_S = 30.0  # after that its word says nothing of a step
MOST_CARS = 64  # that are remembered
WATCHED_S = 60.0  # a first step that has not settled by then is not waited for


class Point(NamedTuple):
    """A meter's reading while a charger's draw stood still."""

    at_mono_s: float
    drawn_amps: float
    others_watts: float
    watts: float
    amps: tuple[float, ...] | None


class Learned(NamedTuple):
    """What is known of one car at one charger. `phases` 0: nothing yet.

    `where` are the phases that it may load, by the meter or by the settings; `felt` those of the meter alone.
    `times` is how many steps in a row have said so, `missed` how many the meter has not felt.
    """

    phases: int = 0
    where: tuple[str, ...] = ()
    felt: tuple[str, ...] = ()
    times: int = 0
    missed: int = 0
    drawn_amps: float = 0.0
    changed_mono_s: float = NEVER
    began_mono_s: float | None = None  # when it first drew, while nothing is known
    base: Point | None = None  # a reading surely before the next step
    newer: Point | None = None
    squares: float = 0.0
    watts: float = 0.0  # felt x squares
    amps: tuple[float, ...] = (0.0, 0.0, 0.0)

    @property
    def sure(self) -> bool:
        """Whether two steps agree: one may be a kettle of just as many amps, in a house with a bad clamp."""
        return self.times >= 2

    @property
    def unfelt(self) -> bool:
        """Whether two steps in a row moved nothing: one may be hidden by a sun that rises with it."""
        return self.missed >= 2


NOTHING = Learned()


def beside_battery(grid: Reading, battery: Reading | None, now: float) -> Reading:
    """The grid's reading as it were without the house battery, which answers a car before the grid does."""
    if battery is None or now - battery.at_mono_s > BATTERY_OLD_S:
        return grid
    at = min(grid.at_mono_s, battery.at_mono_s)
    return Reading(grid.watts + battery.watts, at, grid.source, grid.amps_by_phase, grid.volts_by_phase)


def learn(
    past: Learned,
    wired: tuple[str, ...],
    drawn_amps: float,
    others_watts: float,
    others_are_sure: bool,
    follows_sun: bool,
    grid: Reading,
    volts: float,
    now: float,
) -> Learned:
    """What this second adds."""
    if abs(drawn_amps - past.drawn_amps) > STILL_AMPS:
        began = now if past.began_mono_s is None and not past.phases else past.began_mono_s
        return past._replace(drawn_amps=drawn_amps, changed_mono_s=now, began_mono_s=began)
    newer = past.newer
    if grid.at_mono_s < past.changed_mono_s + SETTLES_S:
        return past
    if newer is not None and grid.at_mono_s < newer.at_mono_s + APART_S and newer.drawn_amps == drawn_amps:
        return past
    point = Point(grid.at_mono_s, drawn_amps, others_watts, grid.watts, grid.amps_by_phase)
    base = past.base
    if base is None or newer is None:
        return past._replace(base=point, newer=point)
    step = drawn_amps - base.drawn_amps
    if abs(step) <= STILL_AMPS:
        return past._replace(base=newer, newer=point)
    steady = abs(others_watts - base.others_watts) <= OTHERS_STILL_WATTS
    if abs(step) >= STEP_AMPS and point.at_mono_s - base.at_mono_s <= LONGEST_STEP_S:
        own = not follows_sun or min(base.drawn_amps, drawn_amps) < STILL_AMPS
        felt = (point.watts - base.watts) / volts / step
        clear = -NEAR_WHOLE <= felt <= len(wired) + NEAR_WHOLE and not _mixed(base, point, step, felt)
        if steady and clear and (own or felt > 1 - NEAR_WHOLE):
            past = _weigh(past, base, point, wired, volts)
        elif own and others_are_sure and not steady and step * step >= SURE_UNFELT:
            own_watts = point.watts - base.watts - (others_watts - base.others_watts)
            past = _missed(past, own_watts / volts / step)
    return past._replace(base=point, newer=point)


def _mixed(base: Point, point: Point, step: float, felt: float) -> bool:
    """Whether something else switched as well: a car moves a phase by its whole step or not at all.

    A meter whose amps do not come to its watts is not asked this: one of its phases errs.
    """
    if not base.amps or not point.amps:
        return False
    moved = [(after - before) / step for before, after in zip(base.amps, point.amps, strict=False)]
    return abs(sum(moved) - felt) <= NEAR_WHOLE and any(
        abs(each) > NEAR_WHOLE < abs(each - 1) for each in moved
    )


def _weigh(past: Learned, base: Point, point: Point, wired: tuple[str, ...], volts: float) -> Learned:
    """One step, weighed with the earlier ones."""
    step = point.drawn_amps - base.drawn_amps
    squares = FADES * past.squares + step * step
    watts = FADES * past.watts + (point.watts - base.watts) / volts * step
    amps = past.amps
    if point.amps and base.amps:
        moved = [b - a for a, b in zip(base.amps, point.amps, strict=False)] + [0.0, 0.0]
        amps = tuple(FADES * old + new * step for old, new in zip(past.amps, moved, strict=False))
    felt = watts / squares
    past = past._replace(squares=squares, watts=watts, amps=amps)
    felt_now = (point.watts - base.watts) / volts / step
    past = _missed(past, felt_now)
    if felt_now < UNFELT:
        return past
    count = min(round(felt), len(wired))
    if count < 1 or abs(felt - count) > NEAR_WHOLE:
        return past
    feels = _feels(count, amps, squares, wired)
    as_set = feels == wired[:count]  # a car of fewer phases loads the first conductors
    where = feels if as_set else tuple(phase for phase in PHASES if phase in wired or phase in feels)
    times = past.times + 1 if (count, feels) == (past.phases, past.felt) else 1
    return past._replace(phases=count, where=where, felt=feels, times=times)


def _missed(past: Learned, felt: float) -> Learned:
    """One step more that the meter has felt or not, on so many phases."""
    if felt >= UNFELT:
        return past._replace(missed=0) if felt > FELT else past
    past = past._replace(missed=past.missed + 1, times=0)
    return past._replace(phases=0, where=(), felt=(), times=0) if past.unfelt else past


def _feels(count: int, amps: tuple[float, ...], squares: float, wired: tuple[str, ...]) -> tuple[str, ...]:
    """The phases that the meter feels, where amps and watts agree; else the first ones of the wiring."""
    feels = tuple(phase for phase, each in zip(PHASES, amps, strict=False) if each / squares > FELT)
    return feels if len(feels) == count else wired[:count]


def felt_on(past: Learned, wired: tuple[str, ...]) -> tuple[str, ...]:
    """The phases on which the meter's amps contain this charger's: only there they may be taken off."""
    if past.unfelt:
        return ()
    return past.felt if past.phases else wired


def doubted(past: Learned, wired: tuple[str, ...], grid: Reading, fuse_amps: float) -> bool:
    """Whether a phase that the car is thought not to load is over the fuse."""
    if not past.phases or not grid.amps_by_phase or len(past.where) >= len(wired):
        return False
    amps = dict(zip(PHASES, grid.amps_by_phase, strict=False))
    return any(amps.get(phase, 0.0) > fuse_amps for phase in wired if phase not in past.where)


def judged(past: Learned) -> bool:
    """Whether it draws, and the meter's word on its last step has come."""
    known_at = past.base.drawn_amps if past.base else 0.0
    return past.drawn_amps >= STEP_AMPS and abs(past.drawn_amps - known_at) <= STILL_AMPS


def expected(past: Learned, wired: tuple[str, ...], known: int, now: float) -> int:
    """How many phases to plan its sun with: learned, else known of old, else one until it was tried.

    A car of three phases that is tried with the sun for one buys for a minute, once in its life: then it is
    known. A car of one that was waited for with the sun for three would lose half of each mixed day.
    """
    if past.phases or known:
        return past.phases or min(known, len(wired))
    return 1 if is_tried(past, known, now) else len(wired)


def is_tried(past: Learned, known: int, now: float) -> bool:
    """Whether nothing is known of the car, and its first amps are still to show it."""
    began = now if past.began_mono_s is None else past.began_mono_s
    return not (past.phases or known or past.unfelt) and now - began < WATCHED_S


def has_answered(past: Learned) -> bool:
    """Whether the meter's word on its first amps has come, whatever it was."""
    return past.base is not None and past.base.drawn_amps > STILL_AMPS


def counted(past: Learned, wired: tuple[str, ...], known: int, now: float) -> int:
    """On how many phases its present draw counts as sun to be had again."""
    if past.unfelt:
        return 0
    if past.phases or known:
        return past.phases or min(known, len(wired))
    if past.missed:
        return 0  # if the sun only rose with it, the first step down shows it
    watched = past.began_mono_s is not None and now - past.began_mono_s < WATCHED_S and not past.squares
    return 1 if watched else len(wired)


def remembered(known: Mapping[str, int], charger_id: str, vin: str, learned: Learned) -> Mapping[str, int]:
    """What is known of each car (by VIN) and of the last one at each charger (by its id), with this one.

    Nobody's first step is doubted; to know better than before takes two that agree.
    """
    if not learned.phases:
        return known
    names = [charger_id, vin] if vin else [charger_id]
    new = {n: learned.phases for n in names if learned.sure or n not in known}
    if all(known.get(name) == count for name, count in new.items()):
        return known
    kept = {name: count for name, count in known.items() if name not in new} | new
    return dict(list(kept.items())[-MOST_CARS:])
