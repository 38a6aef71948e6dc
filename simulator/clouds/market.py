"""Day-ahead prices over real HTTP, as Energy-Charts (quarter hours) and aWATTar (hours) tell them.

The prices follow the sun and the habits of people: cheap at noon, dear at breakfast and most in the evening.
As with the real auction, tomorrow's come in the early afternoon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from math import exp
from zoneinfo import ZoneInfo

from simulator.clouds.web import Answer, OpenCloud, Request

PUBLISHED_AT = time(12, 50)
MARKET_ZONE = ZoneInfo("Europe/Berlin")
NIGHT = 78.0  # EUR/MWh
HILLS = ((7.5, 1.6, 42.0), (13.0, 2.6, -72.0), (19.3, 1.9, 95.0))  # hour, how broad, how high
QUARTER = timedelta(minutes=15)


def price_of(wall: datetime) -> float:
    """EUR/MWh at a local time; days differ by a few euros."""
    hour = wall.hour + wall.minute / 60
    hills = sum(high * exp(-(((hour - at) / broad) ** 2)) for at, broad, high in HILLS)
    return round(NIGHT + hills + wall.toordinal() * 7 % 11 - 5, 2)


class MarketCloud(OpenCloud):
    """Both services at one address. `now` tells seconds since 1970."""

    def __init__(
        self, now: Callable[[], float], zone: ZoneInfo = MARKET_ZONE, published_at: time = PUBLISHED_AT
    ) -> None:
        super().__init__()
        self._now, self._zone, self._published_at = now, zone, published_at

    def answer(self, request: Request) -> Answer:
        """Prices or a refusal."""
        try:
            if request.path == "/price":
                return self._energy_charts(request)
            if request.path == "/v1/marketdata":
                return self._awattar(request)
        except ValueError as error:
            return Answer({"detail": str(error)}, 422)
        return Answer({"detail": "Not Found"}, 404)

    def _known(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, float]]:
        """The quarter hours from `begin` to `end` whose price is out, with it."""
        here = datetime.fromtimestamp(self._now(), UTC).astimezone(self._zone)
        days = 2 if here.time() >= self._published_at else 1
        last = _midnight(here.date() + timedelta(days=days), self._zone)
        moment, end = begin.astimezone(UTC), min(end, last).astimezone(UTC)
        while moment < end:
            yield moment, price_of(moment.astimezone(self._zone))
            moment += QUARTER

    def _energy_charts(self, request: Request) -> Answer:
        """Both dates belong to what is asked for."""
        today = datetime.fromtimestamp(self._now(), self._zone).date().isoformat()
        first = date.fromisoformat(request.query.get("start", today)[:10])
        last = date.fromisoformat(request.query.get("end", today)[:10])
        begin, end = _midnight(first, self._zone), _midnight(last + timedelta(days=1), self._zone)
        found = list(self._known(begin, end))
        return Answer(
            {
                "license_info": "simulated",
                "unix_seconds": [round(moment.timestamp()) for moment, _ in found],
                "price": [price for _, price in found],
                "unit": "EUR / MWh",
                "deprecated": False,
            }
        )

    def _awattar(self, request: Request) -> Answer:
        """Milliseconds; without any, the day from now on."""
        start_ms = float(request.query.get("start", self._now() * 1000))
        end_ms = float(request.query.get("end", start_ms + 86_400_000))
        begin = datetime.fromtimestamp(start_ms / 1000 // 3600 * 3600, UTC)
        found = list(self._known(begin, datetime.fromtimestamp(end_ms / 1000, UTC)))
        rows = [
            {
                "start_timestamp": round(hour[0][0].timestamp() * 1000),
                "end_timestamp": round(hour[0][0].timestamp() * 1000) + 3_600_000,
                "marketprice": round(sum(price for _, price in hour) / len(hour), 2),
                "unit": "Eur/MWh",
            }
            for hour in (found[place : place + 4] for place in range(0, len(found), 4))
        ]
        return Answer({"object": "list", "data": rows, "url": "/de/v1/marketdata"})


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
