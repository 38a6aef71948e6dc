"""SunSpec: a chain of models behind a marker, and what the models of a home mean. No socket here.

    "SunS" at 40000, 50000 or 0, then again and again: model id, length, body; the end has id 0xFFFF

Some devices forget the end: there the chain stops at an id of 0, or where there are no more registers.
Every model has its own id and a fixed layout; unknown ones are stepped over. Integers come with a scale
factor (a power of ten) in a register of the same model, and both are read in one request: two reads can
straddle a change of the scale. Offsets below count from a body's first register.

    model      what                              A  phases  sf   V L1-3  sf   W   sf   Wh      sf
    101-103    inverter, integers                0  1 2 3   4    8 9 10  11   12  13   22      24
    111-113    inverter, floats                  0  2 4 6   -    14 ..   -    20  -    30      -
    201-204    meter, integers                   0  1 2 3   4    6 7 8   13   16  20   36 44   52
    211-214    meter, floats                     0  2 4 6   -    10 ..   -    26  -    58 66   -
    701        any AC device (2018 and later)    12 43 66.. 111  45 68.. 112  8   114  17 21   118
    160 714    DC strings and batteries · 124 713 802 a battery's charge

Wh of inverters is what they made; a meter counts exported (36, 58) and imported (44, 66) apart, and
which sign its W has is the maker's choice. An accumulator of 0 means that it is not kept.

Source: SunSpec information model specification and its published model definitions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.meters.values import Phases, Poor, Values, signed_amps
from agent.meters.via.registers import MOST_WORDS, Block, Registers

MARKER = [0x5375, 0x6E53]
BASES = (40000, 50000, 0)
END = 0xFFFF
MOST_MODELS = 30

INVERTERS = range(101, 104)
FLOAT_INVERTERS = range(111, 114)
METERS = range(201, 205)
FLOAT_METERS = range(211, 215)
DER_AC = 701
NOT_PHASE_TO_NEUTRAL = (204, 214)  # delta: there is no neutral

STATES = {1: "off", 2: "asleep", 3: "starting", 6: "shutting down", 7: "reporting a fault", 8: "on standby"}


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the chain: `at` is its body's first register."""

    id: int
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Chain:
    """The models found so far, and the block to read next (None: the chain is whole)."""

    models: tuple[Model, ...] = ()
    next: Block | None = None

    def first(self, *ids: int) -> Model | None:
        """The first model of any of these kinds."""
        return next((model for model in self.models if model.id in ids), None)

    def every(self, *ids: int) -> list[Model]:
        """All models of these kinds, in their order."""
        return [model for model in self.models if model.id in ids]

    def common_before(self, model: Model) -> Model | None:
        """The common model (id 1) that describes a device whose models follow it."""
        before = [one for one in self.models if one.id == 1 and one.at < model.at]
        return before[-1] if before else None


def walk(registers: Registers) -> Chain:
    """Follow the chain as far as it was read. Raises Poor when there is none, or it never ends."""
    for base in BASES:
        mark = Block(base, 2, once=True, optional=True)
        if mark not in registers.asked:
            return Chain(next=mark)
        if registers.words(base, 2) == MARKER:
            return _walk_from(base + 2, registers)
    raise Poor("there is no SunSpec marker at 40000, 50000 or 0: is SunSpec (Modbus) switched on there?")


def _walk_from(at: int, registers: Registers) -> Chain:
    models: list[Model] = []
    while len(models) < MOST_MODELS:
        block, header = Block(at, 2, once=True, optional=True), registers.words(at, 2)
        if header is None and block not in registers.asked:
            return Chain(tuple(models), block)
        if header is None or header[0] in (0, END) or at + 2 + header[1] > 0xFFFF:
            return Chain(tuple(models))
        models.append(Model(header[0], at + 2, header[1]))
        at += 2 + header[1]
    raise Poor("its SunSpec chain of models has no end")


def body(model: Model, start: int = 0, count: int | None = None) -> Block:
    """The request for a model's body, or a part of it: at most 125 registers, never beyond its length."""
    length = max(1, model.length - start)
    return Block(model.at + start, min(count or length, length, MOST_WORDS))


def live(model: Model) -> Block:
    """The request that holds all that we use of a model, values and scales in one."""
    if model.id in METERS:
        return body(model, 0, 53)
    if model.id == DER_AC:
        return body(model, 0, 119)
    return body(model)


def about(model: Model) -> Block:
    """The request for a common model: maker, model, options, version and serial never change."""
    return Block(model.at, max(1, min(model.length, MOST_WORDS)), once=True)


def maker(registers: Registers, common: Model | None) -> str:
    """Who made it, as the device says."""
    return registers.text(common.at, 16) if common else ""


