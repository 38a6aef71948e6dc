"""Asking, whoever answers: a person (terminal.py) or a file of answers (answers.py).

Every question has a key, such as `bus.port`: it names the answer in a file, and it is how an answer that was
given before is proposed again. A question without a key is only for a person, and is not remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")
Read = Callable[[str], T]

STEPS = (
    *("house", "bus", "meters", "tariff", "forecast", "tesla", "battery", "thermostats", "letters", "page"),
)
SECRET_KEYS = ("password", "client_secret", "paste", "token")
YES, NO = ("y", "yes", "true"), ("n", "no", "false")


class Ended(Exception):
    """The person is gone, or an answer can't be used: the text is a sentence, and nothing was written."""


class Back(Exception):
    """The person wants to go back: to this step's begin, or with `far` to the step before."""

    def __init__(self, *, far: bool = False) -> None:
        super().__init__()
        self.far = far


class Skipped(Exception):
    """The person leaves the step in its middle: what was said in it is taken back."""


class Talk(Protocol):
    """Who answers. `patient`: may be asked the same again. A question may raise Ended, Back and Skipped."""

    patient: bool

    def say(self, text: str = "") -> None:
        """Tell something."""
        ...

    def wants(self, step: str, title: str, about: str) -> bool:
        """Announce a step; False skips it."""
        ...

    def ask(self, key: str, question: str, read: Read[T], proposal: str | None = None) -> T:
        """An answer that `read` understands (it raises ValueError with a sentence)."""
        ...

    def yes(self, key: str, question: str, proposal: bool) -> bool:
        """Yes or no."""
        ...

    def count(self, key: str, question: str, proposal: int) -> int:
        """How many of something; a file of answers has as many as it holds tables of that key."""
        ...

    def secret(self, key: str, question: str) -> str:
        """Something that is not shown; empty when none is given."""
        ...


def yes_or_no(text: str) -> bool:
    """Read y or n. Raises ValueError."""
    if text.strip().lower() not in (*YES, *NO):
        raise ValueError("Write y or n.")
    return text.strip().lower() in YES


def few(text: str) -> int:
    """Read a small number. Raises ValueError."""
    if not text.strip().isdecimal() or int(text) > 12:
        raise ValueError("Write a number from 0 to 12.")
    return int(text)
