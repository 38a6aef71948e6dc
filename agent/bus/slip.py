"""Frames out of a byte stream, and back: the SLIP layer of the Wall Connector's bus.

    C0 | body ... checksum (escaped) | C0 | optional tail byte, outside the frame

Inside a frame C0 travels as DB DC and DB as DB DD, checksum byte included. The line is a shared pair
of wires beside mains cables, so junk is normal and must cost nothing but its count:

* real units put one more byte after the closing C0 (FE, FC, F8, ...): anything between frames is dropped;
* a lost C0 must not swallow the next frame: a C0 before the shortest message has come is a new start;
* half a frame must not hold anything up: 30 ms of silence end it (a 16-byte frame lasts 19 ms).
"""

from __future__ import annotations

from dataclasses import dataclass

END = 0xC0
ESC = 0xDB
ESC_END = 0xDC
ESC_ESC = 0xDD

SILENCE_S = 0.030
SHORTEST = 13  # the shortest message in the catalogue, checksum included
LONGEST = 24  # the longest is 20; more is two frames glued by a lost C0

_END = bytes([END])


def encode(body: bytes) -> bytes:
    """Wrap an unescaped message (checksum included) into a frame for the wire."""
    if END in body or ESC in body:
        body = body.replace(b"\xdb", b"\xdb\xdd").replace(_END, b"\xdb\xdc")
    return _END + body + _END


@dataclass(slots=True)
class Junk:
    """What was dropped, counted by cause: shown to people as the health of their wiring."""

    stray_bytes: int = 0
    bad_escapes: int = 0
    cut_frames: int = 0
    overlong_frames: int = 0


class Decoder:
    """Feeds on bytes and yields whole unescaped messages; keeps at most one half frame."""

    def __init__(self) -> None:
        self.junk = Junk()
        self._frame: bytearray | None = None
        self._heard_at = 0.0

    def feed(self, data: bytes, now: float) -> list[bytes]:
        """Messages completed by `data`, which arrived at `now` (mono_s)."""
        frame = self._frame
        if frame is not None and frame and now - self._heard_at > SILENCE_S:
            self.junk.cut_frames += 1
            frame = self._frame = None
        self._heard_at = now
        if not frame and SHORTEST + 2 <= len(data) <= LONGEST + 2 and self._is_one_plain_frame(data):
            self._frame = None
            return [data[1:-1]]
        return [message for byte in data if (message := self._take(byte)) is not None]

    @staticmethod
    def _is_one_plain_frame(data: bytes) -> bool:
        """The usual case, told apart cheaply: one whole frame without a single escape."""
        return data[0] == END and data[-1] == END and data.count(_END) == 2 and ESC not in data

    def _take(self, byte: int) -> bytes | None:
        frame = self._frame
        if byte != END:
            if frame is None:
                self.junk.stray_bytes += 1
            elif len(frame) > 2 * LONGEST:
                self.junk.overlong_frames += 1
                self._frame = None
            else:
                frame.append(byte)
            return None
        if not frame:
            self._frame = bytearray()
            return None
        if len(frame) < SHORTEST:
            self.junk.cut_frames += 1
            self._frame = bytearray()
            return None
        self._frame = None
        return self._unescape(bytes(frame))

    def _unescape(self, raw: bytes) -> bytes | None:
        if ESC not in raw:
            return raw
        out = bytearray()
        bytes_in = iter(raw)
        for byte in bytes_in:
            if byte != ESC:
                out.append(byte)
                continue
            after = next(bytes_in, None)
            if after not in (ESC_END, ESC_ESC):
                self.junk.bad_escapes += 1
                return None
            out.append(END if after == ESC_END else ESC)
        return bytes(out)
