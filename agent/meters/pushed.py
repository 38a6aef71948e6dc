"""Readings that others bring: `PUT /api/v1/meters/{role}`, by Node-RED, a script, or the scheduler.

Nothing is asked. Whatever was last put for the role counts as long as it is fresh; retained for ever it
would be a lie, so each push has an age: its own, or that of its arrival. Name it in a list to give it
its place in the order:

    grid = ["solaredge://192.168.0.27", "pushed://"]

Without a line a push still counts, behind all other sources of its role. This is also how cloud services
reach the agent, which itself stays off the internet: the scheduler reads them and pushes.
"""

from __future__ import annotations

from agent.meters.line import NoOptions
from agent.meters.values import Meaning, Poor

TITLE = "Readings put through the HTTP API by others"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "pushed://"
VIA = "nothing"
PLACE = "nothing"
STEADY = True


def ask(options: NoOptions, answers: None) -> list[None]:
    """Nothing."""
    return []


def decode(answers: None, options: NoOptions) -> Meaning:
    """A push goes to the board directly (part.py): there is nothing to ask for."""
    raise Poor("a pushed reading can't be asked for: put one to /api/v1/meters/ROLE")
