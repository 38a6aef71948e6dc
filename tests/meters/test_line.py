"""Settings lines: what they mean, and what people are told when they don't."""

import pytest

from agent.meters import BadLine, source, terms
from agent.meters.line import parse
from agent.meters.plan import plan
from tests.meters.blueprint import BLUEPRINT


def problems(line, credentials=None):
    with pytest.raises(BadLine) as caught:
        source(line, credentials)
    return " ".join(caught.value.problems)


def test_a_line_names_a_driver_a_place_and_options():
    found = source("solaredge://192.168.0.27?meter=2&every_s=10")
    assert (found.host, found.port, found.options.meter, found.every_s) == ("192.168.0.27", 1502, 2, 10)
    assert found.options.unit == 1
    assert found.endpoint == "192.168.0.27:1502"


def test_an_unknown_scheme_gets_the_nearest_guess_and_the_list():
    said = problems("solarege://10.0.0.5")
    assert "Did you mean solaredge?" in said
    assert "sunspec" in said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("solaredge://10.0.0.5?metr=1", "no option 'metr'. Did you mean meter?"),
        ("solaredge://10.0.0.5?meter=9", "must be 1 to 3"),
        ("solaredge://10.0.0.5?meter=one", "must be a whole number"),
        ("solaredge://10.0.0.5?unit=1&unit=2", "given twice"),
        ("solaredge://10.0.0.5:99999", "is not a URL"),
        ("solaredge://10.0.0.5/path", "too much"),
        ("solaredge://", "address of the device is missing"),
        ("solaredge", "is not a source"),
        ("solaredge://10.0.0.5?timeout_s=20", "0.1 to 5"),
        ("solaredge://10.0.0.5?every_s=nan", "must be 1 to 3600"),
        ("solaredge://10.0.0.5?battery=maybe", "yes or no"),
        ("sunspec://10.0.0.5?positive=up", "must be one of"),
        ("fixed://?watts=inf", "finite"),
        ("fixed://", "watts is missing"),
        ("fixed://host?watts=1", "has no address"),
        ("solaredge://me:hunter2@10.0.0.5", "never stand in a line"),
    ],
)
def test_a_bad_line_is_told_in_a_sentence(line, words):
    said = problems(line)
    assert words in said
    assert "hunter2" not in said


def test_all_problems_are_told_at_once():
    with pytest.raises(BadLine) as caught:
        plan({"grid": ["solaredge://h?meter=9&foo=1", "nope://"], "house": ["solaredge://h"]})
    assert len(caught.value.problems) == 4
    assert all(one.startswith("meters.") for one in caught.value.problems)
    assert "solaredge has no house" in caught.value.problems[-1]


def test_a_secret_is_a_name_and_its_value_never_shows():
    found = parse("blueprint://h?token=MY_TOKEN", BLUEPRINT, {"MY_TOKEN": "s3cret"})
    assert found.options.token.value == "s3cret"
    assert "s3cret" not in repr(found) + found.line
    for line, words in (
        ("blueprint://h?token=eyJhbGciOi", "never the secret itself"),
        ("blueprint://h?token=OTHER", "add the line OTHER="),
    ):
        with pytest.raises(BadLine, match=words) as caught:
            parse(line, BLUEPRINT, {})
        assert "eyJ" not in str(caught.value)
    assert parse("blueprint://h?token=MY_TOKEN", BLUEPRINT).options.token.name == "MY_TOKEN"


def test_a_sum_is_several_sources():
    assert [one.host for one in terms("solaredge://10.0.0.1 + solaredge://10.0.0.2")] == [
        "10.0.0.1",
        "10.0.0.2",
    ]
    with pytest.raises(BadLine):
        terms("solaredge://10.0.0.1 + ")


def test_a_serial_port_or_an_address():
    found = source("sunspec:///dev/ttyUSB1?baud=19200&unit=2")
    assert (found.host, found.options.path, found.endpoint) == ("", "/dev/ttyUSB1", "/dev/ttyUSB1")
    assert source("sunspec://[fe80::1]:1502").host == "fe80::1"
