"""Open-Meteo: irradiance on a tilted plane and the air's temperature, without a key (private use).

    GET https://api.open-meteo.com/v1/forecast?latitude=..&longitude=..&tilt=..&azimuth=..&timeformat=unixtime
        &timezone=UTC&past_days=1&forecast_days=3&hourly=global_tilted_irradiance,temperature_2m
    {"hourly": {"time": [1781049600], "global_tilted_irradiance": [0.0], "temperature_2m": [17.1]}}

Its azimuth is 0 in the south, -90 in the east. An irradiance (W/m2) is the mean of the hour before its time
and may come out slightly below 0. Panels give their peak power at 1000 W/m2, less what heat and the inverter
take. With OPEN_METEO_KEY the customers' address is asked.
"""

from __future__ import annotations

from scheduler.fetch import Ask, BadAnswer
from scheduler.forecast.settings import ForecastSettings, PlaneSettings
from scheduler.forecast.slots import Heat, SolarSlot
from scheduler.tariffs.sources import seconds, table

WHO = "Open-Meteo"
ADDRESS, CUSTOMERS = "https://api.open-meteo.com", "https://customer-api.open-meteo.com"
SECRET = "OPEN_METEO_KEY"
REFRESH_S = 3 * 3600.0
EFFICIENCY = 0.86  # inverter, wires, dirt
LOST_PER_DEGREE = 0.004  # of the panel above 25 degrees
PANEL_ABOVE_AIR = 0.03  # degrees for each W/m2


def ask(forecast: ForecastSettings, plane: PlaneSettings, secret: str) -> Ask:
    """One plane, from yesterday to the day after tomorrow."""
    query = {
        "latitude": f"{forecast.latitude:g}",
        "longitude": f"{forecast.longitude:g}",
        "tilt": f"{plane.tilt:g}",
        "azimuth": f"{plane.azimuth - 180:g}",
        "hourly": "global_tilted_irradiance,temperature_2m",
        "timeformat": "unixtime",
        "timezone": "UTC",
        "past_days": "1",
        "forecast_days": "3",
    }
    if secret:
        query["apikey"] = secret
    base = forecast.address or (CUSTOMERS if secret else ADDRESS)
    return Ask(f"{base}/v1/forecast", query)


def decode(text: str, plane: PlaneSettings) -> tuple[list[SolarSlot], list[Heat]]:
    """What this plane gives, and the temperatures. Raises BadAnswer."""
    hourly = table(text, WHO).get("hourly")
    hourly = hourly if isinstance(hourly, dict) else {}
    columns = [hourly.get(key) for key in ("time", "global_tilted_irradiance", "temperature_2m")]
    if not all(isinstance(column, list) and len(column) == len(columns[0] or []) for column in columns):
        raise BadAnswer(f"{WHO} answers no forecast.")
    slots, heat = [], []
    for end, irradiance, celsius in zip(*(column or [] for column in columns), strict=True):
        end_s = seconds(end, WHO)
        if _is_number(celsius, -90, 70):
            heat.append((end_s, float(celsius)))
        if _is_number(irradiance, -500, 2000):
            light = max(0.0, float(irradiance))
            panel = (float(celsius) if _is_number(celsius, -90, 70) else 20.0) + PANEL_ABOVE_AIR * light
            hot = max(0.0, panel - 25) * LOST_PER_DEGREE
            slots.append(SolarSlot(end_s - 3600, end_s, plane.kwp * light * EFFICIENCY * (1 - hot)))
    return slots, heat


def _is_number(found: object, least: float, most: float) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and least <= found <= most
