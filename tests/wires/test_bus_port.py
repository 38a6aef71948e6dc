"""The bus part on real ports: a pseudo-terminal and a TCP adapter, at line rate, in threads."""

import select
import socket
import threading
from random import Random
from zoneinfo import ZoneInfo

import pytest
import serial
import serial.rfc2217

from agent.bus.master import Master
from agent.bus.part import BusPart
from agent.bus.port import PortError, open_port
from agent.bus.rules import BusRules, ChargerLimits
from agent.model import BusView, Offer
from agent.parts import Outbox, Slot, ThreadRunner
from scheduler.clock import SystemClock
from simulator.car import Car, CarProfile
from simulator.charger import LOST_AFTER_S, ChargerProfile, VirtualCharger
from simulator.wires.pty import PtyBus
from simulator.wires.tcp import TcpBus

CLOCK = SystemClock(ZoneInfo("UTC"))
FOREVER = 1e12


def now_s():
    return CLOCK.now().mono_s


class House:
    """A line with one charger, and the bus part in a thread of its own."""

    def __init__(self, line, listen_s=0.2):
        self.line = line
        self.crashes = []
        self.view = Slot(BusView())
        self.events = Outbox()
        self.kinds = []
        self.offers = Slot((Offer("3201", 10.0, "a test", FOREVER),))
        rules = BusRules(16.0, (ChargerLimits("3201", 16.0),), listen_s=listen_s)
        self.part = BusPart(
            Master(rules, now_s()),
            lambda: open_port(line.path),
            self.offers,
            self.view,
            self.events,
            port_name=line.path,
        )
        self.runner = ThreadRunner(CLOCK, lambda part, error: self.crashes.append(error))
        self.runner.start(self.part)

    def until(self, holds, within_s=6.0):
        """Wait until the published view is as wished; returns how long that took."""
        begun = now_s()
        pause = threading.Event()
        while now_s() - begun < within_s:
            self.kinds += [event.kind for event in self.events.drain()]
            if self.view.get().chargers and holds(self.view.get()):
                return now_s() - begun
            pause.wait(0.02)
        pytest.fail(f"never came: {self.view.get()}")
        return within_s

    def close(self):
        self.runner.end()
        self.part.close(CLOCK.now)
        assert self.crashes == []


def line_of(kind, **about):
    rng = Random(1)
    unit = VirtualCharger(
        ChargerProfile("3201", first_announcement_s=0.1),
        Car(CarProfile(start_lag_s=0.2, ramp_up_amps_per_s=20.0), now_s(), rng),
        now_s(),
        rng,
    )
    return kind([unit], CLOCK, **about)


@pytest.fixture(params=[PtyBus, TcpBus], ids=["device", "network"])
def house(request):
    made = House(line_of(request.param))
    yield made
    made.close()
    made.line.close()


def is_following(view):
    return view.chargers[0].confirmed_amps == 10 and view.chargers[0].linked


def test_a_charger_follows_over_a_real_port_and_hears_a_last_safe_limit(house):
    house.until(is_following)
    house.runner.end()
    house.part.close(CLOCK.now)
    assert house.line.do(lambda chargers, now: chargers[0].offered_amps) == 6


def test_the_port_vanishes_and_comes_back(house):
    house.until(is_following)
    house.line.pull()
    house.until(lambda view: not view.health.open)
    assert "Look at" in house.view.get().health.problem or "Plug" in house.view.get().health.problem
    before = house.line.do(lambda chargers, now: chargers[0].heartbeats)
    house.line.plug_back()
    heard = house.until(lambda view: house.line.do(lambda chargers, now: chargers[0].heartbeats) > before)
    assert heard < 2.0
    house.until(lambda view: is_following(view) and view.health.reopened == 1)
    assert [kind for kind in house.kinds if kind.startswith("bus")] == ["bus_port_lost", "bus_port_back"]


def test_an_adapter_that_hangs_up_is_called_again():
    house = House(line_of(TcpBus))
    house.until(is_following)
    house.line.hang_up()
    house.until(lambda view: view.health.reopened == 1)
    house.until(is_following)
    house.close()
    house.line.close()


def test_an_echoing_adapter_is_no_second_primary():
    house = House(line_of(PtyBus, echo=True))
    house.until(lambda view: is_following(view) and view.health.echoes > 5)
    assert house.view.get().health.other_primary == ""
    house.close()
    house.line.close()


class Rfc2217Adapter:
    """A network adapter of the better kind: pyserial's own server half before a simulated line."""

    def __init__(self, line):
        self.device = serial.serial_for_url(line.path, 9600, timeout=0)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.path = f"rfc2217://127.0.0.1:{self.listener.getsockname()[1]}"
        self.client = None
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def write(self, data):
        self.client.sendall(data)

    def serve(self):
        self.client, _ = self.listener.accept()
        manager = serial.rfc2217.PortManager(self.device, self)
        while True:
            ready, _, _ = select.select([self.client, self.device], [], [])
            if self.client in ready:
                data = self.client.recv(1024)
                if not data:
                    return
                self.device.write(b"".join(manager.filter(data)))
            if self.device in ready:
                self.client.sendall(b"".join(manager.escape(self.device.read(256))))

    def close(self):
        self.thread.join(5.0)
        self.client.close()
        self.listener.close()
        self.device.close()


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
def test_a_charger_follows_behind_an_rfc2217_adapter():
    line = line_of(TcpBus)
    adapter = Rfc2217Adapter(line)
    house = House(adapter)
    house.until(is_following)
    assert house.view.get().health.worst_gap_s < LOST_AFTER_S
    house.close()
    adapter.close()
    line.close()


def test_a_device_is_opened_for_us_alone():
    line = line_of(PtyBus)
    first = open_port(line.path)
    with pytest.raises(PortError, match="in use by another program"):
        open_port(line.path)
    first.close()
    open_port(line.path).close()
    line.close()


def refused():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"socket://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("/dev/ttyNOTHING", "There is no /dev/ttyNOTHING. Plug the adapter in"),
        ("/dev/null", "can't be opened as a serial port"),
        ("socket://here", "write /dev/..., socket://host:port"),
        ("http://127.0.0.1", "is no port: write /dev/"),
        pytest.param(refused(), "refused the connection. Look at its power", id="refused"),
    ],
)
def test_a_port_that_cannot_be_opened_says_what_to_do(url, says):
    with pytest.raises(PortError, match=says):
        open_port(url)


def write_and_read(port):
    for _ in range(5):
        port.write(b"\xc0")
        port.read(0.01)


def test_a_write_to_a_dead_port_is_a_port_error():
    line = line_of(PtyBus)
    port = open_port(line.path)
    line.pull()
    with pytest.raises(PortError, match="is gone"):
        write_and_read(port)
    port.close()
    line.close()
