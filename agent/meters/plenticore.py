"""Kostal Plenticore (G1 to G3) and Piko IQ, over Modbus TCP: sun, house, energy meter, battery.

Switch *Modbus / SunSpec (TCP)* on in the inverter's web page. It listens on port 1502 as unit 71 and
serves **one** client: with a second one both lose their connection. Without a battery it sleeps at night
and refuses the connection; that is silence, and only the owner knows that it means 0 W.

Register 5 says which word of a float comes first (0: the low one, the factory's choice; 1: the high
one), so it is read before all others. Holding registers:

      252  f32  W, + import, energy meter     224, 234, 244  W     222, 232, 242  A     230, 240, 250  V
      106  f32  W, house from the battery     108  from the grid   116  from the sun    house = their sum
     1066  f32  W, sun on the DC side (newer firmware)             1056  f32  Wh of sun, 320 Wh of yield
      100  f32  W, DC side of older firmware: with a battery it may contain it
      582  i16  W, + discharging              514  u16  %

Register 514's offset and the content of 100 on hybrids are unconfirmed on hardware: without 1066 a house
with a battery is told, not guessed. Source: Kostal, "Interface description MODBUS (TCP) & SunSpec".
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters.line import option
from agent.meters.values import Meaning, Phases, Poor, Values, by_role, signed_amps
from agent.meters.via.registers import Block, Registers

TITLE = "Kostal Plenticore, Piko IQ (Modbus TCP)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "plenticore://192.168.0.62:1502"
VIA = "modbus"
PORT = 1502
HINT = "Modbus must be switched on in its web page; it serves one client and may sleep at night."

WORD_ORDER = Block(5, 1, once=True)
DC, HOUSE, HOUSE_FROM_SUN, YIELD = Block(100, 2), Block(106, 4), Block(116, 2), Block(320, 2)
METER = Block(222, 32, optional=True)
FULLNESS, BATTERY = Block(514, 1, optional=True), Block(582, 1, optional=True)
SUN_ENERGY, SUN = Block(1056, 2, optional=True), Block(1066, 2, optional=True)


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    unit: int = option(71, "its Modbus unit", least=1, most=247)
    battery: bool = option(True, "no: there is none, whatever its registers say")


def ask(options: Options, answers: Registers) -> list[Block]:
    """First the word order, then everything."""
    if not answers.has(5):
        return [WORD_ORDER]
    battery = [FULLNESS, BATTERY] if options.battery else []
    return [DC, HOUSE, HOUSE_FROM_SUN, METER, YIELD, SUN_ENERGY, SUN, *battery]


def decode(answers: Registers, options: Options) -> Meaning:
    """All roles at once, each failing by itself."""
    return by_role(
        grid=lambda: _grid(answers),
        solar=lambda: _solar(answers),
        battery=lambda: _battery(answers),
        house=lambda: Values(sum(_float(answers, at, "the house's watts") for at in (106, 108, 116))),
    )


def _grid(answers: Registers) -> Values | None:
    if not answers.has(252):
        return None
    amps, watts, volts = (_phases(answers, at) for at in (222, 224, 230))
    return Values(_float(answers, 252, "the energy meter's watts"), signed_amps(amps, watts), volts)


def _solar(answers: Registers) -> Values:
    energy_wh = _float_or_none(answers, 1056) or _float_or_none(answers, 320)
    watts = _float_or_none(answers, 1066)
    if watts is None:
        if _battery(answers):
            raise Poor(
                "this firmware does not tell the sun from the battery: update it, or read the sun with "
                "sunspec://ADDRESS:1502?unit=71"
            )
        watts = _float(answers, 100, "the DC power")
    return Values(watts, energy_wh=energy_wh)


def _battery(answers: Registers) -> Values | None:
    watts, soc_percent = answers.get(582, "i16"), answers.get(514)
    if watts is None or soc_percent is None or (watts == 0 and soc_percent == 0):
        return None  # none is fitted
    return Values(watts, soc_percent=soc_percent)


def _low_first(answers: Registers) -> bool:
    return answers.get(5) != 1


def _float(answers: Registers, at: int, what: str) -> float:
    return answers.need(at, "f32", what, low_first=_low_first(answers))


def _float_or_none(answers: Registers, at: int) -> float | None:
    return answers.get(at, "f32", low_first=_low_first(answers))


def _phases(answers: Registers, at: int) -> Phases | None:
    found = [_float_or_none(answers, one) for one in (at, at + 10, at + 20)]
    return tuple(one for one in found if one is not None) if None not in found else None
