"""Volkszaehler: one channel of its middleware, or of the small server inside vzlogger.

A channel is one number; the line says which by its uuid, and under which role it stands. Unit and sign
are the channel's own: usually W, + for import. Three ways to the same channel:

    middleware, port 80    /api/data/UUID.json?from=now              data.tuples[0] = [ms, value, count]
    older middleware       /middleware.php/data/UUID.json?from=now   the same
    vzlogger, port 8081    /UUID                                     data[].uuid, .tuples = [[ms, value]]

`from=now` gives the last number that was ever stored, however old: its own time stamp is its age. A
channel that was made from counter ticks lags far behind at low power. An error is an `exception` with a
`message`. Source: volkszaehler.org's API reference; the shape of vzlogger's answer as its users show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.meters import units
from agent.meters.line import option
from agent.meters.values import Meaning, Poor, Positive, Values, turned
from agent.meters.via.pages import Get, Pages, Tree

TITLE = "Volkszaehler (middleware or vzlogger)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "volkszaehler://192.168.0.20?uuid=11111111-2222-3333-4444-555555555555"
VIA = "http"
PORT = 80
HINT = "The middleware listens on port 80; vzlogger's own server (port 8081) needs server=vzlogger."


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    uuid: str = option(help="the channel")
    server: Literal["middleware", "vzlogger"] = option("middleware", "which of the two answers there")
    unit: Literal["W", "kW"] = option("W", "what the channel is measured in")
    positive: Positive = option("import", "what a positive number means")
    path: str = option("/api", "where the middleware's API begins")


def ask(options: Options, answers: Pages) -> list[Get]:
    """The channel's last number."""
    return [_last(options)]


def decode(answers: Pages, options: Options) -> Meaning:
    """One number; the line knows its role."""
    page = answers.json(_last(options))
    if problem := page.find("exception"):
        raise Poor(f"volkszaehler says: {problem.text_or('message', 'no reason')[:100]}. Is the uuid right?")
    channel = _channel(page, options)
    newest = max(channel.items("tuples"), key=lambda one: one.number("0"), default=None)
    if newest is None:
        raise Poor("the channel has no number yet")
    watts = units.convert(newest.number("1"), options.unit, "W")
    return {"any": turned(Values(watts, at_wall=units.stamp(newest.number("0"))), options.positive)}


def _last(options: Options) -> Get:
    if options.server == "vzlogger":
        return Get(f"/{options.uuid}")
    return Get(f"{options.path.rstrip('/')}/data/{options.uuid}.json?from=now")


def _channel(page: Tree, options: Options) -> Tree:
    if options.server == "middleware":
        return page.at("data")
    for channel in page.items("data"):
        if channel.text_or("uuid").lower() == options.uuid.lower():
            return channel
    raise Poor(f"vzlogger has no channel {options.uuid}")
