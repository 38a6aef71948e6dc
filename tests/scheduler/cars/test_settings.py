"""[tesla] and [[cars]]: every mistake at once, each with what to write instead."""

from pathlib import Path

import pytest

from notify.settings import SettingsError
from scheduler.cars.settings import SCHEMES, CarSettings, PlanSettings, TeslaSettings, read_settings
from scheduler.settings import SchedulerSettings

GOOD = 'vin = "5YJ3E1EA7KF000042"\n'


def problems(tmp_path, text):
    path = tmp_path / "sunward.toml"
    path.write_text('[[chargers]]\nid = "3201"\n' + text)
    with pytest.raises(SettingsError) as caught:
        read_settings(SchedulerSettings.load(path))
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ('vin = "5YJ3"', "cars[1].vin", "17 letters"),
        (GOOD + 'read = "fleet://"', "cars[1].read", "no such setting"),
        (GOOD + 'reads = "fleat://"', "cars[1].reads", "owner://, fleet://"),
        (GOOD + 'reads = "fleet://"', "cars[1]", "client_id"),
        (GOOD + 'reads = "fleet://na"', "cars[1].reads", "no address"),
        (GOOD + 'reads = "teslamate://10.0.0.5"', "cars[1].reads", "?car=1"),
        (GOOD + 'reads = "ble://"', "cars[1].reads", "where it is"),
        (GOOD + 'reads = "ble://h?wake=1"', "cars[1].reads", "no option 'wake'"),
        (GOOD + 'reads = "ble://me:secret@h"', "cars[1].reads", "credentials.env"),
        (GOOD + 'reads = "ble://h:99999"', "cars[1].reads", "port"),
        (GOOD + 'commands = "teslamate://h?car=1"', "cars[1].commands", "only read"),
        (GOOD + 'charger = "9999"', "cars[1].charger", "no charger 9999"),
        (GOOD + "min_soc_percent = 30", "cars[1]", "set reads"),
        (GOOD + 'harder_stops = ["axe"]', "cars[1].harder_stops[1]", "limit"),
        (GOOD + f"[[cars]]\n{GOOD}", "cars[1].vin", "twice"),
        (GOOD + 'reads = "ble://h"\n[[cars.plans]]\nsoc_percent = 80\nby = "7 am"', "plans[1].by", "07:00"),
        (GOOD + 'reads = "ble://h"\n[[cars.plans]]\nsoc_percent = 80', "plans[1].by", "missing"),
        (
            GOOD + 'reads = "ble://h"\n[[cars.plans]]\nsoc_percent = 80\nby = "07:00"\ndays = "weekdays"',
            "plans[1].days",
            "mon-fri",
        ),
        (GOOD + '[tesla]\nfleet_url = "http://example.org"', "tesla.fleet_url", "https://"),
        (GOOD + '[tesla]\nregion = "us"', "tesla.region", "'na'"),
    ],
)
def test_a_mistake_is_one_clear_sentence(tmp_path, text, where, says):
    found = problems(tmp_path, f"[[cars]]\n{text}")
    assert len(found) == 1
    assert where in found[0]
    assert says in found[0]


def test_all_mistakes_are_told_at_once(tmp_path):
    assert len(problems(tmp_path, '[[cars]]\nvin = "x"\nbattery_kwh = 1\n[tesla]\nregion = "xx"\n')) == 3


def test_a_car_is_called_by_its_name_or_by_the_end_of_its_vin(tmp_path):
    path = tmp_path / "sunward.toml"
    path.write_text(f'[[cars]]\n{GOOD}[[cars]]\nvin = "5YJ3E1EA7KF000043"\nname = "Comet"\n')
    cars = read_settings(SchedulerSettings.load(path)).cars
    assert [car.label for car in cars] == ["the car …000042", "Comet"]


def test_every_setting_stands_in_the_manual():
    manual = (Path(__file__).parents[3] / "docs" / "cars.md").read_text()
    for model in (CarSettings, TeslaSettings, PlanSettings):
        for name in model.model_fields:
            assert f"`{name}`" in manual, name
    for scheme in SCHEMES:
        assert f"`{scheme}://" in manual
