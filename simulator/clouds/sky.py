"""Tomorrow's sun over real HTTP, as Open-Meteo and Forecast.Solar tell it: that of a day of the simulator.

Both are told what the panels of `trace` really give each day, `off` times (a forecast is never quite right).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import cos, pi
from zoneinfo import ZoneInfo

from simulator.clouds.web import Answer, OpenCloud, Request
from simulator.trace import Trace

EFFICIENCY = 0.86  # of what falls on the panels, this much leaves the inverter
STEP_S = 300
COLDEST, HOTTEST, HOTTEST_AT = 14.0, 31.0, 16.0
HOURLY = ("global_tilted_irradiance", "temperature_2m")


class SkyCloud(OpenCloud):
    """Both services at one address, for panels of `kwp`. `now` tells seconds since 1970."""

    def __init__(
        self, now: Callable[[], float], trace: Trace, zone: ZoneInfo, kwp: float, off: float = 0.9
    ) -> None:
        super().__init__()
        self._now, self._trace, self._zone, self._kwp, self._off = now, trace, zone, kwp, off

    def answer(self, request: Request) -> Answer:
        """A forecast or a refusal."""
        if request.path == "/v1/forecast":
            return self._open_meteo(request.query)
        if "/estimate/" in request.path:
            return self._forecast_solar()
        return Answer({"error": True, "reason": "Not Found"}, 404)

    def watts_at(self, end: datetime) -> float:
        """The mean of what the panels give in the hour before `end`, as it is forecast."""
        begins = [end - timedelta(seconds=3600 - step_s) for step_s in range(0, 3600, STEP_S)]
        seen = [self._trace.at(_time_of_day_s(moment.astimezone(self._zone)))[0] for moment in begins]
        return self._off * sum(seen) / len(seen)

    def _hours(self, past_days: int, days: int) -> list[datetime]:
        today = datetime.fromtimestamp(self._now(), UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        first = today - timedelta(days=past_days)
        return [first + timedelta(hours=hour) for hour in range(24 * (past_days + days))]

    def _open_meteo(self, query: Mapping[str, str]) -> Answer:
        wanted = [name for name in query.get("hourly", "").split(",") if name]
        try:
            latitude, longitude = float(query["latitude"]), float(query["longitude"])
            hours = self._hours(int(query.get("past_days", "0")), int(query.get("forecast_days", "7")))
        except (KeyError, ValueError):
            return _refusal("Parameter 'latitude' and 'longitude' must be numbers")
        unknown = [name for name in wanted if name not in HOURLY]
        if unknown:
            return _refusal(f"Data corrupted: cannot initialize variable from invalid value {unknown[0]}")
        columns: dict[str, list[float]] = {
            "global_tilted_irradiance": [
                round(self.watts_at(hour) / (self._kwp * EFFICIENCY), 1) for hour in hours
            ],
            "temperature_2m": [_celsius(hour.astimezone(self._zone)) for hour in hours],
        }
        units = {"time": "unixtime", "global_tilted_irradiance": "W/m²", "temperature_2m": "°C"}
        return Answer(
            {
                "latitude": latitude,
                "longitude": longitude,
                "generationtime_ms": 0.1,
                "utc_offset_seconds": 0,
                "timezone": "UTC",
                "hourly_units": units,
                "hourly": {"time": [round(hour.timestamp()) for hour in hours]}
                | {name: columns[name] for name in wanted},
            }
        )

    def _forecast_solar(self) -> Answer:
        """Watt-hours of each hour in which the sun shines, today and tomorrow."""
        hours = [hour for hour in self._hours(0, 2) if self.watts_at(hour) + self.watts_at(_after(hour)) > 0]
        energy = {hour.isoformat(): round(self.watts_at(hour)) for hour in hours}
        limit = {"period": 3600, "limit": 12, "remaining": 11}
        message = {"code": 0, "type": "success", "text": "", "ratelimit": limit}
        return Answer({"result": {"watt_hours_period": energy}, "message": message})


def _after(hour: datetime) -> datetime:
    return hour + timedelta(hours=1)


def _time_of_day_s(wall: datetime) -> float:
    return wall.hour * 3600.0 + wall.minute * 60 + wall.second


def _celsius(wall: datetime) -> float:
    hour = wall.hour + wall.minute / 60
    return round((COLDEST + HOTTEST) / 2 + (HOTTEST - COLDEST) / 2 * cos((hour - HOTTEST_AT) / 12 * pi), 1)


def _refusal(reason: str) -> Answer:
    return Answer({"error": True, "reason": reason}, 400)
