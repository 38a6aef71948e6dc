"""Threads around steps: what every part of the agent looks like, and the two ways to run them.

A part's body is one `step(moment) -> next_due` (both in `mono_s`). It never sleeps and never runs two
steps at once. Real houses run each part in a thread of its own; tests and the simulator run the same
parts from one heap on a fake clock, thousands of times faster and the same way every time.

Across a thread border go only a Slot (the last value wins) and an Outbox (bounded; drops the oldest
and counts). Missed beats are never made up in a burst: the next due time is always counted from now.
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from scheduler.clock import Clock, FakeClock, Moment

T = TypeVar("T")
log = logging.getLogger(__name__)

FIRST_PATIENCE_S = 1.0
LONGEST_PATIENCE_S = 60.0


class Part(Protocol):
    """Anything with a body of one step."""

    name: str

    def step(self, moment: Moment) -> float:
        """Do what is due now; return the `mono_s` at which the next step is due."""


class Slot(Generic[T]):
    """A place for one value between threads: the writer overwrites, readers see the last one."""

    __slots__ = ("_value", "_wakers")

    def __init__(self, value: T) -> None:
        self._value = value
        self._wakers: list[Callable[[], None]] = []

    def put(self, value: T) -> None:
        """Replace the value; storing a reference is atomic, so no lock is needed."""
        self._value = value
        for wake in self._wakers:
            wake()

    def get(self) -> T:
        """The value last put."""
        return self._value

    def on_put(self, wake: Callable[[], None]) -> None:
        """Call `wake` after each put: it must return at once (set a flag, nothing more)."""
        self._wakers.append(wake)


class Outbox(Generic[T]):
    """A bounded queue between threads: a full one drops its oldest item and counts the loss."""

    def __init__(self, capacity: int = 1000) -> None:
        self._items: deque[T] = deque()
        self._capacity = capacity
        self._lock = threading.Lock()
        self.dropped = 0

    def put(self, item: T) -> None:
        """Add an item; never blocks on a slow reader."""
        with self._lock:
            if len(self._items) >= self._capacity:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)

    def drain(self) -> list[T]:
        """Take everything, oldest first."""
        if not self._items:
            return []
        with self._lock:
            taken = list(self._items)
            self._items.clear()
        return taken


class ThreadRunner:
    """Runs each part in a thread of its own, restarting one that crashes with growing patience."""

    def __init__(self, clock: Clock, crashed: Callable[[Part, Exception], None], pace: float = 1.0) -> None:
        """`pace`: how many seconds of `clock` pass in one of this computer (the demo's fast clock)."""
        self._clock = clock
        self._pace = pace
        self._crashed = crashed
        self.stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._wakes: list[threading.Event] = []

    def start(self, part: Part, wake: threading.Event | None = None) -> None:
        """Start a part. Setting `wake` makes its next step due at once."""
        wake = wake or threading.Event()
        thread = threading.Thread(target=self._run, args=(part, wake), name=part.name, daemon=True)
        self._threads.append(thread)
        self._wakes.append(wake)
        thread.start()

    def _run(self, part: Part, wake: threading.Event) -> None:
        patience_s = FIRST_PATIENCE_S
        while not self.stop.is_set():
            wake.clear()
            try:
                due = part.step(self._clock.now())
                wait_s = due - self._clock.now().mono_s
                patience_s = FIRST_PATIENCE_S
            except Exception as error:  # the one broad except: a part's crash must not end the others
                log.exception("%s stopped working and is tried again in %.0f s", part.name, patience_s)
                self._crashed(part, error)
                wait_s, patience_s = patience_s, min(2 * patience_s, LONGEST_PATIENCE_S)
            if wait_s > 0:
                wake.wait(wait_s / self._pace)

    def end(self, patience_s: float = 3.0) -> None:
        """Tell every part's thread to end, and wait for each a little."""
        self.stop.set()
        for wake in self._wakes:
            wake.set()
        for thread in self._threads:
            thread.join(patience_s)


class SteppedRunner:
    """Runs parts from one heap on a fake clock: no threads, no sockets, same order every time."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._heap: list[tuple[float, int, Part]] = []
        self._order = 0

    def start(self, part: Part, at_mono_s: float | None = None) -> None:
        """Put a part on the heap, due at once or at a given time."""
        due = self.clock.mono_s if at_mono_s is None else at_mono_s
        self._order += 1
        heapq.heappush(self._heap, (due, self._order, part))

    def run_until(self, mono_s: float) -> None:
        """Step whatever is due, in order of time, until `mono_s`; the clock ends exactly there."""
        heap = self._heap
        while heap and heap[0][0] <= mono_s:
            due, order, part = heap[0]
            if due > self.clock.mono_s:
                self.clock.advance(due - self.clock.mono_s)
            next_due = part.step(self.clock.now())
            heapq.heapreplace(heap, (max(next_due, due + 1e-6), order, part))
        if mono_s > self.clock.mono_s:
            self.clock.advance(mono_s - self.clock.mono_s)
