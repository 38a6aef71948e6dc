"""Any device that answers with JSON: the line says which page, and where in it the numbers stand.

A path goes from name to name by dots; a list's pieces are counted from 0: `emeters.0.power`. A number may be
a string, and may bring its unit ("2.1 kW"); a bare one is in `unit`, watts from the start. Several numbers
come out of one body: import minus export is `watts=in.w&minus=out.w`, phases add up with `plus`.

    http-json://HOST/PAGE?watts=PATH             -> watts, with the sign that `positive` says
                         &amps=PATH,PATH,PATH    -> per phase; volts likewise
                         &energy=PATH            -> counters, in `energy_unit`
                         &time=PATH              -> when it was true: ISO text, or seconds since 1970
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.meters import units
from agent.meters.line import option
from agent.meters.picked import Access, Picks, values
from agent.meters.values import Meaning, Values
from agent.meters.via.pages import Auth, Get, Pages

TITLE = "Any device that answers with JSON"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "http-json://192.168.0.90/status?watts=grid.power&positive=import"
VIA = "http"
PORT = 0


@dataclass(frozen=True)
class Options(Access, Picks):
    """What a line may say."""

    path: str = option("", "the page")
    watts: str = option("", "path to the watts; without one the whole answer is the number")
    time: str = option("", "path to when it was true")
    unit_at: str = option("", "path to the unit of the watts")


def auth(options: Options) -> Auth:
    """Who we are."""
    return options.auth()


def ask(options: Options, answers: Pages) -> list[Get]:
    """One page."""
    return [options.get(options.path)]


def decode(answers: Pages, options: Options) -> Meaning:
    """The numbers that the line picked; only it knows their role."""
    body = answers.json(options.get(options.path))
    picks = replace(options, unit=body.text(options.unit_at) if options.unit_at else options.unit or "W")

    def read(path: str, into: str, unit: str) -> float:
        return units.measured(body.at(path).value, into, unit, path or "the answer")

    found: Values = values(picks, options.watts, read)
    at_wall = units.stamp(body.at(options.time).value) if options.time else None
    return {"any": replace(found, at_wall=at_wall)}