# --- what the models mean --------------------------------------------------------------------------


def inverter(registers: Registers, model: Model) -> Values:
    """AC side of an inverter (101-103, 111-113, 701): production positive. Raises Poor."""
    if model.id == DER_AC:
        return _der(registers, model)
    at = model.at
    if model.id in FLOAT_INVERTERS:
        watts, energy_wh = registers.get(at + 20, "f32"), registers.get(at + 30, "f32")
        state, count = registers.get(at + 46, "u16"), model.id - 110
        amps = registers.phases([at + 2, at + 4, at + 6][:count], "f32")
        volts = registers.phases([at + 14, at + 16, at + 18][:count], "f32")
    else:
        watts, energy_wh = registers.scaled(at + 12, "i16", at + 13), _wh(registers, at + 22, at + 24)
        state, count = registers.get(at + 36, "u16"), model.id - 100
        amps = registers.phases(range(at + 1, at + 4)[:count], "u16", at + 4)
        volts = registers.phases(range(at + 8, at + 11)[:count], "u16", at + 11)
    if watts is None:
        raise Poor(
            f"the inverter gives no watts (it is {STATES.get(int(state or 0), 'in an unknown state')})"
        )
    return Values(watts, amps, volts, energy_wh or None)


def meter(registers: Registers, model: Model) -> Values:
    """A meter as its maker signs it (201-204, 211-214): `exported_wh` is its counter of exports."""
    at = model.at
    phase_count = {1: 1, 2: 2, 3: 3, 4: 3}[model.id % 10]
    if model.id in FLOAT_METERS:
        watts = registers.get(at + 26, "f32")
        by_phase = registers.phases([at + 28, at + 30, at + 32][:phase_count], "f32")
        amps = registers.phases([at + 2, at + 4, at + 6][:phase_count], "f32")
        volts = registers.phases([at + 10, at + 12, at + 14][:phase_count], "f32")
        exported, imported = registers.get(at + 58, "f32"), registers.get(at + 66, "f32")
    else:
        watts = registers.scaled(at + 16, "i16", at + 20)
        by_phase = registers.phases(range(at + 17, at + 20)[:phase_count], "i16", at + 20)
        amps = registers.phases(range(at + 1, at + 4)[:phase_count], "i16", at + 4)
        volts = registers.phases(range(at + 6, at + 9)[:phase_count], "i16", at + 13)
        exported, imported = _wh(registers, at + 36, at + 52), _wh(registers, at + 44, at + 52)
    if watts is None:
        raise Poor("the meter is listed and gives no watts: is its own cable (RS-485) connected?")
    if amps:
        amps = signed_amps(tuple(abs(one) for one in amps), by_phase)
    if model.id in NOT_PHASE_TO_NEUTRAL:
        volts = None
    return Values(watts, amps, volts, imported or None, exported or None)


def _der(registers: Registers, model: Model) -> Values:
    at = model.at
    watts = registers.scaled(at + 8, "i16", at + 114)
    if watts is None:
        raise Poor("the inverter gives no watts")
    amps: Phases | None = registers.phases((at + 43, at + 66, at + 89), "i16", at + 111)
    volts = registers.phases((at + 45, at + 68, at + 91), "u16", at + 112)
    energy = registers.scaled(at + 17, "u64", at + 118)
    return Values(watts, amps, volts, energy or None)


def dc_watts(registers: Registers, model: Model) -> float | None:
    """DC side of a 101-103 or 111-113 inverter, strings and battery together."""
    if model.id in FLOAT_INVERTERS:
        return registers.get(model.at + 36, "f32")
    return registers.scaled(model.at + 29, "i16", model.at + 30)


def module_watts(registers: Registers, model: Model, numbers: Iterable[int]) -> float | None:
    """Sum of some DC modules of model 160, counted from 1; None where none of them is there."""
    count = int(registers.get(model.at + 6, "u16") or 0)
    ats = [model.at + 8 + 20 * (n - 1) + 11 for n in numbers if 1 <= n <= count]
    found = [registers.scaled(at, "u16", model.at + 2) for at in ats]
    there = [watts for watts in found if watts is not None]
    return sum(there) if there else None


def soc_percent(registers: Registers, model: Model) -> float | None:
    """How full the battery is, by model 124, 713 or 802."""
    value, scale = {124: (6, 20), 713: (2, 6), 802: (9, 54)}[model.id]
    return registers.scaled(model.at + value, "u16", model.at + scale)


def _wh(registers: Registers, at: int, scale_at: int) -> float | None:
    return registers.scaled(at, "acc32", scale_at)
