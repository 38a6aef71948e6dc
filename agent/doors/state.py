"""The house in one value: what `GET /state` answers, and what every other door is told.

Pure: a published second, the desk's wishes and the settings go in, a frozen `State` comes out.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.doors.nouns import (
    BoostState,
    BusState,
    CarState,
    ChargerState,
    LimitState,
    MeterState,
    PowerState,
    State,
    StepState,
    WindowState,
    WishState,
)
from agent.model import (
    Boost,
    CarStatus,
    ChargerRules,
    ChargerStatus,
    Control,
    Dimming,
    MeterHealth,
    Moment,
    Offer,
    Price,
    Published,
    Rules,
    Step,
)


def state_of(
    published: Published,
    control: Control,
    rules: Rules,
    moment: Moment,
    *,
    site: str = "Home",
    next_window: WindowState | None = None,
    price: Price | None = None,
    currency: str = "",
) -> State:
    """The house as of `published`, with the wishes that hold at `moment`."""
    boosts = tuple(_boost(boost, moment) for boost in control.boosts)
    statuses = {status.charger_id: status for status in published.bus.chargers}
    known = {charger.charger_id: charger for charger in rules.chargers}
    known |= {key: ChargerRules(key) for key in statuses if key not in known}
    chargers = tuple(
        _charger(charger, statuses.get(key) or ChargerStatus(key), published, control, rules, moment)
        for key, charger in known.items()
    )
    battery = published.meters.readings.get("battery")
    share = published.snapshot.sun_share
    return State(
        now=moment.wall,
        age_s=round(max(0.0, moment.mono_s - published.moment.mono_s), 1),
        site=site,
        circuit_amps=rules.circuit_amps,
        mode=control.mode.value,
        boost=boosts[0] if boosts else None,
        boosts=boosts,
        limit=_limit(control.dimming, moment),
        power=_power(published, chargers),
        battery_soc_percent=battery.soc_percent if battery else None,
        chargers=chargers,
        budget_amps=round(published.decision.budget_amps, 2),
        steps=tuple(
            StepState(
                step.rule, step.charger_id, round(step.before_amps, 2), round(step.after_amps, 2), step.why
            )
            for step in published.decision.steps
        ),
        meters=tuple(_meter(health, moment) for health in published.meters.health),
        window=next((charger.window for charger in chargers if charger.window), None),
        next_window=next_window,
        wishes=tuple(
            WishState(wish.vin, wish.action, wish.value, wish.why, wish.charger_id)
            for wish in published.decision.wishes
        ),
        bus=_bus(published),
        min_solar_share=share.share if share else rules.min_solar_share,
        min_solar_share_why=share.why if share else "",
        price=price,
        currency=currency,
    )


def charger_watts(status: ChargerStatus, volts: float, phases: int) -> float:
    """What a charger draws: its own volts on each conductor where it tells them, else the nominal ones."""
    measured = sum(status.volts_by_phase) if status.volts_by_phase else 0.0
    return status.drawn_amps * (measured if measured > 0 else volts * phases)


def car_state(car: CarStatus) -> CarState:
    """A car as the doors show it."""
    return CarState(
        vin=car.vin,
        name=car.name,
        soc_percent=car.soc_percent,
        limit_percent=car.limit_percent,
        charging_state=car.charging_state,
        plugged=car.plugged,
        asleep=car.asleep,
        at_wall=car.at_wall,
        note=car.note,
        plan=car.plan,
        calls=car.calls,
    )


def boost_state(boosts: Sequence[Boost], moment: Moment) -> tuple[BoostState, ...]:
    """Boosts as the doors show them."""
    return tuple(_boost(boost, moment) for boost in boosts)


def _boost(boost: Boost, moment: Moment) -> BoostState:
    left_s = None if boost.ends_mono_s is None else max(0.0, boost.ends_mono_s - moment.mono_s)
    return BoostState(
        charger=boost.charger_id,
        amps=boost.amps,
        ends=boost.ends_wall,
        left_s=None if left_s is None else round(left_s, 0),
        to_soc_percent=boost.to_soc_percent,
        to_energy_kwh=None if boost.to_energy_wh is None else boost.to_energy_wh / 1000,
    )


def _limit(dimming: Dimming | None, moment: Moment) -> LimitState | None:
    if dimming is None:
        return None
    ends = dimming.ends_mono_s
    left_s = None if ends is None else round(max(0.0, ends - moment.mono_s), 0)
    return LimitState(dimming.amps, dimming.watts, dimming.reserved_watts, dimming.ends_wall, left_s)


def _power(published: Published, chargers: Sequence[ChargerState]) -> PowerState:
    watts = {role: reading.watts for role, reading in published.meters.readings.items()}
    chargers_w = sum(charger.drawn_w for charger in chargers)
    house = watts.get("house")
    if house is None and "grid" in watts:
        flows_in = watts["grid"] + watts.get("solar", 0.0) + watts.get("battery", 0.0)
        house = max(0.0, flows_in - chargers_w)
    return PowerState(
        grid_w=_whole(watts.get("grid")),
        solar_w=_whole(watts.get("solar")),
        battery_w=_whole(watts.get("battery")),
        house_w=_whole(house),
        chargers_w=round(chargers_w),
    )


def _charger(
    rules: ChargerRules,
    status: ChargerStatus,
    published: Published,
    control: Control,
    house: Rules,
    moment: Moment,
) -> ChargerState:
    key = rules.charger_id
    own = control.mode_by_charger.get(key, rules.mode)
    offer = _offer(published, key)
    boost = _boost_for(control, key)
    car = published.snapshot.cars.get(status.vin) if status.vin else None
    heard = status.heard_at_mono_s
    return ChargerState(
        id=key,
        name=rules.label,
        state=status.state,
        linked=status.linked,
        plugged=status.plugged,
        charging=status.charging,
        min_amps=rules.min_amps,
        max_amps=rules.max_amps,
        limit_amps=control.limit_by_charger.get(key),
        rating_amps=status.rating_amps,
        offered_amps=status.offered_amps,
        confirmed_amps=status.confirmed_amps,
        drawn_amps=round(status.drawn_amps, 2),
        drawn_w=round(charger_watts(status, house.volts, len(rules.phases))),
        volts_by_phase=status.volts_by_phase,
        energy_wh=status.energy_wh,
        vin=status.vin,
        car=car_state(car) if car else None,
        mode=(own or control.mode).value,
        own_mode=own.value if own else None,
        boost=_boost(boost, moment) if boost else None,
        window=_window(published, key),
        wanted_amps=offer.amps if offer else None,
        reason=offer.reason if offer else "",
        problem=status.problem,
        heard_s=None if heard is None else round(max(0.0, moment.mono_s - heard), 1),
        serial=status.serial,
        firmware=status.firmware,
    )


def _offer(published: Published, charger_id: str) -> Offer | None:
    return next((offer for offer in published.decision.offers if offer.charger_id == charger_id), None)


def _boost_for(control: Control, charger_id: str) -> Boost | None:
    own = next((boost for boost in control.boosts if boost.charger_id == charger_id), None)
    return own or next((boost for boost in control.boosts if boost.charger_id is None), None)


def _window(published: Published, charger_id: str) -> WindowState | None:
    window = (published.snapshot.windows or {}).get(charger_id)
    if window is None:
        return None
    return WindowState(window.name, window.mode.value, window.amps, charger_id, None, window.until)


def _step(step: Step) -> StepState:
    before, after = round(step.before_amps, 2), round(step.after_amps, 2)
    return StepState(step.rule, step.charger_id, before, after, step.why)


def _meter(health: MeterHealth, moment: Moment) -> MeterState:
    at = health.at_mono_s
    age_s = None if at is None else round(max(0.0, moment.mono_s - at), 1)
    return MeterState(health.role, health.source, _whole(health.watts), age_s, health.ok, health.problem)


def _bus(published: Published) -> BusState:
    health = published.bus.health
    return BusState(
        port=health.port,
        open=health.open,
        problem=health.problem,
        frames=health.frames,
        checksum_errors=health.checksum_errors,
        junk_bytes=health.junk_bytes,
        echoes=health.echoes,
        unanswered=health.unanswered,
        reopened=health.reopened,
        other_primary=health.other_primary,
        worst_gap_s=round(health.worst_gap_s, 3),
    )


def _whole(watts: float | None) -> float | None:
    return None if watts is None else round(watts)
