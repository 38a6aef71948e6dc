"""Huawei SUN2000 inverters with a power sensor and LUNA2000 batteries, over Modbus TCP.

An SDongle listens on port 502 as unit 1; the inverter's own Wi-Fi on port 6607 as unit 0. The owner's
installer account must switch Modbus TCP on ("enabled without restriction"). It wants a second of peace
after connecting and a little between two reads, serves **one** client, and at night the dongle may sleep.

    37100  u16           meter: 1 normal, 0 away          37113  i32  W, **+ export**         grid = -W
    37101  i32  0.1 V    L1 (L2 +2, L3 +4)                37119  i32  0.01 kWh exported
    37107  i32  0.01 A   L1 (+2, +4), sign as 37113       37121  i32  0.01 kWh imported
    32064  i32  W        DC input: the sun alone          32106  u32  0.01 kWh produced
    37765  i32  W, **+ charging**, all batteries          37760  u16  0.1 %
    37780  u32  0.01 kWh charged                          37782  u32  0.01 kWh discharged

All holding registers, high word first. Not there is 0x7FFFFFFF (seen by others, not confirmed on
hardware, like the meaning of 37100) or 0x80000000. Blocks leave no gaps, which some firmware refuses.
Source: Huawei, "Solar Inverter Modbus Interface Definitions".
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters.line import option
from agent.meters.values import Meaning, Poor, Values, by_role
from agent.meters.via.registers import Block, Registers

TITLE = "Huawei SUN2000 inverter (Modbus TCP)"
ROLES = ("grid", "solar", "battery")
EXAMPLE = "huawei://192.168.0.61:502?unit=1"
VIA = "modbus"
PORT = 502
FASTEST_S = 2.0
HINT = "The installer must switch Modbus TCP on; the dongle is unit 1 (port 502), its Wi-Fi unit 0 (6607)."

SUN, YIELD = Block(32064, 2), Block(32106, 2)
METER = Block(37100, 38, optional=True)
FULLNESS, BATTERY, COUNTERS = (Block(at, n, optional=True) for at, n in ((37760, 1), (37765, 2), (37780, 4)))


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    unit: int = option(1, "its Modbus unit: 1 through the dongle, 0 through the Wi-Fi", least=0, most=247)
    settle_s: float = option(1.0, "how long it is left alone after connecting", least=0, most=5)
    pause_s: float = option(0.1, "how long between two reads", least=0, most=1)


def ask(options: Options, answers: Registers) -> list[Block]:
    """Inverter, meter and battery."""
    return [SUN, YIELD, METER, FULLNESS, BATTERY, COUNTERS]


def decode(answers: Registers, options: Options) -> Meaning:
    """All roles at once, each failing by itself."""
    return by_role(
        grid=lambda: _grid(answers),
        solar=lambda: Values(
            answers.need(32064, "i32", "the DC power"), energy_wh=_wh(answers.get(32106, "u32"))
        ),
        battery=lambda: _battery(answers),
    )


def _grid(answers: Registers) -> Values | None:
    if not answers.has(37100):
        return None
    if answers.get(37100) == 0:
        raise Poor("the inverter answers, but its power sensor is away: look at its RS-485 wires")
    amps, volts = (answers.phases(range(at, at + 6, 2), "i32") for at in (37107, 37101))
    return Values(
        answers.need(37113, "i32", "the power sensor's watts"),
        amps and tuple(one / 100 for one in amps),
        volts and tuple(one / 10 for one in volts),
        energy_wh=_wh(answers.get(37121, "i32")),
        exported_wh=_wh(answers.get(37119, "i32")),
    ).flipped_power()


def _battery(answers: Registers) -> Values | None:
    watts, tenths = answers.get(37765, "i32"), answers.get(37760)
    if watts is None:
        return None
    charged, discharged = (_wh(answers.get(at, "u32")) for at in (37780, 37782))
    return Values(
        -watts,
        energy_wh=discharged,
        exported_wh=charged,
        soc_percent=None if tenths is None else tenths / 10,
    )


def _wh(hundredths_kwh: float | None) -> float | None:
    return None if hundredths_kwh is None else hundredths_kwh * 10
