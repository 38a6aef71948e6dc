"""A USB RS-485 adapter that isn't there: a pseudo-terminal with virtual chargers behind it.

`path` is a link beside others in a folder of its own, as udev makes them: pulled, it vanishes and whoever
has it open gets an error; plugged back, the same path leads to a new device.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import tty
from collections.abc import Sequence
from pathlib import Path
from random import Random

from scheduler.clock import Clock
from simulator.charger import VirtualCharger
from simulator.faults import FaultyWire
from simulator.wires.live import LiveLine

NOBODY_THERE = (errno.EAGAIN, errno.EIO)


class PtyEnd:
    """The far side of a pseudo-terminal."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._far = self._near = -1

    def open(self) -> None:
        """Make a new device and lead the path to it."""
        self._far, self._near = os.openpty()
        tty.setraw(self._near)  # held open, so that a program that leaves is not the end of the line
        os.set_blocking(self._far, False)
        os.symlink(os.ttyname(self._near), self.path)

    def close(self) -> None:
        """The device is gone, and the path with it."""
        os.unlink(self.path)
        os.close(self._far)
        os.close(self._near)

    def waits_on(self) -> list[int]:
        """What to select on."""
        return [self._far]

    def read(self) -> bytes:
        """What the program has written."""
        try:
            return os.read(self._far, 4096)
        except OSError as error:
            if error.errno not in NOBODY_THERE:
                raise
            return b""

    def write(self, data: bytes) -> None:
        """Give it to the program; what nobody reads is lost, as on a wire."""
        try:
            os.write(self._far, data)
        except OSError as error:
            if error.errno not in NOBODY_THERE:
                raise


class PtyBus(LiveLine):
    """Virtual chargers behind a serial port. `path` is the port."""

    def __init__(
        self,
        chargers: Sequence[VirtualCharger],
        clock: Clock,
        *,
        speed: float = 1.0,
        wire: FaultyWire | None = None,
        echo: bool = False,
        rng: Random | None = None,
    ) -> None:
        self._folder = tempfile.mkdtemp(prefix="simulated-bus-")
        end = PtyEnd(Path(self._folder) / "ttyRS485")
        super().__init__(end, chargers, clock, speed=speed, wire=wire, echo=echo, rng=rng)

    def close(self) -> None:
        """End the thread; nothing is left behind."""
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)
