"""[outlets]: where numbers go. Each section switches one outlet on; without any, none is even imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from notify.events import CATALOGUE, SEVERITIES, Severity
from notify.settings import Section

Seconds = Annotated[float, Field(ge=1, le=3600)]
Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]


class ConsoleSettings(Section):
    """[outlets.console]: one line every so often on standard output, for people or as JSON."""

    form: Literal["text", "json"] = "text"
    every_s: Seconds = 10.0


class FilesSettings(Section):
    """[outlets.files]: the program's own log in files that turn over. `folder` is in the state folder."""

    folder: str = "log"
    form: Literal["text", "json"] = "text"
    level: Literal["info", "warning", "error"] = "info"
    max_mb: Annotated[float, Field(ge=0.01, le=1000)] = 5.0
    keep: Annotated[int, Field(ge=1, le=100)] = 5


class CsvSettings(Section):
    """[outlets.csv]: a file a day for energy, chargers and sessions. `keep_days` 0: for ever."""

    folder: str = "csv"
    every_s: Annotated[float, Field(ge=60, le=3600)] = 300.0
    keep_days: Annotated[int, Field(ge=0, le=36500)] = 0


class DatabaseSettings(Section):
    """A copy of the history in a database."""

    host: str = "127.0.0.1"
    port: Port
    database: Name = "sunward"
    user: Name = "sunward"
    ca_file: str = ""
    every_s: Seconds = 60.0


class MysqlSettings(DatabaseSettings):
    """[outlets.mysql]: a copy of the history in MySQL or MariaDB; MYSQL_PASSWORD in credentials.env."""

    port: Port = 3306


class PostgresSettings(DatabaseSettings):
    """[outlets.postgres]: a copy of the history in PostgreSQL; POSTGRES_PASSWORD in credentials.env."""

    port: Port = 5432


class InfluxSettings(Section):
    """[outlets.influx]: line protocol over HTTP; `bucket`, `org` (version 2) or `database` (1)."""

    url: str
    bucket: str = ""
    org: str = ""
    database: str = ""
    user: str = ""
    every_s: Seconds = 10.0

    @field_validator("url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        return _http(value)

    @model_validator(mode="after")
    def _one_version(self) -> InfluxSettings:
        if bool(self.bucket) == bool(self.database):
            raise ValueError("set either bucket and org (version 2) or database (version 1)")
        return self


class WebhookSettings(Section):
    """[[outlets.webhooks]]: a POST for each event, signed with the credential that `secret` names."""

    url: str
    secret: str
    kinds: tuple[str, ...] = ()
    severity: Severity = "info"

    @field_validator("url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        return _http(value)

    @field_validator("kinds")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [kind for kind in value if kind not in CATALOGUE]
        if unknown:
            raise ValueError(f"there is no kind {unknown[0]}: type ./sunward notify kinds for the list")
        return value

    def wants(self, kind: str, severity: Severity) -> bool:
        """Whether an event goes here."""
        severe = SEVERITIES.index(severity) >= SEVERITIES.index(self.severity)
        return severe and (not self.kinds or kind in self.kinds)


class SentrySettings(Section):
    """[outlets.sentry]: errors to a Sentry server; SENTRY_DSN in credentials.env, and its own extra."""

    environment: str = "home"


class OutletSettings(Section):
    """[outlets]: every section is absent until somebody wants it."""

    console: ConsoleSettings | None = None
    files: FilesSettings | None = None
    csv: CsvSettings | None = None
    mysql: MysqlSettings | None = None
    postgres: PostgresSettings | None = None
    influx: InfluxSettings | None = None
    webhooks: tuple[WebhookSettings, ...] = ()
    sentry: SentrySettings | None = None

    def missing_secrets(self, secrets: Mapping[str, str]) -> Iterator[str]:
        """A sentence for each secret that an outlet needs and credentials.env does not have."""
        wanted = {
            "outlets.mysql": "MYSQL_PASSWORD" if self.mysql else "",
            "outlets.postgres": "POSTGRES_PASSWORD" if self.postgres else "",
            "outlets.influx": _influx_secret(self.influx),
            "outlets.sentry": "SENTRY_DSN" if self.sentry else "",
        }
        for number, hook in enumerate(self.webhooks, 1):
            wanted[f"outlets.webhooks[{number}]"] = hook.secret
        for where, name in wanted.items():
            if name and name not in secrets:
                yield f"{where}: needs a secret. Add a line {name}=... to credentials.env."


def _influx_secret(influx: InfluxSettings | None) -> str:
    if influx is None:
        return ""
    if influx.bucket:
        return "INFLUX_TOKEN"
    return "INFLUX_PASSWORD" if influx.user else ""


def _http(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError('write an address like "http://192.168.0.9:8086"')
    if parts.username or parts.password:
        raise ValueError("secrets don't belong in an address: put them into credentials.env")
    return value.rstrip("/")
