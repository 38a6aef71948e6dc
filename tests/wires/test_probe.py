"""`agent probe`: a settings line for whatever speaks Modbus at an address, or the usual reasons."""

import socket

from agent.__main__ import main
from simulator.inverter import InverterState, image
from simulator.wires.modbus import ModbusServer


def test_an_inverter_is_found_with_the_lines_that_read_it(capsys):
    state = InverterState(solar_watts=4200.0, grid_watts=-1500.0)
    with ModbusServer(lambda unit, function: image(state)) as server:
        assert main(["probe", f"127.0.0.1:{server.port}"]) == 0
    found = capsys.readouterr().out
    assert f'solar    = "sunspec://127.0.0.1:{server.port}?unit=1"   # 4200 W now' in found
    assert "# -1500 W now" in found


def test_silence_comes_with_the_usual_reasons(capsys):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert main(["probe", f"127.0.0.1:{port}"]) == 1
    assert "Modbus is switched off" in capsys.readouterr().err
    assert main(["probe", "inverter:x"]) == 1
