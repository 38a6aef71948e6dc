"""The stepped wire: real wire times, collisions, faults, on a clock that costs nothing."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.bus.frames import ChargerHeartbeat
from agent.bus.slip import encode
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger
from simulator.faults import NOISY, FaultyWire, WireFaults
from simulator.wires.stepped import BYTE_S, SteppedBus

IDS = ("3201", "3202", "C0DB")


def units(seed=1, ids=IDS, **changes):
    rng = Random(seed)
    profiles = [ChargerProfile(charger_id=charger_id, **changes) for charger_id in ids]
    return [VirtualCharger(profile, Car(CarProfile(), 0.0, rng), 0.0, rng) for profile in profiles]


def test_three_chargers_hear_a_heartbeat_a_second_and_are_heard(plain_primary):
    primary, chargers = plain_primary(IDS, 10.0), units()
    bus = SteppedBus(primary, chargers)
    bus.run_until(100.0)
    assert [unit.heartbeats for unit in chargers] == [100, 100, 100]
    assert [unit.drawn_amps for unit in chargers] == [10, 10, 10]
    assert max(unit.longest_gap_s for unit in chargers) == pytest.approx(1.0)
    assert bus.busy_s == pytest.approx(100 * 3 * 37.5 * BYTE_S, rel=0.05)


def test_an_answer_comes_after_the_question_its_pause_and_its_own_bytes(plain_primary):
    primary = plain_primary(("3201",), 0.0)
    SteppedBus(primary, units(ids=("3201",), answer_s=0.05, tail=b"")).run_until(0.7)
    [(heard_at, _)] = [beat for beat in primary.heard if isinstance(beat[1], ChargerHeartbeat)]
    assert heard_at == pytest.approx(0.5 + 18 * BYTE_S + 0.05 + 18 * BYTE_S)


def test_who_speaks_while_another_does_ruins_both(plain_primary):
    chargers = units(ids=("3201", "3202"), first_announcement_s=3.0)
    primary = plain_primary(("9999",), starts_at=1000.0)
    bus = SteppedBus(primary, chargers)
    bus.run_until(5.0)
    assert bus.collisions == 1
    assert primary.heard == []


def test_a_pulled_adapter_is_silence_on_both_sides(plain_primary):
    primary, chargers = plain_primary(IDS, 10.0), units()
    bus = SteppedBus(primary, chargers)
    bus.run_until(60.0)
    bus.pull()
    bus.run_until(120.0)
    assert [unit.drawn_amps for unit in chargers] == [0, 0, 0]
    bus.plug_back()
    bus.run_until(180.0)
    assert [unit.drawn_amps for unit in chargers] == [10, 10, 10]


def test_an_adapter_that_echoes_gives_the_primary_its_own_words(plain_primary):
    primary = plain_primary(("3201",), 0.0)
    SteppedBus(primary, units(ids=("3201",)), echo=True).run_until(10.4)
    kinds = [type(message).__name__ for _, message in primary.heard]
    assert kinds.count("PrimaryHeartbeat") == kinds.count("ChargerHeartbeat") == 10


def test_byte_by_byte_or_frame_by_frame_is_the_same_day(plain_primary):
    ends = []
    for bytewise in (False, True):
        primary, chargers = plain_primary(IDS, 10.0), units()
        SteppedBus(primary, chargers, bytewise=bytewise).run_until(60.0)
        ends.append([figure for unit in chargers for figure in (unit.energy_wh, unit.heartbeats)])
    assert ends[0] == pytest.approx(ends[1])


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_a_noisy_wire_costs_heartbeats_but_never_a_charger_and_repeats_from_its_seed(plain_primary, seed):
    def run():
        primary, chargers = plain_primary(IDS, 10.0), units(seed)
        wire = FaultyWire(NOISY, Random(seed))
        SteppedBus(primary, chargers, wire=wire).run_until(60.0)
        assert not any(unit.bricked or unit.muted for unit in chargers)
        assert all(30 < unit.heartbeats <= 60 for unit in chargers)
        return [(at, repr(message)) for at, message in primary.heard], wire.damaged

    assert run() == run()


@settings(deadline=None)
@given(st.sampled_from(WireFaults.__slots__), st.integers(0, 1000), st.binary(min_size=14, max_size=16))
def test_each_fault_does_its_own_damage(name, seed, body):
    frame = encode(b"\xfd\xe2" + body)
    arrived = FaultyWire(replace(WireFaults(), **{name: 1.0}), Random(seed)).carry(frame)
    assert arrived != frame or name == "swapped_rating"
    assert FaultyWire(WireFaults(), Random(seed)).carry(frame) == frame


def test_a_swapped_rating_still_has_a_right_checksum(plain_primary):
    primary = plain_primary(("9999",), starts_at=1000.0)
    wire = FaultyWire(WireFaults(swapped_rating=1.0), Random(1))
    SteppedBus(primary, units(ids=("3201",)), wire=wire).run_until(15.0)
    assert primary.rating == {"3201": pytest.approx(327.80)}


def test_a_chance_is_between_0_and_1():
    with pytest.raises(ValueError, match="noise is a chance between 0 and 1, not 2"):
        WireFaults(noise=2)
