"""SolarEdge inverters over Modbus TCP: inverter, up to three meters, up to two batteries.

Switch Modbus TCP on with SetApp (or in the inverter's menu); it listens on port 1502 (502 on some), unit
1, and serves **one client**. Wi-Fi no longer carries it since firmware of January 2022: use the cable.

The registers are a SunSpec chain at 40000: common (1), inverter (101 to 103), then for each meter a
common block whose option text says what it measures ("Export+Import", "Production", "Consumption") and
a meter block (201 to 204). The chain is followed, not counted: on Synergy inverters of two or three
units more blocks stand in between, and where meter 2 is not fitted, meter 3 moves up.

Signs: inverter W + is production. **Meter W + is export**, so grid = -W. **Battery W + is charging.**
On a hybrid, AC watts contain the battery; the sun is then what the DC side takes in plus what goes into
the battery. Batteries stand outside the chain, as floats with the low word first:

    57716  0xE174  f32  W, + charging      57718  u64  Wh discharged (low word first)
    57732  0xE184  f32  percent full       57722  u64  Wh charged              (battery 2: + 256)

Not implemented is 0x8000, 0xFFFF, or -3.4e38. Readings are fresh once a second; the meters average
over about that long. Source: SolarEdge, "SunSpec Implementation Technical Note".
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters.line import option
from agent.meters.values import Meaning, Poor, Values, by_role
from agent.meters.via import chain
from agent.meters.via.registers import Block, Registers

TITLE = "SolarEdge inverter (Modbus TCP)"
ROLES = ("grid", "solar", "battery")
EXAMPLE = "solaredge://192.168.0.27:1502?meter=1"
VIA = "modbus"
PORT = 1502
EVERY_S = 2.0
HINT = "Modbus TCP must be switched on in SetApp; the inverter serves one client and only over its cable."

OPTION_TEXT_AT, OPTION_TEXT_WORDS = 32, 8  # in a meter's common block
BATTERIES = tuple(Block(at, 18, optional=True) for at in (0xE174, 0xE274))
NOT_THE_GRID = ("production", "consumption")


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    unit: int = option(1, "the inverter's Modbus unit", least=1, most=247)
    meter: int = option(1, "which meter sits at the grid connection", least=1, most=3)
    battery: bool = option(True, "no: don't look for batteries")


def ask(options: Options, answers: Registers) -> list[Block]:
    """First along the chain, then the inverter, the grid meter and the batteries."""
    found = chain.walk(answers)
    if found.next:
        return [found.next]
    wanted = [chain.live(model) for model in found.every(*chain.INVERTERS)[:1]]
    for meter in _meters(found)[options.meter - 1 : options.meter]:
        common = found.common_before(meter)
        wanted += [chain.about(common)] if common else []
        wanted.append(chain.live(meter))
    return wanted + (list(BATTERIES) if options.battery else [])


def decode(answers: Registers, options: Options) -> Meaning:
    """All roles at once, each failing by itself."""
    found = chain.walk(answers)
    return by_role(
        solar=lambda: _solar(answers, found),
        grid=lambda: _grid(answers, found, options.meter),
        battery=lambda: _battery(answers),
    )


def _meters(found: chain.Chain) -> list[chain.Model]:
    return found.every(*chain.METERS)


def _solar(answers: Registers, found: chain.Chain) -> Values:
    model = found.first(*chain.INVERTERS)
    if model is None:
        raise Poor("it lists no inverter: is this a SolarEdge inverter?")
    values, battery = chain.inverter(answers, model), _battery(answers)
    dc_watts = chain.dc_watts(answers, model)
    if battery is None or dc_watts is None:
        return values
    return Values(max(0.0, dc_watts - battery.watts), None, values.volts_by_phase)


def _grid(answers: Registers, found: chain.Chain, number: int) -> Values | None:
    meters = _meters(found)
    if not meters and number == 1:
        return None
    if number > len(meters):
        raise Poor(
            f"there is no meter {number}: the inverter lists {len(meters)}. Meters close up, count again."
        )
    meter = meters[number - 1]
    common = found.common_before(meter)
    text = answers.text(common.at + OPTION_TEXT_AT, OPTION_TEXT_WORDS) if common else ""
    if text.lower().startswith(NOT_THE_GRID):
        raise Poor(f"meter {number} is set up as {text!r}, which is not the grid: try meter={number % 3 + 1}")
    return chain.meter(answers, meter).flipped_power()


def _battery(answers: Registers) -> Values | None:
    found = [one for block in BATTERIES if (one := _one_battery(answers, block.at))]
    if not found:
        return None
    fullness = [one.soc_percent for one in found if one.soc_percent is not None]
    return Values(
        sum(one.watts for one in found),
        energy_wh=sum(one.energy_wh or 0.0 for one in found) or None,
        exported_wh=sum(one.exported_wh or 0.0 for one in found) or None,
        soc_percent=sum(fullness) / len(fullness) if fullness else None,
    )


def _one_battery(answers: Registers, at: int) -> Values | None:
    watts = answers.get(at, "f32", low_first=True)
    if watts is None:
        return None
    soc_percent = answers.get(at + 16, "f32", low_first=True)
    discharged, charged = (answers.get(at + i, "u64", low_first=True) for i in (2, 6))
    return Values(-watts, energy_wh=discharged, exported_wh=charged, soc_percent=soc_percent)
