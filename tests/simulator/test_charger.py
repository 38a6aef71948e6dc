"""The virtual charger against the bytes that owners captured and the behaviour that they describe."""

from dataclasses import replace
from random import Random

import pytest

from agent.bus import slip
from agent.bus.frames import (
    ChargerHeartbeat,
    ChargerReady,
    Command,
    Contactor,
    PrimaryHeartbeat,
    PrimaryReady,
    Query,
    QueryCode,
    checksum,
    decode,
)
from simulator.car import Car, CarProfile
from simulator.charger import ChargerProfile, VirtualCharger

UNIT = ChargerProfile(first_announcement_s=3.0)
CAR = CarProfile()


class Wire:
    """One charger, and a hand that sends it what the test says."""

    def __init__(self, profile=UNIT, car=CAR, **changes):
        self.now = 0.0
        rng = Random(7)
        profile = replace(profile, **changes)
        self.unit = VirtualCharger(profile, Car(car, 0.0, rng) if car else None, 0.0, rng)
        self.decoder = slip.Decoder()

    def wait(self, seconds):
        """Let time pass; returns (time, message) of all that it says meanwhile."""
        said, end = [], self.now + seconds
        while self.unit.next_due <= end:
            self.now = max(self.now, self.unit.next_due)
            data = self.unit.send(self.now)
            said += [(self.now, decode(raw)) for raw in self.decoder.feed(data, self.now)]
        self.now = end
        self.unit.advance(end)
        return said

    def tell(self, message, wait_s=0.1):
        raw = message if isinstance(message, bytes) else message.encode()
        self.unit.receive(slip.encode(raw), self.now)
        return [message for _, message in self.wait(wait_s)]

    def beat(self, command=Command.LIMIT, amps=0.0, seconds=1):
        """Heartbeats, one a second; returns the last answer."""
        answer = None
        protocol = self.unit.profile.protocol
        for _ in range(seconds):
            order = PrimaryHeartbeat("7777", self.unit.charger_id, command, amps, protocol)
            for said in self.tell(order, 1.0):
                answer = said if isinstance(said, ChargerHeartbeat) else answer
        return answer


def sealed(hex_bytes):
    raw = bytes.fromhex(hex_bytes)
    return raw + bytes([checksum(raw)])


# --- linking ---------------------------------------------------------------------------------------


def test_unlinked_it_announces_itself_every_ten_seconds():
    said = Wire().wait(30)
    assert [when for when, _ in said] == [3, 13, 23]
    assert said[0][1] == ChargerReady("3201", 0x77, 32.0, 2)


def test_it_ignores_the_first_call_and_answers_the_second_five_times():
    wire = Wire(first_announcement_s=10)
    call = PrimaryReady("7777", 0x77, second=True)
    assert wire.tell(call, 0.5) == []
    assert wire.tell(call, 0.1) == []
    assert len(wire.wait(0.3)) == 5


def test_linked_it_only_answers_and_says_no_more_that_it_is_there():
    wire = Wire()
    answers = [wire.beat(amps=6) for _ in range(30)]
    assert all(isinstance(answer, ChargerHeartbeat) for answer in answers)
    assert wire.tell(PrimaryHeartbeat("7777", "9999", Command.LIMIT, 6)) == []


@pytest.mark.parametrize(("protocol", "length"), [(1, 14), (2, 16)])
def test_its_protocol_sets_its_lengths(protocol, length):
    wire = Wire(protocol=protocol, tail=b"")
    wire.unit.receive(slip.encode(PrimaryHeartbeat("7777", "3201", Command.LIMIT, 6, 2).encode()), 0.0)
    assert len(wire.unit.send(0.02)) == length + 2


def test_an_id_with_escapes_is_a_charger_like_any_other():
    wire = Wire(charger_id="C0DB")
    assert wire.beat(amps=16).charger == "C0DB"


def test_hearing_its_own_id_from_a_primary_it_takes_another():
    wire = Wire(charger_id="7777")
    said = wire.tell(PrimaryReady("7777", 0x12), 0.5)
    assert said[0].charger == wire.unit.charger_id != "7777"


# --- the primary goes silent -------------------------------------------------------------------------


def test_a_silent_primary_is_an_error_after_10_s_and_no_current_after_30():
    wire = Wire()
    wire.beat(amps=16, seconds=60)
    said = wire.wait(15)
    assert [type(message) for _, message in said] == [ChargerReady]
    assert 9 <= said[0][0] - 59 <= 10.1
    assert wire.unit.drawn_amps == 16
    wire.wait(20)
    assert (wire.unit.drawn_amps, wire.unit.offered_amps, wire.unit.contactor_closed) == (0, 0, False)


