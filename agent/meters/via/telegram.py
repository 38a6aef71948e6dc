"""Telegrams of a smart meter's customer port (P1), cut out of a stream of bytes and taken apart. No socket.

    /ISk5\\2MT382-1000          a slash, maker and type
                               an empty line
    1-3:0.2.8(50)              the version: 40 and 42 are DSMR 4, 50 is 5; versions 2 and 3 have no such line
    1-0:1.7.0(00.193*kW)       OBIS number (value*unit), CR LF at each line's end
    !1CE2                      an exclamation mark, and since version 4 a checksum of four hex digits

The checksum is CRC-16/ARC (polynomial 0x8005 reflected, start 0, no final exor) over all bytes from the
slash to the exclamation mark, both included; "123456789" gives BB3D. Adapters that make LF of every CR LF
break it, so it is also tried over the line ends as they were. A telegram that names its version and has
no checksum lost it on the way.

Reading starts anywhere: what comes before a slash is dropped, and a slash at a line's start in mid-telegram
means that the telegram before was cut. In Luxembourg and Austria the whole is encrypted, which shows by
its first byte, 0xDB; such telegrams can't be read here.

Source: "P1 Companion Standard", Netbeheer Nederland, versions 2.2 to 5.0.2; IEC 62056-21 and 62056-61.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.meters.units import quantity
from agent.meters.values import Phases, Poor, signed_amps

LONGEST_BYTES = 8192
VERSION = ("1-3:0.2.8", "0-0:96.1.4")  # the Dutch line, the Belgian one
ENCRYPTED = 0xDB
_WHOLE = re.compile(rb"/[^!]*!([0-9A-Fa-f]{4})?[ \t]*\r?\n")
_LINE = re.compile(r"^(\d+-\d+:\d+\.\d+\.\d+)\S*\(([^()]*)\)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Telegram:
    """One telegram: the last bracket of each OBIS line, as text."""

    lines: dict[str, str]

    def find(self, obis: str, into: str) -> float | None:
        """A value made W, A, V or Wh (`into`); None where the meter doesn't send it. Raises Poor."""
        text = self.lines.get(obis)
        if text is None:
            return None
        return quantity(text.replace("*", " "), into, into, f"{obis} of the telegram")

    def sum(self, *obis: str, into: str) -> float | None:
        """The sum of those values that the meter sends; None where it sends none. Raises Poor."""
        there = [value for one in obis if (value := self.find(one, into)) is not None]
        return sum(there) if there else None


def parse(text: str) -> Telegram:
    """Take one telegram apart. Raises Poor where there is nothing in it."""
    lines = dict(_LINE.findall(text.replace("\r", "")))
    if not lines:
        raise Poor("its telegram has no readable line")
    return Telegram(lines)


def refined_amps(amps: Phases | None, watts: Phases | None, volts: Phases | None) -> Phases | None:
    """A Dutch meter's whole amps, without a sign, made better: the sign from watts, the rest from W / V.

    A phase whose amps are not all work carries more than W / V says, and a fuse feels it: then they stay.
    """
    signed = signed_amps(amps, watts)
    if not watts or not volts or len(watts) != len(volts) or min(volts) < 1:
        return signed
    worked = tuple(w / v for w, v in zip(watts, volts, strict=True))
    if signed is None or len(signed) != len(worked):
        return worked
    return tuple(w if abs(w) > abs(a) - 1 else a for w, a in zip(worked, signed, strict=True))


def _shifted(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)
    return byte


_SHIFTED = tuple(_shifted(byte) for byte in range(256))


def crc16(data: bytes) -> int:
    """CRC-16/ARC."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _SHIFTED[(crc ^ byte) & 0xFF]
    return crc


class Cutter:
    """Bytes in, whole and undamaged telegrams out."""

    def __init__(self) -> None:
        self.damaged_in_a_row = 0
        self.bytes_since_good = 0
        self.encrypted = False
        self._buffer = b""

    def receive(self, data: bytes) -> list[str]:
        """Take what came; return the telegrams that it completed, oldest first."""
        self.bytes_since_good += len(data)
        self.encrypted = self.encrypted or (b"/" not in self._buffer and data[:1] == bytes((ENCRYPTED,)))
        self._buffer += data
        found: list[str] = []
        while whole := self._cut():
            if _is_sound(whole):
                found.append(whole.decode("ascii", "replace"))
                self.damaged_in_a_row = self.bytes_since_good = 0
                self.encrypted = False
            else:
                self.damaged_in_a_row += 1
        return found

    def _cut(self) -> bytes:
        """The next telegram of the buffer, sound or not; nothing while it is not complete."""
        start = self._buffer.find(b"/")
        self._buffer = self._buffer[start:] if start >= 0 else b""
        again = self._buffer.find(b"\n/", 1)
        whole = _WHOLE.match(self._buffer)
        if whole and not 0 < again < whole.end() - 1:
            self._buffer = self._buffer[whole.end() :]
            return whole.group()
        if again > 0 or len(self._buffer) > LONGEST_BYTES:
            cut = again + 1 if again > 0 else len(self._buffer)
            broken, self._buffer = self._buffer[:cut], self._buffer[cut:]
            return broken
        return b""


def _is_sound(whole: bytes) -> bool:
    match = _WHOLE.fullmatch(whole)
    if match is None or len(whole) > LONGEST_BYTES or b"(" not in whole:
        return False
    if match.group(1) is None:
        return not any(version.encode() in whole for version in VERSION)
    body, told = whole[: whole.rindex(b"!") + 1], int(match.group(1), 16)
    return told == crc16(body) or told == crc16(body.replace(b"\r", b"").replace(b"\n", b"\r\n"))
