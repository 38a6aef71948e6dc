"""Where the watts of one second went, and where a car's watts came from.

The house drinks first. What must be bought or taken from the house battery while a car charges is
therefore the car's: of a charger's watts, import counts as grid, then discharge counts as battery, and
the rest is sun, but never more sun than the solar meter sees (what then remains is a meter that lags,
and counts as grid). Without a fresh grid meter nobody knows, and nothing is claimed: a session's sun,
grid and battery may add up to less than its energy, never to more.

A charger's watts are volts times amps times phases. A non-zero voltage on three conductors means a
three-phase supply, not a three-phase car, so the count of phases comes from the settings; the measured
volts only replace the nominal ones.

What charging cost: the sun's and the house battery's part costs what selling it would have brought (nothing
where nobody says what that is); all else costs what power cost at that second. Saved is the difference to
having bought all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.model import ChargerStatus, Price, Published, Reading, Role, Rules

STALE_AFTER_S = 30.0  # an older reading is not what flows now
REAL_DRAW_AMPS = 1.0  # below this, without the state of charging, it is the unit's own idle offset
MOST_WATTS = 1e6  # a meter that says more is broken
J_PER_KWH = 3.6e6
LOWEST_REAL_VOLTS = 80.0  # a conductor below this is not measured, whatever the unit says


@dataclass(frozen=True, slots=True)
class Wire:
    """How one charger is wired: volts between conductor and neutral (L1-L2 in the US), and phases."""

    volts: float
    phases: int


@dataclass(frozen=True, slots=True)
class ChargerFlow:
    """One charger at one instant. `sun_w`, `battery_w`, `grid_w` add up to at most `watts`."""

    charger_id: str
    offered_amps: float = 0.0
    drawn_amps: float = 0.0
    watts: float = 0.0
    sun_w: float = 0.0
    battery_w: float = 0.0
    grid_w: float = 0.0


@dataclass(frozen=True, slots=True)
class Flows:
    """The house at one instant, in watts and in our signs; None is unknown, never 0."""

    grid_w: float | None = None
    solar_w: float | None = None
    battery_w: float | None = None
    house_w: float | None = None
    soc_percent: float | None = None
    chargers: tuple[ChargerFlow, ...] = ()


def wires_of(rules: Rules) -> dict[str, Wire]:
    """Each configured charger's wiring."""
    return {one.charger_id: Wire(rules.volts, len(one.phases)) for one in rules.chargers}


def real_amps(status: ChargerStatus) -> float:
    """What the car draws per conductor; an idle charger's offset is not a draw."""
    if status.charging or status.drawn_amps >= REAL_DRAW_AMPS:
        return status.drawn_amps
    return 0.0


def charger_watts(status: ChargerStatus, wire: Wire) -> float:
    """Volts x amps x phases."""
    amps = real_amps(status)
    if amps <= 0.0:
        return 0.0
    if status.volts_by_phase is None:
        return amps * wire.volts * wire.phases
    measured = [volts for volts in status.volts_by_phase[: wire.phases] if volts >= LOWEST_REAL_VOLTS]
    return amps * (sum(measured) + wire.volts * (wire.phases - len(measured)))


def flows_of(published: Published, wires: dict[str, Wire], otherwise: Wire) -> Flows:
    """One second of the house; a charger that is not in `wires` is taken as wired like `otherwise`."""
    now_s = published.moment.mono_s
    grid_w, _ = _fresh(published, "grid", now_s)
    solar_w, _ = _fresh(published, "solar", now_s)
    battery_w, soc_percent = _fresh(published, "battery", now_s)
    house_w, _ = _fresh(published, "house", now_s)
    watts = [charger_watts(one, wires.get(one.charger_id, otherwise)) for one in published.bus.chargers]
    chargers_w = sum(watts)
    if house_w is None and grid_w is not None:
        house_w = _house(published, grid_w, solar_w, battery_w, chargers_w)
    sun, battery, grid = shares(chargers_w, grid_w, solar_w, battery_w)
    chargers = tuple(
        ChargerFlow(
            one.charger_id, one.offered_amps, real_amps(one), own, own * sun, own * battery, own * grid
        )
        for one, own in zip(published.bus.chargers, watts, strict=True)
    )
    return Flows(grid_w, solar_w, battery_w, house_w, soc_percent, chargers)


def shares(
    chargers_w: float, grid_w: float | None, solar_w: float | None, battery_w: float | None
) -> tuple[float, float, float]:
    """Sun's, battery's and grid's share of the chargers' watts, 0..1 each; all 0 when nobody knows."""
    if chargers_w <= 0.0 or grid_w is None:
        return 0.0, 0.0, 0.0
    grid = min(chargers_w, max(0.0, grid_w))
    battery = min(chargers_w - grid, max(0.0, battery_w or 0.0))
    sun = chargers_w - grid - battery
    if solar_w is not None:
        sun = min(sun, max(0.0, solar_w))
    return sun / chargers_w, battery / chargers_w, (chargers_w - battery - sun) / chargers_w


def cost_and_saving(flow: ChargerFlow, price: Price) -> tuple[float, float]:
    """What a charger's watts cost each second and what the sun saves each second, in the price's currency."""
    own_w = flow.sun_w + flow.battery_w
    sell = price.sell_per_kwh or 0.0
    cost = (flow.watts - own_w) * price.buy_per_kwh + own_w * sell
    return cost / J_PER_KWH, own_w * (price.buy_per_kwh - sell) / J_PER_KWH


def _fresh(published: Published, role: Role, now_s: float) -> tuple[float | None, float | None]:
    """Watts and state of charge of a role's reading, unless it is too old."""
    reading: Reading | None = published.meters.readings.get(role) or published.snapshot.readings.get(role)
    if reading is None or now_s - reading.at_mono_s > STALE_AFTER_S:
        return None, None
    return _possible(reading.watts, MOST_WATTS), _possible(reading.soc_percent, 100.0)


def _possible(value: float | None, most: float) -> float | None:
    """The value, or None for what no house can have (NaN included)."""
    return value if value is not None and -most <= value <= most else None


def _house(
    published: Published, grid_w: float, solar_w: float | None, battery_w: float | None, chargers_w: float
) -> float | None:
    """The house load by difference; None while a source that the house has is silent."""
    silent = {role for role, watts in (("solar", solar_w), ("battery", battery_w)) if watts is None}
    if silent and any(health.role in silent for health in published.meters.health):
        return None
    return max(0.0, grid_w + (solar_w or 0.0) + (battery_w or 0.0) - chargers_w)
