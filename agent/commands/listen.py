"""`agent decode` and `agent sniff`: a bus in words, from hex lines or live. Neither sends a byte."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TextIO

from agent.bus import frames, slip
from agent.bus.describe import describe


def decode_lines(lines: Iterable[str], out: TextIO) -> int:
    """Say each hex line in words; 1 when a line was no message. `#` begins a comment."""
    worst = 0
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        said, good = decode_line(text)
        worst = worst if good else 1
        for words in said:
            print(words if good else f"line {number}: {words}", file=out)
    return worst


def decode_line(text: str) -> tuple[list[str], bool]:
    """The messages of one line, framed by C0 or bare; False when none of it can be read."""
    compact = "".join(text.replace("0x", "").replace(",", " ").replace(":", " ").split())
    try:
        raw = bytes.fromhex(compact)
    except ValueError:
        return [f"not hexadecimal: {text[:60]}"], False
    bodies = slip.Decoder().feed(raw, 0.0) if slip.END in raw[:1] else [raw]
    if not bodies:
        return ["no whole frame: a frame begins and ends with C0"], False
    try:
        return [describe(frames.decode(body)) for body in bodies], True
    except frames.RemoteError as error:
        return [f"damaged: {error}"], False


def sniff(port_url: str, seconds: float | None, out: TextIO = sys.stdout) -> int:
    """Print every message heard on a port, with the time, until interrupted or `seconds` are over."""
    from agent.bus.port import PortError, open_port
    from scheduler.clock import now_utc, system_mono_s

    try:
        port = open_port(port_url)
    except PortError as error:
        print(error, file=sys.stderr)
        return 1
    decoder, began = slip.Decoder(), system_mono_s()
    print(f"Listening on {port_url}; nothing is sent. Stop with Ctrl-C.", file=sys.stderr)
    try:
        while seconds is None or system_mono_s() - began < seconds:
            for body in decoder.feed(port.read(0.2), system_mono_s()):
                print(_stamped(now_utc(), body), file=out, flush=True)
    except PortError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    finally:
        port.close()
    return 0


def _stamped(at: datetime, body: bytes) -> str:
    try:
        words = describe(frames.decode(body))
    except frames.RemoteError as error:
        words = f"damaged: {error}"
    return f"{at.astimezone():%H:%M:%S.%f}"[:-3] + f"  {body.hex(' ').upper():<60} {words}"
