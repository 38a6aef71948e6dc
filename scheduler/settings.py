"""sunward.toml as the scheduler reads it: the house, its windows, where the agent listens, and the rest.

The scheduler reads the same file as the agent and looks only at its own sections. A cloud's room
(`tariffs`, `cars`, `battery`, ...) describes its section beside its code and takes it with `section`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, ValidationError, field_validator

from notify.settings import Section, SettingsError, explain, read_credentials, read_toml
from scheduler.wallclock import read_zone
from scheduler.window_rows import WindowError, read_windows
from scheduler.windows import Mode, Window

CREDENTIALS = "credentials.env"
TOKEN = "WEB_TOKEN"
DEFAULT_LISTEN = "127.0.0.1:8080"
LOCALTIME = Path("/etc/localtime")
ZONE_FOLDER = "zoneinfo"

S = TypeVar("S", bound=BaseModel)


def computers_zone() -> str:
    """The IANA name of this computer's own time zone, or "UTC" where it has none."""
    _, _, name = str(LOCALTIME.resolve()).partition(f"/{ZONE_FOLDER}/")
    return name or "UTC"


class SiteSettings(Section):
    """[site]: the house. Volts are nominal: conductor to neutral, or L1 to L2 in the US."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = "Home"
    timezone: str = Field(default_factory=computers_zone)
    state_dir: Path = Path("state")
    phases: Literal[1, 3] = 1
    volts: Annotated[float, Field(ge=100, le=300)] = 230.0
    main_fuse_amps: Annotated[float, Field(ge=0, le=1000)] = 0.0
    reserved_watts: Annotated[tuple[Annotated[float, Field(ge=0, le=100_000)], ...], Field(max_length=3)] = ()
    imbalance_amps: Annotated[float, Field(ge=0, le=1000)] = 0.0
    peak_watts: Annotated[float, Field(ge=0, le=1_000_000)] = 0.0
    peak_over: Literal["quarter_hour", "now"] = "quarter_hour"
    mode: Mode = Mode.SOLAR

    @field_validator("timezone")
    @classmethod
    def _a_zone(cls, value: str) -> str:
        return read_zone(value).key

    @property
    def zone(self) -> ZoneInfo:
        """The house's time zone."""
        return ZoneInfo(self.timezone)

    def state_path(self, settings_file: Path) -> Path:
        """The state folder; a relative one lies beside the settings file."""
        return settings_file.absolute().parent / self.state_dir.expanduser()


@dataclass(frozen=True, slots=True)
class SchedulerSettings:
    """What every timed job may need. `credentials` holds secrets by name and is never shown."""

    path: Path
    site: SiteSettings
    state_dir: Path
    windows: tuple[Window, ...] = ()
    chargers: Mapping[str, str] = field(default_factory=dict)
    agent_url: str = f"http://{DEFAULT_LISTEN}"
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    tables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    certificate: Path | None = None  # which the agent shows, where it speaks https

    @classmethod
    def load(cls, path: Path, credentials_path: Path | None = None) -> SchedulerSettings:
        """Read and check. Raises SettingsError with every problem, one sentence each."""
        tables = read_toml(path)
        problems: list[str] = []
        secrets: Mapping[str, str] = {}
        site, windows = SiteSettings(), tuple[Window, ...]()
        chargers = _chargers(tables)
        try:
            wanted = credentials_path is not None
            secrets = read_credentials(credentials_path or path.parent / CREDENTIALS, wanted=wanted)
        except SettingsError as error:
            problems += error.problems
        try:
            site = SiteSettings.model_validate(tables.get("site", {}))
        except ValidationError as error:
            problems += explain(error, "site")
        try:
            windows = read_windows(tables.get("windows", []), chargers)
        except WindowError as error:
            problems += error.problems
        url = ""
        try:
            url = _agent_url(tables)
        except ValueError as error:
            problems.append(str(error))
        if problems:
            raise SettingsError(problems)
        state, cert = site.state_path(path), _certificate(tables, path)
        return cls(path, site, state, windows, chargers, url, secrets, tables, cert)

    @property
    def token(self) -> str:
        """What opens the agent's HTTP API, or empty."""
        return self.credentials.get(TOKEN, "")

    def section(self, name: str, model: type[S]) -> S | None:
        """One room's own table, or None where the owner did not write it. Raises SettingsError."""
        if name not in self.tables:
            return None
        try:
            return model.model_validate(self.tables[name])
        except ValidationError as error:
            raise SettingsError(explain(error, name)) from None


def _chargers(tables: Mapping[str, Any]) -> dict[str, str]:
    """Names by id, as far as they can be read; the agent is the one that checks [[chargers]]."""
    rows = tables.get("chargers", [])
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {str(row["id"]).upper(): str(row.get("name", "")) for row in rows if "id" in row}


def _agent_url(tables: Mapping[str, Any]) -> str:
    """Where on this computer the agent listens. Raises ValueError."""
    web = tables.get("web", {})
    listen = web.get("listen", DEFAULT_LISTEN) if isinstance(web, dict) else None
    host, colon, port = listen.rpartition(":") if isinstance(listen, str) else ("", "", "")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(
            f'web.listen: write an address and a port, like "{DEFAULT_LISTEN}" (found {listen!r}).'
        )
    here = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "::": "[::1]"}
    scheme = "https" if _certificate(tables, Path()) else "http"
    return f"{scheme}://{here.get(host, host)}:{port}"


def _certificate(tables: Mapping[str, Any], path: Path) -> Path | None:
    """[web] tls_cert, where the agent has a key for it; a relative one lies beside the settings file."""
    web = tables.get("web", {})
    cert, key = (web.get(name) for name in ("tls_cert", "tls_key")) if isinstance(web, dict) else ("", "")
    return path.parent / cert if isinstance(cert, str) and cert and key else None
