"""The ways to a device: one file per transport, each with `open_line(source, clock) -> Line`.

A line is held by one thread and serves all sources of one endpoint. `poll` asks, or for devices that
speak by themselves hands out what they last said; either way it returns in bounded time, with the
answers and the instant they arrived, or with a Problem. It never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from agent.meters.line import Source
from agent.meters.values import Down, Poor
from scheduler.clock import Moment

MOST_ROUNDS = 40  # a driver that still has questions then is turning in a circle
A = TypeVar("A", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: the transport's own view of it (Registers, Pages, ...), and when it was true."""

    answers: Any
    at_mono_s: float


@dataclass(frozen=True, slots=True)
class Problem:
    """No answer (`down`), a useless one (`poor`), or none yet (`waiting`). `wait_s`: not sooner.

    `keeps_trying`: the line comes back by itself, so looking at it soon costs the device nothing.
    """

    kind: Literal["down", "poor", "waiting"]
    sentence: str
    wait_s: float = 0.0
    keeps_trying: bool = False


class Line(Protocol):
    """An open way to one endpoint."""

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """Ask what the source's driver wants to know. Never raises, never takes much over 5 s."""

    def close(self) -> None:
        """Let go of the device."""


def gather(wanted: Callable[[], Iterable[A]], fetch: Callable[[A], None], asked: set[A]) -> None:
    """Ask until the driver has no new question: `wanted` looks at the answers that `fetch` has added."""
    for _ in range(MOST_ROUNDS):
        fresh = [one for one in wanted() if one not in asked]
        if not fresh:
            return
        for one in dict.fromkeys(fresh):
            asked.add(one)
            fetch(one)
    raise Poor("the device's own description goes round in a circle")


def problem(error: Poor | Down) -> Problem:
    """An error as the value that it is."""
    if isinstance(error, Down):
        return Problem("down", str(error), error.wait_s)
    return Problem("poor", str(error))
