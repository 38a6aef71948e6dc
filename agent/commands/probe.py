"""`agent probe ADDRESS`: what speaks Modbus there, and which settings line would read it.

It only reads, with the ports and units that inverters use. Devices that allow one client at a time may
refuse while another program (or the running agent) holds the line.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Sequence

from agent.meters.cli import read_once
from agent.model import ROLES

PORTS = (1502, 502)
UNITS = (1, 2, 3, 71, 100, 126, 240, 247)
KNOCK_S = 1.5
HINTS = (
    "Nothing speaks Modbus there. The usual reasons: Modbus is switched off in the inverter's menu or app; "
    "the firmware took Modbus over Wi-Fi away (use the network cable); another program holds the only "
    "connection; it is another address."
)


def probe(address: str) -> int:
    """Print a settings line for each thing found; 1 when there is none."""
    host, _, port = address.rpartition(":") if ":" in address else (address, "", "")
    if port and not port.isdigit():
        print(f"{address} is no address: write 192.168.0.27 or 192.168.0.27:1502.", file=sys.stderr)
        return 1
    found = False
    for number in (int(port),) if port else PORTS:
        if not is_open(host, number):
            print(f"{host}:{number} does not answer.", file=sys.stderr)
            continue
        print(f"{host}:{number} is open; asking its units ...", file=sys.stderr)
        for line in _lines(host, number, UNITS):
            print(line, flush=True)
            found = True
    if not found:
        print(HINTS, file=sys.stderr)
    return 0 if found else 1


def is_open(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((host, port), KNOCK_S):
            return True
    except OSError:
        return False


def _lines(host: str, port: int, units: Sequence[int]) -> Iterator[str]:
    for unit in units:
        url = f"sunspec://{host}:{port}?unit={unit}&timeout_s=1"
        for role in ROLES:
            watts, _ = read_once(url, role, {})
            if watts is not None:
                yield f'{role:<8} = "sunspec://{host}:{port}?unit={unit}"   # {watts:.0f} W now'
