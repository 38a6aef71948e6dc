"""Step 5: the Tesla account. Signs in by a pasted answer, and lists cars and energy sites by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.talk import Talk
from notify.settings import SettingsError
from scheduler.cars.links import tools
from scheduler.cars.login import LoginFailed, login
from scheduler.cars.model import CarError
from scheduler.cars.settings import SECRET, VIN, read_settings
from scheduler.clock import SystemClock
from scheduler.settings import SchedulerSettings, SiteSettings

BACK_ENDS = ("none", "fleet", "owner")
FOLDER = "tesla"  # of the tokens, in the state folder


def ask_tesla(talk: Talk, draft: Draft) -> None:
    """[tesla] and [[cars]]: a sign-in, and which cars there are."""
    about = "What the app knows: how full the car is, its limit. Solar charging works without it."
    if not talk.wants("tesla", "The Tesla account", about):
        return
    back_end = talk.ask(
        "tesla.back_end",
        "How to reach it: fleet (an app of your own at developer.tesla.com), owner, or none",
        read.one_of(BACK_ENDS),
        "fleet" if draft.table("tesla").get("client_id") else "none",
    )
    if back_end == "none":
        return
    _ask_account(talk, draft, back_end)
    products = _signed_in(talk, draft, back_end)
    for line in _listed(products):
        talk.say(f"  {line}")
    _ask_cars(talk, draft, back_end, products)


def _ask_account(talk: Talk, draft: Draft, back_end: str) -> None:
    tesla = draft.table("tesla")
    region = talk.ask(
        "tesla.region", "Region: na, eu or cn", read.one_of(("na", "eu", "cn")), _region(draft, tesla)
    )
    draft.put("tesla", {"region": region})
    if back_end != "fleet":
        return
    client = talk.ask(
        "tesla.client_id", "The app's client id (docs/cars.md)", read.words, tesla.get("client_id")
    )
    redirect = talk.ask(
        "tesla.redirect_url", "The app's redirect address", read.words, tesla.get("redirect_url")
    )
    draft.put("tesla", {"client_id": client, "redirect_url": redirect})
    if value := talk.secret("tesla.client_secret", "The app's client secret"):
        draft.keep_secret(SECRET, value)


def _region(draft: Draft, tesla: dict[str, Any]) -> str:
    zone = str(draft.table("site").get("timezone", ""))
    nearest = {"Europe": "eu", "Africa": "eu"}.get(zone.partition("/")[0], "na")
    return str(tesla.get("region") or ("cn" if zone == "Asia/Shanghai" else nearest))


def _settings(draft: Draft) -> SchedulerSettings:
    """The draft as the scheduler will read it: its tokens are kept where the scheduler looks for them."""
    site = SiteSettings.model_validate(draft.table("site"))
    chargers = {str(row["id"]).upper(): str(row.get("name", "")) for row in draft.rows("chargers")}
    return SchedulerSettings(
        draft.path,
        site,
        draft.state_dir,
        chargers=chargers,
        credentials=draft.secrets,
        tables={"tesla": draft.table("tesla"), "cars": draft.rows("cars")},
    )


def _signed_in(talk: Talk, draft: Draft, back_end: str) -> list[dict[str, Any]]:
    """What the account holds; empty when the sign-in did not work, and then the words say why."""
    settings = _settings(draft)
    wall = SystemClock(settings.site.zone).now().wall
    if wall is None:
        talk.say("  The computer does not know the time yet. Later: ./sunward login")
        return []
    try:
        login(settings, back_end, wall, lambda prompt: _pasted(talk, prompt), talk.say)
        tesla = read_settings(settings).tesla
        hands = tools.Tools(
            tesla, draft.secrets, draft.state_dir / FOLDER, draft.path.absolute().parent, wall
        )
        base = tools.owner_base(tesla) if back_end == "owner" else tools.fleet_base(tesla)
        token = hands.tokens(back_end).access(hands.now_s)
        found = tools.content(tools.ask("GET", f"{base}/api/1/products", token=token))
    except SettingsError as error:
        for problem in error.problems:
            talk.say(f"  {problem}")
        return []
    except (LoginFailed, CarError) as error:
        talk.say(f"  {error} Later: ./sunward login {back_end}")
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _pasted(talk: Talk, prompt: str) -> str:
    return talk.ask("tesla.paste", prompt.strip().removesuffix(":"), read.words, "")


def _listed(products: list[dict[str, Any]]) -> Iterator[str]:
    """One line for each car and energy site."""
    for one in products:
        if one.get("vin"):
            yield f"car          {one['vin']}  {one.get('display_name') or ''}".rstrip()
        elif one.get("energy_site_id"):
            yield f"energy site  {one['energy_site_id']}  {one.get('site_name') or ''}".rstrip()


def _vins(text: str) -> list[str]:
    found = list(dict.fromkeys(text.upper().replace(",", " ").split()))
    for one in found:
        if not VIN.fullmatch(one):
            raise ValueError(f"{one!r} is no VIN: 17 letters and digits, without I, O and Q.")
    return found


def _ask_cars(talk: Talk, draft: Draft, back_end: str, products: list[dict[str, Any]]) -> None:
    """Add a block for each new car; those that are there stay as they are, with their plans."""
    names = {
        str(one["vin"]).upper(): str(one.get("display_name") or "") for one in products if one.get("vin")
    }
    before = draft.rows("cars")
    vins = talk.ask("tesla.vins", "Cars to know about, by VIN (or nothing)", _vins, ", ".join(names))
    known = {str(row.get("vin", "")).upper() for row in before}
    line = f"{back_end}://"
    new = [
        {"vin": vin} | ({"name": names[vin]} if names.get(vin) else {}) | {"reads": line, "commands": line}
        for vin in vins
        if vin not in known
    ]
    if new:
        draft.put_rows("cars", [*before, *new])
