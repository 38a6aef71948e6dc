"""A whole house on a fake clock: cars, chargers, wire, primary, meters, brain; second after second.

    world = World(rules, house, chargers, make_primary, decide, Memory())
    world.run_until(86_400)
    world.violations, world.figures(), world.trace_hash

Nothing here knows the product's own primary or brain: they are handed in, so that any may be tried.
Each second the wire lives up to it, the meters are read, the brain decides, the primary gets its
offers, the second is accounted for and judged (invariants.py). Same seed, same trace hash.

Accounting follows the benchmark: the house is first in line for the sun, so a car's solar part is what
it draws of solar less load, and the rest of its draw is import. Signs as in agent/model.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf, isfinite
from random import Random
from typing import Any, Protocol

from agent.model import ActiveWindow, BusView, CarStatus, Control, Decision, Mode, Offer, Reading, Role, Rules
from agent.model import Snapshot as Seen
from scheduler.clock import FakeClock, Moment
from simulator.car import Car
from simulator.charger import VirtualCharger
from simulator.faults import NO_TROUBLES, FaultyMeter, FaultyWire, Troubles
from simulator.house import House, Powers
from simulator.invariants import Invariants, Second
from simulator.wires.stepped import Peer, SteppedBus

MOST_PLAUSIBLE_WATTS = 1_000_000.0
VALUE_SOLAR, VALUE_IMPORT, VALUE_START = 0.12, -0.10, -0.02  # EUR-like: per kWh, per kWh, each
FORGIVEN_S = 30.0  # after a meter's lie, before the main fuse is judged again
COLLIDED_S = 3.0  # a charger's unasked word may ruin one heartbeat
NOWHERE: frozenset[int] = frozenset()
PULLED = "The simulated adapter was pulled out: plug it in again."
SUN_MODES = (Mode.SOLAR, Mode.SOLAR_MIN)


class Primary(Peer, Protocol):
    """What a world needs of a primary beside its two ends of the wire."""

    def offers(self, offers: Iterable[Offer]) -> None: ...
    def view(self) -> BusView: ...
    def port_lost(self, now: float, problem: str = "", port: str = "") -> None: ...
    def port_opened(self, now: float, port: str = "") -> None: ...


Decide = Callable[[Rules, Seen, Any, Moment], tuple[Decision, Any]]
Windows = Callable[[Moment], Mapping[str, ActiveWindow] | None]


def no_windows(moment: Moment) -> Mapping[str, ActiveWindow] | None:
    """A house without charging windows."""
    return None if moment.wall is None else {}


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run came to. `value` is 0.12 solar - 0.10 import - 0.02 starts, energies in kWh."""

    surplus_kwh: float
    solar_kwh: float
    import_kwh: float
    starts: int
    steps: int
    grid_import_kwh: float
    grid_export_kwh: float

    @property
    def capture_percent(self) -> float:
        """The share of the surplus that went into cars."""
        return 100 * self.solar_kwh / self.surplus_kwh if self.surplus_kwh else 0.0

    @property
    def value(self) -> float:
        """The benchmark's one number."""
        return VALUE_SOLAR * self.solar_kwh + VALUE_IMPORT * self.import_kwh + VALUE_START * self.starts


