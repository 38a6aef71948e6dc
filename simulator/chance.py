"""A house drawn from a seed: other chargers, cars, quirks, weather, wishes and troubles for each.

    world = draw_world(seed=7, length_s=900)
    world.run_until(900)
    assert not world.violations

This is how the product is tried against more houses than anybody could visit. `python -m simulator seeds`
goes on for as many as you like; a seed that breaks a rule always breaks it again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from agent.brain.decide import decide
from agent.brain.memory import Memory
from agent.bus.master import Master
from agent.bus.rules import BusRules, ChargerLimits
from agent.model import Boost, ChargerRules, Control, Mode, Rules
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.faults import Troubles, draw_troubles
from simulator.house import BatteryProfile, HomeBattery, House, HouseProfile
from simulator.weather import DAYS, day_named
from simulator.world import Setting, World

IDS = ("3201", "C0DB", "0A7F")
NOON = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
TAILS = (b"\xfc", b"\xfe", b"\xf8", b"\xfa", b"\xff", b"")


def draw_charger(rng: Random, charger_id: str, phases: int) -> ChargerProfile:
    """Some unit of some age, with some of the quirks that owners have met."""
    modern = rng.random() < 0.7
    return ChargerProfile(
        charger_id,
        sign=rng.randrange(1, 256),
        rating_amps=rng.choice((32.0, 32.0, 80.0)),
        protocol=rng.choice((1, 2, 2)),
        phases=phases,
        tail=rng.choice(TAILS),
        has_modern_queries=modern,
        counter_in_wh=rng.random() < 0.5,
        idle_offset_amps=rng.choice((0.0, 0.25)),
        answer_s=rng.choice((0.005, 0.02, 0.02, 0.06)),
        stops_after_s=rng.uniform(20.0, 30.0),
        announcement_jitter_s=rng.choice((0.0, 0.1, 0.1)),
        pushes_energy=modern and rng.random() < 0.2,
        sticks_after_pause=rng.random() < 0.2,
    )


def draw_car(rng: Random, phases: int) -> CarProfile:
    """Some car, most without quirks."""

    def seldom() -> bool:
        return rng.random() < 0.1

    return CarProfile(
        vin=rng.choice(("5YJ3E1EA7KF000001", "", "LRW3E7EK4NC000002")),
        max_amps=rng.choice((13.0, 16.0, 32.0, 48.0)),
        phases=rng.randint(1, phases),
        soc_percent=rng.uniform(5, 80),
        start_lag_s=rng.uniform(5, 30),
        ramp_up_amps_per_s=rng.uniform(0.8, 2.5),
        draws_below_offer_amps=rng.uniform(0, 0.7),
        six_amp_trap=seldom(),
        keeps_minimum_at_zero=seldom(),
        sleeps=seldom(),
        refuses_after_zero_at_plugin=seldom(),
        refuses_after_interruptions=10 if seldom() else 0,
    )


def draw_control(rng: Random) -> Control:
    """Whatever people may ask for."""
    boosts: tuple[Boost, ...] = ()
    if rng.random() < 0.2:
        boosts = (
            Boost(rng.choice((None, 10.0)), rng.choice((None, IDS[0])), ends_mono_s=rng.uniform(60, 600)),
        )
    by_charger = {IDS[0]: rng.choice(list(Mode))} if rng.random() < 0.3 else {}
    return Control(rng.choice(list(Mode)), by_charger, boosts)


def draw_world(seed: int, length_s: float = 900.0, troubles: Troubles | None = None) -> World:
    """A whole house from a seed, with the product's own bus and brain; not yet run."""
    rng = Random(seed)
    phases = rng.choice((1, 3))
    ids = IDS[: rng.randint(1, 3)]
    order = list(("L1", "L2", "L3")[:phases])
    circuit = float(rng.choice((6, 16, 20, 32, 48, 80)))
    settings = tuple(
        ChargerRules(
            charger_id,
            max_amps=rng.choice((16.0, 32.0)),
            priority=rng.choice((1, 1, 2)),
            phases=tuple(order if rng.random() < 0.5 else order[:1]),
        )
        for charger_id in ids
    )
    rules = Rules(
        settings,
        circuit_amps=circuit,
        main_fuse_amps=rng.choice((0.0, 0.0, 35.0, 63.0)),
        site_phases=phases,
        min_solar_share=rng.choice((1.0, 0.7, 0.4)),
    )
    chargers = [
        VirtualCharger(
            draw_charger(rng, each.charger_id, len(each.phases)),
            Car(draw_car(rng, len(each.phases)), 0.0, rng) if rng.random() < 0.85 else None,
            0.0,
            Random(rng.random()),
        )
        for each in settings
    ]
    battery = HomeBattery(replace(BatteryProfile(), soc_percent=rng.uniform(5, 100)))
    wiring = HouseProfile(phases, starts_at_s=rng.uniform(25_000, 65_000), grid_ohms=rng.choice((0.0, 0.1)))
    house = House(day_named(rng.choice(list(DAYS))), wiring, battery if rng.random() < 0.5 else None)
    for each, charger in zip(settings, chargers, strict=True):
        house.wire(charger, each.phases)
    limits = tuple(ChargerLimits(each.charger_id, each.max_amps) for each in settings)
    bus_rules = BusRules(circuit, limits if rng.random() < 0.9 else limits[:1])
    setting = Setting(
        wall=NOON if rng.random() < 0.8 else None,
        control=draw_control(rng),
        troubles=draw_troubles(rng, length_s, ids) if troubles is None else troubles,
        seed=seed,
        echo=rng.random() < 0.2,
    )
    return World(rules, house, chargers, lambda now: Master(bus_rules, now), decide, Memory(), setting)
