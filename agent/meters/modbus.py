"""Any Modbus device whose registers its manual names: meters, inverters, batteries, over TCP or RTU.

A line says for each quantity which registers hold it:

    [input/]ADDRESS[:TYPE[:SCALE]]     input/52:f32    40083:i16:@40084    13021:u16:0.1    30867:i32:-1

The table is `holding` without a prefix. ADDRESS counts from 0, as on the wire; a manual that calls its first
holding register 40001 counts otherwise (take off 40001; six digits, 400001, are understood as they are).
TYPE is u16 i16 u32 i32 u64 i64 f32 f64. SCALE makes W, A, V, Wh or percent of the number: a factor, or
`@ADDRESS` of a register that holds a power of ten. Several registers behind `watts`, `energy`, `exported` or
`soc` are added up, so import minus export is two of them, the second with a negative factor; behind `amps`
and `volts` they are L1, L2, L3.

Signs are the device's own: `positive` says what its watts and amps count. Which role this is, the
settings line knows. Neighbouring registers of one table are read at once, 60 at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from agent.meters.line import option
from agent.meters.values import Meaning, Phases, Poor, Values, by_role
from agent.meters.via.registers import LENGTHS, Block, Kind, Registers, Table

TITLE = "Any Modbus registers (TCP or RTU)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "modbus://192.168.0.50:502?unit=1&watts=input/52:f32&positive=import"
VIA = "modbus"
PORT = 502
PLACE = "either"
MOST_WORDS = 60

TABLES: dict[str, Table] = {"holding": "holding", "input": "input"}
KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
BY_SIX_DIGITS: dict[int, Table] = {3: "input", 4: "holding"}  # 300001 and 400001 are the first of all


@dataclass(frozen=True, slots=True)
class Register:
    """Where one number stands and what it takes to make it ours."""

    at: int
    table: Table = "holding"
    kind: Kind = "u16"
    factor: float = 1.0
    power_at: int | None = None

    @classmethod
    def from_text(cls, text: str) -> Register:
        """Understand `[input/]ADDRESS[:TYPE[:SCALE]]`. Raises ValueError with a sentence's end."""
        parts = text.split(":")
        place, kind, scale = (parts + ["", "u16", "1"][len(parts) :])[:3]
        prefix, _, address = place.rpartition("/")
        if len(parts) > 3 or prefix not in ("", *TABLES):
            raise ValueError(f"takes registers like input/52:f32:0.1 (found {text!r})")
        if kind not in KINDS:
            raise ValueError(f"has the type {kind!r}, which is none of {', '.join(KINDS)}")
        table, at = _address(TABLES.get(prefix, "holding"), address)
        if scale.startswith("@"):
            return cls(at, table, KINDS[kind], power_at=_address(table, scale[1:])[1])
        try:
            factor = float(scale)
        except ValueError:
            factor = 0.0
        if factor == 0 or factor - factor != 0:
            raise ValueError(f"has the scale {scale!r}, which is neither a factor nor @ADDRESS")
        return cls(at, table, KINDS[kind], factor)

    def read(self, answers: Registers, options: Options) -> float | None:
        """The number in our unit; None where the device marks it as not there."""
        view, low_first = answers.of(table=self.table), options.words == "low-first"
        if view.raw(self.at, self.kind, low_first=low_first) == options.absent:
            return None
        value = view.get(self.at, self.kind, low_first=low_first)
        power = 0.0 if self.power_at is None else view.get(self.power_at, "i16")
        if value is None or power is None or abs(power) > 10:
            return None
        return value * self.factor * float(10.0**power)


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    watts: tuple[Register, ...] = option(help="the registers whose sum is the power")
    amps: tuple[Register, ...] = option((), "the registers of the phase currents")
    volts: tuple[Register, ...] = option((), "the registers of the phase voltages")
    energy: tuple[Register, ...] = option((), "the registers of the counter into the house, made Wh")
    exported: tuple[Register, ...] = option((), "the registers of the counter the other way, made Wh")
    soc: tuple[Register, ...] = option((), "the register of the battery's percent")
    positive: Literal["import", "export", "production", "discharging", "charging", "consumption"] = option(
        "import", "what positive watts of the device mean"
    )
    words: Literal["high-first", "low-first"] = option("high-first", "the word order of 32 and 64 bits")
    absent: int | None = option(None, "the raw number that means: not there", least=0)
    asleep: bool = option(False, "yes: watts that are not there count as 0, as at night")
    unit: int = option(1, "the device's Modbus unit", least=0, most=255)
    path: str = option("", "a serial port, for RTU")
    baud: int = option(9600, "its speed, for RTU", least=1200, most=921600)
    parity: Literal["N", "E", "O"] = option("N", "its parity, for RTU")
    framing: Literal["tcp", "rtu"] = option("tcp", "rtu: RTU frames over TCP")


