"""How other controllers decide, as models.

**None of these is a run of the product it is named after.** Each is a model written from the product's
published behaviour (its documentation and its public source, as of 2026), reduced to one phase, one car
and no battery, with the description it was written from beside it. Where our model is unkind to a
product, the fault is the model's: corrections are welcome.

All of them cap at 32 A; a timer is cleared when its condition fails.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, floor

from benchmarks.solar.car import MAX_AMPS, MIN_AMPS, VOLTS, Controller, Plant


class Timer:
    """How long a condition has held without a break."""

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since: int | None = None

    def held(self, t: int, condition: bool, seconds: int) -> bool:
        """Whether the condition holds now and has for so many seconds."""
        if not condition:
            self._since = None
            return False
        if self._since is None:
            self._since = t
        return t - self._since >= seconds


class Evcc:
    """evcc's solar mode: model written from published behaviour, not a run of the product.

    Each cycle (30 s by default): the target is what the car draws (measured plus 2 A, at most the
    offer) less the grid power (plus a residual) over the volts. Charging and target under the minimum:
    6 A, and off after 3 minutes of grid power not below 0. Off: on at 6 A after 1 minute with a target
    of 6 A or more. Otherwise the target, in whole amps unless the charger takes milliamps.
    """

    def __init__(
        self, name: str, period_s: int = 30, residual_w: float = 0.0, milliamps: bool = False
    ) -> None:
        self.name, self.period_s = name, period_s
        self._residual_w = residual_w
        self._milliamps = milliamps
        self._starting, self._stopping = Timer(), Timer()

    def step(self, t: int, grid_w: float, plant: Plant) -> float | None:
        site = grid_w + self._residual_w
        effective = min(plant.amps + 2, plant.limit) if plant.amps > 0.5 else 0.0
        target = max(0.0, effective - site / VOLTS)
        if self._starting.held(t, not plant.enabled and target >= MIN_AMPS, 60):
            return MIN_AMPS
        too_little = plant.enabled and target < MIN_AMPS
        if self._stopping.held(t, too_little and site >= 0, 180):
            return 0.0
        if not plant.enabled:
            return None
        if too_little:
            return MIN_AMPS
        wanted = min(target, MAX_AMPS)
        return round(wanted, 2) if self._milliamps else float(floor(wanted))


class OpenWb:
    """openWB 2.x's solar charging: model written from published behaviour, not a run of the product.

    Every 10 s. Starts at 6 A after 30 s with 1500 W to spare (counted from the middle of its control
    band). Stops after 60 s of import at 7 A or less. The band is 0 to 230 W of import: inside it holds,
    outside it moves towards 115 W by at most 5 A from what the car really draws.
    """

    name, period_s = "openWB defaults", 10

    def __init__(self) -> None:
        self._starting, self._stopping = Timer(), Timer()

    def step(self, t: int, grid_w: float, plant: Plant) -> float | None:
        if not plant.enabled:
            return MIN_AMPS if self._starting.held(t, 115 - grid_w >= 1500, 30) else None
        self._starting.held(t, False, 30)
        if plant.amps < 0.5:
            return None
        if self._stopping.held(t, plant.amps <= 7 and grid_w > 0, 60):
            self._stopping.held(t, False, 60)
            return 0.0
        if plant.amps <= 6.01 and grid_w > 230:
            return MIN_AMPS
        if 0 <= grid_w <= 230:
            return None
        wanted = plant.amps + max(-5.0, min(5.0, (115 - grid_w) / VOLTS))
        return round(max(MIN_AMPS, min(MAX_AMPS, wanted)), 2)


class OpenEvse:
    """OpenEVSE's divert in its eco mode: model written from published behaviour, not a run of the product.

    Every 10 s. Available is the export without the car, less a reserve of 100 W. A filter (20 s up,
    600 s down) serves starting and stopping only: on at 6.5 A filtered, off at 6 A filtered once 600 s
    have passed since current first flowed. The rate itself follows the raw value, floored, 6 A at least.
    """

    name, period_s = "OpenEVSE eco defaults", 10

    def __init__(self) -> None:
        self._smoothed = 0.0
        self._flows_since: int | None = None

    def step(self, t: int, grid_w: float, plant: Plant) -> float | None:
        own = grid_w / VOLTS - plant.amps
        available = max(0.0, -own - 100 / VOLTS) if own < 0 else 0.0
        tau = 20 if available > self._smoothed else 600
        self._smoothed += (available - self._smoothed) * (1 - exp(-self.period_s / tau))
        if not plant.enabled:
            self._flows_since = None
        elif plant.amps > 0 and self._flows_since is None:
            self._flows_since = t
        long_enough = self._flows_since is not None and t - self._flows_since >= 600
        if self._smoothed >= 6.5 or (plant.enabled and self._smoothed > 6):
            return float(max(MIN_AMPS, min(MAX_AMPS, floor(available))))
        return 0.0 if plant.enabled and self._smoothed <= 6 and long_enough else None


class SmartEvse:
    """SmartEVSE's solar mode: model written from published behaviour, not a run of the product.

    Every 2 s, in tenths of an amp. Starts at 6 A after 30 readings in a row with 4 A of
    export, and keeps 6 A for 60 s.
    Then it integrates: up by 0.5 A with more than 1 A of export, else by 0.1 A; down by half the import
    above 2 A, by 0.5 A above 1 A, by 0.1 A above 0.3 A. Stops after 10 minutes at 6 A with import above 2 A.
    """

    name, period_s = "SmartEVSE solar defaults", 2

    def __init__(self) -> None:
        self._starting, self._stopping = Timer(), Timer()
        self._set = MIN_AMPS

    def step(self, t: int, grid_w: float, plant: Plant) -> float | None:
        over = grid_w / VOLTS
        if not plant.enabled:
            self._stopping.held(t, False, 600)
            self._set = MIN_AMPS
            return MIN_AMPS if self._starting.held(t, -over >= 4, 58) else None
        self._starting.held(t, False, 58)
        if t - plant.enabled_at_s < 60:
            return MIN_AMPS
        wanted = self._set + self._change(over)
        self._set = max(MIN_AMPS, min(MAX_AMPS, wanted))
        low = wanted < MIN_AMPS
        if self._stopping.held(t, low and over > 2, 600):
            return 0.0
        return round(self._set, 1)

    @staticmethod
    def _change(over: float) -> float:
        if over < 0:
            return 0.5 if over < -1 else 0.1
        if over > 2:
            return -over / 2
        if over > 1:
            return -0.5
        return -0.1 if over > 0.3 else 0.0


class TwcManager:
    """TWCManager's green-energy policy: model written from published behaviour, not a run of the product.

    Every 30 s: the last draw less the grid's amps, in whole amps; under the minimum (12 A as shipped,
    6 A at the lowest) it offers nothing. For 60 s after this wish has flipped, and while the car draws,
    it offers 6 A at least.
    """

    def __init__(self, name: str, minimum: float) -> None:
        self.name, self.period_s = name, 30
        self._minimum = minimum
        self._wished = False
        self._flipped_at = -60

    def step(self, t: int, grid_w: float, plant: Plant) -> float | None:
        amps = float(max(0, floor(-grid_w / VOLTS + plant.amps)))
        wishes = amps >= self._minimum
        if wishes != self._wished:
            self._wished, self._flipped_at = wishes, t
        if not wishes:
            amps = 0.0
        if t - self._flipped_at < 60 and plant.amps > 0:
            amps = max(MIN_AMPS, amps)
        return amps


MODELS: tuple[tuple[str, Callable[[], Controller]], ...] = (
    ("evcc 30 s", lambda: Evcc("evcc 30 s")),
    ("evcc 30 s mA", lambda: Evcc("evcc 30 s mA", milliamps=True)),
    ("evcc 10 s", lambda: Evcc("evcc 10 s", period_s=10)),
    ("evcc residual 100 W", lambda: Evcc("evcc residual 100 W", residual_w=100)),
    ("openWB", OpenWb),
    ("OpenEVSE eco", OpenEvse),
    ("SmartEVSE solar", SmartEvse),
    ("TWCManager 6 A", lambda: TwcManager("TWCManager 6 A", 6)),
    ("TWCManager 12 A", lambda: TwcManager("TWCManager 12 A", 12)),
)
"""Every model by the name it bears in tables ("defaults" where nothing is said)."""
