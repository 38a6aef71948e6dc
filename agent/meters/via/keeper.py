"""One connection that is kept: a thread for devices that speak by themselves.

A transport writes `talk(keeper)`: connect, call `keeper.well()` once the device listens, then hear it until
`keeper.stop` is set, or raise Down or Poor. The thread calls it again and again, 1, 2, 4 ... 30 s apart, and
keeps what is wrong as a Problem for whoever polls. Polling never waits for the wire.

Should `talk` fail in a way that nobody thought of, Python prints it, the next poll says so, and the thread
is started again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from agent.meters.values import Down, Poor
from agent.meters.via import Problem, problem

FIRST_PATIENCE_S = 1.0
LONGEST_PATIENCE_S = 30.0
FAREWELL_S = 2.0


class Keeper:
    """Keeps one conversation going, and knows what is wrong with it."""

    def __init__(self, name: str, talk: Callable[[Keeper], None]) -> None:
        self.name = name
        self.stop = threading.Event()
        self._talk = talk
        self._thread: threading.Thread | None = None
        self._patience_s = FIRST_PATIENCE_S
        self._problem: Problem | None = None
        self.waits(f"{name} is being reached.")

    def problem(self) -> Problem | None:
        """What is wrong now, or None while all is well. Starts the thread where none runs."""
        if self._thread is None or not self._thread.is_alive():
            if self._thread is not None:
                self._problem = Problem(
                    "down", f"{self.name} broke off and is tried again.", keeps_trying=True
                )
            self.stop.clear()
            self._thread = threading.Thread(target=self._run, name=f"talk {self.name}", daemon=True)
            self._thread.start()
        return self._problem

    def well(self) -> None:
        """The device listens to us: nothing is wrong, and patience starts anew."""
        self._problem = None
        self._patience_s = FIRST_PATIENCE_S

    def waits(self, sentence: str) -> None:
        """The device is there and has said nothing yet."""
        self._problem = Problem("waiting", sentence, keeps_trying=True)

    def close(self) -> None:
        """End the conversation, and wait for it a little."""
        self.stop.set()
        if self._thread is not None:
            self._thread.join(FAREWELL_S)
        self._thread = None

    def _run(self) -> None:
        while not self.stop.is_set():
            wait_s = 0.0
            try:
                self._talk(self)
            except (Down, Poor) as error:
                found = problem(error)
                self._problem = Problem(found.kind, found.sentence, keeps_trying=True)
                wait_s = found.wait_s
            self.stop.wait(max(wait_s, self._patience_s))
            self._patience_s = min(2 * self._patience_s, LONGEST_PATIENCE_S)
