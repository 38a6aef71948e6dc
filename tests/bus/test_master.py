"""What the master does when nothing goes wrong, and how it behaves when called at odd times."""

from random import Random

import pytest

from agent.bus import slip
from agent.bus.frames import (
    ChargerReady,
    Command,
    Contactor,
    EnergyReport,
    LocalError,
    PrimaryHeartbeat,
    PrimaryReady,
    Query,
    QueryCode,
)
from agent.bus.master import Master
from agent.bus.rules import BusRules, ChargerLimits
from simulator.faults import NOISY, FaultyWire
from tests.bus.bench import Bench, rules, unit


def test_it_listens_before_its_first_byte():
    bench = Bench(rules("3201"), unit())
    bench.run(10)
    first_at = min(at for at, _ in bench.by_master())
    assert 1.2 < first_at < 1.25


def test_a_charger_is_heartbeated_soon_after_it_announces_itself():
    bench = Bench(rules(), unit(first_announcement_s=5.0))
    bench.run(10)
    assert bench.beats()[0][0] - 5.0 < 0.2


def test_a_charger_that_the_settings_do_not_name_is_linked_at_zero_and_told_of():
    bench = Bench(rules("3202"), unit("3201"))
    bench.offer(c3201=16)
    bench.run(30)
    assert bench.status("3201").linked
    assert {m.amps for _, m in bench.beats("3201")} == {0.0}
    (event,) = [e for e in bench.events if e.kind == "unknown_charger"]
    assert '[[chargers]] with id = "3201"' in event.sentence
    assert bench.status("3201").problem == event.sentence


def test_named_chargers_keep_their_places_beside_a_stranger():
    bench = Bench(rules("3202", "3203", max_chargers=2), unit("3201"))
    bench.run(30)
    assert bench.kinds() == ["too_many_chargers"]


def test_everything_that_modern_firmware_tells_is_known_within_half_a_minute():
    bench = Bench(rules("3201"), unit(phases=3))
    bench.offer(c3201=10)
    bench.run(30)
    status = bench.status()
    assert (status.vin, status.serial, status.firmware) == ("5YJ3E1EA7KF000001", "A17K0003201", "4.5.3.0")
    assert status.volts_by_phase == (230.0, 230.0, 230.0)
    assert status.energy_wh == pytest.approx(1_250_000, abs=100)


def test_old_firmware_is_asked_a_few_times_and_then_left_alone():
    bench = Bench(rules("3201"), unit(has_modern_queries=False))
    bench.offer(c3201=10)
    bench.run(120)
    assert bench.status().serial == "A17K0003201"
    assert bench.status().firmware == "4.5.3"
    bench.run(200)
    asked_until = max(at for at, _ in bench.by_master(Query))
    bench.run(600)
    assert max(at for at, _ in bench.by_master(Query)) == asked_until
    assert len(bench.questions(QueryCode.ENERGY)) == 3


def test_a_car_is_known_while_it_is_plugged_in():
    bench = Bench(rules("3201"), unit())
    bench.run(20)
    assert bench.status().plugged
    assert bench.status().vin
    car = bench.units[0].unplug(bench.now)
    bench.run(20)
    assert bench.status().plugged is False
    assert bench.status().vin == ""
    bench.units[0].plug(car, bench.now)
    bench.run(20)
    assert bench.status().plugged
    assert bench.status().vin


def test_without_the_plug_question_an_idle_charger_says_nothing_about_its_plug():
    bench = Bench(rules("3201"), unit(car=False, has_modern_queries=False))
    bench.run(60)
    assert bench.status().plugged is None
    assert len(bench.questions(QueryCode.PLUG)) == 3


def test_values_that_chargers_push_unasked_are_taken():
    bench = Bench(rules("3201", ask=False), unit(pushes_energy=True))
    bench.run(20)
    assert bench.questions() == []
    assert bench.status().energy_wh == pytest.approx(1_250_000, abs=100)


def test_one_odd_energy_value_is_noise_and_a_second_is_believed():
    bench = Bench(rules("3201", ask=False), unit())
    bench.run(5)

    def report(counter):
        message = EnergyReport("3201", counter, (230, 0, 0))
        bench.master.receive(slip.encode(message.encode()), bench.now)
        return bench.status().energy_wh

    assert [report(n) for n in (900_000, 300_000, 900_010, 300_000, 300_001)] == [
        900_000,
        900_000,
        900_010,
        900_010,
        300_001,
    ]


def test_a_charger_that_announces_itself_in_vain_is_called_by_the_second_kind_of_announcement():
    bench = Bench(rules("3201"), unit(mute=True))
    for at in (2.0, 12.0, 22.0):
        bench.run(at - bench.now)
        bench.master.receive(slip.encode(ChargerReady("3201", 1, 32.0).encode()), bench.now)
    assert not any(m.second for _, m in bench.by_master(PrimaryReady))
    bench.run(5)
    assert sum(m.second for _, m in bench.by_master(PrimaryReady)) == 2


def test_a_contactor_moves_only_on_an_order_that_the_settings_allow():
    with pytest.raises(LocalError, match=r"set bus\.allow_contactor"):
        Master(rules("3201"), 0.0).order_contactor("3201", close=False)
    bench = Bench(rules("3201", allow_contactor=True), unit())
    bench.run(10)
    with pytest.raises(LocalError, match="not on the bus"):
        bench.master.order_contactor("9999", close=False)
    bench.master.order_contactor("3201", close=False)
    bench.run(10)
    assert [m for _, m in bench.by_master(Contactor)] == [Contactor("7777", "3201", close=False)]
    assert max(bench.gaps()) <= 1.1


