"""The owner's wishes about letters, ready to use: both settings files in, outbox, channels and policy out.

Ways beside mail (ntfy, Telegram, Pushover, ...) are addresses of apprise, and secrets: NOTIFY_URLS in
credentials.env, with a space between two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from notify.channels import Channel
from notify.channels.apprise import Service
from notify.channels.smtp import Mail, Server
from notify.figures import Figures
from notify.letters import Style
from notify.outbox import Outbox
from notify.policy import Policy
from notify.redact import Redactor
from notify.settings import USUAL_PORTS, NotifySettings, SettingsError, explain, read_credentials, read_toml

PASSWORD = "SMTP_PASSWORD"
URLS = "NOTIFY_URLS"
OUTBOX = "outbox.db"


@dataclass(frozen=True, slots=True)
class Wishes:
    """Everything that letters need, ready to use."""

    outbox: Outbox
    channels: tuple[Channel, ...]
    policy: Policy
    style: Style


def read_wishes(config: Path, credentials: Path | None = None) -> Wishes:
    """Read both files. Raises SettingsError with every problem at once."""
    tables = read_toml(config)
    secrets = read_credentials(
        credentials or config.parent / "credentials.env", wanted=credentials is not None
    )
    return wishes_from(tables, secrets, config.parent)


def wishes_from(tables: Mapping[str, Any], secrets: Mapping[str, str], folder: Path) -> Wishes:
    """The same from tables already read; a relative state_dir counts from `folder`. Raises SettingsError."""
    problems: list[str] = []
    site = tables.get("site", {})
    site = site if isinstance(site, Mapping) else {}
    zone = _zone(site.get("timezone", "UTC"), problems)
    try:
        settings = NotifySettings.model_validate(tables.get("notify", {}))
    except ValidationError as error:
        raise SettingsError([*problems, *explain(error, "notify")]) from None
    server = _server(settings, secrets, problems)
    if problems:
        raise SettingsError(problems)
    mails = (
        [Mail(server, settings.sender, to, settings.least_for(to)) for to in settings.to] if server else []
    )
    services = [Service(url) for url in secrets.get(URLS, "").split()]
    redact = Redactor(secrets.values())
    return Wishes(
        Outbox(folder / Path(str(site.get("state_dir", "state"))).expanduser() / OUTBOX, redact),
        (*mails, *services),
        Policy(
            zone,
            settings.quiet,
            settings.digest_at,
            settings.cap_per_hour,
            settings.kinds,
            settings.severities,
        ),
        Style(str(site.get("name", "")) or "sunward", Figures(settings.numbers, zone), redact),
    )


def _server(settings: NotifySettings, secrets: Mapping[str, str], problems: list[str]) -> Server | None:
    smtp = settings.smtp
    if smtp is None:
        return None
    password = secrets.get(PASSWORD, "")
    if smtp.user and not password:
        problems.append(f"notify.smtp.user: needs a password. Write {PASSWORD}=... into credentials.env.")
    port = smtp.port or USUAL_PORTS[smtp.security]
    return Server(smtp.host, port, smtp.security, smtp.user, password, smtp.ca_file, smtp.timeout_s)


def _zone(name: object, problems: list[str]) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(f"site.timezone: {name!r} is no time zone. Write one like Europe/Vienna.")
        return ZoneInfo("UTC")
