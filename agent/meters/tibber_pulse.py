"""Tibber Pulse IR, read locally from its bridge: the smart meter's own telegram, handed on as it came.

The bridge's web server must be switched on once: hold it until it opens a network of its own, join that,
and on its page set `webserver_force_enable` to true. The password is the code printed on the bridge, in
the form XXXX-XXXX. Only the IR version with a bridge has this; P1, HAN and KM versions do not.

    /node_data.json?node_id=1     bridge firmware 1794 and later        raw SML or IEC text, by the meter:
    /data.json?node_id=1          before                                see via/obis.py

Despite its name it is no JSON. Grid + is import, as the meter has it. A new telegram comes every 2 to 10 s;
half-filled ones happen, and are left out because their sum is wrong. With several readers the node's
number stands on the bridge's *Nodes* page. Source: the bridge's own pages and its users' captures.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters.line import Secret, option
from agent.meters.values import Meaning, by_role
from agent.meters.via import obis
from agent.meters.via.pages import Basic, Get, Pages

TITLE = "Tibber Pulse IR (local bridge)"
ROLES = ("grid",)
EXAMPLE = "tibber-pulse://192.168.0.49?password=TIBBER_BRIDGE"
VIA = "http"
PORT = 80
FASTEST_S = 2.0
HINT = "Its web server must be switched on (webserver_force_enable), and its head be on the meter."


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    password: Secret = option(help="name of the bridge's printed code in credentials.env")
    node: int = option(1, "the reader's number on the bridge's page of nodes", least=1, most=99)


def auth(options: Options) -> Basic:
    """The bridge's only user."""
    return Basic("admin", options.password)


def ask(options: Options, answers: Pages) -> list[Get]:
    """The new address; the old one where there is no such page."""
    new, old = _addresses(options)
    return [new] if answers.find(new) or not answers.asked else [new, old]


def decode(answers: Pages, options: Options) -> Meaning:
    """The grid."""
    new, old = _addresses(options)
    page = answers.page(new if answers.find(new) else old)
    return by_role(grid=lambda: obis.grid(obis.numbers(page.bytes())))


def _addresses(options: Options) -> tuple[Get, Get]:
    node = f"node_id={options.node}"
    return Get(f"/node_data.json?{node}", binary=True, optional=True), Get(f"/data.json?{node}", binary=True)
