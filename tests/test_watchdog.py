"""What systemd hears: ready when the bus lives, a sign of life while it does, silence when it hangs."""

import socket

import pytest

from agent.model import BusHealth, BusView, ChargerStatus, Moment
from agent.parts import Slot
from agent.watchdog import Watchdog


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address):
        self.address = address
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.door.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.door.setblocking(False)

    def heard(self):
        said = []
        while True:
            try:
                said.append(self.door.recv(4096).decode())
            except BlockingIOError:
                return said


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    address = str(tmp_path / "notify") if request.param == "path" else f"@sunward-test-{tmp_path.name}"
    peer = Systemd(address)
    yield peer
    peer.door.close()


def test_ready_is_said_once_the_bus_has_lived_and_the_sign_of_life_only_while_it_lives(systemd):
    bus = Slot(BusView())
    watchdog = Watchdog(systemd.address, bus)
    assert watchdog.step(Moment(0.0)) == 1.0
    assert systemd.heard() == []
    bus.put(BusView((ChargerStatus("3201", linked=True, charging=True),)))
    watchdog.step(Moment(1.0))
    assert systemd.heard() == ["READY=1\nWATCHDOG=1\nSTATUS=1 of 1 chargers linked, 1 charging"]
    for second in range(2, 30):
        watchdog.step(Moment(float(second)))
    assert systemd.heard() == ["WATCHDOG=1"] * 4
    bus.put(BusView((ChargerStatus("3201", linked=True, charging=True),)))
    watchdog.step(Moment(30.0))
    watchdog.ending()
    assert systemd.heard() == ["WATCHDOG=1", "STOPPING=1"]


def test_a_lost_port_is_no_reason_to_be_killed_and_stands_in_the_status(systemd):
    bus = Slot(BusView())
    watchdog = Watchdog(systemd.address, bus)
    bus.put(BusView(health=BusHealth(problem="The adapter was unplugged.")))
    watchdog.step(Moment(1.0))
    assert systemd.heard() == ["READY=1\nWATCHDOG=1\nSTATUS=The adapter was unplugged."]


def test_a_socket_that_is_gone_hurts_nobody(tmp_path):
    bus = Slot(BusView())
    watchdog = Watchdog(str(tmp_path / "gone"), bus)
    bus.put(BusView((ChargerStatus("3201"),)))
    assert watchdog.step(Moment(1.0)) == 2.0
