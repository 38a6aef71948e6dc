"""The house on an MQTT broker: status topics that stay true, and orders (mqtt_topics.py lists them all)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping

from agent.boosts import Refused
from agent.doors.broker import NEVER_AGAIN_S, BrokerDoor, BrokerLink, Order, Teller, address_of
from agent.doors.doorway import Doorway, More, Obey
from agent.doors.ha_discovery import announcing
from agent.doors.leftovers import Leftovers
from agent.doors.mqtt_topics import obey, values_of
from agent.doors.nouns import State
from agent.doors.rooms import Rooms
from agent.doors.settings import MqttSettings
from agent.doors.state import state_of
from agent.model import Moment

log = logging.getLogger(__name__)


Announce = Callable[[State], Mapping[str, str]]


class MqttDoor(BrokerDoor):
    """Tells the broker what changed, once a second, and obeys what comes back."""

    name = "mqtt"

    def __init__(
        self,
        rooms: Rooms,
        settings: MqttSettings,
        secrets: Mapping[str, str],
        *,
        announce: Announce | None = None,
        birth_topic: str = "",
        branches: Mapping[str, tuple[More, Obey]] | None = None,
    ) -> None:
        """`announce` gives retained messages said once a connection and again at each `birth_topic`.

        `branches` are further topics under PREFIX/ID/NAME: their values, and who obeys ID/NAME/set/WHAT
        (charger, what, text, by).
        """
        self._rooms, self._settings = rooms, settings
        self._by = f"MQTT (broker {settings.broker})"
        self._announce, self._birth = announce, birth_topic
        self._branches = dict(branches or {})
        self._values = Teller(settings.every_s, settings.at_most_every_s)
        self._announced = Teller(NEVER_AGAIN_S)
        self._leftovers = Leftovers(rooms.kept, "mqtt")
        super().__init__(rooms.clock, self._values, self._announced)
        prefix = settings.prefix
        orders = [f"{prefix}/+/set/+", *(f"{prefix}/+/{name}/set/+" for name in self._branches)]
        topics = [*(orders if settings.control else ()), *([birth_topic] if birth_topic else ())]
        self._link = BrokerLink(
            address_of(settings, secrets), f"{prefix}/availability", topics, self._heard, self._renew
        )

    def tell(self, moment: Moment) -> None:
        """Say what is due."""
        state = self._state(moment)
        announced = self._announce(state) if self._announce else {}
        self._link.tell(self._announced, announced, moment.mono_s, qos=1)
        values = values_of(state, self._rooms.desk.windows.get(), self._settings.prefix)
        for more, _ in self._branches.values():
            values |= more(state)
        self._link.tell(self._values, values, moment.mono_s)
        self._leftovers.look((*announced, *values), moment.mono_s, lambda topic: self._link.say(topic, ""))

    def _state(self, moment: Moment) -> State:
        site = self._rooms.site
        published, control = self._rooms.published.get(), self._rooms.desk.control.get()
        price, currency = self._rooms.price_at(moment.wall), self._rooms.currency
        return state_of(
            published, control, site.rules, moment, site=site.name, price=price, currency=currency
        )

    def _heard(self, order: Order) -> None:
        if order.topic == self._birth:
            if order.text.strip() == "online":
                self._renew()
            return
        if order.retained:
            self._result(order, False, "A retained order is not obeyed: send it without the retain flag.")
            return
        _, *levels = order.topic.removeprefix(self._settings.prefix).split("/")
        try:
            match levels:
                case [whose, "set", what]:
                    said = obey(self._rooms, whose, what, order.text, self._by)
                case [whose, branch, "set", what]:
                    said = self._branches[branch][1](whose, what, order.text, self._by)
                case _:
                    return
        except Refused as refused:
            self._result(order, False, refused.sentence)
            return
        self._result(order, True, said)

    def _result(self, order: Order, good: bool, says: str) -> None:
        if not good:
            log.warning("An order on %s was refused: %s", order.topic, says)
        text = json.dumps({"topic": order.topic, "ok": good, "says": says}, ensure_ascii=False)
        self._link.say(f"{self._settings.prefix}/result", text, retain=False)


def open_door(way: Doorway) -> MqttDoor | None:
    """The house on the broker of [mqtt], with Home Assistant's discovery and the branches."""
    settings = way.settings.mqtt
    if settings is None:
        return None
    announce, birth = announcing(settings.prefix, way.settings.homeassistant, way.version)
    branches = {one.name: (one.topics(settings.prefix), one.obey) for one in way.branches}
    return MqttDoor(way.rooms, settings, way.secrets, announce=announce, birth_topic=birth, branches=branches)
