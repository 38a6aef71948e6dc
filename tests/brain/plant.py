"""A house small enough to hold in one's head: the peer that brain stories are told with.

One step is one second: each car moves towards its offer (20 s start lag, 1 A/s up, 4 A/s down), then the
meter is read, then the brain decides. Everything is a real value; nothing is replaced.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from agent.brain.decide import decide
from agent.brain.memory import Memory
from agent.model import (
    ChargerRules,
    ChargerStatus,
    Control,
    Decision,
    Moment,
    Reading,
    Rules,
    Snapshot,
)

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


def one(charger_id="0001", **more):
    """Settings of one 32 A charger."""
    return ChargerRules(charger_id, **{"max_amps": 32.0, **more})


@dataclass
class Plant:
    """A house with sun, load and cars; `run` plays seconds and keeps what was decided."""

    rules: Rules
    sun_w: float = 0.0
    house_w: float = 500.0
    control: Control = field(default_factory=Control)
    plugged: dict[str, bool] = field(default_factory=dict)
    linked: dict[str, bool] = field(default_factory=dict)
    car_max_amps: float = 32.0
    car_phases: dict[str, int] = field(default_factory=dict)  # fewer than its charger has
    meter_works: bool = True
    windows: dict | None = field(default_factory=dict)
    cars: dict = field(default_factory=dict)
    vin: str = ""
    bus_problem: str = ""
    defiant: bool = False
    stuck: set[str] = field(default_factory=set)  # chargers whose cars go on as they are
    full: set[str] = field(default_factory=set)  # chargers whose cars take nothing
    silent: dict[str, float] = field(default_factory=dict)  # chargers that say nothing any more, since when
    battery: Reading | None = None
    phase_load_amps: tuple[float, ...] | None = None
    now: float = 1000.0
    wall_known: bool = True

    def __post_init__(self):
        self.memory = Memory()
        self.decision = Decision()
        self.drawn = {c.charger_id: 0.0 for c in self.rules.chargers}
        self.enabled_at = {}
        self.said = {}
        self.grid = None
        self.events = []
        self.starts = {c.charger_id: [] for c in self.rules.chargers}
        self.import_wh = 0.0
        self.delivered_wh = dict.fromkeys(self.drawn, 0.0)

    def offer(self, charger_id="0001"):
        return next((o for o in self.decision.offers if o.charger_id == charger_id), None)

    def amps(self, charger_id="0001"):
        offer = self.offer(charger_id)
        return offer.amps if offer else 0.0

    def reason(self, charger_id="0001"):
        return self.offer(charger_id).reason

    def run(self, seconds, each=None):
        for _ in range(int(seconds)):
            self._second()
            if each:
                each(self)
        return self

    def until(self, condition, at_most_s=3600):
        """Run until something is true; how long it took."""
        for second in range(at_most_s):
            if condition(self):
                return second
            self._second()
        raise AssertionError(f"it did not happen within {at_most_s} s: {self.decision}")

    def _second(self):
        self.now += 1.0
        for charger in self.rules.chargers:
            self._move_car(charger.charger_id)
            watts = self.drawn[charger.charger_id] * self.rules.volts * len(self.loaded(charger))
            self.delivered_wh[charger.charger_id] += watts / 3600
        if self.meter_works:
            self.grid = self._read_grid()
        self.decision, self.memory = decide(self.rules, self._snapshot(), self.memory, self.moment)
        self.events += self.decision.events
        self.import_wh += max(0.0, self.house_w + self._cars_w() - self.sun_w) / 3600

    @property
    def moment(self):
        return Moment(self.now, NOON + timedelta(seconds=self.now - 1000) if self.wall_known else None)

    def _move_car(self, charger_id):
        offered = self.amps(charger_id) if self.plugged.get(charger_id, True) else 0.0
        if charger_id in self.stuck:
            return
        if self.defiant:
            self.drawn[charger_id] = max(self.drawn[charger_id], 6.0)
            return
        if offered and charger_id not in self.enabled_at:
            self.enabled_at[charger_id] = self.now
            self.starts[charger_id].append(self.now)
        if not offered:
            self.enabled_at.pop(charger_id, None)
        if charger_id in self.full:
            self.drawn[charger_id] = 0.0
            return
        lagging = offered and self.now - self.enabled_at[charger_id] < 20
        aim = 0.0 if lagging else min(offered, self.car_max_amps)
        have = self.drawn[charger_id]
        self.drawn[charger_id] = min(have + 1, aim) if have < aim else max(have - (4 if offered else 16), aim)

    def _cars_w(self):
        return sum(
            self.drawn[c.charger_id] * self.rules.volts * len(self.loaded(c)) for c in self.rules.chargers
        )

    def loaded(self, charger):
        """The phases that the car at a charger really loads."""
        return charger.phases[: self.car_phases.get(charger.charger_id, 3)]

    def _read_grid(self):
        watts = self.house_w + self._cars_w() - self.sun_w
        amps = None
        if self.phase_load_amps is not None:
            amps = tuple(
                load
                + sum(self.drawn[c.charger_id] for c in self.rules.chargers if f"L{i + 1}" in self.loaded(c))
                for i, load in enumerate(self.phase_load_amps)
            )
        return Reading(watts, self.now, "plant", amps_by_phase=amps)

    def _snapshot(self):
        readings = {"grid": self.grid} if self.grid else {}
        if self.battery:
            readings["battery"] = replace(self.battery, at_mono_s=self.now)
        chargers = tuple(self._status(c.charger_id) for c in self.rules.chargers)
        return Snapshot(
            chargers, readings, self.cars, self.control, self.windows, bus_problem=self.bus_problem
        )

    def _status(self, charger_id):
        if charger_id in self.silent:
            return replace(self.said[charger_id], linked=False, plugged=None)
        said = self.said[charger_id] = self._new_status(charger_id)
        return said

    def _new_status(self, charger_id):
        drawn, plugged = self.drawn[charger_id], self.plugged.get(charger_id, True)
        linked = self.linked.get(charger_id, True)
        state = "charging" if drawn else "plugged_in" if plugged else "ready"
        return ChargerStatus(
            charger_id,
            state=state,
            rating_amps=32.0,
            offered_amps=self.amps(charger_id),
            confirmed_amps=self.amps(charger_id),
            drawn_amps=drawn,
            energy_wh=self.delivered_wh[charger_id],
            vin=self.vin,
            heard_at_mono_s=self.now if linked else 0.0,
            linked=linked,
            plugged=plugged,
            charging=drawn > 0,
        )
