"""The last result of something, for as long as what it was made of is the same: prices seldom change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


class Unchanged(Generic[T]):
    """Remembers the last few results. Texts and times are the same when they are equal, others when they
    are the same object: comparing two hundred prices would cost as much as making them anew."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._made: list[tuple[tuple[object, ...], T]] = []

    def get(self, makings: tuple[object, ...], make: Callable[[], T]) -> T:
        """What was made of the same before, or what `make` gives now."""
        for before, result in self._made:
            if len(before) == len(makings) and all(map(_same, before, makings)):
                return result
        result = make()
        self._made = [*self._made[-self._most + 1 :], (makings, result)]
        return result


def _same(one: object, other: object) -> bool:
    return one is other or (isinstance(one, str | datetime) and one == other)
