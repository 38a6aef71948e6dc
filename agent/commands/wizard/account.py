"""A sign-in to Tesla while the wizard asks: by a pasted answer, unless somebody is signed in already.

The tokens lie where the scheduler looks for them, so they hold whatever becomes of the rest.
"""

from __future__ import annotations

from agent.commands.wizard import places, read
from agent.commands.wizard.draft import Draft, settings_of
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.trouble import together
from notify.settings import SettingsError
from scheduler.cars.links.tools import Tools
from scheduler.cars.login import LoginFailed, sign_in, tools_at
from scheduler.cars.model import CarError
from scheduler.cars.products import Products, held
from scheduler.cars.settings import SECRET, TeslaSettings
from scheduler.clock import SystemClock
from scheduler.kept import KeepError

REGIONS = ("na", "eu", "cn")


def ask_account(talk: Talk, draft: Draft, account: str) -> Products:
    """Sign in to `owner` or `fleet`, and tell what it holds; nothing where that failed, and words say why."""
    _ask_app(talk, draft, account)
    tools = _tools(talk, draft)
    if tools is None:
        return Products()
    found = look_up(draft, account)
    if found is not None:
        talk.say(f"Signed in already ({account}).")
    else:
        found = _sign_in(talk, tools, account)
    if found is None:
        return Products()
    draft.account = account
    draft.sites |= found.sites
    lines = list(found.lines())
    talk.say("The account holds:" if lines else "The account holds neither a car nor a Powerwall.")
    for line in lines:
        talk.say(f"  {line}")
    return found


def look_up(draft: Draft, account: str) -> Products | None:
    """What an account holds that is signed in already; None where it isn't, or can't be asked now."""
    settings = settings_of(draft)
    wall = SystemClock(settings.site.zone).now().wall
    try:
        tesla = settings.section("tesla", TeslaSettings) or TeslaSettings()
        if wall is None:
            return None
        tools = tools_at(settings, tesla, wall)
        return held(tools, account) if tools.tokens(account).kept().pair else None
    except (SettingsError, CarError, KeepError):
        return None


def _ask_app(talk: Talk, draft: Draft, account: str) -> None:
    """[tesla]: the region, and for fleet the app."""
    tesla, zone = draft.table("tesla"), str(draft.table("site").get("timezone", ""))
    question = "Your account's region: na (also Asia-Pacific), eu (also Middle East, Africa) or cn"
    usual = str(tesla.get("region") or places.region(zone))
    now = {"region": talk.ask("tesla.region", question, read.one_of(REGIONS), usual)}
    if account == "fleet":
        if talk.patient and not tesla.get("client_id"):
            talk.say("docs/cars.md says step by step how to get an app at developer.tesla.com.")
        for key, question in (
            ("client_id", "Your app's client id"),
            ("redirect_url", "Its redirect address"),
        ):
            now[key] = talk.ask(f"tesla.{key}", question, read.words, str(tesla.get(key, "")) or None)
        hint = "; Enter keeps the one there is" if SECRET in draft.secrets else ""
        if value := talk.secret("tesla.client_secret", f"Its client secret{hint}"):
            draft.keep_secret(SECRET, value)
    draft.put("tesla", now)


def _tools(talk: Talk, draft: Draft) -> Tools | None:
    settings = settings_of(draft)
    wall = SystemClock(settings.site.zone).now().wall
    if wall is None:
        talk.say("  The computer does not know the time yet, so nobody can sign in. Later: ./sunward login")
        return None
    try:
        return tools_at(settings, settings.section("tesla", TeslaSettings) or TeslaSettings(), wall)
    except SettingsError as error:
        together(talk, error.problems, "tesla")
        return None


def _sign_in(talk: Talk, tools: Tools, account: str) -> Products | None:
    while True:
        try:
            sign_in(account, tools, lambda prompt: _pasted(talk, prompt), talk.say)
            return held(tools, account)
        except (LoginFailed, CarError, KeepError) as error:
            talk.say(f"  {error}")
        if not talk.patient or not talk.yes("", "Try the sign-in again", False):
            talk.say(f"  Later, at any time: ./sunward login {account}")
            return None


def _pasted(talk: Talk, prompt: str) -> str:
    hint = f"{prompt.strip().removesuffix(':')} (Enter: not now)"
    if text := talk.ask("tesla.paste", hint, read.words, ""):
        return text
    raise LoginFailed("Nobody is signed in yet.")
