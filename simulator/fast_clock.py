"""A clock that goes faster than the computer's, and that several processes may share."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.clock import Moment, system_mono_s


class FastClock:
    """`speed` times as fast, from `wall` at `began_mono_s` on (now, where nothing is said).

    What never jumps is the same clock for every process of a computer, so that clocks made of the same
    three values agree.
    """

    def __init__(self, wall: datetime, speed: float, began_mono_s: float | None = None) -> None:
        self.wall, self.speed = wall, speed
        self.began_mono_s = system_mono_s() if began_mono_s is None else began_mono_s

    def now(self) -> Moment:
        """This moment in the demo's house."""
        lived_s = (system_mono_s() - self.began_mono_s) * self.speed
        return Moment(self.began_mono_s + lived_s, self.wall + timedelta(seconds=lived_s))

    def now_s(self) -> float:
        """The same in seconds since 1970."""
        return self.wall.timestamp() + (system_mono_s() - self.began_mono_s) * self.speed
