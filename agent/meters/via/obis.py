"""A smart meter's words through its optical port: SML (binary) or IEC 62056-21 (text), with OBIS names.

A name is A-B:C.D.E; of electricity (1-0) we use

    16.7.0  W, + import           1.7.0, 2.7.0   W import, W export (two positive numbers)
    36. 56. 76.7.0  W of a phase  32. 52. 72.7.0  V    31. 51. 71.7.0  A, magnitude
    1.8.0   Wh imported           2.8.0   Wh exported

SML. A telegram is  1b1b1b1b 01010101 ... 1b1b1b1b 1a PAD CRC_LOW CRC_HIGH; four bytes 1b in its middle
come twice. The sum is CRC-16/X-25 over all that stands before it. Inside is a tree: each node begins with
a byte whose high half is the type (0 bytes, 4 truth, 5 signed, 6 unsigned, 7 list; + 8: the length goes on
in the next byte) and whose low half is the length, its own byte included (for lists: the number of nodes).
A measured value is a list of seven: name, status, time, unit, power of ten, value, signature.

Text. Lines like  1-0:16.7.0*255(000687*W)  or  1.8.0(005974.001*kWh);  *1, *2 ... are earlier months.

Source: BSI TR-03109-1 annex IV (SML 1.04), IEC 62056-21. Some meters write negative power with too few
bytes; that can't be told from a small positive number and is not mended here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent.meters import units
from agent.meters.values import Phases, Poor, Values, signed_amps

START = bytes.fromhex("1b1b1b1b01010101")
ESCAPE = b"\x1b" * 4
END = 0x1A
DEEPEST, MOST_NODES = 12, 2000
UNITS = {0x1B: "W", 0x1E: "Wh", 0x21: "A", 0x23: "V"}
BASE_UNITS = {"W": "W", "kW": "W", "Wh": "Wh", "kWh": "Wh", "A": "A", "V": "V"}
PHASES = {"W": ("36.7.0", "56.7.0", "76.7.0"), "V": ("32.7.0", "52.7.0", "72.7.0")}
AMPS = ("31.7.0", "51.7.0", "71.7.0")
_LINE = re.compile(r"(?<![\w.*:-])(?:1-0:)?(\d+\.\d+(?:\.\d+)?)(?:\*255)?\(([-+]?\d+(?:\.\d+)?)\*(\w+)\)")

Numbers = dict[str, float]  # "16.7.0" -> in W, Wh, A or V


def numbers(data: bytes) -> Numbers:
    """Everything that a telegram of either kind measures. Raises Poor."""
    begin = data.find(START)
    return _from_sml(data[begin:]) if begin >= 0 else _from_text(data.decode("ascii", "replace"))


def grid(found: Numbers) -> Values:
    """The meter at the grid connection, in our signs. Raises Poor when it keeps its power to itself."""
    watts = _phases(found, PHASES["W"])
    if "16.7.0" in found:
        total = found["16.7.0"]
    elif "1.7.0" in found:
        total = found["1.7.0"] - found.get("2.7.0", 0.0)
    elif watts:
        total = sum(watts)
    else:
        raise Poor(
            f"the meter sends no power, only {', '.join(found) or 'nothing'}: enter its PIN, and switch its "
            "full data set (InF) on"
        )
    amps = signed_amps(_phases(found, AMPS), watts)
    return Values(total, amps, _phases(found, PHASES["V"]), found.get("1.8.0"), found.get("2.8.0"))


def _phases(found: Numbers, names: tuple[str, ...]) -> Phases | None:
    there = [found[name] for name in names if name in found]
    return tuple(there) if there and names[0] in found else None


# --- text ------------------------------------------------------------------------------------------


def _from_text(text: str) -> Numbers:
    found: Numbers = {}
    for name, digits, unit in _LINE.findall(text):
        if unit in BASE_UNITS:
            full = name if name.count(".") == 2 else f"{name}.0"
            found[full] = units.convert(units.number(digits, full), unit, BASE_UNITS[unit], full)
    if not found:
        raise Poor("it answered with neither an SML telegram nor lines of an IEC 62056-21 meter")
    return found


# --- SML -------------------------------------------------------------------------------------------


def _from_sml(data: bytes) -> Numbers:
    body = _unwrapped(data)
    found: Numbers = {}
    for node in _every_list(_Nodes(body).all()):
        if len(node) == 7 and isinstance(node[0], bytes) and len(node[0]) == 6:
            _take(node, found)
    return found


def _take(entry: list[Any], found: Numbers) -> None:
    name, unit, power, value = entry[0], entry[3], entry[4], entry[5]
    if name[:2] != b"\x01\x00" or name[5] != 0xFF or unit not in UNITS:
        return
    if isinstance(value, int) and (power is None or (isinstance(power, int) and abs(power) <= 9)):
        shift = power or 0
        # a power of ten below zero is divided by, so that 5.1 stays 5.1
        found[".".join(map(str, name[2:5]))] = value * 10.0**shift if shift >= 0 else value / 10.0**-shift


def _unwrapped(data: bytes) -> bytes:
    """The bytes between start and end, their sum checked."""
    at = len(START)
    while (at := data.find(ESCAPE, at)) >= 0:
        if data[at + 4 : at + 8] == ESCAPE:
            at += 8
        elif data[at + 4 : at + 5] == bytes([END]):
            break
        else:
            at += 1
    if at < 0 or len(data) < at + 8:
        raise Poor("the meter's telegram is cut short")
    if crc(data[: at + 6]) != int.from_bytes(data[at + 6 : at + 8], "little"):
        raise Poor("the meter's telegram was damaged on its way (its sum is wrong)")
    return data[len(START) : at].replace(ESCAPE + ESCAPE, ESCAPE)


def crc(data: bytes) -> int:
    """CRC-16/X-25."""
    rest = 0xFFFF
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = rest >> 1 ^ (0x8408 if rest & 1 else 0)
    return rest ^ 0xFFFF


def _every_list(nodes: list[Any]) -> Iterator[list[Any]]:
    for node in nodes:
        if isinstance(node, list):
            yield node
            yield from _every_list(node)


class _Nodes:
    """Reads the tree. Raises Poor where it can't be one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._left = MOST_NODES

    def all(self) -> list[Any]:
        """Every message; zero bytes between them are padding."""
        found: list[Any] = []
        while self._at < len(self._data):
            found.append(self._node(0))
        return found

    def _node(self, depth: int) -> Any:
        self._left -= 1
        kind, length, own = self._head()
        if kind == 7:
            if depth >= DEEPEST:
                raise Poor("the meter's telegram makes no sense (too deep)")
            return [self._node(depth + 1) for _ in range(length)]
        raw = self._bytes(max(0, length - own))
        if kind in (5, 6) and raw:
            return int.from_bytes(raw, "big", signed=kind == 5)
        return raw or None

    def _head(self) -> tuple[int, int, int]:
        """Type, length, and how many bytes it took to say so."""
        if self._left < 0:
            raise Poor("the meter's telegram makes no sense (too long)")
        byte = self._bytes(1)[0]
        kind, length, own = byte >> 4 & 7, byte & 0xF, 1
        while byte & 0x80 and own < 4:
            byte = self._bytes(1)[0]
            length, own = length << 4 | byte & 0xF, own + 1
        return kind, length, own

    def _bytes(self, count: int) -> bytes:
        raw = self._data[self._at : self._at + count]
        if len(raw) < count:
            raise Poor("the meter's telegram is cut short")
        self._at += count
        return raw
