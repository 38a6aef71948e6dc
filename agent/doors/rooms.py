"""All of the house that a door may touch: what to read from, and one desk to ask at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from agent.desk import Desk
from agent.keeping import Kept, KeptNowhere
from agent.model import Event, Price, Published, Rules
from agent.parts import Slot
from agent.prices import code_of
from scheduler.clock import Clock

Row = Mapping[str, object]
Span = tuple[datetime, datetime]


class HistoryReader(Protocol):
    """What is remembered, as rows of JSON values with units in their names, oldest first.

    Safe to call from any thread. `start` and `end` are aware; `start` belongs to the answer, `end` does not.
    """

    def history(self, start: datetime, end: datetime, step_s: int) -> Sequence[Row]:
        """Means over steps: `at` (ISO), `grid_w`, `solar_w`, `battery_w`, `house_w`, `chargers_w`, ..."""
        ...

    def sessions(self, start: datetime, end: datetime) -> Sequence[Row]:
        """Charging sessions that touch the span: `charger`, `started`, `ended`, `energy_wh`, ..."""
        ...

    def events(self, after_id: int, limit: int, span: Span | None = None) -> Sequence[Row]:
        """Events with a greater `id`, or the newest for `after_id` < 0: `id, at, kind, sentence, ...`

        With a `span` only those in it.
        """
        ...

    def decisions(self, start: datetime, end: datetime, charger_id: str | None, limit: int) -> Sequence[Row]:
        """Why offers changed, the last `limit`: `id, at, charger, before_amps, after_amps, reason, steps`"""
        ...


class NoHistory:
    """A house that remembers nothing (yet)."""

    def history(self, start: datetime, end: datetime, step_s: int) -> Sequence[Row]:
        """Nothing."""
        return ()

    def sessions(self, start: datetime, end: datetime) -> Sequence[Row]:
        """Nothing."""
        return ()

    def events(self, after_id: int, limit: int, span: Span | None = None) -> Sequence[Row]:
        """Nothing."""
        return ()

    def decisions(self, start: datetime, end: datetime, charger_id: str | None, limit: int) -> Sequence[Row]:
        """Nothing."""
        return ()


@dataclass(frozen=True)
class Money:
    """What a kilowatt-hour costs from the grid, and brings when sold; without a currency not known."""

    currency: str = ""
    grid_price: float = 0.0
    sell_price: float = 0.0


@dataclass(frozen=True)
class Site:
    """What the settings say that doors show. `versions` are part -> version, for the page's last corner.

    `links` are words -> address of other pages that belong to the house.

    `settings` are the active ones, with secrets already hidden.
    """

    rules: Rules
    name: str = "Home"
    max_age_s: float = 10.0
    versions: Mapping[str, str] = field(default_factory=dict)
    money: Money = field(default_factory=Money)
    settings: Mapping[str, Any] = field(default_factory=dict)
    timezone: str = "UTC"  # an IANA name
    links: Mapping[str, str] = field(default_factory=dict)


def _unheard(event: Event) -> None:
    pass


def _not_known(wall: datetime | None) -> Price | None:
    return None


def _untried() -> Sequence[Row]:
    return ()


@dataclass(frozen=True)
class Rooms:
    """All that a door may touch. `examine` tries everything and gives rows of `level, about, says`.

    `kept` is for what a door has to know after a restart; each uses keys of its own. `price_at` says what a
    kWh costs at a wall time, None where nobody knows.
    """

    clock: Clock
    published: Slot[Published]
    desk: Desk
    history: HistoryReader
    site: Site
    tell: Callable[[Event], None] = _unheard
    examine: Callable[[], Sequence[Row]] = _untried
    kept: Kept = field(default_factory=KeptNowhere)
    price_at: Callable[[datetime | None], Price | None] = _not_known

    @property
    def currency(self) -> str:
        """What prices are told in, like "EUR"; empty where there are none."""
        return self.desk.prices.get().currency or code_of(self.site.money.currency)
