"""GoodWe inverters: hybrids (ET, EH, BT, BH) and string inverters (DT, MS, D-NS, XS).

Three ways in. Port 8899: the Wi-Fi or LAN stick, which takes RTU frames in UDP (via/dongle.py). Any
other port: Modbus TCP, with the newer LAN kit on 502. `goodwe:///dev/ttyUSB1`: RTU, 9600 baud. Unit 247;
DT and its family are 127 through the stick. Holding registers, high word first:

    et   35105, 35109, 35113, 35117  u32  W, sun of each string      35191  u32  0.1 kWh
         35182, 35264  i32  W, batteries, + discharging              35209  u32  0.1 kWh discharged
         37007, 39005  u16  %
         36025  i32  W, meter, **+ export**      36019, 36021, 36023  of a phase      grid = -W
         36008, 36005 to 36007  i16  the same by older firmware, which leaves the above at 0
         36015, 36017  f32  Wh, exported and imported
         36052, 36055  u16  0.1 V and 0.1 A, L1 to L3 (newer firmware)
    dt   30127  i32  W         30145  u32  0.1 kWh        30118  u16  0.1 V, L1 to L3
         781    u16  W         786    u32  0.1 kWh        where the above does not exist
         30195  i32  W, meter, + export                   30209  u16  1: it is there

A string that isn't there is 0xFFFFFFFF. ES and EM hybrids have another map (`modbus` reads them). The
registers of dt were read in another's program, and are unconfirmed on hardware.
Source: GoodWe, "ET/EH/BH/BT Modbus protocol".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.meters.line import Source, option
from agent.meters.values import Meaning, Phases, Poor, Values, by_role, signed_amps
from agent.meters.via.registers import Block, Registers

TITLE = "GoodWe inverter (UDP stick, Modbus TCP or RTU)"
ROLES = ("grid", "solar", "battery")
EXAMPLE = "goodwe://192.168.0.67:8899?model=et"
PORT = 8899
PLACE = "either"
HINT = "Port 8899 is the stick, 502 the LAN kit; the DT family answers as unit=127."

STICK_PORT = 8899
STRINGS = (35105, 35109, 35113, 35117)
ET = (
    Block(35105, 106),
    Block(36004, 23),
    Block(36052, 6, optional=True),
    Block(37007, 1, optional=True),
    Block(35264, 2, optional=True),
    Block(39005, 5, optional=True),
)
DT, OLD_DT, DT_METER = Block(30118, 29, optional=True), Block(781, 7), Block(30195, 15, optional=True)


def via(source: Source) -> str:
    """The stick speaks UDP; everything else is Modbus."""
    return "dongle" if source.port == STICK_PORT else "modbus"


VIA = via


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    model: Literal["et", "dt"] = option("et", "et (hybrids ET, EH, BT, BH) or dt (strings DT, MS, D-NS, XS)")
    unit: int = option(247, "its Modbus unit", least=1, most=247)
    pause_s: float = option(0.1, "how long between two reads", least=0, most=1)
    path: str = option("", "a serial port, for RTU")
    baud: int = option(9600, "its speed, for RTU", least=1200, most=921600)
    parity: Literal["N", "E", "O"] = option("N", "its parity, for RTU")
    framing: Literal["tcp", "rtu"] = option("tcp", "rtu: RTU frames over TCP")


def ask(options: Options, answers: Registers) -> list[Block]:
    """The model's registers; older string inverters have their own."""
    if options.model == "et":
        return list(ET)
    if DT in answers.asked and not answers.has(DT.at):
        return [OLD_DT]
    return [DT, DT_METER] if DT in answers.asked else [DT]


def decode(answers: Registers, options: Options) -> Meaning:
    """The model's roles, each failing by itself."""
    if options.model == "dt":
        return by_role(grid=lambda: _dt_grid(answers), solar=lambda: _dt_solar(answers))
    return by_role(
        grid=lambda: _grid(answers),
        solar=lambda: Values(
            sum(answers.get(at, "u32") or 0.0 for at in STRINGS), energy_wh=_wh(answers, 35191)
        ),
        battery=lambda: _battery(answers),
    )


def _grid(answers: Registers) -> Values:
    phases = answers.phases(range(36019, 36024, 2), "i32")
    watts = answers.get(36025, "i32")
    if not watts:
        phases, watts = answers.phases(range(36005, 36008), "i16"), answers.get(36008, "i16")
    if not watts and not answers.get(36004):
        raise Poor("the inverter answers, but its meter does not: look at the meter's wires")
    return Values(
        watts or 0.0,
        signed_amps(_tenths(answers, 36055), phases),
        _tenths(answers, 36052),
        energy_wh=answers.get(36017, "f32"),
        exported_wh=answers.get(36015, "f32"),
    ).flipped_power()


def _battery(answers: Registers) -> Values | None:
    fullness = [soc for at in (37007, 39005) if (soc := answers.get(at)) is not None]
    watts = [one for at in (35182, 35264) if (one := answers.get(at, "i32")) is not None]
    if not fullness or not watts or not any((*watts, *fullness)):
        return None
    return Values(sum(watts), energy_wh=_wh(answers, 35209), soc_percent=sum(fullness) / len(fullness))


def _dt_solar(answers: Registers) -> Values:
    if not answers.has(DT.at):
        return Values(answers.need(781, "u16", "its power"), energy_wh=_wh(answers, 786))
    watts = answers.need(30127, "i32", "its power")
    return Values(watts, volts_by_phase=_tenths(answers, 30118), energy_wh=_wh(answers, 30145))


def _dt_grid(answers: Registers) -> Values | None:
    watts = answers.get(30195, "i32")
    return None if watts is None or answers.get(30209) != 1 else Values(-watts)


def _wh(answers: Registers, at: int) -> float | None:
    tenths_kwh = answers.get(at, "u32")
    return None if tenths_kwh is None else tenths_kwh * 100


def _tenths(answers: Registers, at: int) -> Phases | None:
    found = answers.phases(range(at, at + 3), "u16")
    return found and tuple(one / 10 for one in found)
