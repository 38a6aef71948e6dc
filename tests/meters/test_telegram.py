"""P1 telegrams: cut out of any stream, checked, and read as an independent parser reads them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.meters.part import understand
from agent.meters.values import Poor, Values
from agent.meters.via.telegram import LONGEST_BYTES, Cutter, crc16, parse
from tests.meters.captures import cases

CASES = {case.folder.name: case for case in cases("p1")}


def wire(name):
    return (CASES[name].folder / "telegram.txt").read_bytes()


GOOD = wire("v5-exporting")


def test_the_checksum_has_the_value_of_the_standard():
    assert crc16(b"123456789") == 0xBB3D


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.binary(max_size=30))
def test_telegrams_come_out_whole_however_the_bytes_arrive(sizes, noise):
    cutter, stream, found = Cutter(), noise.replace(b"/", b"") + b"\n" + GOOD * 3, []
    while stream:
        size = sizes[len(stream) % len(sizes)]
        found += cutter.receive(stream[:size])
        stream = stream[size:]
    assert found == [GOOD.decode()] * 3


@given(st.integers(0, len(GOOD) - 3), st.integers(1, 127))
def test_one_wrong_byte_is_never_read(at, flip):
    damaged = GOOD[:at] + bytes((GOOD[at] ^ flip,)) + GOOD[at + 1 :]
    cutter = Cutter()
    found = cutter.receive(damaged + GOOD)
    assert [one for one in found if parse(one) != parse(GOOD.decode())] == []


@given(st.binary(max_size=400), st.binary(max_size=200))
def test_any_bytes_raise_nothing_but_poor(noise, middle):
    cutter = Cutter()
    source = CASES["v2-without-checksum"].source
    for piece in (noise, b"/SUN5\r\n\r\n", middle, b"\r\n1-0:1.7.0(", noise[:9], b"*kW)\r\n!\r\n", noise):
        for text in cutter.receive(piece):
            with contextlib.suppress(Poor):
                for values in understand(source, parse(text)).values():
                    assert isinstance(values, Values | Poor)


def test_a_cut_telegram_is_dropped_and_counted():
    cutter = Cutter()
    assert cutter.receive(GOOD[:300] + b"\r\n" + GOOD[:200]) == []
    assert cutter.receive(b"\r\n") == []
    assert cutter.damaged_in_a_row == 1
    assert cutter.receive(GOOD) == [GOOD.decode()]
    assert cutter.damaged_in_a_row == 0


def test_an_endless_telegram_does_not_eat_memory():
    cutter = Cutter()
    for _ in range(50):
        cutter.receive(b"/" + b"x" * 4000)
    assert len(cutter._buffer) <= LONGEST_BYTES + 4001
    assert cutter.damaged_in_a_row > 5


def test_an_encrypted_port_is_known_by_its_first_byte():
    cutter = Cutter()
    cutter.receive(b"\xdb\x08" + b"\x11" * 4000)
    assert cutter.encrypted


def test_an_adapter_that_changes_line_ends_does_not_break_the_checksum():
    assert Cutter().receive(GOOD.replace(b"\r\n", b"\n")) == [GOOD.decode().replace("\r\n", "\n")]


@pytest.mark.parametrize(
    ("name", "specification"),
    [
        ("v5-exporting", "V5"),
        ("v5-night-importing", "V5"),
        ("v4-single-phase", "V4"),
        ("v2-without-checksum", "V2_2"),
        ("belgian-two-decimals", "BELGIUM_FLUVIUS"),
    ],
)
def test_dsmr_parser_reads_the_same(name, specification):
    from dsmr_parser import telegram_specifications
    from dsmr_parser.parsers import TelegramParser

    theirs = TelegramParser(getattr(telegram_specifications, specification)).parse(wire(name).decode())
    ours = understand(CASES[name].source, parse(wire(name).decode()))["grid"]
    watts = 1e3 * float(theirs.CURRENT_ELECTRICITY_USAGE.value - theirs.CURRENT_ELECTRICITY_DELIVERY.value)
    assert ours.watts == pytest.approx(watts)
    used = theirs.ELECTRICITY_USED_TARIFF_1.value + theirs.ELECTRICITY_USED_TARIFF_2.value
    given_back = theirs.ELECTRICITY_DELIVERED_TARIFF_1.value + theirs.ELECTRICITY_DELIVERED_TARIFF_2.value
    assert ours.energy_wh == pytest.approx(1e3 * float(used))
    assert ours.exported_wh == pytest.approx(1e3 * float(given_back))
    if ours.volts_by_phase:
        assert ours.volts_by_phase[0] == pytest.approx(float(theirs.INSTANTANEOUS_VOLTAGE_L1.value))