def ask(options: Options, answers: Registers) -> list[Block]:
    """All registers of all quantities, neighbours together."""
    quantities = (options.watts, options.amps, options.volts, options.energy, options.exported, options.soc)
    return list(_blocks(_spans(register for registers in quantities for register in registers)))


def decode(answers: Registers, options: Options) -> Meaning:
    """One reading, of whichever role the line stands under."""
    return by_role(any=lambda: _values(answers, options))


def _values(answers: Registers, options: Options) -> Values:
    watts = _sum(answers, options, options.watts, 0.0 if options.asleep else None)
    if watts is None:
        raise Poor("it marks its watts as not available: wrong register or type? If it sleeps: asleep=yes")
    values = Values(
        watts,
        _read(answers, options, options.amps),
        _read(answers, options, options.volts),
        _sum(answers, options, options.energy),
        _sum(answers, options, options.exported),
        _sum(answers, options, options.soc),
    )
    return values.flipped_power() if options.positive in ("export", "charging") else values


def _read(
    answers: Registers, options: Options, registers: tuple[Register, ...], absent: float | None = None
) -> Phases | None:
    """All of them, or None where one is not there and nothing stands in for it."""
    found = [one.read(answers, options) for one in registers]
    numbers = tuple(value for one in found if (value := absent if one is None else one) is not None)
    return numbers if found and len(numbers) == len(found) else None


def _sum(
    answers: Registers, options: Options, registers: tuple[Register, ...], absent: float | None = None
) -> float | None:
    numbers = _read(answers, options, registers, absent)
    return None if numbers is None else sum(numbers)


def _address(table: Table, text: str) -> tuple[Table, int]:
    try:
        at = int(text, 0)
    except ValueError:
        raise ValueError(f"has the address {text!r}, which is not a whole number") from None
    if len(text) == 6 and text.isdigit() and int(text[0]) in BY_SIX_DIGITS and at % 100_000:
        return BY_SIX_DIGITS[int(text[0])], at % 100_000 - 1
    if not 0 <= at <= 0xFFFF:
        raise ValueError(f"has the address {text}, but the wire knows 0 to 65535")
    return table, at


def _spans(registers: Iterable[Register]) -> Iterator[tuple[Table, int, int]]:
    for one in registers:
        yield one.table, one.at, one.at + LENGTHS[one.kind]
        if one.power_at is not None:
            yield one.table, one.power_at, one.power_at + 1


def _blocks(spans: Iterable[tuple[Table, int, int]]) -> Iterator[Block]:
    merged: list[tuple[Table, int, int]] = []
    for table, start, end in sorted(set(spans)):
        if merged and merged[-1][0] == table and start <= merged[-1][2] and end - merged[-1][1] <= MOST_WORDS:
            merged[-1] = table, merged[-1][1], max(end, merged[-1][2])
        else:
            merged.append((table, start, end))
    for table, start, end in merged:
        yield Block(start, end - start, table=table)
