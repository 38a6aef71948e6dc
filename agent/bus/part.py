"""The bus as a part of the house: joins the master to its port, and both to the rest.

A step hands over what was heard, lets the master say what is due, and then waits on the port until
something arrives or the master's next word is due. What arrives then is judged in the next step, which
follows at once and knows the time. On a port that never waits (the simulator's) the same steps run in a heap.

A lost port is no error: it is opened again and again, first after 0.1 s, then every half second. A port
on the network can be dead without saying so: silent for 15 s, after it had spoken, it is opened anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent.bus.master import Master
from agent.bus.port import Port, PortError
from agent.model import BusView, Moment, Offer
from agent.parts import Outbox, Slot
from notify.events import Event

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 0.5
DEAD_AFTER_S = 15.0
PUBLISH_EVERY_S = 0.5
GOODBYE_S = 1.5


class BusPart:
    """Owns the port. `open_port` raises PortError; `port` is one that is open already."""

    name = "bus"

    def __init__(
        self,
        master: Master,
        open_port: Callable[[], Port],
        offers: Slot[tuple[Offer, ...]],
        view: Slot[BusView],
        events: Outbox[Event],
        *,
        port: Port | None = None,
        port_name: str = "",
    ) -> None:
        self.master = master
        self.master.port_name = port_name
        self._open_port = open_port
        self._offers, self._view, self._events = offers, view, events
        self._port = port
        self._taken: tuple[Offer, ...] | None = None
        self._heard = self._waiting_bytes()
        self._heard_at: float | None = None
        self._retry_s = FIRST_RETRY_S
        self._publish_at = 0.0

    def _waiting_bytes(self) -> bytes:
        """What has come since the port was opened: it counts before our first word."""
        try:
            return self._port.read(0.0) if self._port else b""
        except PortError:
            return b""  # the first step will find out, and tell

    def step(self, moment: Moment) -> float:
        """Hear, say, publish, wait. Returns the mono_s of the next step."""
        now = moment.mono_s
        if self._port is None and not self._reopen(now):
            self.master.send(now)  # keeps its own house in order; says nothing without a port
            self._publish(moment)
            return now + self._retry_s
        self._take_offers()
        self._hand_over(now)
        data = self.master.send(now)
        self._publish(moment)
        if not self._exchange(data, now):
            return now + self._retry_s
        return now if self._heard else self.master.next_due

    def close(self, now: Callable[[], Moment]) -> None:
        """Say a last safe limit to each charger, then give the port back. Takes 1.5 s at most."""
        moment = now()
        ends_at = moment.mono_s + GOODBYE_S
        self.master.shutdown(moment.mono_s)
        while self._port is not None and not self.master.is_done and moment.mono_s < ends_at:
            self._hand_over(moment.mono_s)
            self._exchange(self.master.send(moment.mono_s), moment.mono_s)
            moment = now()
        self._publish_at = 0.0
        self._publish(moment)
        if self._port is not None:
            self._port.close()
            self._port = None

    def _hand_over(self, now: float) -> None:
        """Give the master what was heard."""
        if self._heard:
            self._heard_at = now
            self.master.receive(self._heard, now)
            self._heard = b""

    def _take_offers(self) -> None:
        """Give the master what the brain offers; not while we say goodbye, when the last word is safe."""
        offers = self._offers.get()
        if offers is not self._taken:
            self._taken = offers
            self.master.offers(offers)

    def _exchange(self, data: bytes, now: float) -> bool:
        """Write, then wait for bytes or the master's next word; False when the port was lost."""
        port = self._port
        if port is None:
            return False
        try:
            if data:
                port.write(data)
            self._heard = port.read(max(0.0, self.master.next_due - now))
            if port.is_network and self._heard_at is not None and now - self._heard_at > DEAD_AFTER_S:
                raise PortError(
                    f"The bus adapter {self.master.port_name} has fallen silent. Look at its network."
                )
        except PortError as error:
            port.close()
            self._port, self._heard_at, self._heard = None, None, b""
            self._retry_s = FIRST_RETRY_S
            self.master.port_lost(now, str(error))
            return False
        return True

    def _reopen(self, now: float) -> bool:
        try:
            self._port = self._open_port()
        except PortError as error:
            self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)
            self.master.port_lost(now, str(error))
            return False
        self._retry_s, self._heard_at = FIRST_RETRY_S, None
        self.master.port_opened(now)
        return True

    def _publish(self, moment: Moment) -> None:
        events = self.master.take_events()
        for event in events:
            self._events.put(replace(event, at_wall=moment.wall))
        if events or moment.mono_s >= self._publish_at:
            self._publish_at = moment.mono_s + PUBLISH_EVERY_S
            self._view.put(self.master.view())
