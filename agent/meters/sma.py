"""SMA inverters over Modbus TCP: strings, hybrids, battery inverters, with the meter they listen to.

The installer must switch *Modbus server (TCP)* on. Port 502, unit 3; a Sunny Home Manager is unit 2.
All are 32 bits, high word first, and come in pairs of magnitudes where a flow has two directions:

    30775  i32  W, AC (a battery in it)    30773, 30961, 30967  i32  W, DC of each string
    30865  i32  W import                   30867  i32  W export              grid = import - export
    31265, 31267, 31269  u32  W import of a phase        31259, 31261, 31263  u32  W export of a phase
    31253, 31255, 31257  u32  0.01 V                     31435, 31437, 31439  i32  mA, magnitude
    31393  u32  W charging                 31395  u32  W discharging         30845  u32  %
    30529  u32  Wh produced                30581, 30583  u32  Wh imported, exported
    31401  u64  Wh discharged              31397  u64  Wh charged

NaN (0x80000000, 0xFFFFFFFF) is said by what is not fitted, **and by the sun at night**: there it is 0.
With a battery the sun is what the strings bring. On Sunny Boy Storage and Sunny Island (`storage=yes`)
30775 is the battery itself, + discharging. The meter's phases and the battery's counters are unconfirmed
on hardware; a model without them answers an exception, and they are left out.
Source: SMA, "Modbus parameters and measured values".
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters.line import option
from agent.meters.values import Meaning, Phases, Values, by_role, signed_amps
from agent.meters.via.registers import Block, Registers

TITLE = "SMA inverter (Modbus TCP)"
ROLES = ("grid", "solar", "battery")
EXAMPLE = "sma://192.168.0.65:502?unit=3"
VIA = "modbus"
PORT = 502
HINT = "The installer must switch the Modbus server on in the inverter."

BLOCKS = tuple(
    Block(at, count, optional=True)
    for at, count in (
        (30775, 2), (30773, 2), (30961, 2), (30967, 2), (30529, 2), (30865, 4), (30581, 4),
        (31253, 18), (31435, 6), (30845, 2), (31393, 12),
    )
)  # fmt: skip
STRING_AT = (30773, 30961, 30967)


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    unit: int = option(3, "its Modbus unit", least=1, most=247)
    storage: bool = option(False, "yes: a Sunny Boy Storage or Sunny Island, whose AC power is the battery")


def ask(options: Options, answers: Registers) -> list[Block]:
    """All that any model has; most of it is optional."""
    return list(BLOCKS)


def decode(answers: Registers, options: Options) -> Meaning:
    """All roles at once, each failing by itself."""
    return by_role(
        grid=lambda: _grid(answers),
        solar=lambda: None if options.storage else _solar(answers),
        battery=lambda: _battery(answers, options),
    )


def _grid(answers: Registers) -> Values | None:
    bought, sold = answers.get(30865, "i32"), answers.get(30867, "i32")
    if bought is None or sold is None:
        return None  # it listens to no meter
    amps, volts = answers.phases(range(31435, 31440, 2), "i32"), answers.phases(range(31253, 31258, 2), "u32")
    return Values(
        bought - sold,
        signed_amps(amps and tuple(one / 1000 for one in amps), _flows(answers)),
        volts and tuple(one / 100 for one in volts),
        energy_wh=answers.get(30581, "u32"),
        exported_wh=answers.get(30583, "u32"),
    )


def _solar(answers: Registers) -> Values | None:
    if not answers.has(30775, 2):
        return None
    strings = [watts for at in STRING_AT if (watts := answers.get(at, "i32")) is not None]
    watts = sum(strings) if answers.get(30845, "u32") is not None else answers.get(30775, "i32")
    return Values(watts or 0.0, energy_wh=answers.get(30529, "u32"))  # NaN is night


def _battery(answers: Registers, options: Options) -> Values | None:
    soc_percent, watts = answers.get(30845, "u32"), answers.get(30775, "i32")
    if not options.storage:
        discharging, charging = (_magnitude(answers, at) for at in (31395, 31393))
        watts = None if discharging is None or charging is None else discharging - charging
    if watts is None:
        return None
    return Values(
        watts,
        energy_wh=answers.get(31401, "u64"),
        exported_wh=answers.get(31397, "u64"),
        soc_percent=soc_percent,
    )


def _magnitude(answers: Registers, at: int) -> float | None:
    """A number that models give as signed or unsigned, each with a NaN of its own."""
    return None if answers.get(at, "i32") is None else answers.get(at, "u32")


def _flows(answers: Registers) -> Phases | None:
    """What each phase draws from the grid."""
    bought, sold = (answers.phases(range(at, at + 5, 2), "u32") for at in (31265, 31259))
    if bought is None or sold is None or len(bought) != len(sold):
        return None
    return tuple(b - s for b, s in zip(bought, sold, strict=True))
