"""A connection to an MQTT broker that looks after itself: will, reconnect, subscribe again, never block.

Two rules that others broke. **The last value is never lost**: what to say is compared with what was
said, again and again, so that a limit on messages only delays. **A retained order is no order**: it was
given to somebody else, some other day; it is told and left lying.
"""

from __future__ import annotations

import logging
import secrets
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from agent.doors.settings import MqttSettings, host_and_port
from agent.model import Moment
from agent.parts import ThreadRunner
from scheduler.clock import Clock

log = logging.getLogger(__name__)

LONGEST_RECONNECT_S = 30
LONGEST_ORDER = 20_000  # bytes
GOODBYE_S = 2.0
BEAT_S = 1.0
NEVER_AGAIN_S = float("inf")


@dataclass(frozen=True)
class BrokerAddress:
    """Where a broker is and how it is entered."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A message on a topic that we listen to."""

    topic: str
    text: str
    retained: bool = False


def address_of(settings: MqttSettings, secrets: Mapping[str, str]) -> BrokerAddress:
    """Where the broker is, with the credentials' user and password."""
    host, port = host_and_port(settings.broker)
    user, password = secrets.get("MQTT_USER", ""), secrets.get("MQTT_PASSWORD", "")
    return BrokerAddress(host, port, user, password, settings.tls, settings.ca_file)


class BrokerLink:
    """One client. Callbacks come on its own thread; `heard` and `connected` must return soon."""

    def __init__(
        self,
        address: BrokerAddress,
        availability: str,
        topics: Iterable[str],
        heard: Callable[[Order], None],
        connected: Callable[[], None],
    ) -> None:
        """`availability` is the retained topic that says online or offline; `topics` are listened to."""
        self._address = address
        self._availability = availability
        self._topics = tuple(topics)
        self._heard, self._connected = heard, connected
        self._told = ""
        self.is_connected = threading.Event()
        client_id = f"sunward-{secrets.token_hex(6)}"
        make: Any = paho.Client  # the stubs that are to be had describe version 1
        self._client = make(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv311)
        self._client.enable_logger(log)
        self._client.suppress_exceptions = True  # a fault in one message must not end the thread
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_message = self._on_message
        self._client.will_set(availability, "offline", qos=1, retain=True)
        self._client.reconnect_delay_set(1, LONGEST_RECONNECT_S)
        if address.user:
            self._client.username_pw_set(address.user, address.password or None)

    def start(self) -> None:
        """Connect in a thread of its own, and go on trying. Raises OSError for a bad CA file."""
        if self._address.tls:
            ca = str(self._address.ca_file) if self._address.ca_file else None
            self._client.tls_set_context(ssl.create_default_context(cafile=ca))
        self._client.connect_async(self._address.host, self._address.port, keepalive=30)
        self._client.loop_start()

    def stop(self) -> None:
        """Say goodbye and end the thread."""
        if self._client.is_connected():
            said = self._client.publish(self._availability, "offline", qos=1, retain=True)
            said.wait_for_publish(GOODBYE_S)
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, topic: str, text: str, *, retain: bool = True, qos: int = 0) -> bool:
        """Publish; False when it could not even be handed to the connection."""
        if not self.is_connected.is_set():
            return False
        return bool(self._client.publish(topic, text, qos=qos, retain=retain).rc == paho.MQTT_ERR_SUCCESS)

    def tell(self, teller: Teller, values: Mapping[str, str], mono_s: float, *, qos: int = 0) -> None:
        """Publish what is due; what the connection does not take is due again at the next beat."""
        for topic, text in teller.due(values, mono_s):
            if not self.say(topic, text, qos=qos):
                return
            teller.said(topic, text, mono_s)

    def _on_connect(self, client: Any, _: object, flags: object, code: Any, properties: object) -> None:
        if code.is_failure:
            self._tell_once(f"The MQTT broker {self._name} does not let us in: {code}.")
            return
        self._tell_once("")
        log.info("Connected to the MQTT broker %s.", self._name)
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        client.publish(self._availability, "online", qos=1, retain=True)
        self.is_connected.set()
        self._connected()

    def _on_disconnect(self, client: object, _: object, flags: object, code: Any, properties: object) -> None:
        self.is_connected.clear()
        if code.is_failure:
            self._tell_once(f"The MQTT broker {self._name} is gone ({code}); trying again until it is back.")

    def _on_connect_fail(self, client: object, _: object) -> None:
        self._tell_once(f"The MQTT broker {self._name} can't be reached; trying again until it can.")

    def _on_message(self, client: object, _: object, message: Any) -> None:
        if len(message.payload) > LONGEST_ORDER:
            log.warning("A message of %d bytes on %s was thrown away.", len(message.payload), message.topic)
            return
        self._heard(Order(message.topic, message.payload.decode("utf-8", "replace"), bool(message.retain)))

    @property
    def _name(self) -> str:
        return f"{self._address.host}:{self._address.port}"

    def _tell_once(self, sentence: str) -> None:
        if sentence and sentence != self._told:
            log.warning("%s", sentence)
        self._told = sentence


class BrokerDoor:
    """A door over a broker: it connects, says once a second what is due, and says goodbye.

    A door sets `_link`, names its `_tellers` (who begin anew with each connection), and says in `tell`.
    """

    name = "mqtt"
    _link: BrokerLink

    def __init__(self, clock: Clock, *tellers: Teller) -> None:
        self._tellers = tellers
        self._fresh = False
        self._runner = ThreadRunner(clock, lambda part, error: None)

    def start(self) -> None:
        """Connect, and go on trying for as long as it takes."""
        self._link.start()
        self._runner.start(self)

    def stop(self) -> None:
        """Say offline and go."""
        self._runner.end()
        self._link.stop()

    def step(self, moment: Moment) -> float:
        """Say what is due; next in a second."""
        if self._link.is_connected.is_set():
            if not self._fresh:
                self._fresh = True
                for teller in self._tellers:
                    teller.forget()
            self.tell(moment)
        return moment.mono_s + BEAT_S

    def tell(self, moment: Moment) -> None:
        """Say what is due."""
        raise NotImplementedError

    def _renew(self) -> None:
        self._fresh = False


class Teller:
    """Which values are due: changed ones at once (but not too often), all of them now and then. Pure."""

    def __init__(self, every_s: float, at_most_every_s: float = 0.0) -> None:
        """`every_s`: unchanged values again; `at_most_every_s`: the least time between two of one topic."""
        self._every_s, self._least_s = every_s, at_most_every_s
        self._said: dict[str, tuple[str, float]] = {}

    def due(self, values: Mapping[str, str], now: float) -> list[tuple[str, str]]:
        """Topics and texts to send now; each one that was sent is to be reported by `said`."""
        out = []
        for topic, text in values.items():
            last = self._said.get(topic)
            age_s = now - last[1] if last else float("inf")
            changed = last is None or last[0] != text
            if (changed and age_s >= self._least_s) or age_s >= self._every_s:
                out.append((topic, text))
        return out

    def said(self, topic: str, text: str, now: float) -> None:
        """It is on its way."""
        self._said[topic] = (text, now)

    def forget(self) -> None:
        """Say everything again: a broker or a listener is new."""
        self._said.clear()
