"""The ways out for a letter: one file per kind of channel, one object per addressee.

A channel is a stable `name` (the outbox files its letters under it), the `least` severity that it wants
to hear of, and `send(letter)`, which returns when the other side has taken the letter and raises SendError
otherwise. Each call is bounded in time.
"""

from __future__ import annotations

from typing import Literal, Protocol

from notify.events import Severity
from notify.letters import Letter

Cause = Literal["later", "settings", "letter"]


class SendError(Exception):
    """A letter was not taken. The sentence says what to do.

    `cause` decides about the next try: `later` (the line or the server; soon again), `settings` (nothing
    will go out until a person changes something; seldom again) or `letter` (this very letter is
    refused; given up after a few tries).
    """

    def __init__(self, sentence: str, cause: Cause) -> None:
        super().__init__(sentence)
        self.cause = cause


class Channel(Protocol):
    """One addressee on one way."""

    name: str
    least: Severity

    def send(self, letter: Letter) -> None:
        """Hand the letter over. Raises SendError."""
