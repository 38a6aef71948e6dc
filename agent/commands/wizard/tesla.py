"""The Tesla account and the cars: which ways there are, signing in, and what the account holds.

A newcomer knows neither VINs nor site ids: so the sign-in comes first, and they are taken from the account.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.commands.wizard.account import ask_account
from agent.commands.wizard.cars import ask_cars
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.ways import schemes_of
from scheduler.cars.login import account_of
from scheduler.cars.products import Products
from scheduler.cars.settings import SCHEMES

NONE = "none"
WHAT: Mapping[str, str] = {
    "fleet": "an app of your own at developer.tesla.com; commands only to cars before 2021",
    "fleet-proxy": "the same with Tesla's tesla-http-proxy: commands to every car",
    "ble": "TeslaBleHttpProxy on a small computer near the car: no cloud, no bill",
    "teslamate": "a TeslaMate that runs already; it only reads",
    "owner": "your Tesla account alone; Tesla closes this door bit by bit",
    NONE: "solar charging, windows and fuses work without any of it",
}


def ask_tesla(talk: Talk, draft: Draft) -> None:
    """[tesla] and [[cars]]: ways to the cars, sign-ins, and the cars themselves."""
    about = (
        "How full a car is, its limit, plans like 80 % by 07:00. A Powerwall needs fleet or owner here, too."
    )
    if not talk.wants("tesla", "Your cars and the Tesla account", about):
        return
    if talk.patient:
        for way, what in WHAT.items():
            talk.say(f"  {way:<12} {what}")
    question = "Which ways are there (several with commas)"
    ways = talk.ask("tesla.back_end", question, _ways, ", ".join(_before(draft)) or NONE)
    if ways == NONE:
        return
    chosen = ways.split(", ")
    found = Products()
    for account in dict.fromkeys(account for way in chosen if (account := account_of(way))):
        more = ask_account(talk, draft, account)
        found = Products({**found.cars, **more.cars}, {**found.sites, **more.sites})
    ask_cars(talk, draft, chosen, found)


def _ways(text: str) -> str:
    """Schemes with commas between them. Raises ValueError."""
    found = list(dict.fromkeys(text.lower().replace(",", " ").split()))
    if not found or found == [NONE]:
        return NONE
    for one in found:
        if one not in SCHEMES:
            raise ValueError(f"There is no way {one!r}: write some of {', '.join(SCHEMES)}; or none.")
    return ", ".join(found)


def _before(draft: Draft) -> list[str]:
    used = schemes_of(draft)
    if not used and draft.table("tesla").get("client_id"):
        used = {"fleet"}
    if "fleet-proxy" in used:
        used -= {"fleet"}  # that road is read by fleet:// and commanded through the proxy
    return [one for one in SCHEMES if one in used]
