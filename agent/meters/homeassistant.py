"""Home Assistant: any sensor that holds watts, with a long-lived access token.

    GET /api/states/{entity_id}    state                           text, "-2.35"; "unavailable", "unknown"
                                   attributes.unit_of_measurement  W kW MW, Wh kWh MWh, A mA, V mV, %
                                   last_reported                   ISO with offset, on newer cores: the age

`last_updated` moves only when the value does, so it is no age: a steady 0 W would look old. By REST alone
`last_reported` is often no better (via/states.py tells why, and asks for the true one). Which sign a sensor
has is the owner's choice. While Home Assistant starts, it refuses connections for a minute or more,
and its sensors are unavailable for another; the last reading ages meanwhile, as any does.

Nothing here knows how a state arrived: via/websocket.py has changes pushed, and lays them out as REST would
have answered. Each `state_of(entity)` is the key of that entity's page, the one with the watts first.
Source: the developers' documentation of Home Assistant (REST and WebSocket API).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, Source, option
from agent.meters.picked import Picks, values
from agent.meters.values import Meaning, Poor
from agent.meters.via.pages import Bearer, Get, Pages

TITLE = "Home Assistant sensor"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "homeassistant://192.168.0.5:8123/sensor.grid_power?token=HA_TOKEN&positive=import"
PORT = 8123
EVERY_S = 2.0
STEADY = True  # a sensor may be rounded, or a helper; whether it is alive is told by its state and time
HINT = "After a restart it takes Home Assistant a few minutes until its sensors are there."

_ENTITY = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")


@dataclass(frozen=True)
class Options(Picks):
    """What a line may say."""

    path: str = option("", "the entity that holds the watts")
    token: Secret = option(NO_SECRET, "name of a long-lived access token in credentials.env")
    push: bool = option(True, "no: ask by REST alone, without the WebSocket")
    tls: Literal["off", "on", "unverified"] = option("off", "https; unverified for certificates of its own")


def _via(source: Source) -> str:
    return "websocket" if source.options.push else "http"


VIA = _via  # changes are pushed (and what doesn't change is asked for by REST), unless the line says no


def auth(options: Options) -> Bearer:
    """Who we are."""
    return Bearer(options.token)


def entities(options: Options) -> list[str]:
    """All entities of a line, the watts first. Raises Poor for what can't be one."""
    found = [options.path.strip("/"), *options.names()]
    for one in found:
        if not _ENTITY.fullmatch(one):
            raise Poor(f"{one!r} is no entity: write it like {EXAMPLE.partition('?')[0]}")
    return found


def state_of(entity: str) -> Get:
    """The request, and the key in Pages, for an entity's state."""
    return Get(f"/api/states/{entity}")


def ask(options: Options, answers: Pages) -> list[Get]:
    """Each entity once."""
    return [state_of(one) for one in entities(options)]


def decode(answers: Pages, options: Options) -> Meaning:
    """The entities that the line picked; only it knows their role."""
    watts = entities(options)[0]

    def read(entity: str, into: str, unit: str) -> float:
        state = answers.json(state_of(entity))
        named = state.text_or("attributes.unit_of_measurement") or (options.unit if into == "W" else "")
        return units.measured(state.at("state").value, into, named, entity)

    at_wall = units.stamp(answers.json(state_of(watts)).text_or("last_reported"))
    return {"any": replace(values(options, watts, read), at_wall=at_wall)}
