"""A whole house on a fake clock, with the simplest primary and the simplest brain that could be right."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest

from agent.model import ChargerRules, Decision, Mode, Offer, Rules
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.faults import FaultyMeter, Spell, Troubles, WireFaults, draw_troubles
from simulator.house import BatteryProfile, HomeBattery, House, HouseProfile
from simulator.invariants import Invariants, Second
from simulator.trace import Trace
from simulator.weather import day_named
from simulator.world import Setting, World

IDS = ("3201", "3202", "3203")
RULES = Rules(
    chargers=tuple(ChargerRules(charger_id, max_amps=32) for charger_id in IDS),
    circuit_amps=40,
    site_phases=1,
)
STEADY = Trace(((0.0, 9200.0, 0.0), (86_400.0, 9200.0, 0.0)))


def careful(rules, seen, memory, moment):
    """All of the sun for the first charger, nothing when the meter is old."""
    grid = seen.readings.get("grid")
    amps = 0.0
    if grid is not None and moment.mono_s - grid.at_mono_s < 25:
        drawn = sum(status.drawn_amps for status in seen.chargers)
        amps = float(min(32, max(0, int(drawn - grid.watts / 230 + 0.01))))
    amps = amps if amps >= 6 else 0.0
    until = moment.mono_s + 10
    first, *others = rules.chargers
    offers = [Offer(first.charger_id, amps, f"Offering {amps:.0f} A: the sun gives it.", until)]
    offers += [
        Offer(other.charger_id, 0.0, "Not charging: the first one goes first.", until) for other in others
    ]
    return Decision(tuple(offers)), memory


def greedy(rules, seen, memory, moment):
    return Decision(tuple(Offer(c.charger_id, 32.0, "More!", 1e9) for c in rules.chargers)), memory


def world(plain_primary, decide=careful, trace=STEADY, ids=IDS, rules=RULES, seed=1, house=None, **setting):
    rng = Random(seed)
    chargers = [
        VirtualCharger(ChargerProfile(charger_id), Car(CarProfile(soc_percent=10), 0.0, rng), 0.0, rng)
        for charger_id in ids
    ]
    house = house or House(trace, HouseProfile())
    for charger in chargers:
        house.wire(charger)
    return World(
        rules, house, chargers, lambda now: plain_primary(ids, starts_at=now + 0.5), decide, None,
        Setting(seed=seed, **setting),
    )  # fmt: skip


def test_an_hour_of_steady_sun_goes_into_the_car(plain_primary):
    here = world(plain_primary)
    here.run_until(3600)
    figures = here.figures()
    assert here.violations == []
    assert here.chargers[0].drawn_amps == 32
    assert figures.surplus_kwh == pytest.approx(32 * 230 / 1000 + (40 - 32) * 230 / 1000)
    assert figures.solar_kwh == pytest.approx(32 * 0.23, rel=0.02)
    assert figures.import_kwh < 0.001
    assert (figures.starts, here.chargers[0].contactor_closings) == (1, 1)
    assert figures.capture_percent == pytest.approx(100 * 32 / 40, rel=0.02)
    assert figures.value == pytest.approx(0.12 * figures.solar_kwh - 0.02, abs=0.001)


def test_a_greedy_brain_is_caught_in_words(plain_primary):
    here = world(plain_primary, greedy)
    here.run_until(10)
    assert any("96.00 A together on a circuit of 40 A" in sentence for sentence in here.violations)


def test_a_brain_that_goes_on_blindly_is_caught(plain_primary):
    def blind(rules, seen, memory, moment):
        return Decision((Offer("3201", 16.0, "As always.", moment.mono_s + 10),)), memory

    rules = replace(RULES, chargers=RULES.chargers[:1])
    here = world(
        plain_primary, blind, ids=IDS[:1], rules=rules, troubles=Troubles(meter=(Spell("hang", 10, 200),))
    )
    here.run_until(180)
    assert here.violations[0] == (
        "at 42 s the meter is silent for 33 s and charger 3201 is still to offer 16 A"
    )


@pytest.mark.parametrize(
    ("offers", "says"),
    [
        ((), "has no offer"),
        ((Offer("3201", 3.0, "A little.", 99),), "is to offer 3.0 A"),
        ((Offer("3201", 40.0, "A lot.", 99),), "is to offer 40.0 A"),
        ((Offer("3201", 8.0, "", 99),), "nobody says why"),
        ((Offer("3201", 8.0, "Late.", 5),), "has expired"),
    ],
)
def test_each_bad_offer_has_its_sentence(offers, says):
    rules = replace(RULES, chargers=RULES.chargers[:1])
    judge = Invariants(rules, watches_meter=False)
    judge.check(Second(10.0, (), Decision(offers), None, {}, {}, True, True, 0.0))
    assert len(judge.violations) == 1
    assert says in judge.violations[0]


def test_a_main_fuse_bears_ten_seconds_and_no_more(plain_primary):
    rules = replace(RULES, main_fuse_amps=35.0, chargers=RULES.chargers[:1])

    def at_20(rules, seen, memory, moment):
        return Decision((Offer("3201", 20.0, "Steady.", moment.mono_s + 10),)), memory

    def lived(load):
        night = Trace(((0.0, 0.0, load), (90_000.0, 0.0, load)))
        here = world(plain_primary, at_20, night, IDS[:1], rules)
        here.run_until(120)
        return here.violations

    assert lived(14 * 230) == []
    assert "35 A fuse for 11 s" in lived(17 * 230)[0]


def test_a_sun_charger_at_a_stale_meter_may_keep_its_minimum_in_solar_min():
    grid = None
    for mode, amps, breaches in [(Mode.SOLAR, 6.0, 1), (Mode.SOLAR_MIN, 6.0, 0), (Mode.SOLAR_MIN, 7.0, 1)]:
        rules = replace(RULES, chargers=RULES.chargers[:1])
        judge = Invariants(rules)
        decision = Decision((Offer("3201", amps, "So.", 1e9),))
        judge.check(Second(200.0, (), decision, grid, {"3201": mode}, {}, True, True, 0.0))
        assert judge.count == breaches


# --- troubles ----------------------------------------------------------------------------------------


def test_a_power_cut_starts_everything_anew(plain_primary):
    here = world(plain_primary, troubles=Troubles(power=(Spell("dark", 200, 60),)))
    here.run_until(199)
    assert here.chargers[0].drawn_amps == 32
    first = here.primary
    here.run_until(230)
    assert here.dark
    assert here.chargers[0].drawn_amps == 0
    here.run_until(400)
    assert here.primary is not first
    assert here.chargers[0].drawn_amps == 32
    assert here.violations == []


def test_a_pulled_adapter_and_a_hand_at_the_cable(plain_primary):
    troubles = Troubles(port=(Spell("pulled", 100, 60),), hands=(Spell("3201", 300, 30),))
    here = world(plain_primary, troubles=troubles)
    here.run_until(150)
    assert here.chargers[0].drawn_amps == 0
    here.run_until(250)
    assert here.chargers[0].drawn_amps == 32
    here.run_until(310)
    assert here.chargers[0].car is None
    here.run_until(400)
    assert here.chargers[0].drawn_amps == 32
    assert here.violations == []


def test_a_silent_primary_is_caught(plain_primary):
    here = world(plain_primary)
    here.run_until(60)
    here.primary.next_due = here.now + 8
    here.run_until(70)
    assert any("has heard nothing for" in sentence for sentence in here.violations)


def test_the_calendar_jumps_and_intervals_do_not(plain_primary):
    wall = datetime(2026, 6, 1, 12, tzinfo=UTC)
    here = world(plain_primary, wall=wall, troubles=Troubles(clock=((10.0, 3600.0),)))
    here.run_until(20)
    assert here.clock.now().wall == datetime(2026, 6, 1, 13, 0, 20, tzinfo=UTC)
    assert here.now == 20


@pytest.mark.parametrize("kind", ["nan", "ten_megawatts", "frozen", "late", "hang"])
def test_a_meter_lies_and_what_cannot_be_true_is_dropped(plain_primary, kind):
    here = world(plain_primary, troubles=Troubles(meter=(Spell(kind, 60, 100),)))
    here.run_until(150)
    grid = here.readings["grid"]
    assert abs(grid.watts) < 20_000
    assert grid.at_mono_s == {"frozen": 150, "late": 130}.get(kind, 59)
    here.run_until(200)
    assert here.readings["grid"].at_mono_s == 200


def test_an_unknown_fault_is_refused():
    with pytest.raises(ValueError, match="sulks: a meter's faults are hang"):
        FaultyMeter((Spell("sulks", 0, 1),))


@pytest.mark.parametrize("seed", range(12))
def test_a_careful_brain_breaks_no_rule_in_a_day_of_trouble_and_the_day_repeats(plain_primary, seed):
    def live():
        troubles = replace(draw_troubles(Random(seed), 1200, IDS), wire=WireFaults())
        house = House(day_named("cloudy"), HouseProfile(starts_at_s=39_600), HomeBattery(BatteryProfile()))
        here = world(plain_primary, house=house, seed=seed, troubles=troubles)
        here.run_until(1200)
        return here

    here = live()
    assert here.violations == []
    assert here.trace_hash == live().trace_hash
