"""What doors show of the settings, and what the web door is to be: read once, secrets hidden."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version

from agent.config import House, WebSettings
from agent.doors.rooms import Money, Site
from agent.doors.web import server
from agent.model import Price
from agent.prices import code_of
from notify.redact import Redactor


def site_of(house: House) -> Site:
    """What the settings say that doors show; secrets hidden."""
    settings, web = house.settings, house.settings.web
    return Site(
        house.rules,
        settings.site.name,
        settings.meters.max_age_s,
        versions(),
        Money(web.currency, web.grid_price, web.sell_price),
        Redactor(house.credentials.values()).data(settings.model_dump(mode="json", by_alias=True)),
        str(settings.site.zone),
    )


def flat_price(web: WebSettings) -> Price | None:
    """What the settings say that a kWh always costs; None without a currency."""
    if not web.currency:
        return None
    return Price(web.grid_price, web.sell_price, code_of(web.currency))


def web_settings(house: House) -> server.WebSettings:
    """The web door as the settings want it."""
    web, secrets = house.settings.web, house.credentials
    beside = house.path.parent
    return server.WebSettings(
        web.listen,
        web.allowed_hosts,
        secrets.get("WEB_PASSWORD", ""),
        tuple(filter(None, [secrets.get("WEB_TOKEN", "")])),
        house.state_dir,
        web.trusted_proxies,
        beside / web.tls_cert if web.tls_cert else None,
        beside / web.tls_key if web.tls_key else None,
    )


def versions() -> dict[str, str]:
    """What runs here, for the page's last corner."""
    try:
        own = version("sunward")
    except PackageNotFoundError:
        own = "from its folder"
    return {"sunward": own, "python": sys.version.split()[0]}
