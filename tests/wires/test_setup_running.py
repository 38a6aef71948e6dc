"""The wizard beside an agent that runs: real processes, a bus on a pseudo-terminal."""

import tomllib

import pytest

from simulator.clouds.tesla_car import CloudCar
from tests.wires.newcomer import answer
from tests.wires.street import Street

# the fixtures of the agent's own tests: a bus with one charger, and agents on it
from tests.wires.test_agent_process import bus, start  # noqa: F401

VIN = "5YJ3E1EA7KF000001"  # of the simulator's car at the bus
END = "[finish]\noverwrite = true\ndoctor = false\n"


@pytest.fixture
def street():
    found = Street(CloudCar(vin=VIN))
    yield found
    found.stop()


def test_a_car_at_a_charger_is_proposed_by_the_vin_that_it_told_the_bus(start, street, tmp_path, capsys):  # noqa: F811
    agent, house = start(), tmp_path / "sunward.toml"
    agent.until(lambda state: state["chargers"][0]["vin"], 80.0)
    ble = f"127.0.0.1:{street.clouds.ble.port}"
    text = f'[tesla]\nback_end = "ble"\nble = "{ble}"\n[page]\nport = 1\n{END}'
    assert answer(house, text) == 0
    told = capsys.readouterr().out
    assert f"{VIN} is plugged in at Garage, as the running agent hears it." in told
    way = f"ble://{ble}"
    assert tomllib.loads(house.read_text("utf-8"))["cars"] == [{"vin": VIN, "reads": way, "commands": way}]
    assert f"the car …000001: {way} answers" in told
    agent.end()
    assert answer(house, f'[tesla]\nback_end = "ble"\n{END}') == 0
    assert "plugged in" not in capsys.readouterr().out
