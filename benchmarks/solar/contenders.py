"""Who runs in the bench: perfect knowledge, models of others' rules, and our brain.

A contender is a name and a way to turn a day into a track. Models step on the bench's own car; oracles
compute their track; our brain may bring a whole stepped house (`ours.py`), as long as it hands back
amps second by second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from benchmarks.solar import oracles
from benchmarks.solar.car import Controller, Track, drive
from benchmarks.solar.models import MODELS
from benchmarks.solar.traces import Day

Kind = Literal["oracle", "model", "ours"]


@dataclass(frozen=True)
class Contender:
    """One row of the tables."""

    name: str
    kind: Kind
    play: Callable[[Day], Track]
    answers_steps: bool = True  # an oracle has no response time: it knew


def from_controller(name: str, kind: Kind, make: Callable[[], Controller]) -> Contender:
    """A contender from anything with a `step`; a fresh one for each day."""
    return Contender(name, kind, lambda day: drive(day, make()))


def references() -> list[Contender]:
    """Both oracles in two quanta, and all models."""
    rows = []
    for title, knows in (("zero import", oracles.zero_import), ("best value", oracles.best_value)):
        for quantum in (1.0, 0.1):
            play = partial(knows, quantum_amps=quantum)
            rows.append(Contender(f"{title}, {quantum:g} A", "oracle", play, answers_steps=False))
    return rows + [from_controller(name, "model", make) for name, make in MODELS]
