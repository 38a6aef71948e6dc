"""Datagrams that devices send by themselves, to a multicast group or to us: heard by a thread of its own.

The thread does one thing: keep the last datagram of each speaker with the instant it came in. `poll` hands
them out, each with its age, and never waits. After SILENCE_S without a word the group is left and joined
anew, because switches forget who wanted to hear it (IGMP snooping), and a network may have come back.

Others on this computer may listen to the same group: the port is shared.
"""

from __future__ import annotations

import socket
import threading

from agent.meters.line import Source
from agent.meters.via import Answered, Problem
from agent.meters.via.datagrams import Datagram, Datagrams, Hear
from scheduler.clock import Clock, Moment

SILENCE_S = 10.0
LARGEST = 2048
LOOK_UP_S = 0.5  # how soon a closed ear notices
MOST_SPEAKERS = 50


def open_line(source: Source, clock: Clock) -> UdpLine:
    """The line on which a source's devices speak; listens from the first poll on."""
    return UdpLine(clock)


class UdpLine:
    """One ear for each thing to listen for; sources that want the same share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ears: dict[Hear, Ear] = {}

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """What was heard in the last seconds; the answers are Datagrams."""
        (hear,) = source.driver.ask(source.options, Datagrams({}))
        where = f"{hear.group} port {hear.port}"
        ear = self._ears.get(hear)
        if ear is None:
            try:
                ear = self._ears[hear] = Ear(hear, self._clock)
            except OSError as error:
                words = error.strerror or str(error)
                return Problem("down", f"{where} can't be listened to ({words}): is the network up?")
        now_s = self._clock.now().mono_s
        heard = ear.heard_since(now_s - SILENCE_S)
        if heard:
            return Answered(
                Datagrams({who: Datagram(body, now_s - at_s) for who, (body, at_s) in heard.items()}), now_s
            )
        if now_s - ear.since_s < SILENCE_S:
            return Problem("waiting", f"nothing was heard yet on {where}")
        self._ears.pop(hear).close()
        return Problem("down", f"nothing is heard on {where}.")

    def close(self) -> None:
        """Stop listening."""
        for ear in self._ears.values():
            ear.close()
        self._ears.clear()


class Ear:
    """A socket and the thread that listens. Raises OSError when it can't be opened."""

    def __init__(self, hear: Hear, clock: Clock) -> None:
        self._hear = hear
        self._clock = clock
        self._heard: dict[bytes, tuple[bytes, float]] = {}  # replaced as a whole, read by others
        self._closed = threading.Event()
        self._socket = _listen(hear)
        self.since_s = clock.now().mono_s
        threading.Thread(target=self._run, name=f"udp {hear.port}", daemon=True).start()

    def heard_since(self, at_s: float) -> dict[bytes, tuple[bytes, float]]:
        """Each speaker's last datagram and when it came, without those who fell silent."""
        return {who: said for who, said in self._heard.items() if said[1] >= at_s}

    def close(self) -> None:
        """Let the thread end; it takes the socket with it."""
        self._closed.set()

    def _run(self) -> None:
        with self._socket as wire:
            while not self._closed.is_set():
                try:
                    body = wire.recv(LARGEST)
                except TimeoutError:
                    continue
                except OSError:
                    return  # the network went away: the silence will be noticed
                who = self._hear.who(body)
                if who is not None:
                    now_s = self._clock.now().mono_s
                    lately = self.heard_since(now_s - SILENCE_S)
                    if who in lately or len(lately) < MOST_SPEAKERS:
                        self._heard = {**lately, who: (body, now_s)}


def _listen(hear: Hear) -> socket.socket:
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wire.bind(("", hear.port))
        member = socket.inet_aton(hear.group) + socket.inet_aton(hear.interface or "0.0.0.0")
        wire.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        wire.settimeout(LOOK_UP_S)
    except OSError:
        wire.close()
        raise
    return wire
