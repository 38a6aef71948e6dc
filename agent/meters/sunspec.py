"""Any SunSpec device over Modbus TCP or RTU: inverters, meters and batteries of many makers.

The chain of models is searched at 40000, 50000 and 0 and followed to its end; what it holds is used:

    solar    inverter models 101-103, 111-113, 701; with a battery on the DC side, the strings of 160
    grid     meter models 201-204, 211-214
    battery  714, 802, or modules 3 and 4 of 160 (Fronius hybrids); percent from 124, 713 or 802

**A meter's sign is its maker's choice.** SolarEdge counts export as positive, Fronius import. The maker's
name in model 1 decides; for any other the line must say `positive=import` or `positive=export`. Watch
the number while the sun is high and little is switched on: that is export.

Units that are worth a try when 1 does not answer: 2, 100, 126, 200 (a Fronius Smart Meter), 247.
Batteries: model 802 W and port W of 714 are positive while discharging. Source: SunSpec model definitions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agent.meters.line import option
from agent.meters.values import Meaning, Poor, Values, by_role
from agent.meters.via import chain
from agent.meters.via.registers import Block, Registers

TITLE = "Any SunSpec inverter, meter or battery (Modbus)"
ROLES = ("grid", "solar", "battery")
EXAMPLE = "sunspec://192.168.0.40:502?unit=1&positive=import"
VIA = "modbus"
PORT = 502
PLACE = "either"
HINT = "SunSpec (Modbus TCP) must be switched on in the device; units 1, 2, 100, 126, 200, 247 are usual."

SOLAR = (*chain.INVERTERS, *chain.FLOAT_INVERTERS, chain.DER_AC)
GRID = (*chain.METERS, *chain.FLOAT_METERS)
BATTERY = (124, 713, 714, 802)
MPPT = 160
EXPORT_IS_POSITIVE = {"solaredge": True, "fronius": False}


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    unit: int = option(1, "the device's Modbus unit", least=1, most=247)
    meter: int = option(1, "which meter of the chain", least=1, most=9)
    positive: Literal["", "import", "export"] = option("", "what a positive number of the meter means")
    path: str = option("", "a serial port, for RTU")
    baud: int = option(9600, "its speed, for RTU", least=1200, most=921600)
    parity: Literal["N", "E", "O"] = option("N", "its parity, for RTU")
    framing: Literal["tcp", "rtu"] = option("tcp", "rtu: RTU frames over TCP")


def ask(options: Options, answers: Registers) -> list[Block]:
    """First along the chain, then every model that we understand."""
    found = chain.walk(answers)
    if found.next:
        return [found.next]
    used = found.every(*SOLAR)[:1] + found.every(*GRID)[options.meter - 1 : options.meter]
    for kind in (*BATTERY, MPPT):
        used += found.every(kind)[:1]
    commons = [found.first(1), *(found.common_before(model) for model in used)]
    about = [chain.about(common) for common in dict.fromkeys(commons) if common]
    return about + [chain.live(model) for model in used]


def decode(answers: Registers, options: Options) -> Meaning:
    """All roles at once, each failing by itself."""
    found = chain.walk(answers)
    if not found.first(*SOLAR, *GRID, *BATTERY):
        raise Poor(
            f"unit {options.unit} lists neither an inverter nor a meter nor a battery: try another unit"
        )
    return by_role(
        solar=lambda: _solar(answers, found),
        grid=lambda: _grid(answers, found, options),
        battery=lambda: _battery(answers, found),
    )


def _solar(answers: Registers, found: chain.Chain) -> Values | None:
    model = found.first(*SOLAR)
    if model is None:
        return None
    values, strings = chain.inverter(answers, model), found.first(MPPT)
    if strings is None or found.first(*BATTERY) is None:
        return values
    watts = chain.module_watts(answers, strings, (1, 2))
    return values if watts is None else Values(watts, None, values.volts_by_phase)


def _grid(answers: Registers, found: chain.Chain, options: Options) -> Values | None:
    meters = found.every(*GRID)
    if not meters and options.meter == 1:
        return None
    if options.meter > len(meters):
        raise Poor(f"there is no meter {options.meter}: the chain lists {len(meters)}")
    meter = meters[options.meter - 1]
    values = chain.meter(answers, meter)
    if options.positive:
        return values.flipped_power() if options.positive == "export" else values
    commons = (found.common_before(meter), found.first(1))  # a meter may name its own maker
    name = " ".join(dict.fromkeys(chain.maker(answers, common) for common in commons if common))
    export = next((way for maker, way in EXPORT_IS_POSITIVE.items() if maker in name.lower()), None)
    if export is None:
        raise Poor(
            f"{name or 'this maker'} does not say which sign its meter has: add positive=import or "
            f"positive=export to the line (it says {values.watts:.0f} W now)"
        )
    return values.flipped_power() if export else values


def _battery(answers: Registers, found: chain.Chain) -> Values | None:
    models = {model.id: model for model in reversed(found.models) if model.id in (*BATTERY, MPPT)}
    watts = None
    if 802 in models:
        watts = answers.scaled(models[802].at + 45, "i16", models[802].at + 61)
    elif 714 in models and 713 in models:
        watts = answers.scaled(models[714].at + 4, "i16", models[714].at + 15)
    elif MPPT in models and 124 in models:
        charging = chain.module_watts(answers, models[MPPT], (3,))
        discharging = chain.module_watts(answers, models[MPPT], (4,))
        if charging is not None or discharging is not None:
            watts = (discharging or 0.0) - (charging or 0.0)
    if watts is None:
        return None
    states = (chain.soc_percent(answers, models[kind]) for kind in (802, 713, 124) if kind in models)
    return replace(Values(watts), soc_percent=next((one for one in states if one is not None), None))
