"""Our own row: the real brain, the real primary and a virtual charger, in the stepped house.

No short cut: every second the wire carries heartbeats and their answers, the charger obeys what it hears,
the car follows, the meter is read, and the brain decides from what charger and meter said. The car is
the bench's own (20 s, 1 A/s, 4 A/s); the house is one phase at 240 V, with one charger of 32 A.

A second of the bench ends where a second of that house does: what the car draws then is its amps, what
the brain then offers is what is allowed.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import partial
from random import Random

from agent.brain.decide import decide
from agent.brain.memory import Memory
from agent.bus.master import Master
from agent.bus.rules import BusRules, ChargerLimits
from agent.model import ChargerRules, Rules
from benchmarks.solar.car import MAX_AMPS, VOLTS, Track
from benchmarks.solar.contenders import Contender
from benchmarks.solar.traces import Day
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.house import House, HouseProfile
from simulator.trace import Trace
from simulator.world import World

ID = "3201"
ENDLESS_KWH = 100_000.0  # of battery: the bench's car is never full
SHARES = {"sunward 1.0 (strict)": 1.0, "sunward 0.45 (value)": 0.45}
HALF_AMPS = "sunward 0.45, half amps"


class BrokenRule(AssertionError):
    """The house that must never break a rule did; the message is its first sentence."""


def house_for(
    day: Day,
    min_solar_share: float,
    settings: Callable[[Rules], Rules] = lambda rules: rules,
    half_amps: bool = False,
) -> World:
    """A stepped house that lives the day: its second 1 is the day's second 0."""
    rows = tuple(
        (float(t + 1), sun, load) for t, (sun, load) in enumerate(zip(day.solar_w, day.house_w, strict=True))
    )
    rules = Rules(
        (ChargerRules(ID, max_amps=MAX_AMPS, half_amps=half_amps),),
        circuit_amps=MAX_AMPS,
        volts=VOLTS,
        min_solar_share=min_solar_share,
    )
    chance = Random(day.name)
    car = Car(CarProfile(battery_kwh=ENDLESS_KWH), 0.0, chance)
    charger = VirtualCharger(ChargerProfile(ID, volts=VOLTS), car, 0.0, chance)
    house = House(Trace(rows, day.name), HouseProfile(volts=VOLTS))
    house.wire(charger)
    limits = BusRules(MAX_AMPS, (ChargerLimits(ID, MAX_AMPS, half_amps=half_amps),))
    return World(settings(rules), house, [charger], lambda now: Master(limits, now), decide, Memory())


def play(day: Day, min_solar_share: float, half_amps: bool = False) -> Track:
    """One day of the real thing. Raises BrokenRule when an invariant of the house broke."""
    world = house_for(day, min_solar_share, half_amps=half_amps)
    (charger,) = world.chargers
    amps, allowed = array("d"), array("d")
    for _ in range(len(day)):
        world.step()
        amps.append(charger.drawn_amps)
        allowed.append(world.decision.offers[0].amps if world.decision.offers else 0.0)
    if world.violations:
        raise BrokenRule(f"{day.name}: {world.violations[0]}")
    return Track(amps, allowed)


def contenders(half_amps: bool = False) -> list[Contender]:
    """Our rows: one for each end of the one knob, `min_solar_share`; if asked, the value end in half amps."""
    rows = [Contender(name, "ours", partial(play, min_solar_share=share)) for name, share in SHARES.items()]
    if half_amps:
        rows.append(Contender(HALF_AMPS, "ours", partial(play, min_solar_share=0.45, half_amps=True)))
    return rows
