"""Tells systemd that the house is up, and that the bus is alive: READY=1 once, WATCHDOG=1 while it is true.

The protocol is one datagram to the socket that NOTIFY_SOCKET names (sd_notify(3)). READY is said once the
bus part has made its first steps; WATCHDOG only while it goes on publishing. If its thread hangs, nothing
is said, and after WatchdogSec systemd ends the process and starts it anew: well before the 30 s after
which chargers stop their cars. STATUS says in words what `systemctl status` shows.
"""

from __future__ import annotations

import logging
import socket

from agent.model import BusView, Moment
from agent.parts import Slot

BEAT_S = 1.0
ALIVE_S = 4.0  # the bus part publishes twice a second
log = logging.getLogger(__name__)


class Watchdog:
    """One part. `address` is a path, or a name in the abstract namespace that begins with @."""

    name = "watchdog"

    def __init__(self, address: str, bus: Slot[BusView]) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._bus = bus
        self._seen: BusView = bus.get()  # the empty view from before the first step
        self._changed_mono_s: float | None = None
        self._said = ""

    def step(self, moment: Moment) -> float:
        """Say what is true."""
        view = self._bus.get()
        if view is not self._seen:
            words = [] if self._changed_mono_s is not None else ["READY=1"]
            self._seen, self._changed_mono_s = view, moment.mono_s
        elif self._changed_mono_s is None or moment.mono_s - self._changed_mono_s > ALIVE_S:
            return moment.mono_s + BEAT_S
        else:
            words = []
        words.append("WATCHDOG=1")
        status = status_of(view)
        if status != self._said:
            words.append(f"STATUS={status}")
            self._said = status
        self._say("\n".join(words))
        return moment.mono_s + BEAT_S

    def ending(self) -> None:
        """The end was asked for: the last safe limits may take a few seconds."""
        self._say("STOPPING=1")

    def _say(self, words: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
                door.settimeout(1.0)
                door.sendto(words.encode(), self._address)
        except OSError as error:
            log.warning("systemd does not listen at NOTIFY_SOCKET (%s).", error)


def status_of(view: BusView) -> str:
    """The house in one line."""
    if view.health.problem:
        return view.health.problem
    linked = [charger for charger in view.chargers if charger.linked]
    charging = sum(1 for charger in linked if charger.charging)
    return f"{len(linked)} of {len(view.chargers)} chargers linked, {charging} charging"
