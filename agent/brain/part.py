"""The brain at work: once a second it looks at everything, decides, and lays the answer out for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo

from agent.brain.decide import decide
from agent.brain.memory import Memory
from agent.model import (
    BusView,
    CarStatus,
    Control,
    Event,
    MeterView,
    Moment,
    Offer,
    Published,
    Rules,
    Snapshot,
    Step,
    SunShare,
)
from agent.parts import Slot
from scheduler.windows import Evaluator, Window

BEAT_S = 1.0


class BrainPart:
    """Joins the Slots of the house to the pure `decide`."""

    name = "brain"

    def __init__(
        self,
        rules: Rules,
        *,
        bus: Slot[BusView],
        meters: Callable[[Moment, float], MeterView],
        control: Slot[Control],
        windows: Slot[tuple[Window, ...]],
        cars: Slot[Mapping[str, CarStatus]],
        offers: Slot[tuple[Offer, ...]],
        published: Slot[Published],
        tell: Callable[[Event], None],
        decided: Callable[[Published], None] = lambda published: None,
        zone: tzinfo | None = None,
        sun_share: Callable[[datetime | None], SunShare] | None = None,
        phases_by_car: Mapping[str, int] | None = None,
        learned: Callable[[Mapping[str, int]], None] = lambda phases_by_car: None,
    ) -> None:
        """`meters` composes the view at a moment, told what the chargers draw in watts.

        `decided` hears of each second after it was published; it must return at once. `sun_share` says by
        prices what must be sun; without it the rules' own share holds. `phases_by_car` is what `learned` was
        told last, in an earlier process: how many phases each car loads.
        """
        self._rules = rules
        self._bus, self._meters = bus, meters
        self._control, self._windows, self._cars = control, windows, cars
        self._offers, self._published, self._tell = offers, published, tell
        self._decided = decided
        self._zone = zone
        self._sun_share = sun_share
        self._names = {charger.charger_id: charger.name for charger in rules.chargers}
        self._evaluator = Evaluator(windows.get(), self._names, zone)
        self._learned = learned
        self._memory = Memory(phases_by_car=phases_by_car or {})

    def step(self, moment: Moment) -> float:
        """Decide for this second; next in one second."""
        bus = self._bus.get()
        meters = self._meters(moment, self._memory.draws[-1][1] if self._memory.draws else 0.0)
        windows = self._windows.get()
        if windows != self._evaluator.windows:
            self._evaluator = Evaluator(windows, self._names, self._zone)
        share = self._sun_share(moment.wall) if self._sun_share else None
        if share and share.share != self._rules.min_solar_share:
            self._rules = replace(self._rules, min_solar_share=share.share)
        snapshot = Snapshot(
            bus.chargers,
            meters.readings,
            self._cars.get(),
            self._control.get(),
            self._evaluator.in_force(moment.wall),
            share,
            bus.health.problem,
        )
        known = self._memory.phases_by_car
        decision, self._memory = decide(self._rules, snapshot, self._memory, moment)
        if share and share.share < 1.0:
            budget = decision.budget_amps
            why = Step("prices", "", budget, budget, share.why)
            decision = replace(decision, steps=(why, *decision.steps))
        self._offers.put(decision.offers)
        published = Published(moment, snapshot, decision, bus, meters)
        self._published.put(published)
        self._decided(published)
        for event in decision.events:
            self._tell(event)
        if self._memory.phases_by_car is not known:
            self._learned(self._memory.phases_by_car)
        return moment.mono_s + BEAT_S
