"""TWCManager's MQTT topics, for dashboards and scripts that can't be changed.

    TWC/3201/ampsInUse, TWC/all/totalAmpsInUse, TWC/config/minAmpsPerTWC ...   plain texts, retained
    TWC/control/chargeNow              "A,seconds"
    TWC/control/chargeNowEnd           anything
    TWC/control/nonScheduledAmpsMax    amps for all units
    TWC/control/nonScheduledAction     1 fixed, 2 nothing, 3 the sun

`control/stop` once ended the whole program; it is told in `result` and nothing happens. So are retained
orders, which fired again at each reconnect. Values are told on change and every minute, and the last one
always gets out. `TWC/availability` is new. Home Assistant's entities are announced (legacy_discovery.py),
taken away, or left as they are, as the settings want.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from agent.boosts import Refused
from agent.doors.broker import NEVER_AGAIN_S, BrokerDoor, BrokerLink, Order, Teller, address_of
from agent.doors.doorway import Doorway
from agent.doors.legacy_discovery import old_discovery
from agent.doors.legacy_orders import LegacyOrders, whole_of
from agent.doors.legacy_topics import OldValue, old_values
from agent.doors.rooms import Rooms
from agent.doors.settings import HomeAssistantSettings, LegacySettings, MqttSettings
from agent.model import Moment

log = logging.getLogger(__name__)

EVERY_S = 60.0


class LegacyMqttDoor(BrokerDoor):
    """A second client of the broker, under TWCManager's prefix."""

    name = "legacy mqtt"

    def __init__(
        self,
        rooms: Rooms,
        settings: LegacySettings,
        mqtt: MqttSettings,
        secrets: Mapping[str, str],
        orders: LegacyOrders,
        discovery_prefix: str = "homeassistant",
    ) -> None:
        self._settings, self._discovery_prefix = settings, discovery_prefix
        self._announced = Teller(NEVER_AGAIN_S)
        self._prefix = settings.mqtt_prefix
        self._by = f"the old MQTT topics (broker {mqtt.broker})"
        self._orders = orders
        self._teller = Teller(EVERY_S, mqtt.at_most_every_s)
        super().__init__(rooms.clock, self._teller, self._announced)
        topics = [f"{self._prefix}/control/+"] if settings.mqtt_control else []
        self._link = BrokerLink(
            address_of(mqtt, secrets), f"{self._prefix}/availability", topics, self._heard, self._renew
        )

    def tell(self, moment: Moment) -> None:
        """Say what is due."""
        known = old_values(self._orders.old)
        self._link.tell(self._announced, self._entities(known), moment.mono_s, qos=1)
        values = {
            f"{self._prefix}/{one.owner}/{one.key}": one.text
            for one in known
            if one.text  # an empty retained message would take the topic away
        }
        self._link.tell(self._teller, values, moment.mono_s)

    def _entities(self, known: list[OldValue]) -> dict[str, str]:
        """What Home Assistant is told; empty texts take away what was told once."""
        wanted, name = self._settings.mqtt_discovery, self._settings.mqtt_device_name
        if wanted is None:
            return {}
        told = old_discovery(known, self._prefix, self._discovery_prefix, name)
        return told if wanted else dict.fromkeys(told, "")

    def _heard(self, order: Order) -> None:
        what = order.topic.rpartition("/")[2]
        try:
            if order.retained:
                raise Refused(409, "A retained order is not obeyed: send it without the retain flag.")
            says = self._obey(what, order.text.strip())
            good = True
        except Refused as refused:
            log.warning("An order on %s was refused: %s", order.topic, refused.sentence)
            says, good = refused.sentence, False
        said = {"topic": order.topic, "ok": good, "says": says}
        self._link.say(f"{self._prefix}/result", json.dumps(said, ensure_ascii=False), retain=False)

    def _obey(self, what: str, text: str) -> str:
        match what:
            case "chargeNow":
                amps, comma, seconds = text.partition(",")
                if not comma:
                    raise Refused(422, 'Send amps and seconds, like "16,3600".')
                used, lasts_s = self._orders.charge_now(whole_of(amps), whole_of(seconds), self._by)
                return f"{used} A for {lasts_s} s."
            case "chargeNowEnd":
                self._orders.charge_now_cancel(self._by)
            case "nonScheduledAmpsMax":
                self._orders.fixed_setting(whole_of(text), self._by)
            case "nonScheduledAction":
                self._orders.action(whole_of(text), self._by)
            case _:
                raise Refused(404, f"There is no order {what[:40]!r} here.")
        return "Done."


def open_door(way: Doorway) -> LegacyMqttDoor | None:
    """The old topics on the broker of [mqtt], where [legacy] has a prefix for them."""
    settings, mqtt = way.settings.legacy, way.settings.mqtt
    if settings is None or not settings.mqtt_prefix or mqtt is None:
        return None
    there = way.settings.homeassistant or HomeAssistantSettings()
    return LegacyMqttDoor(way.rooms, settings, mqtt, way.secrets, way.old_orders, there.discovery_prefix)
