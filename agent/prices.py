"""What a kilowatt-hour costs, as the scheduler told it: looked up, and kept across restarts.

What nobody told is unknown, never free. Where the tariff's price of an instant is unknown, the flat prices
of the settings stand in, if they are of the same currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from datetime import datetime
from typing import Any

from agent.model import Price, PriceAhead, PricesAhead
from agent.parts import Slot

CODES = {"€": "EUR", "£": "GBP", "$": "USD"}


def code_of(currency: str) -> str:
    """ "EUR" for "€"; what is no such sign stays as it is."""
    return CODES.get(currency.strip(), currency.strip())


def slot_at(prices: PricesAhead, wall: datetime) -> PriceAhead | None:
    """The slot that holds at an instant, or None where the price is unknown."""
    at_s = wall.timestamp()
    return next((one for one in prices.slots if one.start.timestamp() <= at_s < one.end.timestamp()), None)


class PriceTeller:
    """Says each second what a kWh costs: call it with the wall time. It looks again only at a slot's end."""

    def __init__(self, prices: Slot[PricesAhead], flat: Price | None = None) -> None:
        self._prices, self._flat = prices, flat
        self._known: tuple[PricesAhead, float, float, Price | None] | None = None

    def __call__(self, wall: datetime | None) -> Price | None:
        """The price now; None: unknown."""
        prices = self._prices.get()
        if not prices.slots:
            return self._flat
        if wall is None:
            return None
        now_s = wall.timestamp()
        known = self._known
        if known is None or known[0] is not prices or not known[1] <= now_s < known[2]:
            slot = slot_at(prices, wall)
            begin_s, end_s = (slot.start.timestamp(), slot.end.timestamp()) if slot else (now_s, now_s + 1)
            known = self._known = prices, begin_s, end_s, self._priced(slot, prices.currency)
        return known[3]

    def flat(self) -> Price | None:
        """The settings' prices, for what has no other; None where the tariff has another currency."""
        currency = self._prices.get().currency
        return self._flat if self._flat and currency in ("", self._flat.currency) else None

    def _priced(self, slot: PriceAhead | None, currency: str) -> Price | None:
        flat = self.flat()
        if slot is None:
            return flat
        sell = slot.sell_per_kwh
        if sell is None and flat is not None:
            sell = flat.sell_per_kwh
        return Price(slot.buy_per_kwh, sell, currency)


def to_json(prices: PricesAhead) -> dict[str, object]:
    """As `from_json` reads it."""
    rows = [[one.start.isoformat(), one.end.isoformat(), *astuple(one)[2:]] for one in prices.slots]
    return {"currency": prices.currency, "slots": rows}


def from_json(kept: Mapping[str, Any]) -> PricesAhead:
    """Raises KeyError, ValueError or TypeError for what this version can't read."""
    slots = (
        PriceAhead(datetime.fromisoformat(start), datetime.fromisoformat(end), buy, sell, co2, name)
        for start, end, buy, sell, co2, name in kept["slots"]
    )
    return PricesAhead(str(kept["currency"]), tuple(slots))
