"""Modbus as drivers see it: blocks to ask for, and words that become numbers. No socket here.

Addresses are wire addresses, counted from 0. A 32-bit value comes high word first, unless `low_first`.
A device marks what it doesn't have with a reserved pattern (0x8000, 0xFFFF, NaN ...); the raw words are
compared before any scaling, because a scaled marker looks like a plausible -3276.8 W.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from agent.meters.values import Phases, Poor

Table = Literal["holding", "input"]
Kind = Literal["u16", "i16", "u32", "i32", "acc32", "u64", "i64", "f32", "f64"]
Key = tuple[int | None, Table, int]

LENGTHS: Mapping[Kind, int] = {
    "u16": 1, "i16": 1, "u32": 2, "i32": 2, "acc32": 2, "f32": 2, "u64": 4, "i64": 4, "f64": 4,
}  # fmt: skip
ABSENT: Mapping[Kind, frozenset[int]] = {
    "u16": frozenset({0xFFFF}),
    "i16": frozenset({0x8000}),
    "u32": frozenset({0xFFFFFFFF}),
    "i32": frozenset({0x80000000, 0x7FFFFFFF}),  # the second by Huawei and Sungrow: no home has 2.1 GW
    "acc32": frozenset({0, 0xFFFFFFFF}),
    "u64": frozenset({0xFFFFFFFFFFFFFFFF}),
    "i64": frozenset({0x8000000000000000}),
    "f32": frozenset({0xFF7FFFFF}),
    "f64": frozenset(),
}
MOST_WORDS = 125


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive registers to read at once. `unit` None: the one of the settings line.

    `once`: it never changes, so it is read when the connection opens and kept. `optional`: where the
    device has no such registers (exceptions 1 to 3, or 10 and 11 of a `unit` named here), the rest is
    read all the same.
    """

    at: int
    count: int
    unit: int | None = None
    table: Table = "holding"
    once: bool = False
    optional: bool = False


class Registers:
    """What was read so far. `unit` and `table` choose whose registers the plain accessors look at."""

    def __init__(self, unit: int | None = None, table: Table = "holding") -> None:
        self.unit = unit
        self.table: Table = table
        self.asked: set[Block] = set()
        self._words: dict[Key, int] = {}
        self._absent: set[Block] = set()

    def of(self, unit: int | None = None, table: Table = "holding") -> Registers:
        """The same words, seen from another unit or table."""
        other = Registers(unit, table)
        other.asked, other._words, other._absent = self.asked, self._words, self._absent
        return other

    def add(self, block: Block, words: Iterable[int]) -> None:
        """Keep a block's words."""
        for offset, word in enumerate(words):
            self._words[block.unit, block.table, block.at + offset] = word & 0xFFFF

    def lacks(self, block: Block) -> None:
        """Remember that the device has no such registers."""
        self._absent.add(block)

    def kept(self) -> Registers:
        """What need not be read again: blocks marked `once`, and which optional ones don't exist."""
        fresh = Registers(self.unit, self.table)
        fresh._absent = set(self._absent)
        fresh.asked = set(self._absent)
        for block in self.asked:
            words = self.of(block.unit, block.table).words(block.at, block.count) if block.once else None
            if words is not None:
                fresh.asked.add(block)
                fresh.add(block, words)
        return fresh

    def words(self, at: int, count: int) -> list[int] | None:
        """`count` raw words, or None when one of them was not read."""
        found = [self._words.get((self.unit, self.table, at + i)) for i in range(count)]
        return None if None in found else found  # type: ignore[return-value]

    def has(self, at: int, count: int = 1) -> bool:
        """Whether these registers were read."""
        return self.words(at, count) is not None

    def raw(self, at: int, kind: Kind, *, low_first: bool = False) -> int | None:
        """The bits of a value as an unsigned number; None where nothing was read."""
        words = self.words(at, LENGTHS[kind])
        if words is None:
            return None
        bits = 0
        for word in reversed(words) if low_first else words:
            bits = bits << 16 | word
        return bits

    def get(self, at: int, kind: Kind = "u16", *, low_first: bool = False) -> float | None:
        """A number; None where nothing was read or the device marks it as not implemented."""
        bits = self.raw(at, kind, low_first=low_first)
        if bits is None or bits in ABSENT[kind]:
            return None
        size = 2 * LENGTHS[kind]
        if kind[0] == "f":
            value: float = struct.unpack(">f" if size == 4 else ">d", bits.to_bytes(size, "big"))[0]
            return value if math.isfinite(value) else None
        return float(bits - (1 << 8 * size) if kind[0] == "i" and bits >> (8 * size - 1) else bits)

    def need(self, at: int, kind: Kind = "u16", what: str = "", *, low_first: bool = False) -> float:
        """A number, or Poor: `what` names it for people."""
        value = self.get(at, kind, low_first=low_first)
        if value is None:
            raise Poor(f"{what or f'register {at}'} is marked as not available (register {at})")
        return value

    def scaled(self, at: int, kind: Kind, scale_at: int) -> float | None:
        """A number times ten to the power that register `scale_at` holds; None where either is absent."""
        value, power = self.get(at, kind), self.get(scale_at, "i16")
        if value is None or power is None or abs(power) > 10:
            return None
        return float(value * 10**power) if power >= 0 else float(value / 10**-power)

    def phases(self, at: Iterable[int], kind: Kind, scale_at: int | None = None) -> Phases | None:
        """L1 L2 L3 up to the first that is absent; None without L1."""
        found: list[float] = []
        for one in at:
            value = self.get(one, kind) if scale_at is None else self.scaled(one, kind, scale_at)
            if value is None:
                break
            found.append(value)
        return tuple(found) or None

    def text(self, at: int, count: int) -> str:
        """A string, its padding removed; empty where nothing was read."""
        words = self.words(at, count) or []
        raw = b"".join(word.to_bytes(2, "big") for word in words)
        return raw.split(b"\0")[0].decode("ascii", "replace").strip()
