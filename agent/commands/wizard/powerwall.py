"""The Powerwall: which energy site it is, its gateway in the house, and how full it stays for the dear hours.

Mode and reserve are changed through Tesla's cloud, with the account of the step before. The gateway of a
Powerwall 2 can be read without it, and then it may be the house's meter as well.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from agent.commands.wizard import read
from agent.commands.wizard.account import look_up
from agent.commands.wizard.draft import Draft, settings_of
from agent.commands.wizard.peaks import USUAL, Row, ask_holidays, ask_peak, dear_times, unlike
from agent.commands.wizard.places import region
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.trouble import plainly, together
from agent.model import Role
from notify.settings import SettingsError
from scheduler.agent_api import Agent
from scheduler.battery import PASSWORD, site_at
from scheduler.battery.gateway import Gateway
from scheduler.battery.policy import Site
from scheduler.battery.settings import BatterySettings
from scheduler.battery.site import BatteryError
from scheduler.cars.settings import TeslaSettings
from scheduler.clock import SystemClock
from scheduler.jobs import Context
from scheduler.kept import KeepError, Memory

METERED: tuple[Role, ...] = ("grid", "solar", "battery")
FULL, FOR_AN_OUTAGE = 100, 20  # proposed reserves outside and within the dear hours, per cent
SITE = re.compile(r"[0-9]{1,20}")
LOCAL = re.compile(r"(https?://)?[\w.-]+(:[0-9]{1,5})?")


def ask_battery(talk: Talk, draft: Draft) -> None:
    """[battery] and [[battery.periods]]; and lines in [meters] for its gateway."""
    about = "Keeps a Powerwall full for the hours in which power is dear. Other batteries: skip this."
    if not talk.wants("battery", "The Powerwall", about):
        return
    while True:
        site = _ask_site(talk, draft)
        gateway = _ask_gateway(talk, draft)
        if not site:
            if not gateway:
                talk.say("  Neither a site nor a gateway: nothing is set up for it.")
            return
        _ask_rules(talk, draft, site, gateway)
        if _works(talk, draft) or not talk.yes("", "Change the answers and try again", True):
            return


# --- which one ---------------------------------------------------------------------------------------


def _ask_site(talk: Talk, draft: Draft) -> str:
    """The energy site's id, or nothing."""
    if not draft.sites:
        for account in ("fleet", "owner"):
            if found := look_up(draft, account):
                draft.account, draft.sites = draft.account or account, dict(found.sites)
                break
    if draft.sites:
        talk.say("Your account holds:")
        for site, name in draft.sites.items():
            talk.say(f"  {site}  {name}".rstrip())
    elif talk.patient:
        talk.say("No energy site is known: sign in to Tesla in the step before, or type its id.")
    before = str(draft.table("battery").get("site") or next(iter(draft.sites), "-"))
    text = talk.ask(
        "battery.site", "The energy site's id (- for none: no change of mode or reserve)", _site, before
    )
    return "" if text == "-" else text


def _site(text: str) -> str:
    found = text.strip() or "-"
    if found != "-" and not SITE.fullmatch(found):
        raise ValueError("The id is a number, as the list shows it; - for none.")
    return found


# --- the gateway -------------------------------------------------------------------------------------


def _ask_gateway(talk: Talk, draft: Draft) -> str:
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
        else:
            talk.say(f"  {_in_words(seen)}")
        _ask_meter(talk, draft, url)
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


def _ask_meter(talk: Talk, draft: Draft, url: str) -> None:
    """The gateway sees the grid, the sun and the battery: where no meter does, it may."""
    meters = draft.table("meters")
    free = [role for role in METERED if not meters.get(role) and not (role == "grid" and meters.get("house"))]
    if not free:
        return
    question = f"Shall it be the meter for {', '.join(free)} as well"
    if talk.yes("battery.meter", question, True):
        parts = urlsplit(url)
        line = f"powerwall://{parts.netloc}?password={PASSWORD}"
        line += "&tls=off" if parts.scheme == "http" else ""
        draft.put("meters", dict.fromkeys(free, line))


# --- what it shall do --------------------------------------------------------------------------------


def _ask_rules(talk: Talk, draft: Draft, site: str, gateway: str) -> None:
    before, zone = draft.table("battery"), str(draft.table("site").get("timezone", ""))
    service = str(before.get("service") or draft.account or "owner")
    if not talk.patient or service != draft.account:
        question = "By which of Tesla's doors: fleet or owner"
        service = talk.ask("battery.service", question, read.one_of(("fleet", "owner")), service)
    home = str(draft.table("tesla").get("region") or region(zone))
    periods = _ask_periods(talk, draft)
    off_peak = dict(before.get("off_peak", {}))
    if periods:
        off_peak["reserve"] = talk.ask(
            "battery.reserve",
            "Reserve at all other times, in per cent (100: all of it is kept for the dear ones)",
            _percent,
            f"{off_peak.get('reserve', FULL):g}",
        )
    rules: Row = {"service": service, "region": home if service == "fleet" else None, "site": site}
    rules |= {"gateway": gateway or None, "off_peak": off_peak or None}
    if periods:
        asks = "Holidays without a peak"
        known = before.get("holidays") or draft.table("tariff").get("holidays")
        rules["holidays"] = ask_holidays(talk, "battery.holidays", asks, draft, known)
    draft.put("battery", rules)
    draft.put_rows("battery.periods", periods)


def _ask_periods(talk: Talk, draft: Draft) -> list[Row]:
    before = draft.rows("battery.periods")
    proposed = before or dear_times(draft)
    question = "For how many dear times shall it be kept full (a summer and a winter peak are two; 0: never)"
    rows: list[Row] = []
    for number in range(1, talk.count("battery.periods", question, len(proposed)) + 1):
        known = proposed[number - 1] if number <= len(proposed) else USUAL
        key = f"battery.periods.{number}"
        row = {**known, **ask_peak(talk, key, known)}
        row["name"] = unlike(row["name"], [one["name"] for one in rows])
        row["reserve"] = talk.ask(
            f"{key}.reserve",
            "  Reserve then, in per cent: what it keeps for an outage",
            _percent,
            f"{row.get('reserve', FOR_AN_OUTAGE):g}",
        )
        rows.append(row)
    return rows


def _percent(text: str) -> int:
    return round(read.number(0, 100, "%")(text))


# --- trying it ---------------------------------------------------------------------------------------


def _works(talk: Talk, draft: Draft) -> bool:
    """Whether the answers fit together; and what the cloud says of the battery now."""
    settings = settings_of(draft)
    try:
        settings.section("battery", BatterySettings)
        settings.section("tesla", TeslaSettings)
    except SettingsError as error:
        together(talk, error.problems, "battery")
        return False
    moment = SystemClock(settings.site.zone).now()
    if moment.wall is None:
        return True
    memory = Memory(settings.state_dir / "scheduler" / "setup.json", dry_run=True)
    agent = Agent(settings.agent_url, settings.token)
    try:
        seen = site_at(Context(settings, moment, agent, memory, lambda event: None, lambda s: None)).read()
    except (BatteryError, KeepError) as error:
        talk.say(f"  {plainly(error)}")
        return not talk.patient
    talk.say(f"  {_in_words(seen)}")
    return True


def _in_words(seen: Site) -> str:
    def said(value: Any, unit: str) -> str:
        return "unknown" if value is None else f"{value:.0f}{unit}"

    return (
        f"The Powerwall is at {said(seen.charge_percent, ' %')}, mode {seen.mode or 'unknown'}, reserve "
        f"{said(seen.reserve_percent, ' %')}; the house takes {said(seen.house_watts, ' W')}."
    )
