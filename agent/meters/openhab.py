"""openHAB: any item that holds watts, over its REST interface.

    GET /rest/items/{item}/state      text: "-2.35 kW", the unit behind the number (it is read, never guessed)
                                      "NULL" and "UNDEF" are no numbers

Reads are open in the local network unless the owner closed them; then a token does it (`oh. ...`). The
REST state has no time, so a binding that died shows its last value for ever: give such items the profile
or rule that sets them to UNDEF (Expire), and name a second source. Which sign an item has is the owner's
choice. Source: the openHAB documentation on REST and units of measurement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.picked import Picks, values
from agent.meters.values import Meaning, Poor
from agent.meters.via.pages import Bearer, Get, Pages

TITLE = "Item of openHAB"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "openhab://192.168.0.9:8080/Grid_Power?positive=import"
VIA = "http"
PORT = 8080


@dataclass(frozen=True)
class Options(Picks):
    """What a line may say."""

    path: str = option("", "the item that holds the watts")
    token: Secret = option(NO_SECRET, "name of an API token in credentials.env, where reads are closed")
    tls: Literal["off", "on", "unverified"] = option("off", "https; unverified for certificates of its own")


def auth(options: Options) -> Bearer:
    """Who we are, where that matters."""
    return Bearer(options.token)


def ask(options: Options, answers: Pages) -> list[Get]:
    """Each item once."""
    item = options.path.strip("/")
    if not item:
        raise Poor("name an item behind the address: openhab://192.168.0.9:8080/Grid_Power")
    return [_state(one) for one in (item, *options.names())]


def decode(answers: Pages, options: Options) -> Meaning:
    """The items that the line picked; only it knows their role."""

    def read(item: str, into: str, unit: str) -> float:
        return units.quantity(answers.page(_state(item)).text.strip(), into, unit, item)

    return {"any": values(options, options.path.strip("/"), read)}


def _state(item: str) -> Get:
    return Get(f"/rest/items/{quote(item, safe='')}/state")