@dataclass(slots=True)
class Ledger:
    """Sums over the seconds, in watt-seconds."""

    surplus_ws: float = 0.0
    solar_ws: float = 0.0
    import_ws: float = 0.0
    grid_import_ws: float = 0.0
    grid_export_ws: float = 0.0
    starts: int = 0
    steps: int = 0
    _set: dict[str, float] = field(default_factory=dict)

    def add(self, flow: Powers, most_watts: float) -> None:
        """One second's powers; no more than `most_watts` of surplus can be used."""
        left = max(0.0, flow.solar_w - flow.house_w)
        solar = min(flow.chargers_w, left)
        self.surplus_ws += min(left, most_watts)
        self.solar_ws += solar
        self.import_ws += flow.chargers_w - solar
        if flow.grid_w > 0:
            self.grid_import_ws += flow.grid_w
        else:
            self.grid_export_ws -= flow.grid_w

    def commands(self, offers: Iterable[Offer]) -> None:
        """Count starts (from nothing to something) and steps (from something to something else)."""
        for offer in offers:
            before = self._set.get(offer.charger_id, 0.0)
            if offer.amps != before:
                self._set[offer.charger_id] = offer.amps
                self.starts += not before
                self.steps += bool(before and offer.amps)

    def figures(self) -> Figures:
        """The sums in kWh."""
        kwh = 3_600_000.0
        return Figures(
            self.surplus_ws / kwh,
            self.solar_ws / kwh,
            self.import_ws / kwh,
            self.starts,
            self.steps,
            self.grid_import_ws / kwh,
            self.grid_export_ws / kwh,
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """How a world is set up beside its parts."""

    wall: datetime | None = None  # the calendar at `now` 0
    control: Control = field(default_factory=Control)
    windows: Windows = no_windows
    cars: Callable[[Moment], Mapping[str, CarStatus]] = lambda moment: {}
    troubles: Troubles = NO_TROUBLES
    seed: int = 1
    echo: bool = False
    watches_meter: bool = True


class World:
    """Everything at once. `step()` lives one second; between two, hands may do what they like."""

    def __init__(
        self,
        rules: Rules,
        house: House,
        chargers: Sequence[VirtualCharger],
        make_primary: Callable[[float], Primary],
        decide: Decide,
        memory: object,
        setting: Setting | None = None,
    ) -> None:
        self.rules = rules
        self.house = house
        self.chargers = list(chargers)
        self.setting = setting or Setting()
        self.control = self.setting.control
        self.clock = FakeClock(self.setting.wall)
        self.dark = False
        self.ledger = Ledger()
        self.invariants = Invariants(rules, self.setting.watches_meter)
        self.decision = Decision()
        self.flow: Powers = house.at(0.0)
        self.readings: dict[Role, Reading] = {}
        self.meters = {
            role: FaultyMeter(self.setting.troubles.meter) for role in ("grid", "solar", "battery")
        }
        self._lies = self.setting.troubles.meter
        self._make_primary = make_primary
        self._decide = decide
        self._fresh_memory = self._memory = memory
        wire = FaultyWire(self.setting.troubles.wire, Random(self.setting.seed))
        self.primary = make_primary(0.0)
        self.bus = SteppedBus(self.primary, self.chargers, 0.0, wire, echo=self.setting.echo)
        self._quiet_since = 0.0
        self._edges = _edges(self.setting.troubles)
        self._next_edge_s = self._edges[0][0] if self._edges else inf
        self._cars_out: dict[str, Car] = {}
        self._digest = 0
        self._phases = {c.charger_id: tuple(int(p[1:]) - 1 for p in c.phases) for c in rules.chargers}
        amps = min(rules.circuit_amps, sum(c.max_amps for c in rules.chargers))
        widest = max((len(c.phases) for c in rules.chargers), default=1)
        self._most_watts = amps * house.profile.volts * widest

    @property
    def now(self) -> float:
        """Seconds since the world began."""
        return self.clock.mono_s

    @property
    def violations(self) -> list[str]:
        """Sentences about what must never happen, and did."""
        return self.invariants.violations

    @property
    def trace_hash(self) -> str:
        """A digest of every second so far: the same seed gives the same."""
        return f"{self._digest & 0xFFFF_FFFF_FFFF_FFFF:016x}"

    def figures(self) -> Figures:
        """What the run has come to."""
        return self.ledger.figures()

    def run_until(self, mono_s: float) -> None:
        """Live until a time, as fast as possible."""
        while self.clock.mono_s + 1.0 <= mono_s:
            self.step()

    def step(self) -> None:
        """Live one second."""
        moment = self.clock.advance(1.0)
        now = moment.mono_s
        if now >= self._next_edge_s:
            self._cross_edges(now)
        if not self.dark:
            self.bus.run_until(now)
        for charger in self.chargers:
            charger.advance(now)
        flow = self.flow = self.house.at(now)
        self.ledger.add(flow, self._most_watts)
        if self.dark:
            return
        self._read_meters(flow, now)
        seen = Seen(
            self.primary.view().chargers,
            self.readings,
            self.setting.cars(moment),
            self.control,
            self.setting.windows(moment),
        )
        self.decision, self._memory = self._decide(self.rules, seen, self._memory, moment)
        self.primary.offers(self.decision.offers)
        self.ledger.commands(self.decision.offers)
        self._judge(seen, flow, now)

    def _read_meters(self, flow: Powers, now: float) -> None:
        """Ask each meter once; what cannot be true is dropped, as the agent's meters do."""
        volts = flow.volts
        truths: list[tuple[Role, Reading]] = [
            ("grid", Reading(flow.grid_w, now, "simulated grid", flow.grid_amps, volts)),
            ("solar", Reading(flow.solar_w, now, "simulated sun")),
        ]
        if flow.soc_percent is not None:
            battery = Reading(flow.battery_w, now, "simulated battery", soc_percent=flow.soc_percent)
            truths.append(("battery", battery))
        for role, truth in truths:
            said = self.meters[role].read(truth, now)
            if said is not None and isfinite(said.watts) and abs(said.watts) <= MOST_PLAUSIBLE_WATTS:
                self.readings[role] = said

    def _judge(self, seen: Seen, flow: Powers, now: float) -> None:
        grid = self.readings.get("grid")
        is_fresh = grid is not None and now - grid.at_mono_s <= self.rules.stale_minimum_s
        self.invariants.check(
            Second(
                now,
                self.chargers,
                self.decision,
                grid,
                {} if is_fresh else self._sun_modes(seen),
                self.bus.spoken_at,
                wire_is_clean=not self.bus.wire.is_faulty and now - self.bus.collided_at > COLLIDED_S,
                line_is_whole=not self.bus.pulled,
                quiet_since=self._quiet_since,
                grid_amps=flow.grid_amps,
                meter_is_honest=not self._lies or now >= self._honest_from(now),
                charging_phases=self._charging_phases() if self.rules.main_fuse_amps else NOWHERE,
            )
        )
        digest = hash((self._digest, now, flow.grid_w, seen.windows is None))
        for charger in self.chargers:
            digest = hash((digest, charger.offered_amps, charger.drawn_amps, charger.contactor_closings))
        self._digest = digest  # numbers only: no two runs of Python hash them differently

    def _honest_from(self, now: float) -> float:
        """When the meter's last lie so far has been slept off."""
        ends = [spell.starts_s + spell.lasts_s + FORGIVEN_S for spell in self._lies if spell.starts_s <= now]
        return max(ends, default=0.0)

    def _charging_phases(self) -> frozenset[int]:
        drawing = [c.charger_id for c in self.chargers if c.drawn_amps]
        return frozenset(place for each in drawing for place in self._phases.get(each, ()))

    def _sun_modes(self, seen: Seen) -> dict[str, Mode]:
        """The chargers that follow the sun this second: no window, no boost holds for them."""
        control, windows = seen.control, seen.windows or {}
        boosted = {boost.charger_id for boost in control.boosts}
        if None in boosted:
            return {}
        modes = {}
        for charger in self.rules.chargers:
            ident = charger.charger_id
            mode = control.mode_by_charger.get(ident) or charger.mode or control.mode
            if mode in SUN_MODES and ident not in boosted and ident not in windows:
                modes[ident] = mode
        return modes

    # --- troubles ---

    def _cross_edges(self, now: float) -> None:
        while self._edges and self._edges[0][0] <= now:
            _, kind, what = self._edges.pop(0)
            _TROUBLES[kind](self, what, now)
        self._next_edge_s = self._edges[0][0] if self._edges else inf

    def _pull(self, what: str, now: float) -> None:
        self.bus.pull()
        self.primary.port_lost(now, PULLED)

    def _plug_back(self, what: str, now: float) -> None:
        self.bus.plug_back()
        self.primary.port_opened(now)
        self._quiet_since = now

    def _go_dark(self, what: str, now: float) -> None:
        self.bus.run_until(now - 1.0)
        self.dark = True
        for charger in self.chargers:
            charger.reset(now)

    def _light(self, what: str, now: float) -> None:
        """The power is back: chargers and computer start anew, and nobody remembers anything."""
        self.dark = False
        for charger in self.chargers:
            charger.reset(now)
        self.primary = self._make_primary(now)
        self.bus.restart(self.primary, now)
        self._memory = self._fresh_memory
        self._quiet_since = now
        if self.bus.pulled:
            self.primary.port_lost(now, PULLED)

    def _jump(self, by_s: str, now: float) -> None:
        if self.clock.wall is not None:
            self.clock.wall += timedelta(seconds=float(by_s))

    def _unplug(self, charger_id: str, now: float) -> None:
        for charger in self.chargers:
            if charger.profile.charger_id == charger_id and charger.car is not None:
                car = charger.unplug(now)
                if car is not None:
                    self._cars_out[charger_id] = car

    def _plug(self, charger_id: str, now: float) -> None:
        car = self._cars_out.pop(charger_id, None)
        for charger in self.chargers:
            if charger.profile.charger_id == charger_id and car is not None:
                charger.plug(car, now)


def _edges(troubles: Troubles) -> list[tuple[float, str, str]]:
    """Every beginning and end of a trouble, in order of time."""
    edges = [(at, "jump", str(by_s)) for at, by_s in troubles.clock]
    for spells, begins, ends in (
        (troubles.port, "pull", "plug_back"),
        (troubles.power, "go_dark", "light"),
        (troubles.hands, "unplug", "plug"),
    ):
        for spell in spells:
            edges.append((spell.starts_s, begins, spell.kind))
            edges.append((spell.starts_s + spell.lasts_s, ends, spell.kind))
    return sorted(edges)


_TROUBLES: dict[str, Callable[[World, str, float], None]] = {
    "pull": World._pull,
    "plug_back": World._plug_back,
    "go_dark": World._go_dark,
    "light": World._light,
    "jump": World._jump,
    "unplug": World._unplug,
    "plug": World._plug,
}
