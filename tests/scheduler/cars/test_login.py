"""Signing in by hand: an address out, a pasted answer in."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from scheduler.__main__ import main
from scheduler.cars.login import LoginFailed, login
from scheduler.cars.model import SignInNeeded
from scheduler.cars.products import read_products
from scheduler.settings import SchedulerSettings

REDIRECT = 'redirect_url = "https://home.example.org/callback"'


class Person:
    """Reads what is printed, opens the address in a browser, and pastes where it ends."""

    def __init__(self, *pastes):
        self.lines = []
        self.pastes = list(pastes)

    def say(self, text):
        self.lines.append(text)

    def ask(self, _):
        paste = self.pastes.pop(0) if self.pastes else "browser"
        return self.browser() if paste == "browser" else paste

    def browser(self):
        address = next(line.strip() for line in reversed(self.lines) if "/authorize?" in line)
        return requests.get(address, allow_redirects=False, timeout=5).headers["Location"]

    @property
    def text(self):
        return "\n".join(self.lines)


@pytest.fixture
def home(street):
    return street.settings(tesla=REDIRECT, reads=["fleet://", "owner://"], signed_in=False)


def sign_in(home, back_end, person):
    login(home.home.settings, back_end, home.clock.wall, person.ask, person.say)
    return person.text


def kept(home, name):
    return json.loads((home.home.settings.state_dir / "tesla" / f"{name}.json").read_text())


@pytest.mark.parametrize("back_end", ["fleet", "owner"])
def test_a_pasted_address_signs_in_and_the_cars_are_tried(home, back_end):
    text = sign_in(home, back_end, Person())
    assert "Signed in." in text
    assert f"Comet: {back_end}:// answers; the car is asleep." in text
    assert kept(home, back_end)["pair"]["access"] in home.clouds.access
    assert (home.home.settings.state_dir / "tesla" / f"{back_end}.json").stat().st_mode & 0o77 == 0


def test_a_ready_refresh_token_does_as_well(home):
    refresh = home.clouds.sign_in()["refresh_token"]
    sign_in(home, "owner", Person(refresh))
    assert kept(home, "owner")["pair"]["refresh"] in home.clouds.refresh


def test_a_bad_paste_gets_another_try(home):
    text = sign_in(home, "fleet", Person("", "https://home.example.org/callback?state=x", "browser"))
    assert "Nothing was pasted." in text
    assert "holds no code" in text
    assert "Signed in." in text


def test_an_address_of_an_earlier_attempt_is_refused(home):
    person = Person("https://home.example.org/callback?code=NA_old&state=other", "browser")
    assert "earlier attempt" in sign_in(home, "fleet", person)


def test_a_refused_code_changes_nothing(home):
    sign_in(home, "fleet", Person())
    before = kept(home, "fleet")
    with pytest.raises(LoginFailed, match="Nothing was changed"):
        sign_in(home, "fleet", Person("https://home.example.org/callback?code=NA_forged"))
    assert kept(home, "fleet") == before


def test_a_used_refresh_token_is_refused_in_words(home):
    refresh = home.clouds.sign_in()["refresh_token"]
    sign_in(home, "owner", Person(refresh))
    with pytest.raises(LoginFailed, match="does not accept"):
        sign_in(home, "owner", Person(refresh))


def test_the_address_proves_itself_and_carries_no_secret(home):
    person = Person()
    sign_in(home, "fleet", person)
    address = next(line.strip() for line in person.lines if "/authorize?" in line)
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert "client_secret" not in asked
    assert "vehicle_location" not in asked["scope"][0]


def test_without_a_back_end_it_says_how_things_stand(home):
    assert "fleet: nobody is signed in. Type: ./sunward scheduler login fleet" in sign_in(home, "", Person())
    sign_in(home, "fleet", Person())
    assert "fleet: signed in, renewed 2026-06-10 12:00." in sign_in(home, "", Person())


def test_a_house_with_a_powerwall_only_is_told_of_its_sign_in(street):
    street.settings(reads="ble://127.0.0.1:1", commands=[], signed_in=False)
    assert "Nothing here needs a sign-in." in sign_in(street, "", Person())
    street.settings(reads="ble://127.0.0.1:1", commands=[], signed_in=False, car='[battery]\nsite = "1"')
    assert "owner: nobody is signed in. Type: ./sunward scheduler login owner" in sign_in(
        street, "", Person()
    )


def test_a_way_without_an_account_is_tried(home):
    street = home.settings(reads=f"ble://127.0.0.1:{home.clouds.ble.port}", signed_in=False)
    assert "answers; the car is asleep" in sign_in(street, "ble", Person())
    assert "No car in sunward.toml uses teslamate://" in sign_in(street, "teslamate", Person())


def test_fleet_needs_an_app(street):
    street.settings(signed_in=False)
    with pytest.raises(LoginFailed, match="client_id and redirect_url"):
        sign_in(street, "fleet", Person())


def test_the_command_line_knows_it(home, capsys):
    assert main(["login", "--config", str(home.home.settings.path)]) == 0
    assert "nobody is signed in" in capsys.readouterr().out
    assert main(["login", "bluetooth", "--config", str(home.home.settings.path)]) == 1
    assert "There is no back end 'bluetooth'" in capsys.readouterr().err


def test_two_programs_must_not_share_a_token(home):
    """Tesla's refresh tokens work once: whoever renews second is signed out."""
    reply = home.clouds.sign_in()
    sign_in(home, "owner", Person(reply["refresh_token"]))
    with pytest.raises((SignInNeeded, LoginFailed)):
        sign_in(home, "fleet", Person(reply["refresh_token"]))


def test_a_newcomer_signs_in_first_and_learns_the_ids_from_the_account(home):
    settings = home.home.settings
    text = settings.path.read_text("utf-8").partition("[[cars]]")[0]
    settings.path.write_text(text, "utf-8")
    person = Person()
    login(SchedulerSettings.load(settings.path), "fleet", home.clock.wall, person.ask, person.say)
    assert "It holds:\n  car          5YJ3E1EA7KF000042  Comet" in person.text
    assert "./sunward setup adds it" in person.text


def test_an_account_lists_cars_and_powerwalls_but_no_ghosts():
    held = [
        {"vin": "5YJ3E1EA7KF000001", "display_name": "Blue"},
        {
            "energy_site_id": 42,
            "site_name": "Hill",
            "resource_type": "battery",
            "components": {"battery": True},
        },
        {"energy_site_id": 43, "components": {"battery": False}},
        {"energy_site_id": 44, "resource_type": "solar"},
        {},
        None,
    ]
    assert list(read_products(held).lines()) == [
        "car          5YJ3E1EA7KF000001  Blue",
        "energy site  42  Hill",
    ]
    assert list(read_products({"a": 1}).lines()) == []