def test_after_a_restart_unheard_chargers_keep_their_share_of_the_circuit():
    bench = Bench(rules("3201", "3202", circuit_amps=40.0), unit("3201"))
    bench.offer(c3201=32)
    bench.run(30)
    assert bench.status("3201").offered_amps == 8, "3202 might still draw its 32 A"
    bench.run(10)
    assert bench.status("3201").offered_amps == 32


def test_a_charger_that_says_error_for_a_minute_is_told_of_once_and_so_is_its_end():
    broken = unit("3201", car=False)
    bench = Bench(rules("3201"), broken)
    bench.run(30)
    right = broken._state
    broken._state = lambda now: 0x02 if int(now) % 20 else 0x01  # now and then is none
    bench.run(120)
    assert "charger_fault" not in bench.kinds()
    broken._state = lambda now: 0x02
    bench.run(300)
    assert bench.kinds().count("charger_fault") == 1
    assert "Count the blinks of its red light" in bench.events[-1].sentence
    broken._state = right
    bench.run(30)
    assert bench.kinds().count("charger_fault_gone") == 1


def test_a_charger_that_ignores_its_limit_is_told_of_once_and_its_amps_stay_counted():
    stubborn = unit("3201")
    bench = Bench(rules("3201", "3202", circuit_amps=32.0), stubborn, unit("3202"))
    bench.offer(c3201=20, c3202=12)
    bench.run(30)
    stubborn._limit = lambda command, amps, charging, now: None
    bench.offer(c3201=6, c3202=26)
    bench.run(30)
    assert bench.status("3202").offered_amps == 12
    assert "told 6 A but offers 20 A" in bench.status("3201").problem
    assert bench.kinds().count("offer_not_followed") == 1
    del stubborn._limit
    bench.run(10)
    assert bench.status("3202").offered_amps == 26
    assert bench.kinds().count("offer_followed") == 1


def test_a_car_that_goes_on_at_zero_is_told_of():
    bench = Bench(rules("3201"), unit(car_is={"keeps_minimum_at_zero": True}))
    bench.offer(c3201=16)
    bench.run(30)
    bench.offer(c3201=0)
    bench.run(60)
    assert "its car draws 6 A" in bench.status().problem


def test_fractions_pass_only_where_the_rules_allow_them():
    for whole, amps in ((True, 12.0), (False, 12.6)):
        bench = Bench(rules("3201", whole_amps=whole), unit())
        bench.offer(c3201=12.6)
        bench.run(10)
        assert bench.status().confirmed_amps == amps


def test_half_amps_pass_for_the_charger_whose_owner_allows_them():
    for half, amps in ((False, 12.0), (True, 12.5)):
        bench = Bench(BusRules(40.0, (ChargerLimits("3201", 32.0, half_amps=half),)), unit())
        bench.offer(c3201=12.6)
        bench.run(10)
        assert bench.status().confirmed_amps == amps


@pytest.mark.parametrize("seed", range(10))
def test_called_late_and_fed_noise_it_never_asks_to_be_called_in_the_past(seed):
    rng = Random(seed)
    master = Master(BusRules(40.0, rules("3201", "3202").chargers), 0.0)
    units = [unit("3201"), unit("3202"), unit("7777")]
    wire = FaultyWire(NOISY, rng)
    now, spoken = 0.0, 0
    for _ in range(3000):
        now = max(now, master.next_due) + rng.choice((0.0, 0.0, 0.001, 0.05, 0.4))
        data = master.send(now)
        if not data:
            assert master.next_due > now
        spoken += bool(data)
        arrives = now + 0.02
        for each in units:
            each.receive(wire.carry(data), arrives)
            while each.next_due <= arrives + 0.03:
                master.receive(wire.carry(each.send(each.next_due)), arrives + 0.03)
        if rng.random() < 0.01:
            master.receive(rng.randbytes(30), now)
        if rng.random() < 0.005:
            master.port_lost(now)
        if rng.random() < 0.02:
            master.port_opened(now)
    assert spoken > 300


def test_sixteen_chargers_fill_the_bus_and_each_is_heard_every_second():
    ids = [f"32{n:02X}" for n in range(16)]
    bench = Bench(
        rules(*ids, circuit_amps=512.0, max_chargers=16),
        *[unit(one, first_announcement_s=60.0, answer_s=0.02, tail=b"") for one in ids],
    )
    bench.offer(**{f"c{one}": 16 for one in ids})
    bench.run(60)
    assert bench.collisions == 0
    for one in ids:
        assert max(bench.gaps(one)) < 1.01
        assert bench.status(one).confirmed_amps == 16
    assert len(bench.by_master(PrimaryHeartbeat)) == pytest.approx(16 * 58.8, abs=16)


def test_a_car_that_keeps_its_minimum_is_not_cut_while_another_follows_a_lowering():
    slow = {"ramp_down_amps_per_s": 2.0}
    bench = Bench(
        rules("3201", "3202", circuit_amps=32),
        unit("3201", car_is=slow),
        unit("3202", first_announcement_s=0.8, car_is=slow),
    )
    bench.offer(c3201=26, c3202=6)
    bench.run(60)
    assert [unit.drawn_amps for unit in bench.units] == [26, 6]
    bench.offer(c3201=16, c3202=16)
    lowered = bench.now
    bench.run(30)
    told = [
        order.amps
        for _, order in bench.beats("3202", since=lowered)
        if order.command in (Command.LIMIT, Command.LIMIT_BEFORE_CHARGE)
    ]
    assert min(told) >= 6, "it was charging all the time"
    assert [unit.drawn_amps for unit in bench.units] == [16, 16]
    assert bench.highest_sum <= 32
