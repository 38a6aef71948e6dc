"""Whatever a program of yours prints: a number ("-2385", "2.1 kW"), or JSON and then a path to the number.

    command:///usr/local/bin/read-meter              the program, by its whole path
                ?args=--phase 1 "my meter"           its arguments, split as a shell does; no shell is run
                &watts=PATH&minus=PATH&amps=...      out of JSON, as in http-json

It runs anew for each reading and has the line's timeout. An exit status other than 0 is no reading, whatever
was printed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.meters import units
from agent.meters.line import option
from agent.meters.picked import Picks, values
from agent.meters.values import Meaning
from agent.meters.via.pages import Page

TITLE = "Whatever a program of yours prints"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "command:///usr/local/bin/read-meter?args=--phase 1&positive=import"
VIA = "command"
PLACE = "path"
EVERY_S = 10.0


@dataclass(frozen=True)
class Options(Picks):
    """What a line may say."""

    path: str = option("", "the program")
    args: str = option("", "its arguments")
    watts: str = option("", "path to the watts in its JSON; without one the whole output is the number")
    time: str = option("", "path to when it was true")


def ask(options: Options, answers: None) -> list[None]:
    """Nothing: the line names the program."""
    return []


def decode(answers: Page, options: Options) -> Meaning:
    """The numbers that the line picked; only it knows their role."""
    body = answers.json_or_bare()

    def read(path: str, into: str, unit: str) -> float:
        return units.measured(body.at(path).value, into, unit, path or "its output")

    found = values(replace(options, unit=options.unit or "W"), options.watts, read)
    at_wall = units.stamp(body.at(options.time).value) if options.time else None
    return {"any": replace(found, at_wall=at_wall)}
