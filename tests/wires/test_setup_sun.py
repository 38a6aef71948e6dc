"""The wizard asks for the roof, and the sky's cloud is asked once over real HTTP."""

import tomllib

import pytest

from scheduler.__main__ import main as scheduler
from simulator.clouds.tesla_car import CloudCar
from simulator.clouds.web import Answer
from tests.wires.newcomer import Person, answer
from tests.wires.street import Street

BEGIN = '[site]\ntimezone = "Europe/Vienna"\n[bus]\nport = "/dev/ttyUSB7"\ncircuit_amps = 12\n'
END = "[finish]\noverwrite = true\ndoctor = false\n"
ROOF = '[[forecast.planes]]\nkwp = 6.2\ntilt = 35\nazimuth = "south-west"\n[[forecast.planes]]\nkwp = 2.8\n'


@pytest.fixture
def street():
    found = Street(CloudCar())
    yield found
    found.stop()


@pytest.fixture
def house(tmp_path, street):
    """Settings of somebody who has no forecast yet."""
    path = tmp_path / "sunward.toml"
    path.write_text(f'{BEGIN}[forecast]\naddress = "{street.sky.web.url}"\n', "utf-8")
    return path


def wrote(house):
    return tomllib.loads(house.read_text("utf-8"))


def test_the_roof_is_asked_for_in_words_and_the_days_sun_is_told(house, street, capsys):
    assert answer(house, "[forecast]\n" + ROOF + END) == 0
    assert "kWh of sun are forecast, tomorrow" in capsys.readouterr().out
    assert street.sky.counts == {"/v1/forecast": 2}  # once for each plane
    assert wrote(house)["forecast"] == {
        "address": street.sky.web.url,
        "latitude": 48.2,  # of the time zone's city
        "longitude": 16.3,
        "planes": [{"kwp": 6.2, "tilt": 35, "azimuth": 225}, {"kwp": 2.8, "tilt": 30, "azimuth": 180}],
    }
    assert scheduler(["forecast", "--dry-run", "--config", str(house)]) == 0
    before = house.read_text("utf-8")
    assert answer(house, "[forecast]\n" + END) == 0
    assert house.read_text("utf-8") == before  # what stands there is proposed


def test_another_service_and_other_degrees_are_written(house, street):
    text = '[forecast]\nlatitude = -33.9\nlongitude = 151\nservice = "Forecast.Solar"\ndegrees = "F"\n'
    assert answer(house, text + "[[forecast.planes]]\nkwp = 9\nazimuth = 0\n" + END) == 0
    assert wrote(house)["forecast"]["service"] == "forecast_solar"
    assert wrote(house)["forecast"]["degrees"] == "F"
    assert list(street.sky.counts) == ["/estimate/-33.9/151/30/-180/9"]


def test_a_sky_that_does_not_answer_keeps_what_was_said(house, street, capsys):
    street.sky.troubles = [("/v1", Answer("<html>", 503))]
    assert answer(house, "[forecast]\n" + ROOF + END) == 0
    assert "127.0.0.1 answers HTTP 503." in capsys.readouterr().out
    assert len(wrote(house)["forecast"]["planes"]) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[forecast]\nlatitude = 91\n", "forecast.latitude: Write a number from -90 to 90"),
        ("[forecast]\n", "forecast.planes.1.kwp: is missing among the answers."),
        ('[[forecast.planes]]\nkwp = 6\nazimuth = "up"\n', "forecast.planes.1.azimuth: Write south, "),
        ('[forecast]\nservice = "oracle"\n' + ROOF, "forecast.service: Write one of: open_meteo, "),
        ("[[forecast.planes]]\nwatts = 6\n", "forecast.planes[1].watts: no question has this key."),
    ],
)
def test_an_answer_that_cannot_be_used_is_told(house, street, text, says, capsys):
    before = house.read_text("utf-8")
    assert answer(house, text + END) == 1
    assert says in capsys.readouterr().err
    assert house.read_text("utf-8") == before


def test_planes_that_a_person_wrote_one_by_one_are_kept_or_changed_as_a_whole(house, street):
    mine = "[[forecast.planes]] # the barn\nkwp = 6\n"
    begin = house.read_text("utf-8") + "latitude = 48.1\nlongitude = 16.2\n"
    house.write_text(begin + mine, "utf-8")
    assert answer(house, "[forecast]\n" + END) == 0
    assert house.read_text("utf-8") == begin + mine
    assert answer(house, "[[forecast.planes]]\nkwp = 7\n" + END) == 0
    assert wrote(house)["forecast"]["planes"] == [{"kwp": 7}]
    assert scheduler(["jobs", "--config", str(house)]) == 0


def test_a_person_types_it_all(house, street):
    person = Person(house)
    person.answers(
        *((f"{step} ──", "s") for step in ("The house", "The chargers", "The meters", "What power costs")),
        ("5 of 10 · What the sun will give ──", ""),
    )
    person.sees("Proposed is the city of Europe/Vienna")
    person.answers(
        ("latitude in degrees (north of the equator, - south) [48.2]", "48,1"),
        ("longitude in degrees (east of Greenwich, - west) [16.3]", ""),
        ("How many roof planes have panels", ""),
        ("peak power of its panels, in kW: ", "6.2 kWp"),
        ("its tilt in degrees (0 flat, 90 a wall) [30]", ""),
        ("[south]: ", "South East"),
        ("neither wants a key [open_meteo]", ""),
        ("Temperatures in C or F [C]", ""),
    )
    person.sees("kWh of sun are forecast")
    person.answers(
        *((f"{step} ──", "s") for step in ("the Tesla account", "The Powerwall", "Thermostats", "Letters")),
        ("The page ──", "s"),
        ("Write it", "y"),
        ("Try everything", "n"),
    )
    person.sees("What now:")
    assert person.end() == 0
    assert wrote(house)["forecast"]["planes"] == [{"kwp": 6.2, "tilt": 30, "azimuth": 135}]
    assert wrote(house)["forecast"]["latitude"] == 48.1


# --- what it is good for -----------------------------------------------------------------------------


def test_with_a_forecast_hot_days_may_be_precooled(house, street, capsys):
    skies = house.read_text("utf-8")
    paths = street.settings.partition("[tariff]")[0]
    house.write_text(skies + paths, "utf-8")
    paste = street.clouds.sign_in()["refresh_token"]
    text = f"""
[forecast]
degrees = "F"
{ROOF}
[tesla]
back_end = "owner"
paste = "{paste}"
vins = []
[battery]
[thermostats]
user = "me@example.org"
password = "right"
"""
    assert answer(house, text + "hotter_than = 105\n" + END) == 0
    rule = wrote(house)["thermostats"]["precool"]
    assert rule == {"from": "14:00", "setpoint": 67, "battery_below": 90, "hotter_than": 105}
    assert "hotter than so many degrees F" in capsys.readouterr().out
    before = house.read_text("utf-8")
    assert answer(house, "[thermostats]\n" + END) == 0
    assert house.read_text("utf-8") == before
    assert answer(house, '[thermostats]\nhotter_than = "-"\n' + END) == 0
    assert "hotter_than" not in wrote(house)["thermostats"]["precool"]
    assert street.portal.counts["sign-in"] == 1
