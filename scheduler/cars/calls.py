"""Every call to Tesla's clouds is asked for here first, counted, and paid: by class, day and month. Pure.

Classes as the maker bills them: `data`, `command`, `wake` of cars, `energy` and `energy_command` of a house
battery; `free` ones are counted too. What the owner set as a cap is never passed: the bus goes on without the
cloud. A refused call costs like a good one.

`ledger` is a plain table of JSON values, one for the whole account (`account.py` keeps it):

    {"day": "2026-11-20", "today": {"data": 12}, "month": "2026-11", "money": 0.48,
     "pause_until_s": 0, "last_s": {"VIN data": 1795253405.0}, "wakes_s": [...], "told": {...}}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from scheduler.cars.model import CallClass, Json
from scheduler.cars.settings import TeslaSettings

CLASSES: tuple[CallClass, ...] = get_args(CallClass)
LEAST_GAP_S: dict[CallClass, float] = {"free": 4.0, "data": 55.0, "command": 9.0, "wake": 60.0}
WORDS: dict[CallClass, str] = {
    "free": "free calls",
    "data": "looks at the car",
    "command": "orders to the car",
    "wake": "wakings of the car",
    "energy": "looks at the house battery",
    "energy_command": "orders to the house battery",
}
WARN_SHARE = 0.8
BY_THE_BUS = "charging goes on by the bus alone"


@dataclass(frozen=True, slots=True)
class Caps:
    """How often a day, what a call costs, and how much a month."""

    a_day: dict[CallClass, int]
    price: dict[CallClass, float]
    money_per_month: float
    currency: str

    @classmethod
    def of(cls, tesla: TeslaSettings) -> Caps:
        """The caps of [tesla]."""
        return cls(
            {
                "data": tesla.reads_per_day,
                "command": tesla.commands_per_day,
                "wake": tesla.wakes_per_day,
                "energy": tesla.energy_reads_per_day,
                "energy_command": tesla.energy_commands_per_day,
            },
            {
                "free": 0.0,
                "data": tesla.price_per_read,
                "command": tesla.price_per_command,
                "wake": tesla.price_per_wake,
                "energy": tesla.price_per_energy_read,
                "energy_command": tesla.price_per_energy_command,
            },
            tesla.money_per_month,
            tesla.currency,
        )


class Calls:
    """The account's calls. All of it changes `ledger`, which the caller keeps."""

    def __init__(self, ledger: Json, caps: Caps, wall: datetime) -> None:
        self.ledger = ledger
        self._caps = caps
        self._now_s = wall.timestamp()
        _roll(ledger, wall)

    def why_not(self, kind: CallClass, vin: str, *, priced: bool = True) -> str:
        """Why such a call must not be made now; "" when it may."""
        pause_s = float(self.ledger.get("pause_until_s", 0.0)) - self._now_s
        if 0 < pause_s < 86400 * 2:
            return f"Tesla is not asked for another {pause_s / 60:.0f} min"
        if kind in self._caps.a_day and self.today(kind) >= self._caps.a_day[kind]:
            return f"today's {self._caps.a_day[kind]} {WORDS[kind]} are used up"
        if (
            priced
            and self._caps.price[kind]
            and self.money + self._caps.price[kind] > self._caps.money_per_month + 1e-9
        ):
            return f"this month's {self._caps.money_per_month:g} {self._caps.currency} for calls is used up"
        last_s = self.ledger["last_s"].get(f"{vin} {kind}", -1e12)
        if 0 <= self._now_s - last_s < LEAST_GAP_S.get(kind, 0.0):
            return "it was asked a moment ago"
        return ""

    def count(self, kind: CallClass, vin: str, *, priced: bool = True) -> None:
        """One such call is being made now."""
        self.ledger["last_s"][f"{vin} {kind}"] = self._now_s
        self.ledger["today"][kind] = self.today(kind) + 1
        if priced:
            self.ledger["money"] = self.money + self._caps.price[kind]

    def pause(self, seconds: float) -> None:
        """Be quiet towards the maker; each further trouble doubles it, up to an hour at least."""
        again = min(2.0 ** int(self.ledger.get("pauses", 0)) * 60.0, 3600.0)
        self.ledger["pauses"] = int(self.ledger.get("pauses", 0)) + 1
        self.ledger["pause_until_s"] = self._now_s + max(seconds, again)

    def fine(self) -> None:
        """A call worked: the next pause begins small again."""
        self.ledger["pauses"] = 0

    def today(self, kind: CallClass) -> int:
        """How many of this class were made today."""
        return int(self.ledger["today"].get(kind, 0))

    @property
    def money(self) -> float:
        """What this month's calls cost so far."""
        return float(self.ledger.get("money", 0.0))

    def shown(self) -> Json:
        """For the page: counts of today with their caps, and the month's money."""
        return {
            "today": {kind: self.today(kind) for kind in CLASSES},
            "caps": dict(self._caps.a_day),
            "month_money": round(self.money, 3),
            "month_money_cap": self._caps.money_per_month,
            "currency": self._caps.currency,
        }

    def news(self) -> Iterator[tuple[str, str, str]]:
        """What the owner should hear, once a day or month each: (event kind, subject, sentence)."""
        shares: dict[str, tuple[str, float]] = {
            f"today's {WORDS[kind]}": (kind, self.today(kind) / cap)
            for kind, cap in self._caps.a_day.items()
            if cap
        }
        if self._caps.money_per_month:
            shares["this month's money for calls"] = ("money", self.money / self._caps.money_per_month)
        for says, (key, share) in shares.items():
            level = 2 if share >= 1 - 1e-9 else 1 if share >= WARN_SHARE else 0
            told = self.ledger["month_told" if key == "money" else "told"]
            if level <= told.get(key, 0):
                continue
            told[key] = level
            be = "is" if key == "money" else "are"
            if level == 2:
                goes_on = "the battery stays as it is" if key.startswith("energy") else BY_THE_BUS
                yield "api_budget_spent", key, f"{_first(says)} {be} used up; {goes_on}."
            elif key != "wake":  # a few wakes a day are a budget to use
                yield "api_budget_low", key, f"{100 * share:.0f} % of {says} {be} used."


def _roll(ledger: Json, wall: datetime) -> None:
    """A new day and a new month begin at nothing, in the house's own calendar."""
    for key in ("today", "last_s", "told", "month_told"):
        if not isinstance(ledger.get(key), dict):
            ledger[key] = {}
    day, month = f"{wall:%Y-%m-%d}", f"{wall:%Y-%m}"
    if ledger.get("day") != day:
        ledger |= {"day": day, "today": {}, "told": {}}
    if ledger.get("month") != month:
        ledger |= {"month": month, "money": 0.0, "month_told": {}}


def _first(text: str) -> str:
    return text[0].upper() + text[1:]
