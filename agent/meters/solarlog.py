"""Solar-Log Base and older ones from firmware 3: sun and consumption, JSON over HTTP.

The owner switches the open JSON interface on (Configuration > System > Access control, or Data > Interface)
and leaves it without a password: newer firmware wants passwords hashed in a way that we don't speak.

    POST /getjp  {"801":{"170":null}}     801.170.101   W, >= 0     solar (AC)
                                          801.170.110   W, >= 0     house
                                          801.170.109   Wh          sun, for ever
                                          801.170.115   Wh          consumption, for ever
                                          801.170.100   dd.mm.yy HH:MM:SS, local time

Grid = consumption - sun, and that only without a battery: so it is computed when the line says so. Numbers
may be text. Refusals come with status 200: "QUERY IMPOSSIBLE", "ACCESS DENIED". The device looks at its
inverters every 15 s or slower. Source: Solar-Log's description of its open JSON interface.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from agent.meters.line import option
from agent.meters.values import Meaning, Poor, Values, by_role
from agent.meters.via.pages import Get, Pages, Tree

TITLE = "Solar-Log"
ROLES = ("solar", "house", "grid")
EXAMPLE = "solarlog://192.168.0.80"
VIA = "http"
PORT = 80
EVERY_S = 15.0
FASTEST_S = 5.0
HINT = "Its open JSON interface must be switched on."

NOW = Get("/getjp", body='{"801":{"170":null}}')
REFUSALS = ("QUERY IMPOSSIBLE", "ACCESS DENIED")


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    grid: bool = option(False, "yes: grid is consumption minus sun; only without a battery")


def ask(options: Options, answers: Pages) -> list[Get]:
    """One question."""
    return [NOW]


def decode(answers: Pages, options: Options) -> Meaning:
    """Sun and house; the grid where the line asks for it."""
    page = answers.page(NOW)
    if any(words in page.text[:2000] for words in REFUSALS):
        raise Poor("it refuses: switch its open JSON interface on, without a password")
    now = page.json().at("801.170")
    return by_role(
        solar=lambda: Values(now.number("101"), energy_wh=now.number_or_none("109"), at_wall=_time(now)),
        house=lambda: Values(now.number("110"), energy_wh=now.number_or_none("115"), at_wall=_time(now)),
        grid=lambda: _grid(now) if options.grid else None,
    )


def _grid(now: Tree) -> Values:
    return Values(now.number("110") - now.number("101"), at_wall=_time(now))


def _time(now: Tree) -> datetime | None:
    """Local time, as if it were UTC: it tells whether it moves (units.stamp)."""
    try:
        return datetime.strptime(now.text_or("100"), "%d.%m.%y %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
