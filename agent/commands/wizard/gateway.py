"""A Powerwall 2's gateway in the house: read without any cloud, and perhaps the house's meter as well."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from agent.commands.wizard.draft import Draft
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.trouble import plainly
from agent.model import Role
from scheduler.battery import PASSWORD
from scheduler.battery.gateway import Gateway
from scheduler.battery.policy import Site
from scheduler.battery.site import BatteryError

METERED: tuple[Role, ...] = ("grid", "solar", "battery")
LOCAL = re.compile(r"(https?://)?[\w.-]+(:[0-9]{1,5})?")


def ask_gateway(talk: Talk, draft: Draft) -> str:
    """Its address, tried; or nothing."""
    before = _host(str(draft.table("battery").get("gateway", ""))) or _metered(draft) or "-"
    question = (
        "Address of its gateway in your network, like 192.168.1.50 (- for none; a Powerwall 3 has none)"
    )
    known = PASSWORD in draft.secrets
    while True:
        text = talk.ask("battery.gateway", question, _address, before)
        if text == "-":
            return ""
        url = text if "://" in text else f"https://{text}"
        hint = "Enter keeps the one there is" if known else "at first the last five characters of its label's"
        if value := talk.secret("battery.password", f"The customer's password there; {hint}"):
            draft.keep_secret(PASSWORD, value)
        try:
            seen = Gateway(url, draft.secrets.get(PASSWORD, "")).read()
        except BatteryError as error:
            talk.say(f"  {plainly(error)}")
            if talk.patient and talk.yes("", "Change it and try again", True):
                known = False
                continue
            _ask_meter(talk, draft, url, works=False)
        else:
            talk.say(f"  {in_words(seen)}")
            _ask_meter(talk, draft, url, works=True)
        return url


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
        f"The Powerwall is at {said(seen.charge_percent, ' %')}, mode {seen.mode or 'unknown'}, reserve "
        f"{said(seen.reserve_percent, ' %')}; the house takes {said(seen.house_watts, ' W')}."
    )
