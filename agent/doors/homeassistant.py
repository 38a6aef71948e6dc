"""Home Assistant's REST states: sensors that are told, for a house without a broker.

    POST /api/states/sensor.sunward_3201_amps_in_use      Authorization: Bearer HA_TOKEN
         {"state": 25.0, "attributes": {"unit_of_measurement": "A", "device_class": "current", ...}}

Such sensors live in Home Assistant's memory: a restart forgets them. So once in a round one of them is
looked at, and when it is gone (404) all are told again. Values are told when they change, unchanged ones
once an hour, and the last value is never lost: what could not be said is still due in the next round. A
slow or absent Home Assistant delays this thread and nothing else.
Source: Home Assistant's REST API documentation; the names are those of TWCManager's HASSStatus.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import requests

from agent.doors.broker import Teller
from agent.doors.doorway import Doorway
from agent.doors.legacy_topics import OldValue, old_values
from agent.doors.legacy_words import OldHouse
from agent.doors.rooms import Rooms
from agent.doors.settings import HA_TOKEN, HomeAssistantSettings
from agent.model import Moment
from agent.parts import ThreadRunner

log = logging.getLogger(__name__)

PATIENCE_S = (3.05, 5.0)
AGAIN_S = 3600.0
KINDS: Mapping[str, tuple[str, str]] = {
    "W": ("power", "measurement"),
    "kWh": ("energy", "total_increasing"),
    "A": ("current", "measurement"),
    "V": ("voltage", "measurement"),
}


class HomeAssistantDoor:
    """Tells Home Assistant's REST API the old sensors' values, once in `every_s`."""

    name = "homeassistant"

    def __init__(self, rooms: Rooms, settings: HomeAssistantSettings, secrets: Mapping[str, str]) -> None:
        self._url = f"{settings.url.rstrip('/')}/api/states/"
        self._settings = settings
        self._old = OldHouse(rooms)
        self._teller = Teller(AGAIN_S)
        self._told = ""
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {secrets.get(HA_TOKEN, '')}"
        self._runner = ThreadRunner(rooms.clock, lambda part, error: None)

    def start(self) -> None:
        """Begin to tell."""
        self._runner.start(self)

    def stop(self) -> None:
        """End after the post that is under way."""
        self._runner.end()
        self._session.close()

    def step(self, moment: Moment) -> float:
        """One round; next in `every_s`."""
        values = {self._entity(one): one for one in old_values(self._old)}
        try:
            if values and self._is_gone(next(iter(values))):
                self._teller.forget()
            texts = {entity: one.text for entity, one in values.items() if one.text}
            for entity, text in self._teller.due(texts, moment.mono_s):
                if self._runner.stop.is_set():
                    break
                self._post(entity, values[entity])
                self._teller.said(entity, text, moment.mono_s)
            self._tell_once("")
        except requests.RequestException as error:
            self._tell_once(_why(error))
        return moment.mono_s + self._settings.every_s

    def _entity(self, one: OldValue) -> str:
        return f"sensor.{self._settings.sensors}_{one.owner.lower()}_{one.snake}"

    def _is_gone(self, entity: str) -> bool:
        answer = self._session.get(self._url + entity, timeout=PATIENCE_S, allow_redirects=False)
        if answer.status_code != 404:
            answer.raise_for_status()
        return answer.status_code == 404

    def _post(self, entity: str, one: OldValue) -> None:
        attributes: dict[str, Any] = {"friendly_name": f"TWC {one.owner} {one.key}"}
        if one.unit:
            kind, counted = KINDS[one.unit]
            attributes |= {"unit_of_measurement": one.unit, "device_class": kind, "state_class": counted}
        body = {"state": one.value, "attributes": attributes}
        answer = self._session.post(self._url + entity, json=body, timeout=PATIENCE_S, allow_redirects=False)
        answer.raise_for_status()

    def _tell_once(self, sentence: str) -> None:
        if sentence and sentence != self._told:
            log.warning("%s", sentence)
        self._told = sentence


def _why(error: requests.RequestException) -> str:
    status = error.response.status_code if error.response is not None else 0
    if status in (401, 403):
        return f"Home Assistant refuses the token: make a new long-lived one and put it into {HA_TOKEN}."
    if status:
        return f"Home Assistant answers {status}; its sensors are told again later."
    return "Home Assistant can't be reached; its sensors are told again later."


def open_door(way: Doorway) -> HomeAssistantDoor | None:
    """The REST states, where [homeassistant] has an address."""
    settings = way.settings.homeassistant
    if settings is None or not settings.url:
        return None
    return HomeAssistantDoor(way.rooms, settings, way.secrets)
