"""The main fuse, phase by phase: how many amps the chargers may draw beside the house.

    room = fuse - reserved - what the house draws,   house = what the meter says - what the chargers drew then

Meters err, so:

* What the house draws is never taken as less than nothing: the chargers alone never draw more than the
  fuse, whatever the meter says. (Sun on the roof does not make the fuse bigger.)
* A meter that tells amps and watts must agree with itself. Watts that no phase's amps account for are
  counted on every phase: a clamp that fell off hides nothing as long as the watts are right.
* Only where the meter has felt a car is the car's draw taken off what the meter says. A car that the meter
  feels on another phase than the settings name counts on both; one that it does not feel counts in addition.
* Without amps by phase, all that the house draws counts on each phase; and a car whose phases are not
  known yet has the minimum until its first amps have shown them.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.brain.budget import drawn_at
from agent.brain.limits.fit import Proposal
from agent.brain.memory import Watched
from agent.model import Reading, Rules

PHASES = ("L1", "L2", "L3")
AGREES_AMPS = 1.0  # so much may be missing between a meter's watts and its amps ...
AGREES_SHARE = 0.05  # ... and this share of them


def fuse_amps(phase: str, rules: Rules, reserved_watts: Sequence[float]) -> float:
    """What may flow through one phase's fuse, less what is kept free for others on it."""
    index = PHASES.index(phase)
    kept = reserved_watts[index] if index < len(reserved_watts) else 0.0
    return rules.main_fuse_amps - kept / rules.volts


def house_amps(
    phase: str, proposals: Sequence[Proposal], rules: Rules, grid: Reading, draws: Watched
) -> float:
    """What one phase carries beside the chargers, signed; the worst case where it is not known."""
    index = PHASES.index(phase)
    if not grid.amps_by_phase or index >= len(grid.amps_by_phase):
        return house_watts(proposals, grid, draws) / rules.volts
    drawn_now = sum(p.status.drawn_amps for p in proposals if phase in p.felt)
    return grid.amps_by_phase[index] + hidden_amps(grid, rules) - drawn_now * _ratio(draws, grid)


def house_watts(proposals: Sequence[Proposal], grid: Reading, draws: Watched) -> float:
    """What the house buys beside the chargers, signed."""
    uncounted = sum(p.uncounted_watts for p in proposals)
    return grid.watts - drawn_at(draws, grid.at_mono_s) - uncounted


def fuse_room(
    phase: str,
    proposals: Sequence[Proposal],
    rules: Rules,
    reserved_watts: Sequence[float],
    grid: Reading,
    draws: Watched,
) -> float:
    """Amps that all chargers together may draw from one phase."""
    house = max(0.0, house_amps(phase, proposals, rules, grid, draws))
    return fuse_amps(phase, rules, reserved_watts) - house


def hidden_amps(grid: Reading, rules: Rules) -> float:
    """Amps that a meter's watts know of and its phases do not."""
    if not grid.amps_by_phase:
        return 0.0
    volts = grid.volts_by_phase
    if volts and len(volts) == len(grid.amps_by_phase) and min(volts) > 0:
        told_watts = sum(amps * each for amps, each in zip(grid.amps_by_phase, volts, strict=True))
    else:
        told_watts = sum(grid.amps_by_phase) * rules.volts
    missing = (grid.watts - told_watts) / rules.volts
    return missing if missing > AGREES_AMPS + AGREES_SHARE * abs(grid.watts) / rules.volts else 0.0


def _ratio(draws: Watched, grid: Reading) -> float:
    """How the chargers' draw at the meter's reading compares with now (1.0 when nothing moved)."""
    if not draws or draws[-1][1] <= 0:
        return 1.0
    return min(1.0, drawn_at(draws, grid.at_mono_s) / draws[-1][1])
