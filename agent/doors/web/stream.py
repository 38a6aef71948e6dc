"""Server-sent events: the house's state when it changed, and what happened, to any number of listeners.

One watcher looks at the Slots and asks the history for new events; each listener only waits for it, so
that fifty open pages cost little more than one. A listener that comes back tells the last event that it
saw (`Last-Event-ID`) and gets what it missed. Every listener ends when the server stops.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any

from pydantic_core import to_json

from agent.boosts import Refused
from agent.doors.rooms import Rooms
from agent.doors.web.view import state_now

LOOK_EVERY_S = 0.2
LOOKS_PER_QUESTION = 5
SILENCE_S = 15.0
EVENTS_KEPT = 200
log = logging.getLogger(__name__)


class Broadcast:
    """The newest state and events, ready to send. All but `end` belongs to the server's event loop."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._seen: tuple[object, ...] = ()
        self._looks = 0
        self._change = asyncio.Event()
        self.state = b""
        self.number = 0
        self.events: deque[tuple[int, bytes]] = deque(maxlen=EVENTS_KEPT)
        self.ended = False

    async def watch(self) -> None:
        """Look for news until `end`. Costs a few comparisons while nothing changes."""
        while not self.ended:
            try:
                if self._look() | await self._ask_history():
                    self._tell()
            except Exception:  # the one broad except: one odd second must not silence the stream for good
                log.exception("The stream missed a second")
            await asyncio.sleep(LOOK_EVERY_S)
        self._tell()

    def end(self) -> None:
        """End the watcher and every listener; from any thread."""
        self.ended = True

    async def listen(
        self, last_id: int | None, welcome: Callable[[], bool] = lambda: True
    ) -> AsyncIterator[bytes]:
        """One listener's messages; `last_id` is the last event it knows, None for "only new ones".

        It ends when `welcome` no longer holds: a revoked key hears nothing more.
        """
        sent = -1
        known = self._newest() if last_id is None else last_id
        yield b"retry: 2000\n\n"
        while not self.ended and welcome():
            change = self._change
            if sent != self.number:
                sent = self.number
                yield b"event: state\ndata: " + self.state + b"\n\n"
            for number, event in list(self.events):
                if number > known:
                    known = number
                    yield b"event: event\nid: %d\ndata: %s\n\n" % (number, event)
            try:
                await asyncio.wait_for(change.wait(), SILENCE_S)
            except TimeoutError:
                yield b": still here\n\n"

    def _look(self) -> bool:
        """Whether anything in the Slots is another object than before."""
        desk = self._rooms.desk
        seen = (self._rooms.published.get(), desk.control.get(), desk.windows.get(), desk.cars.get())
        if len(seen) == len(self._seen) and all(a is b for a, b in zip(seen, self._seen, strict=True)):
            return False
        self._seen = seen
        self.state = json_bytes(asdict(state_now(self._rooms)))
        self.number += 1
        return True

    async def _ask_history(self) -> bool:
        """Whether events came; asked about once a second, in a thread, because a disk may be slow."""
        self._looks += 1
        if self._looks % LOOKS_PER_QUESTION != 1:
            return False
        try:
            rows = await asyncio.to_thread(self._rooms.history.events, self._newest(), EVENTS_KEPT)
        except Refused:  # the history can't answer now; it says so itself, and is asked again
            return False
        self.events.extend((int(str(row["id"])), json_bytes(dict(row))) for row in rows)
        return bool(rows)

    def _newest(self) -> int:
        return self.events[-1][0] if self.events else -1

    def _tell(self) -> None:
        change, self._change = self._change, asyncio.Event()
        change.set()


def json_bytes(value: Any) -> bytes:
    """JSON on one line."""
    return to_json(value)
