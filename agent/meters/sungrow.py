"""Sungrow hybrids (SH), string inverters (SG) and the iHomeManager, over Modbus TCP or RTU.

The inverter's own network port serves best; the WiNet-S stick gives nonsense for what it doesn't know
(-1, 5177343 W). Port 502, unit 1 (iHomeManager 247), **input** registers, low word first. Wire
addresses are one lower than in Sungrow's documents. The line names the model:

    hybrid   5016   u32  W, sun (DC)      13009  i32  W, **+ export**        grid = -W
             5213   i32  W battery, + discharging, newer firmware            13022  u16  0.1 %
             13021  u16  W battery, magnitude; 13000 bit 1: charging, bit 2: discharging
             13033  i32  W, AC            u32  0.1 kWh: 13002 sun, 13036 in, 13045 out, 13026 discharged
             5740   u16  0.1 V of the meter, L1 to L3
    string   5030   u32  W, AC            5082   i32  W, **+ import**        5003  u32  kWh
             5018   u16  0.1 V, L1 to L3
    ihomemanager    8154, 8156, 8160  i32  10 W: sun, grid + import, battery + discharging    8162  u16  0.1 %

Old firmware leaves the bits of 13000 at 0: then more AC than DC means discharging. Not there is 0x7FFFFFFF
or -1. The iHomeManager's signs are unconfirmed on hardware, as is 13045.
Source: Sungrow, "Communication Protocol of Residential Hybrid Inverter", "... of PV Grid-Connected Inverter".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.meters.line import option
from agent.meters.values import Meaning, Phases, Poor, Values, by_role
from agent.meters.via.registers import Block, Registers

TITLE = "Sungrow inverter (Modbus)"
ROLES = ("grid", "solar", "battery")
EXAMPLE = "sungrow://192.168.0.66:502?model=hybrid"
VIA = "modbus"
PORT = 502
PLACE = "either"
HINT = "Use the inverter's own network port, not the WiNet-S stick, if it has one."

BLOCKS = {  # what every model must answer, then what it may lack
    "hybrid": (((5016, 2), (13000, 38)), ((5213, 2), (5740, 3), (13045, 2))),
    "string": (((5003, 2), (5030, 2)), ((5018, 3), (5082, 2))),
    "ihomemanager": (((8154, 9),), ()),
}
CHARGING, DISCHARGING = 0x02, 0x04


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    model: Literal["hybrid", "string", "ihomemanager"] = option(
        help="hybrid (SH), string (SG) or ihomemanager"
    )
    unit: int = option(1, "its Modbus unit; the iHomeManager is 247", least=1, most=247)
    path: str = option("", "a serial port, for RTU")
    baud: int = option(9600, "its speed, for RTU", least=1200, most=921600)
    parity: Literal["N", "E", "O"] = option("N", "its parity, for RTU")
    framing: Literal["tcp", "rtu"] = option("tcp", "rtu: RTU frames over TCP")


def ask(options: Options, answers: Registers) -> list[Block]:
    """The model's registers."""
    needed, optional = BLOCKS[options.model]
    return [Block(at, count, table="input") for at, count in needed] + [
        Block(at, count, table="input", optional=True) for at, count in optional
    ]


def decode(answers: Registers, options: Options) -> Meaning:
    """The model's roles, each failing by itself."""
    words = answers.of(table="input")
    if options.model == "hybrid":
        return by_role(
            grid=lambda: _hybrid_grid(words),
            solar=lambda: Values(_u32(words, 5016, "the sun"), energy_wh=_wh(words, 13002)),
            battery=lambda: _hybrid_battery(words),
        )
    if options.model == "string":
        return by_role(
            grid=lambda: None if (watts := _i32(words, 5082)) is None else Values(watts),
            solar=lambda: Values(
                _u32(words, 5030, "the AC power"),
                volts_by_phase=_volts(words, 5018),
                energy_wh=_u32(words, 5003, "the counter") * 1000,
            ),
        )
    return by_role(
        grid=lambda: _tens(words, 8156),
        solar=lambda: _tens(words, 8154),
        battery=lambda: _tens(words, 8160, 8162),
    )


def _hybrid_grid(words: Registers) -> Values:
    watts = _i32(words, 13009)
    if watts is None:
        raise Poor("it has no watts of its meter: is one wired to the inverter?")
    return Values(-watts, None, _volts(words, 5740), _wh(words, 13036), _wh(words, 13045))


def _hybrid_battery(words: Registers) -> Values | None:
    tenths, magnitude, state = words.get(13022), words.get(13021), words.raw(13000, "u16") or 0
    if tenths is None or magnitude is None or (tenths == 0 and magnitude == 0):
        return None  # none is fitted
    watts = _i32(words, 5213)
    if not watts:  # older firmware leaves it out, or at 0
        ac_watts = _i32(words, 13033) or 0.0
        charging = ac_watts < _u32(words, 5016, "the sun")
        if state & (CHARGING | DISCHARGING):
            charging = not state & DISCHARGING
        watts = -magnitude if charging else magnitude
    return Values(watts, energy_wh=_wh(words, 13026), soc_percent=tenths / 10)


def _tens(words: Registers, at: int, tenths_at: int = 0) -> Values | None:
    watts, tenths = _i32(words, at), words.get(tenths_at)
    return None if watts is None else Values(watts * 10, soc_percent=None if tenths is None else tenths / 10)


def _i32(words: Registers, at: int) -> float | None:
    """Signed watts; None for -1, which is what the stick says when it knows nothing."""
    watts = words.get(at, "i32", low_first=True)
    return None if watts == -1 else watts


def _u32(words: Registers, at: int, what: str) -> float:
    return words.need(at, "u32", what, low_first=True)


def _wh(words: Registers, at: int) -> float | None:
    tenths_kwh = words.get(at, "u32", low_first=True)
    return None if tenths_kwh is None else tenths_kwh * 100


def _volts(words: Registers, at: int) -> Phases | None:
    """As many phases as carry a voltage: the others read 0, and in standby all do."""
    return tuple(volts / 10 for volts in words.phases(range(at, at + 3), "u16") or () if volts) or None
