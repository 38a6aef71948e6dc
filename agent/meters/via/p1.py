"""Smart meters that send a telegram every second or every ten, by serial cable or through a TCP adapter.

The meter speaks by itself, so a thread listens (keeper.py) and the newest sound telegram is handed out with
the instant at which it came. A damaged one is dropped and counted; only several in a row are a problem.
A line that falls silent for SILENT_S is opened anew: behind a dead adapter a connection looks alive.

Lines are `scheme:///dev/ttyUSB0` (the driver's options `baud`, `bits` and `parity` say how) or
`scheme://host:port` for adapters that pass the bytes as they are. The answer is a telegram.Telegram.
"""

from __future__ import annotations

import socket
from typing import Protocol

import serial

from agent.meters.line import Source
from agent.meters.values import Down, Poor
from agent.meters.via import Answered, Problem
from agent.meters.via.keeper import Keeper
from agent.meters.via.telegram import Cutter, parse
from scheduler.clock import Clock, Moment

TICK_S = 0.5
SILENT_S = 40.0  # DSMR 4 speaks every 10 s
MOST_DAMAGED = 3
JUNK_BYTES = 3000  # more than any telegram, and none in it


def open_line(source: Source, clock: Clock) -> P1Line:
    """The line to a source's endpoint; it is opened at the first poll."""
    return P1Line(source, clock)


class P1Line:
    """One port, the last telegram that came through it."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._keeper = Keeper(source.endpoint, self._talk)
        self._last: Answered | None = None

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """The newest telegram, or what is wrong."""
        return self._keeper.problem() or self._last or Problem("waiting", "no telegram has come yet")

    def close(self) -> None:
        """Let go of the port."""
        self._keeper.close()

    def _talk(self, keeper: Keeper) -> None:
        wire, cutter = _open(self._source), Cutter()
        keeper.waits(f"{self._source.endpoint} is open, and no telegram has come yet.")
        heard_s = self._clock.now().mono_s
        try:
            while not keeper.stop.is_set():
                data, now_s = wire.read(), self._clock.now().mono_s
                if data:
                    heard_s = now_s
                elif now_s - heard_s > SILENT_S:
                    raise Down(
                        f"{self._source.endpoint} is open and has been silent for {SILENT_S:.0f} s: is the "
                        "cable in the meter's P1 port, and does another program read it?"
                    )
                self._hear(cutter, data, now_s, keeper)
        finally:
            wire.close()

    def _hear(self, cutter: Cutter, data: bytes, now_s: float, keeper: Keeper) -> None:
        """Keep the newest telegram. Raises Poor when what comes is of no use."""
        telegrams = cutter.receive(data)
        if telegrams:
            self._last = Answered(parse(telegrams[-1]), now_s)
            keeper.well()
        elif cutter.encrypted and cutter.bytes_since_good > JUNK_BYTES:
            raise Poor("the meter encrypts its telegrams (Luxembourg, Austria), which we can't read")
        elif cutter.damaged_in_a_row >= MOST_DAMAGED:
            raise Poor("telegram after telegram is damaged: is the cable sound, or another program reading?")
        elif cutter.damaged_in_a_row == 0 and cutter.bytes_since_good > JUNK_BYTES:
            raise Poor("bytes come and no telegram is in them: is the version (so the speed) right?")


# --- the two kinds of wire -------------------------------------------------------------------------


class Wire(Protocol):
    """What bytes come through."""

    def read(self) -> bytes:
        """What came within TICK_S, maybe nothing. Raises Down."""

    def close(self) -> None:
        """Let go."""


def _open(source: Source) -> Wire:
    return TcpWire(source) if source.host else SerialWire(source)


class TcpWire:
    """An adapter that passes the meter's bytes to whoever connects."""

    def __init__(self, source: Source) -> None:
        self._name = source.endpoint
        try:
            self._socket = socket.create_connection((source.host, source.port or 0), source.timeout_s)
        except OSError:
            raise Down(f"{self._name} can't be reached: is it on, and is the address right?") from None
        self._socket.settimeout(TICK_S)

    def read(self) -> bytes:
        """What came; a closed connection is Down."""
        try:
            data = self._socket.recv(4096)
        except TimeoutError:
            return b""
        except OSError:
            raise Down(f"{self._name} broke the connection.") from None
        if not data:
            raise Down(f"{self._name} closed the connection: does it serve another program?")
        return data

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class SerialWire:
    """A P1 cable on a serial port of ours."""

    def __init__(self, source: Source) -> None:
        self._name = source.path
        try:
            self._port = serial.Serial(
                source.path,
                int(getattr(source.options, "baud", 115200)),
                bytesize=int(getattr(source.options, "bits", 8)),
                parity=str(getattr(source.options, "parity", "N")),
                timeout=TICK_S,
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            raise Down(f"{self._name} can't be opened: {_why(error)}") from None

    def read(self) -> bytes:
        """What came; a cable that was pulled is Down."""
        try:
            return bytes(self._port.read(max(1, min(self._port.in_waiting, 4096))))
        except (OSError, TypeError):  # pyserial's TypeError: the port was closed under us
            raise Down(f"{self._name} is gone: was the cable pulled?") from None

    def close(self) -> None:
        """Let go of the port."""
        self._port.close()


def _why(error: OSError | ValueError) -> str:
    text = str(error)
    if "Permission" in text:
        return "add the user that sunward runs as to the group dialout."
    if "exclusive" in text or "Resource temporarily" in text:
        return "another program holds it."
    return "is the cable plugged in?" if "No such file" in text else "it is no serial port."
