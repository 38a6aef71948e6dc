"""The simplest primary there is, to try the simulator's wires and worlds without the product's own."""

import pytest

from agent.bus import slip
from agent.bus.frames import ChargerHeartbeat, ChargerReady, Command, PrimaryHeartbeat, RemoteError, decode
from agent.model import BusView, ChargerStatus

SLOT_S = 0.15


class PlainPrimary:
    """Heartbeats each charger once a second with the amps it was given; keeps what it heard."""

    def __init__(self, charger_ids, amps=0.0, starts_at=0.5):
        self.amps = dict.fromkeys(charger_ids, amps)
        self.heard = []
        self.answers = {}
        self.rating = {}
        self.beats = {}
        self.next_due = starts_at
        self.last_sent = 0.0
        self._decoder = slip.Decoder()
        self._turn = 0
        self._round_at = starts_at

    def receive(self, data, now):
        for raw in self._decoder.feed(data, now):
            try:
                message = decode(raw)
            except RemoteError:
                continue
            self.heard.append((now, message))
            if isinstance(message, ChargerHeartbeat):
                self.answers[message.charger] = (message, now)
            if isinstance(message, ChargerReady):
                self.rating[message.charger] = message.rating_amps

    def send(self, now):
        self.last_sent = now
        charger_id = list(self.amps)[self._turn]
        self._turn += 1
        self.next_due = now + SLOT_S
        if self._turn == len(self.amps):
            self._turn = 0
            self._round_at += 1.0
            self.next_due = max(now, self._round_at)
        order = PrimaryHeartbeat("7777", charger_id, Command.LIMIT, self.amps[charger_id])
        wire = self.beats.get(order)
        if wire is None:
            wire = self.beats[order] = slip.encode(order.encode())
        return wire

    # what a World asks of it

    def offers(self, offers):
        for offer in offers:
            self.amps[offer.charger_id] = offer.amps

    def port_lost(self, now, problem="", port=""):
        pass

    def port_opened(self, now, port=""):
        pass

    def view(self):
        return BusView(tuple(self.status(charger_id, self.last_sent) for charger_id in self.amps))

    def status(self, charger_id, now):
        answer, heard_at = self.answers.get(charger_id, (None, None))
        if answer is None:
            return ChargerStatus(charger_id)
        return ChargerStatus(
            charger_id,
            rating_amps=32.0,
            offered_amps=answer.offered_amps,
            confirmed_amps=answer.offered_amps,
            drawn_amps=answer.drawn_amps,
            heard_at_mono_s=heard_at,
            linked=now - heard_at < 10,
            plugged=answer.state_code != 0,
            charging=answer.state_code in (1, 9) and answer.drawn_amps > 0.5,
            wants_power=answer.state_code in (4, 8) and not answer.offered_amps,
            protocol=2,
        )


@pytest.fixture(scope="session")
def plain_primary():
    return PlainPrimary
