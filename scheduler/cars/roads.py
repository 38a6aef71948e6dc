"""One car's ways in, in order of trust, behind the one gate that every call goes through.

A way that sleeps, rests or is refused gives the word to the next. What a cloud refuses for good (signing,
scopes, a closed road) is switched off for a day and told in a letter, once; what it can't do now makes the
account, or this car, rest. A cloud's calls are counted before they are made: an answer lost is a call paid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from scheduler.cars.account import Account
from scheduler.cars.links import open_link
from scheduler.cars.links.tools import Tools
from scheduler.cars.model import (
    CallClass,
    CarError,
    ChargeReading,
    Command,
    Json,
    Link,
    NotNow,
    Refused,
)
from scheduler.cars.policy import patience_s
from scheduler.cars.settings import CarSettings
from scheduler.cars.teller import Teller

T = TypeVar("T")
OFF_FOR_S = 86400.0
AT_HOME = "teslamate:"
DEAF_AFTER = 3  # failures in a row before a letter


class Waits(CarError):
    """No way may be used now: a budget, a pause, a distance to the call before."""


class Roads:
    """Every way to one car. `kept` is a table of JSON values of this car's ways."""

    def __init__(self, car: CarSettings, tools: Tools, calls: Account, teller: Teller, kept: Json) -> None:
        self._car = car
        self._tools = tools
        self._calls = calls
        self._teller = teller
        self._kept = kept
        self._off: Json = kept.setdefault("off", {})
        self._links: dict[str, Link] = {}

    @property
    def reads_at_home(self) -> bool:
        """Whether the first source of readings doesn't touch the car."""
        return bool(self._car.reads) and self._car.reads[0].startswith(AT_HOME)

    @property
    def stands_in(self) -> bool:
        """Whether another way to read stands behind those at home."""
        return any(not line.startswith(AT_HOME) for line in self._car.reads)

    @property
    def home_rests(self) -> bool:
        """Whether the source at home failed a moment ago, and is left alone."""
        since_s = self._tools.now_s - float(self._kept.get("home_failed_s", 0.0))
        failures = int(self._kept.get("home_failures", 0))
        return bool(failures) and 0 <= since_s < patience_s(failures)

    def awake(self) -> bool:
        """Whether the car is awake; keeps nobody up. Raises CarError."""
        return self._try(self._car.reads, "presence", "free", lambda link: link.awake(self._car.vin))

    def read_at_home(self) -> ChargeReading:
        """What is known of it at home; how often that is tried in vain is remembered. Raises CarError."""
        lines = [line for line in self._car.reads if line.startswith(AT_HOME)]
        try:
            reading = self._read(lines)
        except CarError:
            failures = int(self._kept.get("home_failures", 0)) + 1
            self._kept |= {"home_failures": failures, "home_failed_s": self._tools.now_s}
            raise
        self._kept.pop("home_failures", None)
        return reading

    def read(self) -> ChargeReading:
        """What the car says. Raises CarError."""
        return self._read(self._car.reads)

    def _read(self, lines: Sequence[str]) -> ChargeReading:
        reading = self._try(lines, "read", "data", lambda link: link.read(self._car.vin))
        self._teller.over("cloud_lost", self._car.vin, f"{self._car.label} answers again.")
        return reading

    def send(self, command: Command) -> None:
        """Tell it something. Raises CarError."""
        self._try(
            self._car.commands, command.action, "command", lambda link: link.send(self._car.vin, command)
        )

    def wake(self) -> None:
        """Begin to wake it. Raises CarError."""
        self._try(
            (*self._car.commands, *self._car.reads), "wake", "wake", lambda link: link.wake(self._car.vin)
        )

    def is_deaf(self, failures: int, why: CarError) -> None:
        """Tell that a car's cloud has not answered for a while."""
        if failures >= DEAF_AFTER:
            label, vin = self._car.label, self._car.vin
            says = f"{label} can't be asked: {why} Charging goes on by the bus; its charge is not known."
            self._teller.once("cloud_lost", vin, says)

    def _try(
        self, lines: Sequence[str], what: str, kind: CallClass, call: Callable[[Link], T]
    ) -> T:  # the first way that works
        last: CarError = Waits(f"{self._car.label} has no way for this: see docs/cars.md.")
        for text in lines:
            link = self._link(text)
            off_s = self._off.get(f"{link.scheme} {what}", 0.0) - self._tools.now_s
            if what not in link.can or 0 < off_s <= OFF_FOR_S:
                continue
            if link.billed and (why := self._calls.why_not(kind, self._car.vin, priced=link.priced)):
                last = Waits(f"{self._car.label} is not asked: {why}.")
                continue
            if link.billed:
                self._calls.count(kind, self._car.vin, priced=link.priced)
            try:
                found = call(link)
            except Refused as error:
                last = error
                self._switch_off(link, what, error)
            except NotNow as error:
                last = error
                if link.billed and error.everything:
                    self._calls.pause(error.pause_s)
            else:
                if link.billed:
                    self._calls.fine()
                self._teller.over("command_refused", f"{self._car.vin} {link.scheme} {what}")
                return found
        raise last

    def _link(self, text: str) -> Link:
        if text not in self._links:
            self._links[text] = open_link(text, self._tools)
        return self._links[text]

    def _switch_off(self, link: Link, what: str, error: Refused) -> None:
        """It was refused for good: not asked again before tomorrow, and told once."""
        self._off[f"{link.scheme} {what}"] = self._tools.now_s + OFF_FOR_S
        says = f"{self._car.label}, {link.scheme}://: {error} It is tried again tomorrow."
        self._teller.once("command_refused", f"{self._car.vin} {link.scheme} {what}", says)
