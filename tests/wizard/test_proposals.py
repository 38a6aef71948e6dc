"""What the wizard proposes by itself: dear hours, places, and amps that are never more than was told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commands.wizard import places
from agent.commands.wizard.bus import CONTINUOUS, _breaker_of, bears
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.peaks import dear_times, unlike
from agent.commands.wizard.read import azimuth, compass, number
from agent.commands.wizard.trouble import plainly
from scheduler.tariffs.holidays import CALENDARS
from scheduler.tariffs.sources.entsoe import ZONES


def draft(**tables):
    return Draft(Path("sunward.toml"), Path("credentials.env"), tables=tables)


@given(st.floats(7.5, 300))
def test_a_circuit_never_gets_more_than_its_breaker_bears(breaker):
    circuit = bears(breaker)
    assert breaker * CONTINUOUS - 0.1 < circuit <= breaker * CONTINUOUS + 1e-6


@given(st.floats(6, 240))
def test_the_breaker_that_is_proposed_gives_no_more_than_the_circuit_there_was(circuit):
    breaker = number(7.5, 300, "A")(_breaker_of(circuit))
    assert bears(breaker) <= circuit + 1e-3


def test_dear_hours_are_those_above_the_usual_price():
    peak = {"name": "peak", "from": "14:00", "to": "20:00", "price": 0.6, "months": "5-10"}
    night = {"name": "night", "from": "22:00", "to": "06:00", "price": 0.1}
    off = {"name": "no", "mode": "off", "from": "17:00", "to": "20:00", "days": "mon-fri", "charger": "3201"}
    assert dear_times(draft(tariff={"price": 0.3, "periods": [night, peak]}, windows=[off])) == [
        {"name": "peak", "months": "5-10", "days": "daily", "from": "14:00", "to": "20:00"}
    ]
    assert dear_times(draft(windows=[off, off | {"mode": "fast"}])) == [
        {"name": "no", "months": "1-12", "days": "mon-fri", "from": "17:00", "to": "20:00"}
    ]
    assert dear_times(draft()) == dear_times(draft(tariff=3, windows="x")) == []


def test_names_stay_apart():
    assert unlike("peak", []) == "peak"
    assert unlike("Peak", ["peak", "peak 2"]) == "Peak 3"


@pytest.mark.parametrize(
    ("zone", "money", "region"),
    [
        ("America/Los_Angeles", "USD", "na"),
        ("America/Toronto", "CAD", "na"),
        ("Europe/Vienna", "EUR", "eu"),
        ("Europe/London", "GBP", "eu"),
        ("Australia/Sydney", "AUD", "na"),
        ("Pacific/Honolulu", "USD", "na"),
        ("Asia/Shanghai", "EUR", "cn"),
        ("", "EUR", "na"),
    ],
)
def test_a_time_zone_suggests_money_and_region(zone, money, region):
    assert (places.currency(zone), places.region(zone)) == (money, region)


def test_what_is_suggested_exists():
    assert set(places.CALENDARS.values()) <= set(CALENDARS)
    assert set(places.BIDDING.values()) <= set(ZONES)


def test_the_names_of_secrets_are_left_out_where_they_were_just_asked_for():
    assert plainly(ValueError("It refuses the password: see GATEWAY_PASSWORD.")) == "It refuses the password."
    both = ValueError("It refuses the sign-in: see HONEYWELL_USER and HONEYWELL_PASSWORD.")
    assert plainly(both) == "It refuses the sign-in."
    assert plainly(ValueError("It is out of order.")) == "It is out of order."


@pytest.mark.parametrize(
    ("zone", "place"),
    [
        ("Europe/Vienna", (48.2, 16.3)),
        ("America/Phoenix", (33.4, -112.1)),
        ("Australia/Sydney", (-33.9, 151.2)),
        ("UTC", None),
        ("", None),
    ],
)
def test_a_time_zones_city_suggests_a_place(zone, place):
    assert places.coordinates(zone) == place


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("south", 180),
        ("S", 180),
        ("South-West", 225),
        ("north north east", 22.5),
        ("SSW", 202.5),
        ("190°", 190),
        ("0", 0),
    ],
)
def test_where_a_roof_looks_is_told_in_words(text, degrees):
    assert azimuth(text) == degrees
    assert azimuth(compass(degrees)) == degrees


@pytest.mark.parametrize("text", ["up", "southsouth", "361", "-5", ""])
def test_what_is_no_direction_is_refused(text):
    with pytest.raises(ValueError, match="Write south"):
        azimuth(text)
