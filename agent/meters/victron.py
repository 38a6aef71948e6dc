"""Victron GX devices (Cerbo, Venus OS) over Modbus TCP: the whole system as unit 100.

Switch *Modbus TCP* on under Settings > Services. Grid, sun, battery and house come as sums of the system:

    808 809 810  u16  W, sun on the output side    817 818 819  u16  W, the house L1 to L3
    811 812 813  u16  W, sun on the grid side      820 821 822  i16  W, + import, L1 to L3
    850          u16  W, sun on the battery        842  i16  W, **+ charging**    843  u16  %

The sun is the sum of all seven. **What the GX does not know, it reports as 0**, not as an error: a grid
meter that fell off the bus looks like 0 W. So three grid phases of exactly 0 are only believed while
the house's balance comes out without them. An inverter that draws a few watts at night wraps round
(65531 is -5). Watts are 16 bits: a phase ends at 32.7 kW.

With `meter`, the unit of the grid meter (its VRM instance), that meter is read itself: an error when it
is away, and amps and volts come along: 2600 to 2602 i16 W; 2616, 2618, 2620 u16 0.1 V; 2617, 2619, 2621
i16 0.1 A. Source: Victron, "CCGX Modbus TCP register list".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.meters.line import option
from agent.meters.values import Meaning, Poor, Values, by_role, signed_amps
from agent.meters.via.registers import Block, Registers

TITLE = "Victron GX (Modbus TCP)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "victron://192.168.0.64:502"
VIA = "modbus"
PORT = 502
EVERY_S = 2.0
HINT = "Modbus TCP must be switched on in the GX (Settings > Services)."

AC, BATTERY, DC_SUN = Block(808, 15), Block(842, 2), Block(850, 1)
SUN, HOUSE, GRID = (*range(808, 814), 850), range(817, 820), range(820, 823)
WRAPPED = 60_000
MOST_LOST_WATTS = 300.0  # what inverters and wires may cost before a grid of 0 W is a lie


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    unit: int = option(100, "the system's Modbus unit", least=0, most=247)
    meter: int = option(0, "the grid meter's Modbus unit, to read it itself; 0: don't", least=0, most=247)


def ask(options: Options, answers: Registers) -> list[Block]:
    """The system, and the grid meter behind the GX."""
    parts = ((2600, 3), (2616, 6)) if options.meter else ()
    meter = [Block(at, count, unit=options.meter, optional=True) for at, count in parts]
    return [AC, BATTERY, DC_SUN, *meter]


def decode(answers: Registers, options: Options) -> Meaning:
    """All roles at once, each failing by itself."""
    return by_role(
        grid=lambda: _meter(answers.of(options.meter), options) if options.meter else _grid(answers),
        solar=lambda: Values(sum(_unsigned(answers, SUN))),
        battery=lambda: _battery(answers),
        house=lambda: Values(sum(_unsigned(answers, HOUSE))),
    )


def _grid(answers: Registers) -> Values:
    phases = [answers.need(at, "i16", "the grid's watts") for at in GRID]
    if not any(phases):
        lost = sum(_unsigned(answers, SUN)) - sum(_unsigned(answers, HOUSE)) - answers.need(842, "i16")
        if abs(lost) > MOST_LOST_WATTS:
            raise Poor(f"it says 0 W of grid, but {abs(lost):.0f} W are missing: is its grid meter away?")
    return Values(sum(phases))


def _meter(words: Registers, options: Options) -> Values:
    watts = words.phases(range(2600, 2603), "i16")
    if watts is None:
        raise Poor(f"the GX has no grid meter as unit {options.meter}: see Modbus TCP > Available services")
    amps, volts = words.phases(range(2617, 2622, 2), "i16"), words.phases(range(2616, 2621, 2), "u16")
    return Values(
        sum(watts),
        signed_amps(amps and tuple(abs(one) / 10 for one in amps), watts),
        volts and tuple(one / 10 for one in volts),
    )


def _battery(answers: Registers) -> Values | None:
    watts, soc_percent = answers.get(842, "i16"), answers.get(843)
    if watts is None or (not watts and not soc_percent):
        return None  # a system without a battery
    return Values(-watts, soc_percent=soc_percent)


def _unsigned(answers: Registers, at: Iterable[int]) -> list[float]:
    words = [answers.raw(one, "u16") or 0 for one in at]
    return [float(word - 0x10000 if word > WRAPPED else word) for word in words]
