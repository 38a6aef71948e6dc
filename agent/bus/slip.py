"""Frames out of a byte stream, and back: the SLIP layer of the Wall Connector's bus.

    C0 | body ... checksum (escaped) | C0 | optional tail byte, outside the frame

Inside a frame C0 travels as DB DC and DB as DB DD, checksum byte included. The line is a shared pair
of wires beside mains cables, so junk is normal and must cost nothing but its count:

* real units put one more byte after the closing C0 (FE, FC, F8, ...): that one is dropped without a count,
  anything more between frames is dropped and counted;
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
        self._tail_may_come = False

    @property
    def is_inside_frame(self) -> bool:
        """Whether the last bytes began a frame that has not ended yet."""
        return bool(self._frame)

    def feed(self, data: bytes, now: float) -> list[bytes]:
        """Messages completed by `data`, which arrived at `now` (mono_s)."""
        frame = self._frame
        if frame is not None and frame and now - self._heard_at > SILENCE_S:
            self.junk.cut_frames += 1
            frame = self._frame = None
        self._heard_at = now
        if not frame and (end := self._end_of_plain_frame(data)):
            self._frame = None
            self._tail_may_come = len(data) == end + 1
            return [data[1:end]]
        return [message for byte in data if (message := self._take(byte)) is not None]

    @staticmethod
    def _end_of_plain_frame(data: bytes) -> int:
        """The usual case, told apart cheaply: one frame without escapes, perhaps its tail. Else 0."""
        if not SHORTEST + 2 <= len(data) <= LONGEST + 3 or data[0] != END or ESC in data:
            return 0
        end = data.find(_END, 1)
        is_whole = end > SHORTEST and len(data) - end <= 2
        return end if is_whole and (len(data) == end + 1 or data[-1] != END) else 0

    def _take(self, byte: int) -> bytes | None:
        frame = self._frame
        if byte != END:
            if frame is None:
                self.junk.stray_bytes += not self._tail_may_come
                self._tail_may_come = False
            elif len(frame) > 2 * LONGEST:
                self.junk.overlong_frames += 1
                self._frame = None
            else:
                frame.append(byte)
            return None
        if not frame:
            self._frame = bytearray()
            self._tail_may_come = False
            return None
        if len(frame) < SHORTEST:
            self.junk.cut_frames += 1
            self._frame = bytearray()
            return None
        self._frame = None
        self._tail_may_come = True
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
