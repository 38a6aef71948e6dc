"""Tells the agent what power costs, from the midnight before now to as far as prices are known.

The job compares what the agent knows with what is known here, and sends it anew where they differ: an agent
that was put back from a backup has it again within a quarter of an hour. What isn't known stays out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from scheduler.jobs import Context, JobFailed
from scheduler.tariffs.prices import Prices, priced, spot_slots
from scheduler.tariffs.settings import TariffSettings
from scheduler.tariffs.slots import price_at
from scheduler.tariffs.sources import midnights
from scheduler.tariffs.unchanged import Unchanged
from scheduler.wallclock import at

EVERY_S = 900.0
MOST_SLOTS = 400  # as many as the agent takes
Row = dict[str, Any]
_MADE: Unchanged[list[Row]] = Unchanged()


def run(tariff: TariffSettings, context: Context) -> Sequence[str]:
    """Close the difference. Raises AgentError."""
    if context.moment.wall is None:
        raise JobFailed("The time of day is not known.")
    wall = context.moment.wall.astimezone(context.settings.site.zone)
    prices = priced(tariff, spot_slots(context.settings, tariff, wall))
    since = midnights(wall)[0]
    rows = _MADE.get((prices.buy, prices.sell, since), lambda: rows_of(prices, since)[:MOST_SLOTS])
    if not rows or _same(context.agent.prices(), prices.currency, rows):
        return ()
    context.agent.put_prices(prices.currency, rows)
    if context.dry_run:
        return ()
    until = datetime.fromisoformat(str(rows[-1]["end"]))
    return [f"The agent knows the prices until {until:%a %H:%M}."]


def rows_of(prices: Prices, since: datetime) -> list[Row]:
    """The slots that end after `since`, as PUT /api/v1/prices takes them, in the zone of `since`."""
    zone = since.tzinfo
    assert zone is not None
    rows = []
    sells = {one.start: one for one in prices.sell}
    for one in prices.buy:
        if one.end <= since:
            continue
        sell = sells.get(one.start) or price_at(prices.sell, one.start)
        row = {
            "start": _iso(one.start, zone),
            "end": _iso(one.end, zone),
            "buy_per_kwh": one.price_per_kwh,
            "sell_per_kwh": sell.price_per_kwh if sell else None,
            "co2_g_per_kwh": one.co2_g_per_kwh,
            "name": one.name,
        }
        rows.append(row)
    return rows


def _iso(wall: datetime, zone: tzinfo) -> str:
    return at(wall.timestamp(), zone).isoformat()


def _same(found: Mapping[str, Any], currency: str, rows: Sequence[Row]) -> bool:
    slots = found.get("slots")
    if found.get("currency") != currency or not isinstance(slots, list) or len(slots) != len(rows):
        return False
    return all(one == row or _key(one) == _key(row) for one, row in zip(slots, rows, strict=True))


def _key(row: object) -> tuple[object, ...]:
    """What a row means: instants as seconds, since one may be written in several ways."""
    if not isinstance(row, Mapping):
        return ()
    try:
        times = tuple(datetime.fromisoformat(str(row[name])).timestamp() for name in ("start", "end"))
    except (KeyError, ValueError):
        return ()
    return (*times, *(row.get(name) for name in ("buy_per_kwh", "sell_per_kwh", "co2_g_per_kwh", "name")))
