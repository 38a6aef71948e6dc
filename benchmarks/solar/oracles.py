"""Perfect knowledge: what no controller can beat, with a car that follows at once.

**Zero import**: each second takes as many whole quanta as the sun alone carries, or nothing below 6 A.
It never buys and never minds a start.

**Best value**: knows the whole day, in blocks of 10 s. What current is best in a block does not depend
on the past, so two searches suffice. Inside a block, value over current is concave (each further amp
is worth less than the one before), bends only where a second's sun ends, and rises as long as enough
of the ten seconds still have sun: the best is one of the two quanta around that bend. Over the blocks,
two states (off, on) and one price for going from off to on: the classic shortest path.
"""

from __future__ import annotations

from array import array
from math import floor

from benchmarks.solar.car import MAX_AMPS, MIN_AMPS, VOLTS, Track
from benchmarks.solar.metrics import IMPORT_COST, SOLAR_WORTH, START_COST, WS_PER_KWH
from benchmarks.solar.traces import Day

BLOCK_S = 10


def zero_import(day: Day, quantum_amps: float) -> Track:
    """Follow the sun exactly, in steps of one quantum, never above it."""
    amps = array("d")
    for net in day.net_w:
        wanted = min(MAX_AMPS, floor(net / VOLTS / quantum_amps + 1e-9) * quantum_amps)
        amps.append(wanted if wanted >= MIN_AMPS else 0.0)
    return Track(amps, amps)


def best_value(
    day: Day, quantum_amps: float, import_cost: float = IMPORT_COST, start_cost: float = START_COST
) -> Track:
    """The most valuable day there is, in 10-second blocks; the incomplete last block stays off."""
    blocks = [
        _best_current([max(0.0, net) for net in day.net_w[k : k + BLOCK_S]], quantum_amps, import_cost)
        for k in range(0, len(day) - BLOCK_S + 1, BLOCK_S)
    ]
    on = _best_path([worth for _, worth in blocks], start_cost)
    amps = array("d")
    for (current, _), charging in zip(blocks, on, strict=True):
        amps.extend([current if charging else 0.0] * BLOCK_S)
    amps.extend([0.0] * (len(day) - len(amps)))
    return Track(amps, amps)


def _best_current(sun_w: list[float], quantum_amps: float, import_cost: float) -> tuple[float, float]:
    """The best current of one block and its value in money."""
    # A further watt pays while more than this many of the block's seconds still have sun for it.
    needed = len(sun_w) * import_cost / (SOLAR_WORTH + import_cost)
    bend = sorted(sun_w, reverse=True)[floor(needed)]
    quanta = floor((bend / VOLTS - MIN_AMPS) / quantum_amps + 1e-9)
    most = round((MAX_AMPS - MIN_AMPS) / quantum_amps)
    best_amps, best_worth = MIN_AMPS, float("-inf")
    for quantum in (quanta, quanta + 1):
        amps = MIN_AMPS + min(max(quantum, 0), most) * quantum_amps
        watts = amps * VOLTS
        solar = sum([min(watts, sun) for sun in sun_w])
        worth = (SOLAR_WORTH * solar - import_cost * (len(sun_w) * watts - solar)) / WS_PER_KWH
        if worth > best_worth:
            best_amps, best_worth = amps, worth
    return best_amps, best_worth


def _best_path(worth: list[float], start_cost: float) -> list[bool]:
    """Choose on or off for each block: stopping is free, starting is not."""
    off, on = 0.0, float("-inf")
    came_on_from_off, came_off_from_on = [], []
    for value in worth:
        came_off_from_on.append(on > off)
        came_on_from_off.append(off - start_cost > on)
        off, on = max(off, on), max(off - start_cost, on) + value
    charging, path = on > off, []
    for k in range(len(worth) - 1, -1, -1):
        path.append(charging)
        charging = not came_on_from_off[k] if charging else came_off_from_on[k]
    return path[::-1]
