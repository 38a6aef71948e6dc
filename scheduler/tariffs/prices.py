"""The prices that this house knows: what others of the scheduler ask for, without asking any service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.settings import SchedulerSettings
from scheduler.tariffs.cache import Cache
from scheduler.tariffs.formula import Formula, read_formula
from scheduler.tariffs.settings import TariffSettings
from scheduler.tariffs.slots import PriceSlot
from scheduler.tariffs.sources import source_of

FILE = "prices.json"


@dataclass(frozen=True, slots=True)
class Prices:
    """`buy` and `sell` per kWh in `currency`: in order, with gaps where a price is unknown."""

    currency: str
    buy: tuple[PriceSlot, ...]
    sell: tuple[PriceSlot, ...]


def known_prices(settings: SchedulerSettings, wall: datetime) -> Prices | None:
    """What is known around `wall` (in the house's zone); None: no [tariff]. Raises SettingsError."""
    tariff = settings.section("tariff", TariffSettings)
    if tariff is None:
        return None
    return priced(tariff, spot_slots(settings, tariff, wall))


def spot_slots(settings: SchedulerSettings, tariff: TariffSettings, wall: datetime) -> tuple[PriceSlot, ...]:
    """Prices before fees and taxes, from the disk; a fixed tariff's as they are."""
    fixed = tariff.fixed()
    return fixed.slots(wall) if fixed else cache_of(settings, tariff).read()


def priced(tariff: TariffSettings, spot: tuple[PriceSlot, ...]) -> Prices:
    """The owner's prices: with fees and taxes, and what is paid for his sun."""
    final = tariff.kind == "fixed" or source_of(tariff.kind).FINAL
    as_is = final and tariff.formula == "spot"
    buy = spot if as_is else _with(read_formula(tariff.formula), spot)
    return Prices(tariff.currency, buy, _with(read_formula(str(tariff.feed_in)), spot))


def cache_of(settings: SchedulerSettings, tariff: TariffSettings) -> Cache:
    """Where this tariff's prices lie."""
    words = (tariff.kind, tariff.zone, tariff.product, tariff.region, tariff.home, tariff.currency)
    return Cache(settings.state_dir / "scheduler" / FILE, "/".join(words))


def _with(formula: Formula, slots: tuple[PriceSlot, ...]) -> tuple[PriceSlot, ...]:
    """Slots at the formula's price; one without a finite answer is unknown."""
    out = []
    for slot in slots:
        try:
            out.append(replace(slot, price_per_kwh=round(formula(slot.price_per_kwh), 6)))
        except (ZeroDivisionError, OverflowError):
            continue
    return tuple(out)