def test_linked_again_its_old_offer_is_in_force_until_it_is_told_another():
    wire = Wire()
    wire.beat(amps=16, seconds=30)
    wire.wait(60)
    assert wire.beat(Command.NO_CHANGE).offered_amps == 16
    assert wire.beat(Command.LIMIT, 6).offered_amps == 6


def test_after_a_long_silence_some_cars_must_be_plugged_in_anew():
    wire = Wire(replug_after_silence_s=120.0)
    wire.beat(amps=16, seconds=60)
    wire.wait(150)
    wire.beat(amps=16, seconds=60)
    assert wire.unit.drawn_amps == 0
    car = wire.unit.unplug(wire.now)
    wire.unit.plug(car, wire.now)
    wire.beat(amps=16, seconds=60)
    assert wire.unit.drawn_amps == 16


# --- offers and states -------------------------------------------------------------------------------


def test_it_repeats_whatever_it_is_told():
    wire = Wire(car=None)
    wire.tell(sealed("FB E0 77 77 32 01 09 FF FF 00 00 00 00 00 00"))
    assert wire.unit.offered_amps == 655.35


def test_a_charge_from_plug_in_to_pause_in_its_own_words():
    wire = Wire()
    states = [wire.beat(amps=0).state_code for _ in range(8)]
    assert states[0] == 0x05
    assert 0x03 in states
    assert states[-1] == 0x04  # with nothing offered: it asks for power
    assert wire.beat(Command.LIMIT_BEFORE_CHARGE, 16).state_code == 0x08
    answer = wire.beat(Command.NO_CHANGE, seconds=40)
    assert (answer.state_code, answer.offered_amps, answer.drawn_amps) == (0x01, 16, 16)
    assert wire.beat(Command.LIMIT, 20).state_code == 0x09
    assert wire.beat(Command.NO_CHANGE, seconds=11).state_code == 0x01
    wire.beat(Command.LIMIT, 0, seconds=3)
    assert wire.beat(Command.LIMIT, 0).state_code == 0x03
    assert wire.beat(Command.LIMIT, 0, seconds=10).state_code == 0x08  # asks again
    assert wire.unit.contactor_closings == 1


def test_no_car_and_a_full_car():
    assert Wire(car=None).beat(amps=6).state_code == 0x00
    assert Wire(car=CarProfile(soc_percent=90)).beat(amps=6, seconds=8).state_code == 0x03


def test_protocol_2_ignores_05_while_charging_and_protocol_1_obeys_it():
    for protocol, offered in [(2, 16), (1, 10)]:
        wire = Wire(protocol=protocol)
        wire.beat(Command.LIMIT_BEFORE_CHARGE, 16, seconds=40)
        assert wire.beat(Command.LIMIT_BEFORE_CHARGE, 10).offered_amps == offered


def test_raise_and_lower_by_two_amps():
    wire = Wire()
    wire.beat(amps=16, seconds=40)
    answer = wire.beat(Command.RAISE_2A)
    assert (answer.offered_amps, answer.state_code) == (18, 0x06)
    assert wire.beat(Command.NO_CHANGE, seconds=45).state_code == 0x0A
    wire.beat(Command.LIMIT, 16, seconds=15)
    answer = wire.beat(Command.LOWER_2A)
    assert (answer.offered_amps, answer.state_code) == (14, 0x07)
    answer = wire.beat(Command.NO_CHANGE, seconds=13)
    assert (answer.offered_amps, answer.state_code) == (16, 0x0A)


def test_told_no_change_at_0_amps_its_contactor_clicks_every_other_second():
    wire = Wire()
    wire.beat(amps=0, seconds=10)
    assert wire.unit.contactor_closings == 0
    assert {wire.beat(Command.NO_CHANGE).state_code for _ in range(10)} >= {0x01}
    assert wire.unit.contactor_closings == 5
    wire.beat(amps=0, seconds=10)
    assert wire.unit.contactor_closings == 5


def test_a_unit_that_sticks_after_a_pause_wants_to_hear_08():
    wire = Wire(sticks_after_pause=True)
    wire.beat(amps=16, seconds=40)
    wire.beat(amps=0, seconds=15)
    assert wire.beat(Command.LIMIT, 16, seconds=30).offered_amps == 6
    assert wire.beat(Command.ACKNOWLEDGE_STOP, 16).offered_amps == 16


