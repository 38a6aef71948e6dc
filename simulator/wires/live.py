"""Virtual chargers behind something that a real program can open: a thread, a file descriptor, real time.

The line is one pair of wires at 9600 baud, whatever carries it to the program under test: each byte takes
1.0417 ms, in both directions, and appears only when it has been sent. Who speaks while another still does
ruins the bytes that overlap. A line lives in one thread; `do` lets other threads put a hand in.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from random import Random
from typing import Protocol, TypeVar

from scheduler.clock import Clock
from simulator.charger import VirtualCharger
from simulator.faults import FaultyWire, WireFaults

BYTE_S = 10 / 9600
LONGEST_SLEEP_S = 0.25
PROGRAM = -1  # who speaks: the program under test, or a charger by its place

T = TypeVar("T")


class End(Protocol):
    """What carries the line to the program: a pseudo-terminal, a TCP connection."""

    path: str

    def open(self) -> None: ...
    def close(self) -> None: ...
    def waits_on(self) -> list[int]: ...
    def read(self) -> bytes: ...
    def write(self, data: bytes) -> None: ...


class _Byte:
    __slots__ = ("arrives_at", "talker", "value")

    def __init__(self, arrives_at: float, talker: int, value: int) -> None:
        self.arrives_at = arrives_at
        self.talker = talker
        self.value = value


class LiveLine:
    """One line and its chargers, alive from `start` to `close`. `speed` 10 lives ten times as fast.

    `clock` is the program's own, so that both agree on what a second is.
    """

    def __init__(
        self,
        end: End,
        chargers: Sequence[VirtualCharger],
        clock: Clock,
        *,
        speed: float = 1.0,
        wire: FaultyWire | None = None,
        echo: bool = False,
        rng: Random | None = None,
    ) -> None:
        self.chargers = list(chargers)
        self.collisions = 0
        self.is_pulled = False
        self._end = end
        self._clock = clock
        self._speed = speed
        self._wire = wire or FaultyWire(WireFaults(), Random(0))
        self._echo = echo
        self._rng = rng or Random(0)
        self._air: list[_Byte] = []
        self._free_at: dict[int, float] = {}
        self._orders: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._stop = False
        self._wake_out, self._wake_in = os.pipe()
        end.open()
        self._thread = threading.Thread(target=self._live, name="simulated bus", daemon=True)
        self._thread.start()

    @property
    def path(self) -> str:
        """What to write behind `port =` in the settings."""
        return self._end.path

    # --- hands from other threads ---

    def do(self, work: Callable[[list[VirtualCharger], float], T]) -> T:
        """Run `work(chargers, now)` in the line's thread, and hand back what it returns."""
        done = threading.Event()
        results: list[T] = []

        def order() -> None:
            results.append(work(self.chargers, self._clock.now().mono_s))
            done.set()

        self._orders.put(order)
        os.write(self._wake_in, b"!")
        if not done.wait(5.0):
            raise TimeoutError("the simulated bus does not answer")
        return results[0]

    def pull(self) -> None:
        """Pull the adapter out: its path vanishes, and open connections to it break."""

        def work(chargers: list[VirtualCharger], now: float) -> None:
            self._end.close()
            self._air.clear()
            self.is_pulled = True

        self.do(work)

    def plug_back(self) -> None:
        """Put the adapter in again: the same path is there again."""

        def work(chargers: list[VirtualCharger], now: float) -> None:
            self._end.open()
            self.is_pulled = False

        self.do(work)

    def close(self) -> None:
        """End the thread and give everything back."""
        if self._stop:
            return
        self._stop = True
        os.write(self._wake_in, b"!")
        self._thread.join(5.0)
        if not self.is_pulled:
            self._end.close()
        os.close(self._wake_in)
        os.close(self._wake_out)

    # --- its own thread ---

    def _live(self) -> None:
        while not self._stop:
            now = self._clock.now().mono_s
            self._obey()
            if not self.is_pulled:
                self._listen(now)
            self._let_speak(now)
            self._carry(now)
            self._sleep()

    def _obey(self) -> None:
        while True:
            try:
                order = self._orders.get_nowait()
            except Empty:
                return
            order()

    def _listen(self, now: float) -> None:
        data = self._end.read()
        if data:
            self._put_on_air(PROGRAM, data, now)

    def _let_speak(self, now: float) -> None:
        for place, charger in enumerate(self.chargers):
            if charger.next_due <= now:
                data = charger.send(now)
                if data:
                    self._put_on_air(place, data, now)

    def _put_on_air(self, talker: int, data: bytes, now: float) -> None:
        data = self._wire.carry(data)
        start = max(now, self._free_at.get(talker, now))
        ends_at = start + len(data) * BYTE_S
        self._free_at[talker] = ends_at
        bytes_in = [_Byte(start + (n + 1) * BYTE_S, talker, value) for n, value in enumerate(data)]
        others = [byte for byte in self._air if byte.talker != talker and byte.arrives_at <= ends_at + BYTE_S]
        ruined = [byte for byte in others if byte.arrives_at > start]
        if ruined:
            self.collisions += 1
            last = max(byte.arrives_at for byte in ruined)
            for byte in (*ruined, *(own for own in bytes_in if own.arrives_at <= last)):
                byte.value &= self._rng.randrange(0x100)
        self._air += bytes_in
        self._air.sort(key=lambda byte: byte.arrives_at)

    def _carry(self, now: float) -> None:
        """Whatever has arrived by now is heard."""
        to_program = bytearray()
        to_chargers = bytearray()
        arrived = 0
        for byte in self._air:
            if byte.arrives_at > now:
                break
            arrived += 1
            if byte.talker == PROGRAM:
                to_chargers.append(byte.value)
            if byte.talker != PROGRAM or self._echo:
                to_program.append(byte.value)
        del self._air[:arrived]
        if to_chargers:
            for charger in self.chargers:
                charger.receive(bytes(to_chargers), now)
        if to_program and not self.is_pulled:
            self._end.write(bytes(to_program))

    def _sleep(self) -> None:
        now = self._clock.now().mono_s
        due = min((charger.next_due for charger in self.chargers), default=now + LONGEST_SLEEP_S)
        if self._air:
            due = min(due, self._air[0].arrives_at)
        wait_s = min(LONGEST_SLEEP_S, max(0.0, due - now) / self._speed)
        waits_on = [self._wake_out] if self.is_pulled else [self._wake_out, *self._end.waits_on()]
        ready, _, _ = select.select(waits_on, [], [], wait_s)
        if self._wake_out in ready:
            os.read(self._wake_out, 100)
