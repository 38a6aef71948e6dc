"""The prices that this house knows: what others of the scheduler ask for, without asking any service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.settings import SchedulerSettings
from scheduler.tariffs.cache import Cache
from scheduler.tariffs.formula import Formula, read_formula
from scheduler.tariffs.settings import TariffSettings
from scheduler.tariffs.slots import PriceSlot, ending_after
from scheduler.tariffs.sources import source_of
from scheduler.tariffs.unchanged import Unchanged

FILE = "prices.json"
_MADE: Unchanged[tuple[PriceSlot, ...]] = Unchanged()


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


def coming_prices(
    settings: SchedulerSettings, tariff: TariffSettings, wall: datetime
) -> tuple[PriceSlot, ...]:
    """What power costs from two hours before `wall` on."""
    since_s = wall.timestamp() - 7200
    return tuple(ending_after(bought(tariff, spot_slots(settings, tariff, wall)), since_s))


def priced(tariff: TariffSettings, spot: tuple[PriceSlot, ...]) -> Prices:
    """The owner's prices: with fees and taxes, and what is paid for his sun."""
    sold = () if tariff.feed_in is None else _at(str(tariff.feed_in), spot)
    return Prices(tariff.currency, bought(tariff, spot), sold)


def bought(tariff: TariffSettings, spot: tuple[PriceSlot, ...]) -> tuple[PriceSlot, ...]:
    """What power costs, with fees and taxes."""
    final = tariff.kind == "fixed" or source_of(tariff.kind).FINAL
    as_is = final and tariff.formula == "spot"
    return spot if as_is else _at(tariff.formula, spot)


def cache_of(settings: SchedulerSettings, tariff: TariffSettings) -> Cache:
    """Where this tariff's prices lie."""
    words = (tariff.kind, tariff.zone, tariff.product, tariff.region, tariff.home, tariff.currency)
    return Cache(settings.state_dir / "scheduler" / FILE, "/".join(words))


def _at(formula: str, slots: tuple[PriceSlot, ...]) -> tuple[PriceSlot, ...]:
    return _MADE.get((formula, slots), lambda: _with(read_formula(formula), slots))


def _with(formula: Formula, slots: tuple[PriceSlot, ...]) -> tuple[PriceSlot, ...]:
    """Slots at the formula's price; one without a finite answer is unknown."""
    out = []
    for slot in slots:
        try:
            price = round(formula(slot.price_per_kwh), 6)
        except (ZeroDivisionError, OverflowError):
            continue
        out.append(PriceSlot(slot.start, slot.end, price, slot.name, slot.co2_g_per_kwh))
    return tuple(out)
