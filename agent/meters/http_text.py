"""Any device that answers with a number: alone ("-2385"), with its unit ("2.1 kW"), or somewhere in a page.

With `after` the number is the next one behind these words, whatever tags stand between: of

    <tr><td>Current power</td><td>1.240 kW</td></tr>

`after=Current power` is 1240 W. A bare number is in `unit`, watts from the start. A comma is a decimal one.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters import units
from agent.meters.line import option
from agent.meters.picked import POSITIVE_HELP, Access, Facing
from agent.meters.values import Meaning, Values
from agent.meters.via.pages import Auth, Get, Pages

TITLE = "Any device that answers with a number"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "http-text://192.168.0.91/power.txt?unit=kW&positive=export"
VIA = "http"
PORT = 0


@dataclass(frozen=True)
class Options(Access):
    """What a line may say."""

    path: str = option("", "the page")
    after: str = option("", "words before the number; without them the whole answer is the number")
    unit: str = option("W", "unit of a bare number")
    scale: float = option(1.0, "what the number is multiplied with")
    positive: Facing = option("import", POSITIVE_HELP)


def auth(options: Options) -> Auth:
    """Who we are."""
    return options.auth()


def ask(options: Options, answers: Pages) -> list[Get]:
    """One page."""
    return [options.get(options.path)]


def decode(answers: Pages, options: Options) -> Meaning:
    """The one number; only the line knows its role."""
    page = answers.page(options.get(options.path))
    text = page.after(options.after) if options.after else page.text.strip()
    watts = units.quantity(text, "W", options.unit, "the answer") * options.scale
    return {"any": Values(-watts if options.positive == "export" else watts)}
