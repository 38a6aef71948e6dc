"""[forecast] of sunward.toml: where the panels are and who says what they will give.

[forecast]
service = "open_meteo"            # or "forecast_solar"
latitude = 33.45
longitude = -112.07
planes = [{ kwp = 6.2, tilt = 20, azimuth = 180 }]     # 90 east, 180 south, 270 west
degrees = "F"
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from notify.settings import Section


class PlaneSettings(Section):
    """One roof plane: peak kilowatts, tilt from the horizontal, azimuth by the compass."""

    kwp: Annotated[float, Field(gt=0, le=1000)]
    tilt: Annotated[float, Field(ge=0, le=90)] = 30.0
    azimuth: Annotated[float, Field(ge=0, le=360)] = 180.0


class ForecastSettings(Section):
    """[forecast]."""

    service: Literal["open_meteo", "forecast_solar"] = "open_meteo"
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    planes: Annotated[tuple[PlaneSettings, ...], Field(min_length=1, max_length=8)]
    degrees: Literal["C", "F"] = "C"
    address: Annotated[str, Field(pattern="^(https?://[^/]+)?$")] = ""
    most_watts: Annotated[float, Field(ge=100, le=1_000_000)] | None = None
