"""The bus part on the fake clock: a port that never waits, lost and found again."""

from agent.bus.master import Master
from agent.bus.part import BusPart
from agent.bus.port import PortError
from agent.model import BusView, Offer
from agent.parts import Outbox, Slot, SteppedRunner
from scheduler.clock import FakeClock
from tests.bus.bench import rules, unit


class ShortWire:
    """A port with one virtual charger at its end and no time between."""

    def __init__(self, charger, clock, is_network=False):
        self.charger, self.clock, self.is_network = charger, clock, is_network
        self.is_broken = self.is_deaf = False
        self.opened = 0

    def open(self):
        if self.is_broken:
            raise PortError("There is no /dev/ttyUSB9. Plug the adapter in.")
        self.opened += 1
        return self

    def write(self, data):
        if self.is_broken:
            raise PortError("The bus port /dev/ttyUSB9 is gone.")
        if not self.is_deaf:
            self.charger.receive(data, self.clock.mono_s)

    def read(self, timeout_s):
        if self.is_broken:
            raise PortError("The bus port /dev/ttyUSB9 is gone.")
        now = self.clock.mono_s
        return b"" if self.is_deaf or self.charger.next_due > now else self.charger.send(now)

    def close(self):
        pass


def house(is_network=False, amps=10.0):
    clock = FakeClock()
    wire = ShortWire(unit(answer_s=0.0, first_announcement_s=0.5), clock, is_network)
    view, events = Slot(BusView()), Outbox()
    offers = Slot((Offer("3201", amps, "a test", 1e9),))
    part = BusPart(Master(rules("3201"), 0.0), wire.open, offers, view, events, port_name="/dev/ttyUSB9")
    runner = SteppedRunner(clock)
    runner.start(part)
    return wire, part, runner, view, events, offers


def test_offers_go_in_and_a_view_comes_out():
    wire, _, runner, view, events, offers = house()
    runner.run_until(30.0)
    assert view.get().chargers[0].confirmed_amps == 10
    offers.put((Offer("3201", 6.0, "a test", 1e9),))
    runner.run_until(32.0)
    assert view.get().chargers[0].confirmed_amps == 6
    assert view.get().health.port == "/dev/ttyUSB9"
    assert [e.kind for e in events.drain()] == ["charger_linked"]
    assert wire.opened == 1


def test_a_lost_port_is_opened_again_and_said_once():
    wire, _, runner, view, events, _ = house()
    runner.run_until(30.0)
    wire.is_broken = True
    runner.run_until(90.0)
    assert view.get().health.problem == "There is no /dev/ttyUSB9. Plug the adapter in."
    assert not view.get().chargers[0].linked
    before = wire.charger.heartbeats
    wire.is_broken = False
    runner.run_until(92.0)
    assert wire.charger.heartbeats > before
    assert [e.kind for e in events.drain()] == ["charger_linked", "bus_port_lost", "bus_port_back"]


def test_a_port_that_is_not_there_at_the_start_is_waited_for():
    wire, _, runner, view, *_ = house()
    wire.is_broken = True
    runner.run_until(20.0)
    assert not view.get().health.open
    wire.is_broken = False
    runner.run_until(40.0)
    assert view.get().chargers[0].confirmed_amps == 10
    assert view.get().health.reopened == 0


def test_a_network_adapter_that_fell_silent_is_opened_anew():
    for is_network, opened in ((True, 2), (False, 1)):
        wire, _, runner, *_ = house(is_network)
        runner.run_until(30.0)
        wire.is_deaf = True
        runner.run_until(60.0)
        assert wire.opened == opened


def test_closing_says_a_last_safe_limit_and_takes_no_longer_than_it_may():
    wire, part, runner, view, _, _ = house(amps=20.0)
    runner.run_until(30.0)
    assert wire.charger.offered_amps == 20
    ticks = iter(range(10_000))

    def now():
        return runner.clock.advance(0.001 * (next(ticks) > 0))

    part.close(now)
    assert wire.charger.offered_amps == 6
    assert runner.clock.mono_s < 31.6
    assert view.get().chargers[0].confirmed_amps == 6


def test_an_offer_that_comes_while_we_say_goodbye_is_not_taken():
    wire, part, runner, _, _, offers = house(amps=16.0)
    runner.run_until(60.0)
    assert wire.charger.offered_amps == 16.0
    offers.put((Offer("3201", 15.0, "a second too late", 1e9),))

    def now():
        wire.clock.advance(0.01)
        return wire.clock.now()

    part.close(now)
    assert wire.charger.offered_amps == 6.0


def test_the_answer_to_the_heartbeat_before_is_not_taken_for_the_farewells():
    wire, part, runner, _, _, _ = house(amps=16.0)
    runner.run_until(60.0)
    master, clock = part.master, wire.clock
    while not (beat := master.send(clock.mono_s)):
        clock.advance(0.01)
    wire.charger.receive(beat, clock.mono_s)
    part._heard = wire.charger.send(clock.mono_s)  # it lies in the port when the end begins
    assert part._heard

    def now():
        clock.advance(0.01)
        return clock.now()

    part.close(now)
    assert wire.charger.offered_amps == 6.0
