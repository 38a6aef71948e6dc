"""A car through TeslaMate's MQTT topics: it asks Tesla anyway, so we need not. It can only read.

    teslamate://192.168.0.5:1883?car=1            car: TeslaMate's own number; it tells no VIN
    options: namespace, user, password=NAME (an entry of credentials.env), tls=yes

Retained topics `teslamate[/NAMESPACE]/cars/1/...` with plain words: `battery_level` "54", `plugged_in`
"true", "nil" or nothing for unknown. The broker sends all of them right after we subscribe. `healthy` false
means that TeslaMate itself has no fresh data.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from scheduler.cars.links.tools import Tools
from scheduler.cars.meaning import charge_reading
from scheduler.cars.model import ChargeReading, Command, NotNow, Refused
from scheduler.cars.settings import Line

USUAL_PORT, TLS_PORT = 1883, 8883
WAIT_S = 5.0
QUIET_S = 0.4  # retained messages come in one go: so long without one, and that was all
NUMBERS = {
    "battery_level": "battery_level",
    "charge_limit_soc": "charge_limit_soc",
    "charger_actual_current": "charger_actual_current",
    "charger_voltage": "charger_voltage",
    "charge_current_request": "charge_current_request",
    "charge_current_request_max": "charge_current_request_max",
}
SLEEPS = ("asleep", "offline")


class TeslaMateLink:
    """One car of one TeslaMate."""

    scheme = "teslamate"
    billed = False
    priced = False
    can = frozenset({"read", "presence"})

    def __init__(self, line: Line, tools: Tools) -> None:
        self._tools = tools
        self._line = line
        space = line.options.get("namespace", "")
        self._all = f"teslamate/{f'{space}/' if space else ''}cars/"
        self._prefix = f"{self._all}{line.options.get('car', '')}/"

    def awake(self, vin: str) -> bool:
        """As TeslaMate saw it last."""
        return self._topics().get("state") not in SLEEPS

    def read(self, vin: str) -> ChargeReading:
        """What TeslaMate knows; asking it does nothing to the car."""
        topics = self._topics()
        if topics.get("healthy") == "false" and topics.get("state") not in SLEEPS:
            raise NotNow("TeslaMate says that its own data are old (healthy is false).", 300.0)
        return reading_of(topics, self._tools)

    def send(self, vin: str, command: Command) -> None:
        """It can't. Raises Refused."""
        raise Refused("TeslaMate can only read.", "command")

    def wake(self, vin: str) -> None:
        """It can't. Raises Refused."""
        raise Refused("TeslaMate can only read.", "wake")

    def names(self) -> dict[str, str]:
        """Every car of this TeslaMate: its name by its number. Raises NotNow, Refused."""
        found: dict[str, str] = {}
        for topic, text in self._below(self._all).items():
            number, _, what = topic.partition("/")
            found[number] = text if what == "display_name" else found.get(number, "")
        return found

    def _topics(self) -> Mapping[str, str]:
        return self._below(self._prefix)

    def _below(self, prefix: str) -> Mapping[str, str]:
        """What the broker has retained below a topic. Raises NotNow, Refused."""
        mqtt = import_module("paho.mqtt.client")
        topics: dict[str, str] = {}
        ready, came = threading.Event(), threading.Event()
        refused: list[str] = []

        def on_connect(client: Any, _: Any, __: Any, code: Any, ___: Any) -> None:
            if code.is_failure:
                refused.append(str(code))
                ready.set()
            else:
                client.subscribe(prefix + "#", qos=1)

        def on_message(_: Any, __: Any, message: Any) -> None:
            topics[message.topic.removeprefix(prefix)] = message.payload.decode("utf-8", "replace")
            came.set()

        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.on_connect, client.on_message = on_connect, on_message
        client.on_subscribe = lambda *_: ready.set()
        self._connect(client)
        client.loop_start()
        try:
            ready.wait(WAIT_S)
            while came.wait(QUIET_S) and not refused:
                came.clear()
        finally:
            client.disconnect()
            client.loop_stop()
        if refused:
            raise Refused(f"TeslaMate's broker does not let us in: {refused[0]}.", "broker")
        if not topics:
            raise NotNow(f"TeslaMate's broker knows nothing under {prefix}: is the car's number right?")
        return topics

    def _connect(self, client: Any) -> None:
        self._dress(client)
        try:
            client.connect(self._line.host, self._port, keepalive=30)
        except OSError as error:
            raise NotNow(f"TeslaMate's broker {self._line.host} can't be reached: {error}.") from None

    @property
    def _tls(self) -> bool:
        return self._line.options.get("tls") == "yes"

    @property
    def _port(self) -> int:
        return self._line.port or (TLS_PORT if self._tls else USUAL_PORT)

    def _dress(self, client: Any) -> None:
        """TLS and a password, where the line names them."""
        if self._tls:
            client.tls_set()
        user, name = self._line.options.get("user"), self._line.options.get("password", "")
        if name and name not in self._tools.secrets:
            raise Refused(f"{self._line.text}: there is no {name} in credentials.env.", "broker")
        if user:
            client.username_pw_set(user, self._tools.secrets.get(name))


def reading_of(topics: Mapping[str, str], tools: Tools) -> ChargeReading:
    """The meaning of TeslaMate's topics."""
    charge: dict[str, object] = {
        name: _number(topics[topic]) for topic, name in NUMBERS.items() if topic in topics
    }
    state = topics.get("charging_state", "")
    plugged = {"true": True, "false": False}.get(topics.get("plugged_in", ""))
    if state in ("", "nil"):
        state = "Charging" if topics.get("state") == "charging" else "Stopped" if plugged else ""
    if plugged is False:
        state = "Disconnected"
    charge["charging_state"] = state
    hours = _number(topics.get("time_to_full_charge", ""))
    charge["minutes_to_full_charge"] = None if hours is None else 60 * hours
    start = topics.get("scheduled_charging_start_time", "")
    waits = start not in ("", "nil") and state == "Stopped"
    data = {"charge_state": charge | {"scheduled_charging_pending": waits}}
    reading = charge_reading(data, "teslamate", tools.wall)
    asleep = topics.get("state") in SLEEPS
    return replace(reading, asleep=asleep, plugged=plugged, schedule="a set time" if waits else "")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def open_link(line: Line, tools: Tools) -> TeslaMateLink:
    """`teslamate://HOST:PORT?car=1`"""
    return TeslaMateLink(line, tools)
