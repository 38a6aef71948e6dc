"""A settings file that a person wrote keeps every word that the wizard did not change."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commands.wizard.draft import Draft
from agent.commands.wizard.sheet import Odd, put_secret, toml
from notify.settings import read_credentials

WRITTEN = """\
# our house
[site]
name = "Hill"   # by hand
# fuse comes later
volts = 230

[bus]
port = "/dev/ttyUSB0"
circuit_amps = 16  # 20 A breaker
spike = true

[[chargers]]
id = "3201"
max_amps = 16
phases = [
  "L1",  # the others are the stove's
]

[[chargers]]
id = "4711"
max_amps = 10

[[windows]]
name = "night"
from = "21:30"
to = "07:15"
mode = "fast"
"""


def draft(text=WRITTEN):
    return Draft(Path("sunward.toml"), Path("credentials.env"), text, tables=tomllib.loads(text))


def test_only_the_lines_that_change_change():
    one = draft()
    one.put("site", {"name": "Valley", "volts": 230, "phases": 3})
    one.put("bus", {"port": "/dev/ttyUSB0", "circuit_amps": 12.8})
    after = one.new_text().splitlines()
    before = WRITTEN.splitlines()
    assert [line for line in before if line not in after] == [
        'name = "Hill"   # by hand',
        "circuit_amps = 16  # 20 A breaker",
    ]
    assert [line for line in after if line not in before] == [
        'name = "Valley"   # by hand',
        "phases = 3",
        "circuit_amps = 12.8  # 20 A breaker",
    ]


def test_chargers_come_change_and_go_and_their_other_settings_stay():
    one = draft()
    rows = one.rows("chargers")
    one.put_rows("chargers", [{**rows[0], "max_amps": 12}, {"id": "3202", "name": "Court", "max_amps": 8}])
    after = tomllib.loads(one.new_text())
    assert [(row["id"], row["max_amps"]) for row in after["chargers"]] == [("3201", 12), ("3202", 8)]
    assert "# the others are the stove's" in one.new_text()
    assert after["windows"] == tomllib.loads(WRITTEN)["windows"]


def test_what_is_written_over_several_lines_is_replaced_whole():
    one = draft()
    rows = one.rows("chargers")
    one.put_rows("chargers", [{**rows[0], "phases": ["L1", "L2"]}, rows[1]])
    assert tomllib.loads(one.new_text())["chargers"][0]["phases"] == ["L1", "L2"]


def test_a_value_can_go():
    one = draft()
    one.put("bus", {"spike": None})
    assert "spike" not in one.new_text()


def test_plans_stay_with_their_car_when_another_car_comes():
    text = '[[cars]]\nvin = "A"\n[[cars.plans]]\nby = "07:00"\n[web]\nlisten = "127.0.0.1:1"\n'
    one = draft(text)
    one.put_rows("cars", [*one.rows("cars"), {"vin": "B"}])
    assert tomllib.loads(one.new_text())["cars"] == [{"vin": "A", "plans": [{"by": "07:00"}]}, {"vin": "B"}]


@pytest.mark.parametrize(
    "text",
    ['site.name = "dotted"\n', '[bus]\nquirk = """\n[site]\n"""\n', '[site]\n"name" = "quoted"\n'],
)
def test_what_is_written_in_an_unusual_way_is_refused_and_never_spoiled(text):
    one = draft(text)
    one.put("site", {"name": "Hill"})
    with pytest.raises(Odd):
        one.new_text()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_from_toml_as_it_went_in(text):
    assert tomllib.loads(f"a = {toml(text)}")["a"] == text


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x85"), min_size=1)
)
def test_every_secret_comes_back_or_is_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("secrets") / "credentials.env"
    try:
        path.write_text(put_secret("# mine\nA=1\n", "B", text), "utf-8")
    except Odd:
        return
    path.chmod(0o600)
    assert read_credentials(path) == {"A": "1", "B": text}


def test_a_secret_is_replaced_where_it_stands():
    assert put_secret("A=1\nexport B=2 # old\nC=3\n", "B", "it's $new") == "A=1\nB='it\\'s $new'\nC=3\n"


BATTERY = """\
[battery]
site = "1"
off_peak = { reserve = 100 }  # full by then

[[battery.periods]]
name = "summer"
from = "14:00"
to = "20:00"
mode = "self_consumption"
reserve = 0

[web]
listen = "127.0.0.1:8080"
"""


def test_tables_on_one_line_and_below_headers_stay_as_they_are_written():
    one = draft(BATTERY)
    one.put("battery", {"site": "2", "off_peak": {"reserve": 90}})
    row = {"name": "summer", "from": "14:00", "to": "21:00", "reserve": 0}
    one.put_rows("battery.periods", [row, row | {"name": "winter", "months": "11-3"}])
    after = one.new_text()
    assert 'site = "2"\noff_peak = { reserve = 90 }  # full by then\n' in after
    assert "mode" not in after
    assert after.index('name = "winter"') < after.index("[web]")
    read = tomllib.loads(after)
    assert [row["to"] for row in read["battery"]["periods"]] == ["21:00", "21:00"]


@pytest.mark.parametrize(
    "text",
    [
        (
            '[battery]\nsite = "1"\nperiods = [{ name = "a", from = "14:00", to = "20:00" }]\n'
            "[battery.off_peak]\nreserve = 80\nexport = 'never'\n"
        ),
        '[battery.off_peak]\nreserve = 80\n[battery]\nsite = "1"\n',
        "",
    ],
)
def test_however_it_was_written_it_says_the_same_afterwards(text):
    one = draft(text)
    one.put("battery", {"site": "7", "off_peak": {"reserve": 100}})
    one.put_rows("battery.periods", [{"name": "b", "from": "16:00", "to": "21:00", "reserve": 20}])
    assert tomllib.loads(one.new_text()) == {
        "battery": {
            "site": "7",
            "off_peak": {"reserve": 100},
            "periods": [{"name": "b", "from": "16:00", "to": "21:00", "reserve": 20}],
        }
    }


def test_a_cars_plans_stay_when_its_links_change():
    text = '[[cars]]\nvin = "A"\nreads = "owner://"\n\n[[cars.plans]]\nby = "07:00"\nsoc_percent = 80\n'
    one = draft(text)
    one.put_rows("cars", [one.rows("cars")[0] | {"reads": ["ble://1.2.3.4", "owner://"]}, {"vin": "B"}])
    read = tomllib.loads(one.new_text())["cars"]
    assert read[0]["plans"] == [{"by": "07:00", "soc_percent": 80}]
    assert read[0]["reads"] == ["ble://1.2.3.4", "owner://"]
    assert read[1] == {"vin": "B"}
