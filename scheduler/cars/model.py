"""The nouns of this room: what is known of a car, what it may be told, and how that may go wrong.

A reading is of an instant and from a source, and has no validity flag. None means "it did not say".
Amps are per conductor, charge in percent of what the car shows, times aware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal, Protocol

CallClass = Literal["free", "data", "command", "wake", "energy", "energy_command"]
Action = Literal["start", "stop", "set_amps", "set_limit"]
CHARGING = ("Charging", "Starting")


# --- values ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChargeReading:
    """What a car last said about its charging. `charging_state` is the maker's word:

    Disconnected, NoPower, Starting, Charging, Complete, Stopped, Calibrating, or "".
    `schedule` and `departure` are the app's own, in words; `schedule_pending`: it waits for one on purpose.
    """

    at: datetime
    source: str
    charging_state: str = ""
    soc_percent: float | None = None
    limit_percent: float | None = None
    lowest_limit_percent: float = 50.0
    request_amps: float | None = None  # what the app asks of the charger
    request_max_amps: float | None = None
    actual_amps: float | None = None
    volts: float | None = None
    plugged: bool | None = None
    schedule: str = ""
    departure: str = ""
    schedule_pending: bool = False
    override: bool = False  # the driver pressed "start now" against his schedule
    owner_stopped: bool = False  # an explicit stop, where the car tells it
    managed: bool = False  # the maker's own or a utility's programme is in charge
    minutes_left: float | None = None
    asleep: bool = False

    @property
    def charging(self) -> bool:
        """Whether it says that it charges."""
        return self.charging_state in CHARGING


def reading_to_json(reading: ChargeReading) -> dict[str, Any]:
    """JSON values that `reading_from_json` reads back the same."""
    return asdict(reading) | {"at": reading.at.isoformat()}


def reading_from_json(kept: Any) -> ChargeReading | None:
    """A kept reading; None for none, or one of a version that can't be read any more."""
    known = {field.name for field in fields(ChargeReading)}
    try:
        return ChargeReading(
            **{key: value for key, value in kept.items() if key in known}
            | {"at": datetime.fromisoformat(kept["at"])}
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to tell a car. `value` is whole amps or percent."""

    action: Action
    value: int | None = None

    def __str__(self) -> str:
        words = {"start": "start charging", "stop": "stop charging"}
        unit = {"set_amps": f"charge with {self.value} A", "set_limit": f"set its limit to {self.value} %"}
        return words.get(self.action) or unit[self.action]


# --- a way to a car ----------------------------------------------------------------------------------


class Link(Protocol):
    """One way to talk to cars; one file in `links/` each. Every call may raise CarError.

    `billed`: its calls are the maker's to limit. `priced`: they cost money, too. `can` holds what it is
    able to do: "read", "presence", "wake", and actions.
    """

    scheme: str
    billed: bool
    priced: bool
    can: frozenset[str]

    def awake(self, vin: str) -> bool:
        """Whether the car is awake; asking neither wakes it nor keeps it awake."""
        ...

    def read(self, vin: str) -> ChargeReading:
        """What it says. Raises Asleep; keeps an awake car awake."""
        ...

    def send(self, vin: str, command: Command) -> None:
        """Tell it something. Returns when the car agreed (or it was so already); raises CarSaysNo."""
        ...

    def wake(self, vin: str) -> None:
        """Begin to wake it; it takes some seconds to a minute."""
        ...


# --- how it may go wrong -----------------------------------------------------------------------------


class CarError(Exception):
    """A call came to nothing; the text is a sentence for the owner."""


class Asleep(CarError):
    """The car sleeps or can't be reached: a state, not a trouble."""


class NotNow(CarError):
    """The cloud can't or won't now: ask again, `pause_s` from now at the earliest."""

    def __init__(self, sentence: str, pause_s: float = 60.0, *, everything: bool = False) -> None:
        super().__init__(sentence)
        self.pause_s = pause_s
        self.everything = everything  # the whole account must pause, not only this car


class Unsure(NotNow):
    """A command was sent and no good answer came: it may have happened. Look before it is sent again."""


class SignInNeeded(CarError):
    """Only a person can help: sign in again."""


class Refused(CarError):
    """It won't be done however often it is asked. `what` names the lost ability."""

    def __init__(self, sentence: str, what: str) -> None:
        super().__init__(sentence)
        self.what = what


class ElsewhereError(CarError):
    """The account lives in another region; `url` is its address."""

    def __init__(self, sentence: str, url: str) -> None:
        super().__init__(sentence)
        self.url = url


class CarSaysNo(CarError):
    """The car itself answered no; `reason` is its word."""

    def __init__(self, sentence: str, reason: str) -> None:
        super().__init__(sentence)
        self.reason = reason


Json = dict[str, Any]
Values = Mapping[str, Any]
