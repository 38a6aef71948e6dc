"""Adds up one minute, second by second, until it becomes a row."""

from __future__ import annotations

from agent.history.flows import ChargerFlow, Flows, cost_and_saving
from agent.history.rollup import CHARGER_SUMS, Minute
from agent.model import Price

MILLIONTHS = 1e6


class Gathering:
    """The sums of a minute that is not over yet. Floats inside; whole joules when taken."""

    def __init__(self) -> None:
        self._empty()

    def _empty(self) -> None:
        self.seconds = 0.0
        self._grid_s = self._grid_in = self._grid_out = 0.0
        self._solar_s = self._solar = 0.0
        self._battery_s = self._battery_in = self._battery_out = 0.0
        self._house_s = self._house = self._cars = 0.0
        self._soc_s = self._soc = 0.0
        self._buy_s = self._buy = self._sell_s = self._sell = 0.0
        self._chargers: dict[str, list[float]] = {}

    def add(self, flows: Flows, seconds: float, price: Price | None = None) -> None:
        """What flowed for some seconds, and what a kWh cost; None: nobody knows."""
        self.seconds += seconds
        if price is not None:
            self._add_price(price, seconds)
        if flows.grid_w is not None:
            self._grid_s += seconds
            if flows.grid_w > 0:
                self._grid_in += flows.grid_w * seconds
            else:
                self._grid_out -= flows.grid_w * seconds
        if flows.solar_w is not None:
            self._solar_s += seconds
            self._solar += flows.solar_w * seconds
        if flows.battery_w is not None:
            self._battery_s += seconds
            if flows.battery_w > 0:
                self._battery_in += flows.battery_w * seconds
            else:
                self._battery_out -= flows.battery_w * seconds
        if flows.house_w is not None:
            self._house_s += seconds
            self._house += flows.house_w * seconds
        if flows.soc_percent is not None:
            self._soc_s += seconds
            self._soc += flows.soc_percent * seconds
        for charger in flows.chargers:
            self._add_charger(charger, seconds, price)

    def _add_price(self, price: Price, seconds: float) -> None:
        self._buy_s += seconds
        self._buy += price.buy_per_kwh * MILLIONTHS * seconds
        if price.sell_per_kwh is not None:
            self._sell_s += seconds
            self._sell += price.sell_per_kwh * MILLIONTHS * seconds

    def _add_charger(self, charger: ChargerFlow, seconds: float, price: Price | None) -> None:
        sums = self._chargers.get(charger.charger_id)
        if sums is None:
            sums = self._chargers[charger.charger_id] = [0.0] * len(CHARGER_SUMS)
        sums[0] += seconds
        sums[1] += charger.offered_amps * seconds
        if charger.watts > 0.0:
            sums[2] += charger.drawn_amps * seconds
            sums[3] += charger.watts * seconds
            sums[4] += charger.sun_w * seconds
            sums[5] += charger.battery_w * seconds
            sums[6] += charger.grid_w * seconds
            self._cars += charger.watts * seconds
            if price is not None:
                cost, saved = cost_and_saving(charger, price)
                sums[7] += charger.watts * seconds
                sums[8] += cost * MILLIONTHS * seconds
                sums[9] += saved * MILLIONTHS * seconds

    def take(self, at: int | None, mono_s: float) -> Minute:
        """The row so far, and begin anew."""
        house = (
            round(self.seconds),
            *(round(value) for value in (self._grid_s, self._grid_in, self._grid_out)),
            *(round(value) for value in (self._solar_s, self._solar)),
            *(round(value) for value in (self._battery_s, self._battery_in, self._battery_out)),
            *(round(value) for value in (self._house_s, self._house, self._cars)),
            *(round(value) for value in (self._soc_s, self._soc)),
            *(round(value) for value in (self._buy_s, self._buy, self._sell_s, self._sell)),
        )
        chargers = {name: tuple(round(value) for value in sums) for name, sums in self._chargers.items()}
        self._empty()
        return Minute(at, mono_s, house, chargers)
