"""[clouds]: which services on the internet are read for the agent, and how gently.

Only names and numbers stand here; every secret has its own name in credentials.env (SECRETS below).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from notify.settings import Section

Role = Literal["grid", "solar", "battery", "house"]
ROLES: tuple[Role, ...] = ("grid", "solar", "battery", "house")
DAYLIGHT_S = 17 * 3600.0  # the longest day that policy.py knows


def _safe(url: str) -> str:
    parts = urlsplit(url)
    here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if (
        parts.hostname
        and not parts.username
        and (parts.scheme == "https" or (parts.scheme == "http" and here))
    ):
        return url.rstrip("/")
    raise ValueError("write an address that begins with https://")


Url = Annotated[str, AfterValidator(_safe)]
Seconds = Annotated[float, Field(ge=30, le=86400)]
Calls = Annotated[int, Field(ge=1, le=5000)]
Digits = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


class CloudSection(Section):
    """What every cloud has: its address, its pace, its budget, and the roles that it may speak for.

    Without `roles` those that no line of [meters] reads.
    """

    SECRETS: ClassVar[tuple[str, ...]] = ()
    OFFERS: ClassVar[tuple[Role, ...]] = ()

    url: Url
    roles: tuple[Role, ...] | None = None
    day_every_s: Seconds
    night_every_s: Seconds
    calls_a_day: Calls

    @model_validator(mode="after")
    def _fits(self) -> CloudSection:
        if self.roles == ():
            raise ValueError("roles must name at least one, or be left out")
        beyond = [role for role in self.roles or () if role not in self.OFFERS]
        if beyond:
            raise ValueError(f"this cloud has no {' or '.join(beyond)}: it offers {', '.join(self.OFFERS)}")
        least_s = DAYLIGHT_S / self.calls_a_day
        if self.day_every_s < least_s:
            raise ValueError(
                f"with a call every {self.day_every_s:g} s its {self.calls_a_day} calls a day are used up "
                f"before the evening: day_every_s must be {least_s:.0f} or more"
            )
        return self


class SolarEdgeSettings(CloudSection):
    """[clouds.solaredge]: 300 calls a day are the vendor's limit; some are left for you."""

    SECRETS = ("SOLAREDGE_KEY",)
    OFFERS = ("solar", "grid", "battery", "house")

    site: Digits
    url: Url = "https://monitoringapi.solaredge.com"
    day_every_s: Seconds = 300.0
    night_every_s: Seconds = 1800.0
    calls_a_day: Annotated[int, Field(ge=1, le=300)] = 280


class EnphaseSettings(CloudSection):
    """[clouds.enphase]: the free plan has 1000 calls a month. Solar alone, and minutes old."""

    SECRETS = ("ENPHASE_API_KEY", "ENPHASE_CLIENT_ID", "ENPHASE_CLIENT_SECRET", "ENPHASE_CODE")
    OFFERS = ("solar",)

    system: Digits
    url: Url = "https://api.enphaseenergy.com"
    day_every_s: Seconds = 2100.0
    night_every_s: Seconds = 10800.0
    calls_a_day: Calls = 32


class EfergySettings(CloudSection):
    """[clouds.efergy]: clamps without a direction, so consumption, or the sun if the sensor sits there."""

    SECRETS = ("EFERGY_TOKEN",)
    OFFERS = ("house", "solar")

    sensor: Annotated[str, Field(max_length=20)] = ""
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=1)] | None = ("house",)
    url: Url = "https://engage.efergy.com"
    day_every_s: Seconds = 60.0
    night_every_s: Seconds = 60.0
    calls_a_day: Calls = 1500


class GrowattSettings(CloudSection):
    """[clouds.growatt]: an account is locked after too many log-ins; eleven minutes are the vendor's pace."""

    SECRETS = ("GROWATT_USER", "GROWATT_PASSWORD")
    OFFERS = ("solar", "grid", "battery", "house")

    plant: Digits | Literal[""] = ""
    device: Annotated[str, Field(max_length=30, pattern=r"^[A-Za-z0-9]*$")] = ""
    kind: Literal["", "mix", "tlx"] = ""
    url: Url = "https://server.growatt.com"
    day_every_s: Annotated[float, Field(ge=660, le=86400)] = 660.0
    night_every_s: Annotated[float, Field(ge=660, le=86400)] = 3600.0
    calls_a_day: Calls = 140


class EnvoySettings(Section):
    """[clouds.envoy]: the token of an Enphase gateway at home, fetched from Enphase and kept fresh."""

    SECRETS: ClassVar[tuple[str, ...]] = ("ENPHASE_USER", "ENPHASE_PASSWORD")

    serial: Digits
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")] = "envoy.token"
    login_url: Url = "https://enlighten.enphaseenergy.com"
    token_url: Url = "https://entrez.enphaseenergy.com"


class CloudsSettings(Section):
    """[clouds]: one table for each cloud that is used."""

    solaredge: SolarEdgeSettings | None = None
    enphase: EnphaseSettings | None = None
    efergy: EfergySettings | None = None
    growatt: GrowattSettings | None = None
    envoy: EnvoySettings | None = None
