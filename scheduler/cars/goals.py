"""What a car should reach, and by when: from "80 % by 07:00 on weekdays" to instants and hours. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from scheduler.cars.settings import CarSettings, PlanSettings, Preference
from scheduler.wallclock import at, first_showing

EFFICIENCY = 0.85  # from the cable to what the car shows
SLOW_FROM_PERCENT = 95.0  # the last percents go in at half power
NEAR_ENOUGH_PERCENT = 0.5  # cars tell whole percents
LONGEST_OVERRUN_S = 12 * 3600.0
FURTHEST_S = 8 * 86400.0  # no plan's next time is further off: a later one was seen by a clock that was wrong


@dataclass(frozen=True, slots=True)
class Goal:
    """So full by then, and how to choose the time."""

    soc_percent: float
    target: datetime
    prefer: Preference = "cheapest"
    one_piece: bool = False
    precondition_s: float = 0.0  # the last stretch before the target charges at any price

    def up_to(self, limit_percent: float | None) -> Goal:
        """The same goal, as far as the limit in the car's app lets it go."""
        if limit_percent is None or limit_percent >= self.soc_percent:
            return self
        return replace(self, soc_percent=limit_percent)

    @property
    def key(self) -> str:
        """Names this goal and no other."""
        return f"{self.soc_percent:g} % by {self.target:%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True)
class Power:
    """What a car can take at a charger. Amps per conductor, volts of one conductor."""

    amps: float
    volts: float
    phases: int

    @property
    def watts(self) -> float:
        """Full power."""
        return self.amps * self.volts * self.phases


def need_s(car: CarSettings, soc_percent: float, goal_percent: float, power: Power) -> float:
    """How long it takes at full power."""
    if soc_percent >= goal_percent - NEAR_ENOUGH_PERCENT:
        return 0.0
    plain = max(0.0, min(goal_percent, SLOW_FROM_PERCENT) - soc_percent)
    slow = max(0.0, goal_percent - max(SLOW_FROM_PERCENT, soc_percent))
    kwh = car.battery_kwh * (plain + 2 * slow) / 100 / EFFICIENCY
    return kwh * 3.6e6 / power.watts


def next_goal(
    car: CarSettings,
    soc_percent: float,
    power: Power,
    now: datetime,
    active: Goal | None,
    limit_percent: float | None = None,
) -> Goal | None:
    """The goal that must be begun first, of those not reached; one that has begun stays until it is done."""
    if active is not None and need_s(car, soc_percent, active.soc_percent, power) > 0:
        overrun_s = now.timestamp() - active.target.timestamp()
        if -FURTHEST_S < overrun_s < LONGEST_OVERRUN_S:
            return active
    goals = [goal.up_to(limit_percent) for plan in car.plans for goal in _coming(plan, now)]
    needs = {goal: need_s(car, soc_percent, goal.soc_percent, power) for goal in goals}
    unmet = [goal for goal in goals if needs[goal] > 0]
    return min(unmet, key=lambda goal: goal.target.timestamp() - needs[goal], default=None)


def next_target(plan: PlanSettings, now: datetime) -> datetime:
    """When this plan is due next."""
    return next(_coming(plan, now)).target


def next_remind(plan: PlanSettings, now: datetime) -> tuple[datetime, datetime] | None:
    """When to look whether the car is plugged in for the next target, and that target."""
    if plan.remind_at is None:
        return None
    target = next_target(plan, now)
    minute, zone = plan.remind_at.hour * 60 + plan.remind_at.minute, _zone(now)
    for days in (0, 1):
        instant = at(first_showing(target.date() - timedelta(days=days), minute, zone), zone)
        if instant.timestamp() < target.timestamp():
            return instant, target
    return None


def _coming(plan: PlanSettings, now: datetime) -> Iterator[Goal]:
    """The next time of a plan that is still to come."""
    minute, zone = plan.by.hour * 60 + plan.by.minute, _zone(now)
    for days in range(9):
        day = now.date() + timedelta(days=days)
        target = at(first_showing(day, minute, zone), zone)
        if day.weekday() in plan.weekdays and target.timestamp() > now.timestamp():
            yield Goal(plan.soc_percent, target, plan.prefer, plan.one_piece, 60 * plan.precondition_min)
            return


def _zone(now: datetime) -> tzinfo:
    return now.tzinfo or UTC
