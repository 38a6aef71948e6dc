"""What every act needs of a visit to a car, and how a step is tried.

Nothing here waits. A step is taken, and the next look (half a minute later by the resident program, five
minutes later by cron) sees at the charger whether it worked; only then comes the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from scheduler.cars.memory import CarMemory
from scheduler.cars.model import Asleep, CarError, ChargeReading, Command
from scheduler.cars.roads import Waits
from scheduler.cars.settings import CarSettings
from scheduler.cars.sight import Sight
from scheduler.cars.teller import Teller


class Hands(Protocol):
    """What acting needs of a visit: the car, what is seen and remembered, and how to speak to it."""

    car: CarSettings
    sight: Sight
    memory: CarMemory
    now_s: float
    dry_run: bool
    teller: Teller
    said: list[str]

    def look(self) -> bool:
        """Whether it is awake. Raises CarError."""
        ...

    def read(self) -> ChargeReading:
        """Ask it, and remember the answer. Raises CarError."""
        ...

    def send(self, command: Command) -> None:
        """Tell it. Raises CarError."""
        ...

    def wake(self) -> None:
        """Begin to wake it. Raises CarError."""
        ...

    def save(self) -> None:
        """Put the memory on disk, before something that must not be forgotten."""
        ...


def attempt(hands: Hands, step: Callable[[], None]) -> bool:
    """Take a step; what can't be done now is said and left to the next look. False: it was tried in vain."""
    try:
        step()
    except Asleep:
        hands.memory = replace(hands.memory, asleep=True)
    except Waits as error:
        hands.said.append(str(error))
    except CarError as error:  # an Unsure one too: the next look at the charger shows what came of it
        hands.said.append(f"{hands.car.label}: {error}")
        return False
    return True
