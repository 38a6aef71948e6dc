"""What the grid's owner asks for: phases that are loaded alike, no high peaks, and less when it says so.

**Imbalance**: the most loaded phase may carry so many amps more than the least loaded one. Where the
meter does not tell phases, the house counts as even and only the chargers are compared.

**Peak**: where a tariff counts the highest mean of a quarter hour, what may still be bought in this
quarter is spread over the rest of it. A quarter begins with the clock's, or, until the time is known,
anywhere. The last minute of a quarter gets no more than a whole minute's share, and no moment more than
twice the cap. `now` instead of `quarter_hour` keeps every second below the cap. While the meter is silent,
the chargers alone stay below it.

**Dimming**: all chargers together, in amps or watts, while the order lasts.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.brain.limits.fit import Proposal, Weight
from agent.brain.limits.fuse import PHASES, house_amps, house_watts
from agent.brain.memory import Demand, Watched
from agent.model import Moment, Reading, Rules

QUARTER_S = 900.0
LONGEST_GAP_S = 60.0  # a reading stands for no more than this
LEAST_LEFT_S = 60.0
AT_MOST = 2.0  # times the cap, at any moment of a quarter


def bought(demand: Demand, grid: Reading | None, moment: Moment) -> Demand:
    """The quarter hour so far, with what the newest reading adds."""
    wall = moment.wall
    clock_s = moment.mono_s if wall is None else wall.minute * 60 + wall.second + wall.microsecond / 1e6
    began = moment.mono_s - clock_s % QUARTER_S
    if abs(began - demand.began_mono_s) > 2.0:  # a new quarter (or the clock was set)
        demand = Demand(began, 0.0, max(demand.at_mono_s, began))
    if grid is None or grid.at_mono_s <= demand.at_mono_s:
        return demand
    span_s = min(grid.at_mono_s - max(demand.at_mono_s, demand.began_mono_s), LONGEST_GAP_S)
    return demand._replace(
        watt_s=demand.watt_s + max(0.0, grid.watts) * max(0.0, span_s), at_mono_s=grid.at_mono_s
    )


def allowed_watts(rules: Rules, demand: Demand, now: float) -> float:
    """What may be bought at this moment."""
    if rules.peak_over == "now":
        return rules.peak_watts
    left_s = max(demand.began_mono_s + QUARTER_S - now, LEAST_LEFT_S)
    left = (rules.peak_watts * QUARTER_S - demand.watt_s) / left_s
    return min(left, AT_MOST * rules.peak_watts)


def peak_room(
    proposals: Sequence[Proposal], rules: Rules, demand: Demand, grid: Reading, draws: Watched, now: float
) -> float:
    """Watts that all chargers together may draw below the cap."""
    return allowed_watts(rules, demand, now) - house_watts(proposals, grid, draws)


def imbalance(
    proposals: Sequence[Proposal], rules: Rules, grid: Reading | None, draws: Watched
) -> tuple[str, Weight, float] | None:
    """The fullest phase, which chargers tilt it, and their room; None while all is even enough."""
    phases = PHASES[: rules.site_phases]
    loads = {}
    for phase in phases:
        house = house_amps(phase, proposals, rules, grid, draws) if grid and grid.amps_by_phase else 0.0
        loads[phase] = house + sum(p.carried_amps for p in proposals if phase in p.phases)
    full = max(phases, key=lambda phase: loads[phase])
    least = min(phases, key=lambda phase: loads[phase])
    excess = loads[full] - loads[least] - rules.imbalance_amps
    if excess <= 0:
        return None

    def tilts(p: Proposal) -> float:
        return 1.0 if full in p.phases and least not in p.phases else 0.0

    room = sum(p.carried_amps * tilts(p) for p in proposals) - excess
    return full, tilts, room
