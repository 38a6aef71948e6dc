"""Smart meters' telegrams: written by our own writer, damaged in every way, and read back."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.meters.values import Poor
from agent.meters.via.obis import crc, grid, numbers
from tests.meters.telegrams import ESCAPE, entry, many, sml, text, wrapped

WATTS, WH = 0x1B, 0x1E
POWER, IMPORT = "0100100700ff", "0100010800ff"


def telegram(watts=-12345, wh=64007791):
    return sml(entry(POWER, watts, WATTS), entry(IMPORT, wh, WH), crc=crc)


def test_the_sum_is_the_published_one():
    assert crc(b"123456789") == 0x906E


def test_a_value_is_read_with_its_sign_its_power_of_ten_and_its_unit():
    assert numbers(telegram()) == {"16.7.0": -1234.5, "1.8.0": 6400779.1}


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-9, 9))
def test_any_number_comes_back(value, power):
    found = numbers(sml(entry(POWER, value, WATTS, power), crc=crc))
    assert found["16.7.0"] == pytest.approx(value * 10.0**power)


@given(st.binary(max_size=30), st.integers(0, 12))
def test_escapes_within_the_content_are_undone(raw, count):
    content = text(raw + ESCAPE * (count // 4) + b"\x1b" * (count % 4))
    value = entry(POWER, 500, WATTS)
    assert numbers(wrapped(many(content, value), crc)) == {"16.7.0": 50.0}


def test_noise_before_the_telegram_is_skipped():
    assert numbers(b"\x1b\x1b\x00noise" + telegram() + telegram(7)[:20])["16.7.0"] == -1234.5


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_a_damaged_telegram_is_poor(seed):
    chance = random.Random(seed)
    data = bytearray(telegram())
    at = chance.randrange(8, len(data))
    data[at] ^= 1 << chance.randrange(8)
    with pytest.raises(Poor):
        numbers(bytes(data))
    with pytest.raises(Poor):
        numbers(telegram()[: chance.randrange(len(telegram()))])


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_junk_with_a_right_sum_raises_nothing_but_poor(inner):
    with contextlib.suppress(Poor):
        grid(numbers(wrapped(inner, crc)))


def test_a_tree_without_end_is_poor():
    with pytest.raises(Poor, match="no sense"):
        numbers(wrapped(b"\x7f" * 300, crc))


def test_two_positive_numbers_make_one_with_a_sign():
    assert grid(numbers(b"1-0:1.7.0*255(0000.00*kW)\r\n1-0:2.7.0*255(0001.84*kW)\r\n")).watts == -1840


def test_earlier_months_and_unknown_units_are_left_out():
    lines = b"/EBZ5\r\n1.8.0(000100.5*kWh)\r\n1.8.0*1(000090*kWh)\r\n16.7(000.5*kW)\r\n14.7.0(50.0*Hz)\r\n"
    assert numbers(lines) == {"1.8.0": 100500.0, "16.7.0": 500.0}


@given(st.text(max_size=80))
def test_any_text_is_poor_or_numbers(line):
    with contextlib.suppress(Poor):
        grid(numbers(line.encode()))
