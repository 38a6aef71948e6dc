"""A car at the end of a charger's cable: what it draws, second by second, of what it is offered.

Measured on Teslas by owners, and by the benchmark's definition where no flag says otherwise:

* offered less than 6 A, a car draws nothing; told to stop it falls at 16 A/s;
* 20 s after 6 A or more are offered it begins to draw, and rises by 1 A/s; lowered, it falls at 4 A/s;
* it draws a little less than offered (19 A offered: 18.3 A), never more than its on-board charger can;
* at its charge limit it stops by itself, and starts again only when the limit is raised or driving
  has taken charge out of it.

The flags of CarProfile are the quirks that owners have met. All of them are off by default. A car that
*refuses* draws nothing until it is unplugged and plugged in again, as real ones do.

Amps are per conductor; all times are `mono_s`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf
from random import Random

REFUSES_UNOFFERED_AFTER_S = 30.0  # a car with that quirk wants its first amps within this time
SLEEPS_AFTER_S = 600.0  # unoffered for so long, a car that sleeps falls asleep
LONGEST_WAKING_S = 900.0
TRAP_CURE_S = 5.0
TAPER_FROM_PERCENT = 99.0  # the last percent goes in ever more slowly
DRIVEN_PERCENT = 1.0  # so far below its limit, a car that had finished wants power again


@dataclass(frozen=True, slots=True)
class CarProfile:
    """One kind of car. Amps per conductor, `soc_percent` at the start, efficiency from 0 to 1."""

    vin: str = "5YJ3E1EA7KF000001"
    max_amps: float = 32.0
    min_amps: float = 6.0
    phases: int = 1
    battery_kwh: float = 75.0
    soc_percent: float = 40.0
    limit_percent: float = 80.0
    efficiency: float = 0.92
    start_lag_s: float = 20.0
    ramp_up_amps_per_s: float = 1.0
    ramp_down_amps_per_s: float = 4.0
    cut_amps_per_s: float = 16.0
    draws_below_offer_amps: float = 0.0
    whole_amps: bool = False
    six_amp_trap: bool = False  # a raise that ends below `trap_cure_amps` drops it to 6 A
    trap_cure_amps: float = 21.0
    keeps_minimum_at_zero: bool = False  # goes on at 6 A when told to stop
    sleeps: bool = False  # takes up to 15 minutes to wake
    refuses_after_zero_at_plugin: bool = False
    refuses_after_interruptions: int = 0  # 0: bears any number


class Car:
    """One car. Whoever holds its cable calls `advance` with what was offered since the last call."""

    def __init__(self, profile: CarProfile, now: float, rng: Random) -> None:
        self.profile = profile
        self.soc_percent = profile.soc_percent
        self.limit_percent = profile.limit_percent
        self._setting_amps = profile.max_amps
        self.stopped_by_driver = False
        self.drawn_amps = 0.0
        self.energy_wh = 0.0  # from the cable since this car was made
        self.interruptions = 0
        self.asleep = False
        self.refuses = ""  # why it will not charge until it is plugged in anew
        self._rng = rng
        self._finished = self.soc_percent >= min(self.limit_percent, 100.0)
        self.plugged_in(now)

    def plugged_in(self, now: float) -> None:
        """The cable went in: the car is awake and forgets its grudges."""
        self._now = now
        self._steady_at = -1.0  # the offer at which nothing changes any more
        self.drawn_amps = 0.0
        self.asleep = False
        self.refuses = ""
        self.interruptions = 0
        self._plugged_at = self._idle_since = now
        self._enabled_at: float | None = None
        self._ever_enabled = False
        self._wakes_at = inf
        self._trapped = False
        self._offered_before = 0.0
        self._cured_at = inf

    def unplugged(self, now: float) -> None:
        """The cable came out."""
        self._now = now
        self._steady_at = -1.0
        self.drawn_amps = 0.0
        self._enabled_at = None

    @property
    def setting_amps(self) -> float:
        """What the driver allows in the car."""
        return self._setting_amps

    @setting_amps.setter
    def setting_amps(self, amps: float) -> None:
        self._setting_amps = amps
        self._steady_at = -1.0

    @property
    def wants_power(self) -> bool:
        """Whether it would charge if it were offered enough."""
        return not (self._finished or self.asleep or self.stopped_by_driver or self.refuses)

    def drive(self, kwh: float) -> None:
        """Take charge out of the battery, as a trip does."""
        self.soc_percent = max(0.0, self.soc_percent - 100 * kwh / self.profile.battery_kwh)

    def advance(self, offered_amps: float, now: float, volts: float = 230.0, phases: int = 3) -> float:
        """Live from the last call until `now` with `offered_amps`; returns the amps drawn at `now`.

        `volts` is what lies on each conductor, `phases` what the cable carries.
        """
        span = now - self._now
        if span <= 0:
            return self.drawn_amps
        before = self.drawn_amps
        self._now = now
        if offered_amps == self._steady_at and self._stays():
            if before:
                self._fill(before * volts * min(phases, self.profile.phases) * span / 3600)
            return before
        aim, ramping_s = self._aim(offered_amps, now, span)
        steady = aim == before and self._is_plain(offered_amps, ramping_s)
        self._steady_at = offered_amps if steady else -1.0
        if aim == before:
            after = before
        elif aim > before:
            after = min(aim, before + self.profile.ramp_up_amps_per_s * ramping_s)
        elif self._enabled_at is None:
            after = max(aim, before - self.profile.cut_amps_per_s * span)
        else:
            after = max(aim, before - self.profile.ramp_down_amps_per_s * span)
        self.drawn_amps = after
        if before or after:
            self._fill((before + after) / 2 * volts * min(phases, self.profile.phases) * span / 3600)
        return after

    def _stays(self) -> bool:
        """Whether what was steady is so still: no quicker question than this."""
        if self.drawn_amps:
            level = self.soc_percent
            limit = self.limit_percent
            return (
                level < limit and level < TAPER_FROM_PERCENT and not (self.stopped_by_driver or self.refuses)
            )
        self._look_at_battery()
        return True

    def _is_plain(self, offered: float, ramping_s: float) -> bool:
        """Whether only offers, the battery and hands can change anything: no lag, no nap, no trap."""
        profile = self.profile
        if self.drawn_amps:
            return self._enabled_at is not None and ramping_s > 0 and not profile.six_amp_trap
        quirky = profile.sleeps or profile.refuses_after_zero_at_plugin
        return self._enabled_at is None and offered < profile.min_amps and not quirky

    def _look_at_battery(self) -> None:
        limit = min(self.limit_percent, 100.0)
        if self.soc_percent >= limit:
            self._finished = True
        elif self._finished and self.soc_percent < limit - DRIVEN_PERCENT:
            self._finished = False

    def _fill(self, cable_wh: float) -> None:
        self.energy_wh += cable_wh
        self.soc_percent += cable_wh * self.profile.efficiency / self.profile.battery_kwh / 10

    def _aim(self, offered: float, now: float, span: float) -> tuple[float, float]:
        """The amps it moves towards, and for how much of `span` it has been free to rise."""
        profile = self.profile
        self._look_at_battery()
        if self._enabled_at is None:
            self._idle(offered, now)
        if offered < profile.min_amps or not self.wants_power:
            return self._unenabled_aim(offered, now), span
        if self._enabled_at is None:
            self._enabled_at = now - span
            self._ever_enabled = True
        starts_at = self._enabled_at + profile.start_lag_s
        if now <= starts_at:
            return 0.0, 0.0
        aim = min(offered - profile.draws_below_offer_amps, profile.max_amps, self.setting_amps)
        if profile.whole_amps:
            aim = float(floor(aim))
        if profile.six_amp_trap:
            aim = self._trap(offered, aim, now)
        if self.soc_percent > TAPER_FROM_PERCENT:
            aim *= max(0.2, 100.0 - self.soc_percent)
        return aim, min(span, now - starts_at)

    def _unenabled_aim(self, offered: float, now: float) -> float:
        if self._enabled_at is None:
            return 0.0
        if self.profile.keeps_minimum_at_zero and self.wants_power and self.drawn_amps:
            return min(self.profile.min_amps, self.drawn_amps)
        if offered < self.profile.min_amps and self.drawn_amps:
            self.interruptions += 1
            if 0 < self.profile.refuses_after_interruptions <= self.interruptions:
                self.refuses = f"it was interrupted {self.interruptions} times"
        self._enabled_at = None
        self._idle_since = now
        self._offered_before = 0.0
        return 0.0

    def _idle(self, offered: float, now: float) -> None:
        """What a car does while it is not charging: take offence, fall asleep, wake up."""
        profile = self.profile
        if (
            profile.refuses_after_zero_at_plugin
            and not self._ever_enabled
            and now - self._plugged_at > REFUSES_UNOFFERED_AFTER_S
        ):
            self.refuses = "it was offered nothing when it was plugged in"
        if not profile.sleeps:
            return
        if not self.asleep:
            self.asleep = now - self._idle_since > SLEEPS_AFTER_S
        elif offered < profile.min_amps:
            self._wakes_at = inf
        elif self._wakes_at == inf:
            self._wakes_at = now + self._rng.uniform(0, LONGEST_WAKING_S)
        elif now >= self._wakes_at:
            self.asleep = False
            self._idle_since = now
            self._wakes_at = inf

    def _trap(self, offered: float, aim: float, now: float) -> float:
        cure = min(self.profile.trap_cure_amps, self.profile.max_amps)
        if offered >= cure:
            self._cured_at = min(self._cured_at, now)
            if now - self._cured_at >= TRAP_CURE_S:
                self._trapped = False
        else:
            self._cured_at = inf
            if 0 < self._offered_before < offered:
                self._trapped = True
        self._offered_before = offered
        return min(aim, self.profile.min_amps) if self._trapped else aim
