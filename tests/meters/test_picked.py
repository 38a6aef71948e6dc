"""What a line picks: signs, sums, phases, and the words before a number."""

import pytest

from agent.meters.picked import Access, Picks, values
from agent.meters.units import LONGEST_TEXT, measured, quantity, stamp
from agent.meters.values import Poor
from agent.meters.via.pages import Page


def read(numbers):
    def one(name, into, unit):
        return measured(numbers[name], into, unit or "W", name)

    return one


def test_two_positive_numbers_become_one_with_a_sign():
    found = values(Picks(plus=("b",), minus=("c",)), "a", read({"a": 100, "b": "0.2 kW", "c": 1000}))
    assert found.watts == -700


@pytest.mark.parametrize(
    ("positive", "watts", "amps", "wanted"),
    [
        ("import", -700, (3.0,), (-3.0,)),
        ("export", -700, (3.0,), (3.0,)),
        ("export", 700, (3.0, -1.0), (-3.0, 1.0)),
        ("export", 700, (3.0, 1.0), (3.0, 1.0)),  # magnitudes: import is the careful guess
    ],
)
def test_amps_flow_as_their_watts_do(positive, watts, amps, wanted):
    numbers = {"w": watts, **{str(n): one for n, one in enumerate(amps)}}
    picks = Picks(amps=tuple(str(n) for n in range(len(amps))), positive=positive)
    assert values(picks, "w", read(numbers)).amps_by_phase == wanted


def test_what_cannot_be_read_is_left_out_but_watts_never():
    picks = Picks(amps=("x", "y"), soc="x")
    found = values(picks, "w", read({"w": 1, "x": "unavailable", "y": 2}))
    assert (found.amps_by_phase, found.soc_percent) == (None, None)
    with pytest.raises(Poor, match="unavailable"):
        values(picks, "x", read({"x": "unavailable"}))


def test_headers_need_a_colon():
    assert Access(headers=("A: b:c",)).get("").headers == (("A", "b:c"),)
    with pytest.raises(Poor):
        Access(headers=("A",)).get("/p")


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("<b>Power</b> <i>1.5</i>\n\n kW", "Power", "1.5 kW"),
        ("Power L1 16A and 230 V", "Power L1", "16A"),
        ("Power L1 -3", "Power", "-3"),
        ("now 12 Watts", "now", "12"),
        ("now 88 % of", "now", "88 %"),
    ],
)
def test_the_number_after_the_words(text, mark, number):
    assert Page(text).after(mark) == number


def test_a_page_of_many_brackets_or_digits_takes_no_time():
    with pytest.raises(Poor):
        Page("<" * 1_000_000).after("x")
    with pytest.raises(Poor):
        quantity("1" * 1_000_000 + "x y", "W", "W")
    with pytest.raises(Poor):
        quantity("1" * (LONGEST_TEXT + 1), "W", "W")


@pytest.mark.parametrize("junk", [None, True, "", "soon", 0, -5, 1e300, float("nan"), [], "2026-13-01"])
def test_junk_is_no_time(junk):
    assert stamp(junk) is None


def test_times_as_devices_write_them():
    wanted = "2026-06-14 11:45:02+00:00"
    for given in (1781437502, 1781437502000, "2026-06-14T11:45:02Z", "2026-06-14T11:45:02"):
        assert str(stamp(given)) == wanted
