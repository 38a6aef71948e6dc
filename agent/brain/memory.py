"""What the brain must remember from one second to the next: frozen values, handed in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from agent.brain.phases import NOTHING, Learned

if TYPE_CHECKING:
    from agent.brain.rest import Rest

NEVER = float("-inf")
Watched = tuple[tuple[float, float], ...]  # (mono_s, watts), oldest first


class Following(NamedTuple):
    """How one charger's sun has been (see hold.py). Money is relative; a purse holds kWh."""

    at_mono_s: float = NEVER
    bright_amps: float = 0.0  # mean of the last ten minutes
    gain: float = 0.0  # off: what charging would have earned
    debt: float = 0.0  # on: what standing by has cost
    purse_kwh: float = 0.1  # what may still be bought for the sun's sake
    pull: float = 0.0  # money towards another level: above 0 up, below 0 down
    above_since_mono_s: float | None = None  # off: enough sun since then
    open_amps: float = 0.0  # the best of late, slowly forgotten
    best_amps: float = 0.0  # the best of the day


class Above(NamedTuple):
    """A car that draws more than it was last offered: at its least, and since when it has not come down."""

    least_amps: float = 0.0
    since_mono_s: float | None = None  # None: it draws no more than it may


BELOW = Above()


class Sated(NamedTuple):
    """A car that has long taken nothing of its offer: under which orders, and until when that is believed."""

    orders: str = ""  # whose word, and which mode
    until_mono_s: float = NEVER


HUNGRY = Sated()


class ChargerMemory(NamedTuple):
    """One charger's past, as far as it matters. Times are mono_s, NEVER where nothing happened yet."""

    on: bool = False  # the sun (or its share of it) is being used
    since_mono_s: float = NEVER  # of the last change of `on`
    started_mono_s: float = NEVER
    level_amps: float = 0.0  # what the sun's rules last settled on
    offer_amps: float = 0.0  # what was last offered, after every rule
    following: Following = Following()
    plugged: bool | None = None
    charging: bool = False
    unheard_since_mono_s: float | None = None
    grace_until_mono_s: float = NEVER
    cut_until_mono_s: float = NEVER  # a limit took the last amps: no new start before
    cut_why: str = ""  # which limit that was, in words
    stopped_why: str = ""  # what was said when the last amps were taken
    idle_since_mono_s: float | None = None  # offered amps, and the car takes none
    defiant_since_mono_s: float | None = None  # offered nothing, and the car still draws
    above: Above = BELOW  # its draw beside its offer
    sated: Sated = HUNGRY  # whether its car takes nothing of what it is offered
    learned: Learned = NOTHING  # the phases that its car loads


class Demand(NamedTuple):
    """What was bought in this quarter hour, up to the reading of `at_mono_s`."""

    began_mono_s: float = NEVER
    watt_s: float = 0.0
    at_mono_s: float = NEVER


NO_DEMAND = Demand()


@dataclass(frozen=True, slots=True)
class Memory:
    """The whole house's past: chargers, and the last seconds of what they drew and the grid said."""

    at_mono_s: float = NEVER
    chargers: Mapping[str, ChargerMemory] = field(default_factory=dict)
    draws: Watched = ()
    grids: Watched = ()
    offered_mono_s: float = NEVER  # when an offer last changed
    cut_mono_s: Mapping[str, float] = field(default_factory=dict)  # by limit: when it last took amps away
    rest: Rest | None = None  # the last decision, if nothing was going on
    demand: Demand = NO_DEMAND
    phases_by_car: Mapping[str, int] = field(default_factory=dict)  # by VIN, and by charger (phases.py)
    limit_told_mono_s: Mapping[str, float] = field(default_factory=dict)  # by limit: when it last held


FRESH = ChargerMemory()
