"""Telling what does not work, so that it can be understood where it was just asked for."""

from __future__ import annotations

import re

from agent.commands.wizard.talk import Ended, Talk

WHERE = re.compile(r": see [A-Z_]+( and [A-Z_]+)?\.$")


def plainly(error: Exception) -> str:
    """An error's sentence without the names of secrets: the wizard has just asked for them."""
    return WHERE.sub(".", str(error))


def together(talk: Talk, problems: list[str], key: str) -> None:
    """Tell why answers don't fit together. Raises Ended where nobody can be asked again."""
    if not talk.patient:
        raise Ended(f"{key}: {' '.join(problems)}")
    for problem in problems:
        talk.say(f"  {problem}")
