"""A Powerwall's gateway in the house: read without any cloud, and perhaps the house's meter as well.

Older ones have a customer's login in the house's network. A Powerwall 3 is read over its own Wi-Fi only
(scheduler/battery/tedapi.py), and by a package that not everybody has: that it is missing is told here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from agent.commands.wizard.draft import Draft
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.trouble import plainly
from agent.model import Role
from scheduler.battery import PASSWORD
from scheduler.battery.gateway import Gateway
from scheduler.battery.policy import Site, mode_word
from scheduler.battery.site import BatteryError
from scheduler.battery.tedapi import WifiGateway

WIFI = "192.168.91.1"  # of every gateway, within the Wi-Fi that it spans itself
METERED: tuple[Role, ...] = ("grid", "solar", "battery")
LOCAL = re.compile(r"(https?://)?[\w.-]+(:[0-9]{1,5})?")


def ask_gateway(talk: Talk, draft: Draft) -> dict[str, str | None]:
    """`gateway` and `gateway_login` of [battery], tried; both None without one."""
    table = draft.table("battery")
    before = _host(str(table.get("gateway", ""))) or _metered(draft) or "-"
    question = f"Address of its gateway, like 192.168.1.50 (- for none; a Powerwall 3: {WIFI}, in its Wi-Fi)"
    known = PASSWORD in draft.secrets
    while True:
        text = talk.ask("battery.gateway", question, _address, before)
        if text == "-":
            return {"gateway": None, "gateway_login": None}
        url = text if "://" in text else f"https://{text}"
        wifi = _asks_wifi(talk, url, table)
        _ask_password(talk, draft, known=known, wifi=wifi)
        works = True
        try:
            road = WifiGateway if wifi else Gateway
            talk.say(f"  {in_words(road(url, draft.secrets.get(PASSWORD, '')).read())}")
        except BatteryError as error:
            works = False
            talk.say(f"  {plainly(error)}")
            if talk.patient and talk.yes("", "Change it and try again", True):
                known = False
                continue
        if not wifi:
            _ask_meter(talk, draft, url, works=works)
        usual = "customer" if table.get("gateway_login") == "customer" else None
        return {"gateway": url, "gateway_login": "wifi" if wifi else usual}


def _asks_wifi(talk: Talk, url: str, table: Mapping[str, Any]) -> bool:
    """Whether it is asked by the way of its own Wi-Fi, which is always by https."""
    if url.startswith("http://"):
        return False
    usual = _host(url) == WIFI or (table.get("gateway") == url and table.get("gateway_login") == "wifi")
    question = "Is it a Powerwall 3, or is this computer in the Powerwall's own Wi-Fi"
    return talk.yes("battery.wifi", question, usual)


def _ask_password(talk: Talk, draft: Draft, *, known: bool, wifi: bool) -> None:
    first = "the whole one of its label" if wifi else "at first the last five characters of its label's"
    hint = "Enter keeps the one there is" if known else first
    whose = "The gateway's" if wifi else "The customer's"
    if value := talk.secret("battery.password", f"{whose} password there; {hint}"):
        draft.keep_secret(PASSWORD, value)


def _address(text: str) -> str:
    found = text.strip().rstrip("/") or "-"
    if found != "-" and not LOCAL.fullmatch(found):
        raise ValueError("Write an address like 192.168.1.50, or - for none.")
    return found


def _host(url: str) -> str:
    return url.removeprefix("https://")


def _metered(draft: Draft) -> str:
    """The gateway that a line of [meters] reads already."""
    lines = " ".join(str(one) for one in draft.table("meters").values())
    found = re.search(r"powerwall://([\w.:-]+)", lines)
    return found[1] if found else ""


def _ask_meter(talk: Talk, draft: Draft, url: str, *, works: bool) -> None:
    """The gateway sees the grid, the sun and the battery: where no meter does, it may."""
    meters = draft.table("meters")
    free = [role for role in METERED if not meters.get(role) and not (role == "grid" and meters.get("house"))]
    if not free:
        return
    question = f"Shall it be the meter for {', '.join(free)} as well"
    if talk.yes("battery.meter", question, works):
        parts = urlsplit(url)
        line = f"powerwall://{parts.netloc}?password={PASSWORD}"
        line += "&tls=off" if parts.scheme == "http" else ""
        draft.put("meters", dict.fromkeys(free, line))


def in_words(seen: Site) -> str:
    """A battery's state in one sentence."""

    def said(value: Any, unit: str) -> str:
        return "unknown" if value is None else f"{value:.0f}{unit}"

    return (
        f"The Powerwall is at {said(seen.charge_percent, ' %')}, mode {mode_word(seen.mode or 'unknown')}, "
        f"reserve {said(seen.reserve_percent, ' %')}; the house takes {said(seen.house_watts, ' W')}."
    )
