"""A SolarEdge-like inverter as a register image: watts in, Modbus words out, nothing else.

The image has the true shape of the device (a SunSpec chain at 40000; batteries as floats at 57716), so
whatever reads a real one reads this one: our driver, pysunspec2, mbpoll. Signs are the device's own:
the meter counts export as positive, the battery charging. It can lie, as real ones do.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Lie = Literal["", "not_implemented", "huge", "no_meter", "no_marker"]
BASE = 40000
COMMON_WORDS, INVERTER_WORDS, METER_WORDS = 65, 50, 105
GRID_OPTION = "Export+Import"
BATTERY_AT, BATTERY_WORDS = 57708, 32


@dataclass(frozen=True, slots=True)
class InverterState:
    """What a home does now. Watts in our signs: import, production, discharge are positive.

    `synergy_units` 2 or 3 puts as many blocks between the inverter and its meters as the real ones do.
    `meters` are the option texts of the fitted meters; only the one at the grid has watts of its own.
    """

    solar_watts: float = 0.0
    grid_watts: float = 0.0
    battery_watts: float | None = None
    soc_percent: float = 50.0
    volts: tuple[float, ...] = (230.0, 230.0, 230.0)
    solar_wh: float = 12_345_678.0
    import_wh: float = 2_000_000.0
    export_wh: float = 6_000_000.0
    synergy_units: int = 1
    meters: tuple[str, ...] = (GRID_OPTION,)
    lie: Lie = ""


def image(state: InverterState) -> Mapping[int, list[int]]:
    """All registers by their first address: two runs, the chain and (with one) the battery."""
    chain = [0, 0] if state.lie == "no_marker" else [0x5375, 0x6E53]
    chain += _model(1, _common("SolarEdge", "SE10K-SIM", "", "4.20.36", "7F0A11B2"), COMMON_WORDS)
    chain += _model(100 + len(state.volts), _inverter(state), INVERTER_WORDS)
    # what stands in between on Synergy units is not published: a vendor model of the right length
    shift = {1: 0, 2: 50, 3: 70}[state.synergy_units]
    chain += _model(64001, [], shift - 2) if shift else []
    for number, text in enumerate(() if state.lie == "no_meter" else state.meters, start=1):
        chain += _model(1, _common("WattNode", "WND-3Y-400-MB", text, "31", f"40001{number}"), COMMON_WORDS)
        watts = state.grid_watts if text == GRID_OPTION else -state.solar_watts
        kind = {1: 201, 2: 202, 3: 203}[len(state.volts)]
        chain += _model(kind, _meter(state, watts), METER_WORDS)
    chain += [0xFFFF, 0]
    runs = {BASE: chain}
    if state.battery_watts is not None:
        runs[BATTERY_AT] = _battery(state)
    return runs


def _inverter(state: InverterState) -> list[int]:
    phases = len(state.volts)
    battery = state.battery_watts or 0.0
    ac_watts = state.solar_watts + battery
    amps = [abs(ac_watts) / phases / volts for volts in state.volts]
    words = [0xFFFF] * INVERTER_WORDS
    words[0:5] = [_u16(sum(amps) * 100), *_padded([_u16(a * 100) for a in amps]), _i16(-2)]
    words[5:12] = [*[0xFFFF] * 3, *_padded([_u16(v * 10) for v in state.volts]), _i16(-1)]
    words[12:14] = [_i16(ac_watts / 10) if abs(ac_watts) > 30000 else _i16(ac_watts), 0]
    words[13] = 1 if abs(ac_watts) > 30000 else 0
    words[14:16] = [_u16(5000), _i16(-2)]
    words[22:25] = [*_u32(state.solar_wh), 0]
    words[25:31] = [_u16(500), _i16(-2), _u16(7500), _i16(-1), _i16(ac_watts / 10), 1]
    words[31:36] = [0x8000, _i16(4100), 0x8000, 0x8000, _i16(-2)]
    words[36:38] = [4 if state.solar_watts > 0 else 2, 0]
    words[38:50] = [0] * 12
    if state.lie == "not_implemented":
        words[12] = 0x8000
    if state.lie == "huge":
        words[12:14] = [30000, 6]
    return words


def _meter(state: InverterState, watts: float) -> list[int]:
    phases = len(state.volts)
    export = -watts
    by_phase = [export / phases] * phases
    amps = [abs(one) / volts for one, volts in zip(by_phase, state.volts, strict=True)]
    words = [0x8000] * METER_WORDS
    signed = _padded([_i16(a * 10) for a in amps], 0x8000)
    words[0:5] = [_i16(sum(amps) * 10), *signed, _i16(-1)]
    volts = _padded([_i16(v * 10) for v in state.volts], 0x8000)
    words[5:14] = [_i16(state.volts[0] * 10), *volts, *[0x8000] * 4, _i16(-1)]
    words[14:16] = [_i16(5000), _i16(-2)]
    words[16:21] = [_i16(export), *_padded([_i16(one) for one in by_phase], 0x8000), 0]
    words[36:38], words[44:46], words[52] = _u32(state.export_wh), _u32(state.import_wh), 0
    words[38:44], words[46:52] = [0] * 6, [0] * 6
    words[103:105] = [0, 0]
    if state.lie == "not_implemented":
        words[16] = 0x8000
    if state.lie == "huge":
        words[16], words[20] = 30000, 6
    return words


def _battery(state: InverterState) -> list[int]:
    missing = struct.unpack(">f", bytes.fromhex("FF7FFFFF"))[0]
    charging = missing if state.lie == "not_implemented" else -(state.battery_watts or 0.0)
    soc = 250.0 if state.lie == "huge" else state.soc_percent
    words = [0] * BATTERY_WORDS
    for at, value in ((0, 24.5), (2, 26.0), (4, 402.0), (6, charging / 402.0), (8, charging), (24, soc)):
        words[at : at + 2] = _f32_low_first(value)
    words[10:14], words[14:18] = _u64_low_first(3_100_000), _u64_low_first(3_400_000)
    return words


def _common(maker: str, model: str, option: str, version: str, serial: str) -> list[int]:
    words = _text(maker, 16) + _text(model, 16) + _text(option, 8) + _text(version, 8) + _text(serial, 16)
    return [*words, 1]


def _model(number: int, words: list[int], length: int) -> list[int]:
    return [number, length, *words, *[0] * (length - len(words))]


def _padded(words: list[int], missing: int = 0xFFFF) -> list[int]:
    return words + [missing] * (3 - len(words))


def _text(text: str, count: int) -> list[int]:
    raw = text.encode().ljust(2 * count, b"\0")
    return [raw[i] << 8 | raw[i + 1] for i in range(0, 2 * count, 2)]


def _u16(value: float) -> int:
    return max(0, min(0xFFFE, round(value)))


def _i16(value: float) -> int:
    return max(-0x7FFF, min(0x7FFF, round(value))) & 0xFFFF


def _u32(value: float) -> list[int]:
    return [int(value) >> 16 & 0xFFFF, int(value) & 0xFFFF]


def _f32_low_first(value: float) -> list[int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return [low, high]


def _u64_low_first(value: int) -> list[int]:
    return [value >> shift & 0xFFFF for shift in (0, 16, 32, 48)]
