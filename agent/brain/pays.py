"""When it pays to go on through clouds: `min_solar_share` out of prices. Pure but for what it remembers.

A kilowatt-hour of sun in the car spares one that would be bought some other time (`otherwise`), and loses
what selling it would have brought: it is worth otherwise - sell. A bought one is worth otherwise - buy. With
a share s of sun the minimum of a charger neither earns nor costs where

    s (otherwise - sell) + (1 - s) (otherwise - buy) = 0,   so   s = (buy - otherwise) / (buy - sell)

With 0.30, 0.20 and 0.08 that is 0.45. It is kept between 0.45, below which following the sun would be
charging from the grid, and 1.0: never buy for the sun's sake. `otherwise` is the mean of the four cheapest
hours that are known within the next 24: a car needs hours, not the one best quarter.

The share changes with the tariff's slots at the most, and then only if it differs by 0.1 or more.
"""

from __future__ import annotations

from datetime import datetime

from agent.model import PriceAhead, PricesAhead, SunShare
from agent.parts import Slot
from agent.prices import slot_at

LEAST, MOST = 0.45, 1.0
LOOKS_AHEAD_S, NEEDS_S = 24 * 3600.0, 4 * 3600.0
WORTH_A_CHANGE = 0.1
NOTHING_BOUGHT = "Nothing is bought for the sun's sake"


def share_that_pays(buy: float, otherwise: float, sell: float) -> float:
    """The least share of sun at which a charger's minimum still pays; prices per kWh in one currency."""
    if buy <= sell:  # buying costs no more than the sun would bring
        return LEAST
    return min(MOST, max(LEAST, (buy - otherwise) / (buy - sell)))


def cheap_ahead(prices: PricesAhead, from_s: float) -> float | None:
    """The mean price of the cheapest known hours within a day from `from_s`; None where none is known."""
    parts = []
    for one in prices.slots:
        begin_s, end_s = one.start.timestamp(), one.end.timestamp()
        known_s = min(end_s, from_s + LOOKS_AHEAD_S) - max(begin_s, from_s)
        if known_s > 0:
            parts.append((one.buy_per_kwh, known_s))
    taken_s = cost = 0.0
    for price, known_s in sorted(parts):
        part_s = min(known_s, NEEDS_S - taken_s)
        taken_s, cost = taken_s + part_s, cost + price * part_s
    return cost / taken_s if taken_s else None


class Pays:
    """Says each second what share of sun pays: call it with the wall time. Unknown prices buy nothing."""

    def __init__(self, prices: Slot[PricesAhead]) -> None:
        self._prices = prices
        self._known: tuple[PricesAhead, float, float] | None = None  # and from when to when it is said
        self._said = SunShare(MOST, f"{NOTHING_BOUGHT}: the price of power is not known.")

    def __call__(self, wall: datetime | None) -> SunShare:
        """The share and why."""
        prices, now_s = self._prices.get(), wall.timestamp() if wall else 0.0
        known = self._known
        if known is None or known[0] is not prices or not known[1] <= now_s < known[2]:
            slot = slot_at(prices, wall) if wall else None
            begin_s, end_s = (slot.start.timestamp(), slot.end.timestamp()) if slot else (now_s, now_s + 1)
            self._known = prices, begin_s, end_s
            self._said = self._found(prices, slot)
        return self._said

    def _found(self, prices: PricesAhead, slot: PriceAhead | None) -> SunShare:
        if slot is None:
            return SunShare(MOST, f"{NOTHING_BOUGHT}: the price of power is not known now.")
        if slot.sell_per_kwh is None:
            return SunShare(MOST, f"{NOTHING_BOUGHT}: what selling brings is not known (tariff.feed_in).")
        buy, sell = slot.buy_per_kwh, slot.sell_per_kwh
        otherwise = cheap_ahead(prices, slot.start.timestamp())
        otherwise = buy if otherwise is None else otherwise
        share = share_that_pays(buy, otherwise, sell)
        if abs(share - self._said.share) < WORTH_A_CHANGE and LEAST < share < MOST:
            share = self._said.share
        says = (
            NOTHING_BOUGHT
            if share >= MOST
            else f"Charging goes on through a cloud while {share:.0%} of it is sun"
        )
        return SunShare(
            round(share, 2),
            f"{says.replace('%', ' %')}: power costs {buy:.2f} {prices.currency} now, {otherwise:.2f} in the "
            f"cheapest hours ahead, and selling brings {sell:.2f}.",
        )
