"""A car of the simulated street as its maker's cloud sees it: the car on the cable and this one are one.

What the charger gives fills this one's battery, and what the cloud is told (stop, limit, amps) the car on the
cable does. Somebody must `look` now and then, so that comings and goings count when nobody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.car import Car
from simulator.charger import VirtualCharger
from simulator.clouds.tesla_car import NUMBER_BASE, CloudCar

LEAST_AMPS = 5.0

Cable = Callable[[], VirtualCharger | None]


class TwinCar(CloudCar):
    """`body` is the car itself, `cable` answers the charger that it is plugged into."""

    def __init__(self, body: Car, name: str, cable: Cable, now_s: float, place: int = 0) -> None:
        profile = body.profile
        super().__init__(
            vin=profile.vin,
            name=name,
            number=NUMBER_BASE + place,
            soc_percent=body.soc_percent,
            limit_percent=round(body.limit_percent),
            request_amps=round(body.setting_amps),
            request_max_amps=round(profile.max_amps),
            busy_s=now_s,
        )
        self._body, self._cable = body, cable
        self.look(now_s)

    def look(self, now_s: float) -> None:
        """Take over how things are at the cable."""
        charger = self._cable()
        if charger is None:
            if self.plugged:
                self.unplug(now_s)
        else:
            if not self.plugged:
                self.plug(now_s)
                self._body.stopped_by_driver = False
            self.offered_amps = charger.offered_amps
            if self.offered_amps >= LEAST_AMPS and self._body.wants_power:
                self.busy_s = now_s  # power on the cable wakes a car that wants it
        self.soc_percent = self._body.soc_percent

    @property
    def charging_state(self) -> str:
        """The maker's word for what the body does."""
        if self.plugged and self._body.drawn_amps > 0:
            return "Charging"
        found = super().charging_state
        return "Starting" if found == "Charging" else found

    @property
    def drawn_amps(self) -> float:
        """What the body draws."""
        return self._body.drawn_amps if self.plugged else 0.0

    def awake(self, now_s: float) -> bool:
        """Whether it can be read now."""
        self.look(now_s)
        return super().awake(now_s)

    def _change(self, name: str, form: Any) -> None:
        super()._change(name, form)
        self._body.stopped_by_driver = self.stopped
        self._body.limit_percent = float(self.limit_percent)
        self._body.setting_amps = float(self.request_amps)