@pytest.mark.parametrize("idle", [0.0, 0.25])
def test_an_idle_unit_reports_its_own_small_offset(idle):
    assert Wire(idle_offset_amps=idle, car=None).beat(amps=0).drawn_amps == idle


# --- questions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("zeros", [6, 7, 8, 9])
def test_questions_of_13_to_16_bytes_are_answered(zeros):
    said = Wire().tell(sealed("FB EB 77 77 32 01" + " 00" * zeros))
    assert said[0].volts == (230, 0, 0)


def test_it_says_its_vin_its_serial_its_firmware_and_its_plug():
    wire = Wire()
    codes = [QueryCode.VIN_1, QueryCode.VIN_2, QueryCode.VIN_3, QueryCode.SERIAL]
    texts = [wire.tell(Query("7777", "3201", code))[0].text for code in codes]
    assert "".join(texts[:3]) == "5YJ3E1EA7KF000001"
    assert texts[3] == UNIT.serial
    assert wire.tell(Query("7777", "3201", QueryCode.FIRMWARE))[0].numbers == (4, 5, 3, 0)
    assert wire.tell(Query("7777", "3201", QueryCode.PLUG))[0].plug_code == 3
    assert wire.tell(Query("7777", "3201", QueryCode.MODEL))[0].text == UNIT.model


def test_without_a_vin_the_answer_is_zeros_and_old_firmware_does_not_answer():
    assert Wire(car=CarProfile(vin="")).tell(Query("7777", "3201", QueryCode.VIN_1))[0].text == ""
    old = Wire(has_modern_queries=False)
    assert old.tell(Query("7777", "3201", QueryCode.VIN_1)) == []
    assert old.tell(Contactor("7777", "3201", close=False)) == []
    assert old.tell(Query("7777", "3201", QueryCode.VERSION))[0].numbers == (4, 5, 3)


def test_its_counter_counts_what_the_car_drew_in_wh_or_kwh():
    wire = Wire(start_energy_wh=0.0, phases=3, car=CarProfile(phases=3))
    wire.beat(amps=16, seconds=3600)
    assert wire.unit.power_watts == 3 * 16 * 230
    assert wire.unit.energy_wh == pytest.approx(3 * 16 * 230 * 0.992, rel=0.003)
    assert wire.unit.energy_wh == pytest.approx(wire.unit.car.energy_wh)
    coarse = Wire(start_energy_wh=924_000.0, counter_in_wh=False)
    assert coarse.tell(Query("7777", "3201", QueryCode.ENERGY))[0].counter == 924


def test_some_units_tell_their_energy_unasked():
    wire = Wire(pushes_energy=True)
    order = PrimaryHeartbeat("7777", "3201", Command.LIMIT, 6)
    kinds = [type(message).__name__ for _ in range(4) for message in wire.tell(order, 1.0)]
    assert kinds.count("EnergyReport") == 2


# --- what must never be sent -------------------------------------------------------------------------


@pytest.mark.parametrize("message", ["FC 19", "FC 1A", "FB E8"])
def test_some_messages_brick_it(message):
    wire = Wire()
    wire.beat(amps=16)
    wire.tell(sealed(message + " 77 77 32 01" + " 00" * 9))
    assert wire.unit.bricked
    assert wire.unit.abuses
    assert wire.beat(amps=16) is None
    assert wire.wait(60) == []


def test_command_02_is_answered_once_and_then_it_is_mute_until_reset():
    wire = Wire()
    wire.beat(amps=16)
    assert wire.tell(sealed("FB E0 77 77 32 01 02 01 00 00 00 00 00 00 00"))[0].state_code == 0x02
    assert wire.beat(amps=16) is None
    wire.unit.reset(wire.now)
    assert wire.beat(amps=16) is not None


def test_opening_the_contactor_under_load_is_answered_by_a_car_that_refuses():
    wire = Wire()
    wire.beat(amps=16, seconds=40)
    wire.tell(Contactor("7777", "3201", close=False))
    wire.beat(amps=16, seconds=60)
    assert wire.unit.drawn_amps == 0


def test_a_mute_unit_draws_what_it_draws_and_says_nothing():
    wire = Wire(mute=True)
    assert wire.wait(60) == []
    assert wire.beat(amps=16) is None


def test_the_same_seed_gives_the_same_words():
    def day(seed):
        rng = Random(seed)
        unit = VirtualCharger(ChargerProfile(), Car(CarProfile(), 0.0, rng), 0.0, rng)
        said, now = [], 0.0
        while now < 100:
            now = unit.next_due
            said.append((now, unit.send(now)))
        return said

    assert day(5) == day(5) != day(6)
