"""Several cars on one circuit: no two plans are promised the same amps. Pure.

Plans are made one after the other, the one that charges already first, then the one that must begin first.
Each takes note of what those before it were promised: where the rest of the circuit (or of what the house may
buy at a time) is not enough for its own full power, it plans around. If it would be late so, it plans with
what is left beside the others instead. That the amps are really shared is the brain's work; here nobody
counts on the same ones twice.

What the house itself takes while a car charges in the night is not known here; 500 W of a cap are left to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Any

from scheduler.cars.goals import Power
from scheduler.cars.planner import Blocked, Plan, joined
from scheduler.settings import SchedulerSettings
from scheduler.wallclock import at

HOUSE_WATTS = 500.0
LEAST_AMPS = 6.0


@dataclass(frozen=True, slots=True)
class Promise:
    """So many amps for one car, from then to then (seconds since 1970)."""

    label: str
    start_s: float
    end_s: float
    amps: float
    watts: float


@dataclass(slots=True)
class Circuit:
    """What there is to share, and what has been promised in this round. 0: no such bound."""

    amps: float = 0.0
    watts: float = 0.0
    promises: list[Promise] = field(default_factory=list)

    @classmethod
    def of(cls, settings: SchedulerSettings) -> Circuit:
        """The circuit of [bus] and the cap of [site]."""
        bus: Mapping[str, Any] = settings.tables.get("bus", {})
        found, cap = bus.get("circuit_amps"), settings.site.peak_watts
        amps = float(found) if isinstance(found, int | float) and not isinstance(found, bool) else 0.0
        return cls(amps, max(0.0, cap - HOUSE_WATTS) if cap else 0.0)

    def alone(self, power: Power) -> Power:
        """What a car could have if it were the only one."""
        return self._within(power, 0.0, 0.0)

    def beside(self, power: Power, now: datetime, target: datetime) -> Power | None:
        """What is left for it at any time before its target, beside all promises; None: too little."""
        others = self._overlapping(now.timestamp(), target.timestamp())
        edges = {now.timestamp(), *(one.start_s for one in others)}
        amps = max((sum(one.amps for one in self._at(edge)) for edge in edges), default=0.0)
        watts = max((sum(one.watts for one in self._at(edge)) for edge in edges), default=0.0)
        left = self._within(power, amps, watts)
        return replace(left, amps=float(int(left.amps))) if left.amps >= LEAST_AMPS else None

    def busy(self, power: Power, zone: tzinfo) -> Blocked:
        """When there is not enough left for it."""
        edges = sorted({edge for one in self.promises for edge in (one.start_s, one.end_s)})
        found = []
        for start_s, end_s in pairwise(edges):
            there = self._at(start_s)
            amps, watts = sum(one.amps for one in there), sum(one.watts for one in there)
            if there and self._within(power, amps, watts).amps < power.amps - 0.01:
                found.append((at(start_s, zone), at(end_s, zone)))
        return found

    def promise(self, label: str, plan: Plan, power: Power) -> None:
        """Give it what it planned."""
        for start, end in joined(plan):
            self.promises.append(Promise(label, start.timestamp(), end.timestamp(), power.amps, power.watts))

    def others(self, now: datetime, target: datetime) -> str:
        """Who has been promised what before an instant, in words; "" when nobody."""
        zone = now.tzinfo
        found = [
            f"{one.label} {one.amps:.0f} A from {datetime.fromtimestamp(one.start_s, zone):%H:%M} "
            f"to {datetime.fromtimestamp(one.end_s, zone):%H:%M}"
            for one in self._overlapping(now.timestamp(), target.timestamp())
        ]
        return " and ".join(found)

    def _overlapping(self, start_s: float, end_s: float) -> list[Promise]:
        return [one for one in self.promises if one.start_s < end_s and one.end_s > start_s]

    def _at(self, at_s: float) -> list[Promise]:
        return [one for one in self.promises if one.start_s <= at_s < one.end_s]

    def _within(self, power: Power, amps: float, watts: float) -> Power:
        most = power.amps
        if self.amps:
            most = min(most, self.amps - amps)
        if self.watts:
            most = min(most, (self.watts - watts) / (power.volts * power.phases))
        return replace(power, amps=max(most, 1.0))
