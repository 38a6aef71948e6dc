"""The only file that asks the system what time it is.

Two times, never mixed. `mono_s` never jumps and is for intervals. `wall` is for calendars, and a
Raspberry Pi has no clock battery: after a power cut it wakes up with the time of its last
shutdown until the network tells it better. Until then `wall` is None, and whoever needs a
calendar says "unknown" instead of guessing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

# Nobody ran this program before it existed: an earlier year is a clock that was never set.
FIRST_POSSIBLE_YEAR = 2026
TIMESYNC = Path("/run/systemd/timesync")
CLOCK_CHIPS = Path("/sys/class/rtc")


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant: `mono_s` in seconds for intervals, `wall` (aware, or None) for calendars."""

    mono_s: float
    wall: datetime | None = None


class Clock(Protocol):
    """Anything that can say what moment it is."""

    def now(self) -> Moment: ...


class SystemClock:
    """The computer's own clock, read in the house's time zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._trusted = False

    def now(self) -> Moment:
        """This moment; `wall` stays None until the system's time can be believed."""
        self._trusted = self._trusted or wall_is_trustworthy()
        wall = datetime.now(self._zone) if self._trusted else None
        return Moment(time.monotonic(), wall)


class FakeClock:
    """A clock that stands still until told: tests, the simulator, benchmarks."""

    def __init__(self, wall: datetime | None = None, mono_s: float = 0.0) -> None:
        self.mono_s = mono_s
        self.wall = wall

    def now(self) -> Moment:
        """The moment it was last set to."""
        return Moment(self.mono_s, self.wall)

    def advance(self, seconds: float) -> Moment:
        """Move both times on; the wall moves through UTC, so that DST nights come out right."""
        self.mono_s += seconds
        if self.wall is not None:
            zone = self.wall.tzinfo
            self.wall = (self.wall.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(zone)
        return self.now()


def now_utc() -> datetime:
    """The system's calendar time, believed or not: for log lines and file names only."""
    return datetime.now(UTC)


def system_mono_s() -> float:
    """Seconds on the clock that never jumps: for commands that run without a house around them."""
    return time.monotonic()


def wall_is_trustworthy() -> bool:
    """Whether the system's calendar time can be believed.

    A year before this program existed is no time. With a clock chip, or once systemd-timesyncd
    has heard from the network, it can. Where neither a chip nor timesyncd is present (containers,
    other time services) the host is taken at its word.
    """
    if datetime.now(UTC).year < FIRST_POSSIBLE_YEAR:
        return False
    has_chip = CLOCK_CHIPS.is_dir() and any(CLOCK_CHIPS.iterdir())
    return has_chip or not TIMESYNC.is_dir() or (TIMESYNC / "synchronized").exists()
