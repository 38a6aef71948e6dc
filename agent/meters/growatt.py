"""Growatt inverters over local Modbus: hybrids (SPH, MIX, TL-XH, MOD) and string inverters.

Their RS-485 port speaks RTU, 9600 8N1, unit 1; most people put an adapter to the network in between
(TCP, or RTU frames over TCP: `framing=rtu`). The ShineWiFi and ShineLan sticks do not pass Modbus on.
There are three maps, which the line names. Input registers, u32 with the high word first, tenths of W:

                       sph     tlx                        string
    sun                1       3005 + 3009 + 3013 + 3017  35 (AC)
    import, export     1021, 1029      3041, 3043         -
    house              1037            3045               -
    discharge, charge  1009, 1011      3178, 3180         -          battery = discharge - charge
    percent (u16)      1014            3171               -
    0.1 kWh: sun       91              3053               55
      import, export   1046, 1050      3069, 3073         -
      dis-, charged    1054, 1058      3127, 3131         -
    0.1 V (u16)        38, 42, 46      3026, 3030, 3034   38, 42, 46

3178 and 3180 are exchanged in some lists; the maker's protocol and owners' scans say it as above:
watch it while the battery charges. Where none is fitted its registers are 0, or `battery=no` says so.
Source: Growatt, "Inverter Modbus RTU Protocol II" v1.24.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from agent.meters.line import option
from agent.meters.values import Meaning, Phases, Values, by_role
from agent.meters.via.registers import Block, Registers

TITLE = "Growatt inverter (local Modbus)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "growatt://192.168.0.63:502?model=tlx"
VIA = "modbus"
PORT = 502
PLACE = "either"
HINT = "The adapter sits on its RS-485 port (9600 baud); if it passes RTU frames on, say framing=rtu."


@dataclass(frozen=True, slots=True)
class Map:
    """Where a family keeps its numbers; a pair is (one way, the other way)."""

    blocks: tuple[tuple[int, int], ...]
    sun: tuple[int, ...]
    sun_wh: int
    volts: tuple[int, ...]
    grid: tuple[int, int] | None = None
    grid_wh: tuple[int, int] = (0, 0)
    house: int = 0
    battery: tuple[int, int] = (0, 0)
    battery_wh: tuple[int, int] = (0, 0)
    soc: int = 0


MAPS = {
    "sph": Map(
        ((1, 2), (38, 9), (91, 2), (1009, 6), (1021, 18), (1046, 14)),
        (1,), 91, (38, 42, 46),
        (1021, 1029), (1046, 1050), 1037, (1009, 1011), (1054, 1058), 1014,
    ),
    "tlx": Map(
        ((3005, 14), (3026, 9), (3041, 6), (3053, 2), (3069, 6), (3127, 6), (3171, 1), (3178, 4)),
        (3005, 3009, 3013, 3017), 3053, (3026, 3030, 3034),
        (3041, 3043), (3069, 3073), 3045, (3178, 3180), (3127, 3131), 3171,
    ),
    "string": Map(((35, 2), (38, 9), (55, 2)), (35,), 55, (38, 42, 46)),
}  # fmt: skip
OF_BATTERY = {1009, 3127, 3171, 3178}


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    model: Literal["sph", "tlx", "string"] = option(
        help="sph (SPH, MIX), tlx (TL-X, TL-XH, MOD) or string (sun only)"
    )
    battery: bool = option(True, "no: none is fitted")
    unit: int = option(1, "its Modbus unit", least=1, most=247)
    path: str = option("", "a serial port, for RTU")
    baud: int = option(9600, "its speed, for RTU", least=1200, most=921600)
    parity: Literal["N", "E", "O"] = option("N", "its parity, for RTU")
    framing: Literal["tcp", "rtu"] = option("tcp", "rtu: RTU frames over TCP")


def ask(options: Options, answers: Registers) -> list[Block]:
    """The blocks of its map; those of a battery may be missing."""
    return [
        Block(at, count, table="input", optional=at in OF_BATTERY)
        for at, count in MAPS[options.model].blocks
        if options.battery or at not in OF_BATTERY
    ]


def decode(answers: Registers, options: Options) -> Meaning:
    """All roles of its map."""
    words, where = answers.of(table="input"), MAPS[options.model]
    return by_role(
        grid=lambda: _flow(words, where.grid, where.grid_wh) if where.grid else None,
        solar=lambda: Values(
            sum(_tenths(words, where.sun)),
            volts_by_phase=_volts(words, where.volts),
            energy_wh=words.need(where.sun_wh, "u32", "its counter") * 100,
        ),
        battery=lambda: _battery(words, where),
        house=lambda: Values(sum(_tenths(words, (where.house,)))) if where.house else None,
    )


def _battery(words: Registers, where: Map) -> Values | None:
    soc_percent = words.get(where.soc)
    if not where.soc or soc_percent is None or not words.has(where.battery[0], 4):
        return None
    values = _flow(words, where.battery, where.battery_wh, soc_percent)
    return values if values.watts or soc_percent else None  # nothing at all: none is fitted


def _flow(
    words: Registers, into: tuple[int, int], counters: tuple[int, int], soc_percent: float | None = None
) -> Values:
    """What flows in less what flows out, each in a register pair of its own."""
    inward, outward = _tenths(words, into)
    energy, exported = (words.get(at, "u32") for at in counters)
    return Values(
        inward - outward,
        energy_wh=None if energy is None else energy * 100,
        exported_wh=None if exported is None else exported * 100,
        soc_percent=soc_percent,
    )


def _tenths(words: Registers, at: Iterable[int]) -> list[float]:
    return [words.need(one, "u32", "its power") / 10 for one in at]


def _volts(words: Registers, at: Iterable[int]) -> Phases | None:
    """As many phases as carry a voltage: the others read 0."""
    found = tuple(volts / 10 for volts in words.phases(at, "u16") or () if volts)
    return found or None
