"""The sign-ins: renewed before they end, and told when a person must help. Long before cars stand still."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from scheduler.cars.links.tools import Tools
from scheduler.cars.model import NotNow, SignInNeeded
from scheduler.cars.settings import GarageSettings, read_line
from scheduler.cars.teller import Teller
from scheduler.cars.tokens import REFRESH_LIFE_S, Kept, Tokens
from scheduler.settings import SchedulerSettings

WARN_BEFORE_S = 7 * 86400.0
OWN_TOKEN = "TESLA_ACCESS_TOKEN"
CARS_REST = "Cars are not asked"
ACCOUNTS = {"owner": "owner", "fleet": "fleet", "fleet-proxy": "fleet"}


def accounts_of(settings: GarageSettings) -> list[str]:
    """The accounts (`owner`, `fleet`) that the cars' lines need."""
    lines = [text for car in settings.cars for text in (*car.reads, *car.commands)]
    schemes = (read_line(text).scheme for text in lines)
    return sorted({ACCOUNTS[scheme] for scheme in schemes if scheme in ACCOUNTS})


def battery_account(settings: SchedulerSettings) -> str:
    """The account that [battery] signs in to; empty without one, or with a token of its own."""
    battery = settings.tables.get("battery")
    if not isinstance(battery, dict) or settings.credentials.get(OWN_TOKEN):
        return ""
    return ACCOUNTS.get(str(battery.get("service", "owner")), "")


def watch_keys(names: Iterable[str], tools: Tools, teller: Teller, rests: str = CARS_REST) -> list[str]:
    """Renew what is due, and tell what is wrong; answers a sentence for each trouble.

    `rests`: what stands still while nobody is signed in.
    """
    said = []
    for name in names:
        tokens = tools.tokens(name)
        with suppress(NotNow, SignInNeeded):  # what the file remembers of it is told below
            tokens.access(tools.now_s)
        said += _tell(name, tokens, tools, teller, rests)
    return said


def _tell(name: str, tokens: Tokens, tools: Tools, teller: Teller, rests: str) -> list[str]:
    kept = tokens.kept()
    account = f"Tesla ({name})"
    dead = why_dead(kept, tools.now_s)
    if dead:
        says = f"{account}: {dead} {rests} until somebody types: {tokens.how}"
        teller.once("token_dead", account, says)
        return [says]
    teller.over("token_dead", account, f"{account}: signed in again.")
    soon = why_soon(kept, tools)
    if soon:
        says = f"{account}: {soon}"
        teller.once("token_soon_dead", account, says)
        return [says]
    teller.forget("token_soon_dead", account)
    return []


def why_dead(kept: Kept, now_s: float) -> str:
    """Why nothing works until a person signs in; empty while it works."""
    if kept.pair is None:
        return "Nobody is signed in."
    if kept.dead:
        return kept.trouble
    return kept.trouble if kept.failures and now_s >= kept.pair.ends_s else ""


def why_soon(kept: Kept, tools: Tools) -> str:
    """Why it may soon be so; empty while all is well."""
    if kept.pair is None:
        return ""
    if kept.failures:
        ends = datetime.fromtimestamp(kept.pair.ends_s, UTC).astimezone(tools.wall.tzinfo)
        until = f"It is good until {ends:%H:%M}, and it is tried again."
        return f"the sign-in could not be renewed: {kept.trouble} {until}"
    left_s = kept.pair.made_s + REFRESH_LIFE_S - tools.now_s
    if left_s < WARN_BEFORE_S:
        return f"the sign-in has not been renewed for long and ends in {max(left_s, 0) / 86400:.0f} days."
    return ""
