"""The sticks of GoodWe inverters: Modbus RTU frames in UDP, one datagram each way.

A request is a plain RTU frame. The answer is one too, behind the bytes AA 55:

    F7 03 89 21 00 6A ....        AA 55 F7 03 D4 <words> <CRC>        AA 55 F7 83 02 <CRC>   (exception 2)

Wi-Fi loses datagrams, so each is sent up to three times within the line's timeout. An answer does not say
which registers it holds, only how many: so each request has a socket of its own, and what comes late for
an earlier one finds no door.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from agent.meters.line import Source
from agent.meters.via.modbus import ModbusLine
from scheduler.clock import Clock

TRIES = 3
MOST_STRAYS = 20
HEADER = b"\xaa\x55"
HOLDING, INPUT = 3, 4
LARGEST = 1024


def open_line(source: Source, clock: Clock) -> ModbusLine:
    """The line to a source's stick: Modbus in all but its wire."""
    return ModbusLine(source, clock, Dongle(source.host, source.port or 8899, source.timeout_s))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, with the manners of pymodbus's answers."""

    registers: list[int]
    exception_code: int = 0

    def isError(self) -> bool:
        """Whether the device refused."""
        return bool(self.exception_code)


class Dongle:
    """A stick, with the manners of pymodbus's clients. Raises OSError where nothing comes back."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._address = host, port
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None

    @property
    def connected(self) -> bool:
        """Never: each request opens its own door."""
        return False

    def connect(self) -> bool:
        """Take a new socket. False where the name is unknown or no way leads there."""
        self.close()
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(*self._address, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.connect(address)
        except OSError:
            self.close()
            return False
        self._socket.settimeout(self._timeout_s / TRIES)
        return True

    def close(self) -> None:
        """Give the socket back."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def read_holding_registers(self, at: int, *, count: int, device_id: int) -> Answer:
        """Read with function 3."""
        return self._ask(at, count, device_id, HOLDING)

    def read_input_registers(self, at: int, *, count: int, device_id: int) -> Answer:
        """Read with function 4."""
        return self._ask(at, count, device_id, INPUT)

    def _ask(self, at: int, count: int, unit: int, function: int) -> Answer:
        wire = self._socket
        if wire is None:
            raise OSError("not connected")
        frame = with_crc(struct.pack(">BBHH", unit, function, at, count))
        for _ in range(TRIES):
            wire.send(frame)
            try:
                for _ in range(MOST_STRAYS):
                    answer = understand(wire.recv(LARGEST), function, count)
                    if answer:
                        return answer
            except TimeoutError:
                continue
        raise TimeoutError("no answer")


def understand(datagram: bytes, function: int, count: int) -> Answer | None:
    """An answer to a request, or None for noise."""
    frame = datagram.removeprefix(HEADER)
    if len(frame) < 5:
        return None
    if frame[1] == function | 0x80 and with_crc(frame[:3]) == frame[:5]:
        return Answer([], frame[2] or 4)
    size = 2 * count
    if frame[1] != function or frame[2] != size or with_crc(frame[: size + 3]) != frame[: size + 5]:
        return None
    return Answer(list(struct.unpack(f">{count}H", frame[3 : size + 3])))


def with_crc(frame: bytes) -> bytes:
    """A frame with Modbus's checksum behind it (CRC-16, polynomial 0xA001, low byte first)."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return frame + crc.to_bytes(2, "little")
