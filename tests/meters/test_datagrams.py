"""What any bytes of a datagram mean, and what lines of registers and addresses may say."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.meters import BadLine, source
from agent.meters.modbus import Register
from agent.meters.part import understand
from agent.meters.values import Poor
from agent.meters.via.datagrams import Datagram, Datagrams
from tests.meters.captures import cases
from tests.meters.test_properties import judge


@pytest.mark.parametrize("case", cases("udp"), ids=str)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_damaged_datagrams_raise_nothing_but_poor(case, seed):
    chance, heard = random.Random(seed), {}
    for who, said in case.answers().by_sender.items():
        body = bytearray(said.body[: chance.randrange(len(said.body) + 1)])
        for _ in range(chance.randrange(6)):
            if body:
                body[chance.randrange(len(body))] = chance.randrange(256)
        heard[who] = Datagram(bytes(body))
    judge(case, Datagrams(heard))


@given(st.binary(max_size=80))
def test_any_datagram_has_a_speaker_or_none(body):
    found = source("speedwire://")
    (hear,) = found.driver.ask(found.options, Datagrams({}))
    assert hear.who(body) is None or len(hear.who(body)) == 4
    with contextlib.suppress(Poor):
        understand(found, Datagrams({b"\0\0\0\1": Datagram(body)}))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("modbus://h", "watts is missing"),
        ("modbus://h?watts=", "watts is empty"),
        ("modbus://h?watts=1:x16", "type 'x16'"),
        ("modbus://h?watts=coil/1", "registers like input/52:f32:0.1"),
        ("modbus://h?watts=1:u16:1:1", "registers like"),
        ("modbus://h?watts=one", "'one', which is not a whole number"),
        ("modbus://h?watts=70000", "0 to 65535"),
        ("modbus://h?watts=-1", "0 to 65535"),
        ("modbus://h?watts=1:u16:0", "neither a factor nor @ADDRESS"),
        ("modbus://h?watts=1:u16:nan", "neither a factor nor @ADDRESS"),
        ("modbus://h?watts=1:u16:@x", "'x', which is not a whole number"),
        ("modbus://h?watts=1&absent=none", "absent must be a whole number"),
        ("growatt://h", "model is missing (sph"),
        ("speedwire://?interface=eth0", "our own address"),
        ("speedwire://?serial=-1", "serial must be"),
    ],
)
def test_a_bad_line_is_told_in_a_sentence(line, words):
    with pytest.raises(BadLine) as caught:
        source(line)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "register"),
    [
        ("52", Register(52)),
        ("0x34:f32", Register(52, kind="f32")),
        ("input/52:i32:-0.1", Register(52, "input", "i32", -0.1)),
        ("40083:i16:@40084", Register(40083, kind="i16", power_at=40084)),
        ("400084", Register(83)),
        ("300001:u32", Register(0, "input", "u32")),
    ],
)
def test_a_register_is_understood(text, register):
    assert Register.from_text(text) == register


@given(st.text(max_size=12))
def test_any_text_is_a_register_or_a_sentence(text):
    with contextlib.suppress(ValueError):
        Register.from_text(text)
    with contextlib.suppress(ValueError):
        Register.from_text(f"1:{text}")


def test_neighbours_are_read_at_once():
    found = source("modbus://h?watts=input/0:f32,input/2:f32,input/10:f32,4&volts=input/4&amps=5:u16:@6")
    blocks = found.driver.ask(found.options, None)
    assert [(one.table, one.at, one.count) for one in blocks] == [
        ("holding", 4, 3),
        ("input", 0, 5),
        ("input", 10, 2),
    ]
