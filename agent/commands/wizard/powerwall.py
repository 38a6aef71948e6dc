"""The Powerwall: which energy site it is, its gateway in the house, and how full it stays for the dear hours.

Mode and reserve are changed through Tesla's cloud, with the account of the step before; gateway.py asks for
what can be read at home.
"""

from __future__ import annotations

import re

from agent.commands.wizard import read
from agent.commands.wizard.account import look_up
from agent.commands.wizard.draft import Draft, settings_of
from agent.commands.wizard.gateway import ask_gateway, in_words
from agent.commands.wizard.peaks import USUAL, Row, ask_holidays, ask_peak, dear_times, unlike
from agent.commands.wizard.places import region
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.trouble import plainly, together
from notify.settings import SettingsError
from scheduler.agent_api import Agent
from scheduler.battery import site_at
from scheduler.battery.settings import BatterySettings
from scheduler.battery.site import BatteryError
from scheduler.cars.settings import TeslaSettings
from scheduler.clock import SystemClock
from scheduler.jobs import Context
from scheduler.kept import KeepError, Memory

FULL, FOR_AN_OUTAGE = 100, 20  # proposed reserves outside and within the dear hours, per cent
SITE = re.compile(r"[0-9]{1,20}")


def ask_battery(talk: Talk, draft: Draft) -> None:
    """[battery] and [[battery.periods]]; and lines in [meters] for its gateway."""
    about = "Keeps a Powerwall full for the hours in which power is dear. Other batteries: skip this."
    if not talk.wants("battery", "The Powerwall", about):
        return
    while True:
        site = _ask_site(talk, draft)
        gateway = ask_gateway(talk, draft)
        if not site:
            if not gateway["gateway"]:
                talk.say("  Neither a site nor a gateway: nothing is set up for it.")
            elif gateway["gateway_login"] == "wifi":
                talk.say("  Reading it over its Wi-Fi needs a site, too: nothing is set up for it.")
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


# --- what it shall do --------------------------------------------------------------------------------


def _ask_rules(talk: Talk, draft: Draft, site: str, gateway: Row) -> None:
    before, zone = draft.table("battery"), str(draft.table("site").get("timezone", ""))
    service = str(before.get("service") or draft.account or "owner")
    if not talk.patient or service != draft.account:
        question = "By which of Tesla's doors: fleet or owner"
        service = talk.ask("battery.service", question, read.one_of(("fleet", "owner")), service)
    home = str(draft.table("tesla").get("region") or region(zone))
    periods = _ask_periods(talk, draft)
    off_peak = dict(draft.table("battery.off_peak"))
    if periods:
        off_peak["reserve"] = talk.ask(
            "battery.reserve",
            "Reserve at all other times, in per cent (100: all of it is kept for the dear ones)",
            _percent,
            f"{off_peak.get('reserve', FULL):g}",
        )
    rules: Row = {"service": service, "region": home if service == "fleet" else None, "site": site}
    rules |= {**gateway, "off_peak": off_peak or None}
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
    agent = Agent(settings.agent_url, settings.token, certificate=settings.certificate)
    try:
        seen = site_at(Context(settings, moment, agent, memory, lambda event: None, lambda s: None)).read()
    except (BatteryError, KeepError) as error:
        talk.say(f"  {plainly(error)}")
        return not talk.patient
    talk.say(f"  {in_words(seen)}")
    return True
