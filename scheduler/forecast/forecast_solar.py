"""Forecast.Solar: watt-hours of a plane, without a key a dozen times an hour.

    GET https://api.forecast.solar/estimate/LAT/LON/TILT/AZIMUTH/KWP?time=utc     (/KEY/estimate/... with one)
    {"result": {"watt_hours_period": {"2026-06-10T04:00:00+00:00": 41, ...}}, "message": {"type": "success"}}

Its azimuth is 0 in the south, -90 in the east. A value is the energy since the time before it. It tells no
temperatures.
"""

from __future__ import annotations

from scheduler.fetch import Ask, BadAnswer
from scheduler.forecast.settings import ForecastSettings, PlaneSettings
from scheduler.forecast.slots import Heat, SolarSlot
from scheduler.tariffs.sources import instant, table

WHO = "Forecast.Solar"
ADDRESS = "https://api.forecast.solar"
SECRET = "FORECAST_SOLAR_KEY"
REFRESH_S = 3600.0
LONGEST_GAP_S = 7200.0  # a longer one is a night


def ask(forecast: ForecastSettings, plane: PlaneSettings, secret: str) -> Ask:
    """One plane, today and tomorrow."""
    base = (forecast.address or ADDRESS) + (f"/{secret}" if secret else "")
    place = f"{forecast.latitude:g}/{forecast.longitude:g}"
    return Ask(
        f"{base}/estimate/{place}/{plane.tilt:.0f}/{plane.azimuth - 180:.0f}/{plane.kwp:g}", {"time": "utc"}
    )


def decode(text: str, plane: PlaneSettings) -> tuple[list[SolarSlot], list[Heat]]:
    """What this plane gives. Raises BadAnswer."""
    result = table(text, WHO).get("result")
    periods = result.get("watt_hours_period") if isinstance(result, dict) else None
    if not isinstance(periods, dict):
        raise BadAnswer(f"{WHO} answers no forecast.")
    slots = []
    last_s = 0.0
    for word, energy_wh in periods.items():
        end_s = instant(word, WHO).timestamp()
        fine = isinstance(energy_wh, int | float) and not isinstance(energy_wh, bool) and 0 <= energy_wh < 1e7
        if not fine or end_s <= last_s:
            raise BadAnswer(f"{WHO} answers something that is not understood.")
        if 0 < end_s - last_s <= LONGEST_GAP_S:
            slots.append(SolarSlot(last_s, end_s, energy_wh * 3600 / (end_s - last_s)))
        last_s = end_s
    return slots, []
