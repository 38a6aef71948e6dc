"""Whatever comes over the wire, nothing is raised but the narrow error; a reading is always possible."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.meters.part import understand
from agent.meters.units import convert, number, quantity
from agent.meters.values import Down, Poor, Values, believe
from agent.meters.via import gather
from agent.meters.via.pages import Page, Pages
from agent.meters.via.registers import LENGTHS, Registers
from tests.meters.captures import cases

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["NaN", "1e999"]),
)


def judge(case, answers):
    """Decode what may be anything; a value must be one that a home can have."""
    with contextlib.suppress(Poor, Down):
        for role, values in understand(case.source, answers).items():
            assert isinstance(values, Values | Poor), role
            if isinstance(values, Values):
                believe("grid" if role == "any" else role, values)


@pytest.mark.parametrize("case", cases("modbus"), ids=str)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_damaged_registers_raise_nothing_but_poor(case, seed):
    chance = random.Random(seed)
    with contextlib.suppress(Poor, Down):
        clean = case.answers()
        for block in list(clean.asked):
            words = clean.of(block.unit, block.table).words(block.at, block.count)
            if words and chance.random() < 0.5:
                odd = [chance.choice((0, 0x8000, 0xFFFF, chance.randrange(65536))) for _ in range(3)]
                clean.add(block, [chance.choice((word, *odd)) for word in words])
        judge(case, clean)


@pytest.mark.parametrize("case", cases("modbus")[:1] + cases("modbus")[-1:], ids=str)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_random_registers_end_and_raise_nothing_but_poor(case, seed):
    chance, answers = random.Random(seed), Registers()

    def fetch(block):
        words = [chance.choice((0, 1, 103, 203, 65, 0x5375, 0x6E53, 0xFFFF)) for _ in range(block.count)]
        answers.add(block, [0x5375, 0x6E53] if block.at == 40000 else words)

    with contextlib.suppress(Poor, Down):
        gather(lambda: case.source.driver.ask(case.source.options, answers), fetch, answers.asked)
        judge(case, answers)


def damaged(chance, tree):
    """The same shape with leaves exchanged, keys lost, lists cut."""
    if chance.random() < 0.15:
        return chance.choice((None, True, "unavailable", "", -1, 1e308, float("nan"), [], {}, "x" * 50, [1]))
    if isinstance(tree, dict):
        return {key: damaged(chance, value) for key, value in tree.items() if chance.random() > 0.05}
    if isinstance(tree, list):
        return [damaged(chance, value) for value in tree if chance.random() > 0.05]
    return tree


@pytest.mark.parametrize("case", cases("http", "websocket"), ids=str)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_damaged_pages_raise_nothing_but_poor(case, seed):
    import json

    chance, answers = random.Random(seed), Pages()

    def fetch(get):
        _, text = case.body(get.path)
        with contextlib.suppress(ValueError):
            text = json.dumps(damaged(chance, json.loads(text)))
        if chance.random() < 0.3:
            text = text[: chance.randrange(len(text) + 1)]
        answers.add(get, Page(text))

    with contextlib.suppress(Poor, Down):
        gather(lambda: case.source.driver.ask(case.source.options, answers), fetch, answers.asked)
        judge(case, answers)


@given(st.recursive(LEAVES, lambda t: st.lists(t, max_size=3) | st.dictionaries(st.text(max_size=3), t)))
@settings(deadline=None)
def test_a_tree_of_anything_raises_nothing_but_poor(value):
    import json

    tree = Page(json.dumps(value)).json if value == value else Page("NaN").json
    for path in ("", "a", "0", "a.0.b", "..", "9" * 30):
        for look in ("number", "text", "at", "number_or_none", "items", "phases", "find", "keys", "text_or"):
            with contextlib.suppress(Poor):
                getattr(tree(), look)(path)


@given(st.text(max_size=60))
def test_any_text_is_a_page_or_poor(text):
    for read in (Page(text).json, Page(text).xml, Page(f"<a>{text}</a>").xml):
        with contextlib.suppress(Poor):
            read().number("a")


@given(st.text(max_size=20))
def test_any_text_is_a_quantity_or_poor(text):
    with contextlib.suppress(Poor):
        quantity(text, "W", "W")
    with contextlib.suppress(Poor):
        number(text)


@given(st.lists(st.integers(0, 0xFFFF), min_size=6, max_size=6), st.sampled_from(sorted(LENGTHS)))
def test_any_words_are_a_number_or_none(words, kind):
    from agent.meters.via.registers import Block

    registers = Registers()
    registers.add(Block(0, 6), words)
    assert registers.get(4, "f64") is None
    for low_first in (False, True):
        value = registers.get(0, kind, low_first=low_first)
        assert value is None or value - value == 0
    registers.scaled(0, kind, 5)


@pytest.mark.parametrize(
    ("text", "watts"),
    [
        ("12.3 W", 12.3),
        ("-2.35 kW", -2350),
        ("2,1kW", 2100),
        ("1500", 1500),
        ("1 234 W", 1234),
        ("-.5 kW", -500),
    ],
)
def test_numbers_with_units(text, watts):
    assert quantity(text, "W", "W") == pytest.approx(watts)


@pytest.mark.parametrize("text", ["", "NaN", "unavailable", "x x x", "12 bananas", "12 kWh", "1_000"])
def test_what_is_no_watts(text):
    with pytest.raises(Poor):
        quantity(text, "W", "W")
    assert convert(1, "MW", "W") == 1e6
    assert convert(1, "mW", "W") == 1e-3


def test_words_become_numbers():
    from agent.meters.via.registers import Block

    registers = Registers()
    registers.add(Block(0, 2), [0x44E6, 0x7000])
    registers.add(Block(10, 2), [0x7000, 0xC4E6])
    registers.add(Block(20, 4), [0x8000, 0xFFFF, 0x0951, 0xFFFF])
    assert registers.get(0, "f32") == 1843.5
    assert registers.get(10, "f32", low_first=True) == -1843.5
    assert [registers.get(20, kind) for kind in ("i16", "u16")] == [None, 0x8000]
    assert registers.scaled(22, "i16", 23) == pytest.approx(238.5)
    assert registers.get(99) is None
    with pytest.raises(Poor, match="grid watts"):
        registers.need(20, "i16", "grid watts")
