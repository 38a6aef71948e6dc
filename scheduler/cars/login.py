"""`scheduler login`: sign in to a car's cloud by hand, over ssh if need be.

    scheduler login                    what needs a sign-in here, and how it stands
    scheduler login fleet              the Fleet API, also for fleet-proxy://
    scheduler login owner              the Owner API
    scheduler login ble | teslamate    no account: tries whether it answers

It prints an address for the browser of any computer or phone, and takes what is pasted: the address at which
that browser ended, or a ready refresh token. Nothing is opened here, and nothing is kept but the tokens. No
car needs to be in the settings yet: what the account holds is listed afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from scheduler.cars.keys import accounts_of, battery_account
from scheduler.cars.links import open_link
from scheduler.cars.links.tools import Tools, road_of
from scheduler.cars.model import Asleep, CarError, NotNow, SignInNeeded
from scheduler.cars.products import held
from scheduler.cars.settings import CarSettings, GarageSettings, TeslaSettings, read_line, read_settings
from scheduler.cars.signin import Attempt, PasteError, post_http2, post_plain
from scheduler.settings import SchedulerSettings

BACK_ENDS = ("fleet", "owner", "fleet-proxy", "ble", "teslamate")
MOST_TRIES = 3

Ask = Callable[[str], str]
Say = Callable[[str], None]


class LoginFailed(Exception):
    """It did not work; the text is a sentence."""


def login(settings: SchedulerSettings, back_end: str, wall: datetime, ask: Ask, say: Say) -> None:
    """Sign in to one back end, or try it. Raises LoginFailed, SettingsError."""
    garage = read_settings(settings)
    tools = tools_at(settings, garage.tesla, wall)
    if not back_end:
        names = {*accounts_of(garage), battery_account(settings)} - {""}
        _stand(sorted(names), tools, say)
        return
    if account := account_of(back_end):
        sign_in(account, tools, ask, say)
        _list(account, tools, say)
    try_cars(garage, back_end, tools, say)


def tools_at(settings: SchedulerSettings, tesla: TeslaSettings, wall: datetime) -> Tools:
    """What the links of this house get."""
    beside = settings.path.absolute().parent
    return Tools(tesla, settings.credentials, settings.state_dir / "tesla", beside, wall)


def account_of(back_end: str) -> str:
    """The account that a back end signs in to; empty where there is none."""
    return {"owner": "owner", "fleet": "fleet", "fleet-proxy": "fleet"}.get(back_end, "")


def _stand(names: Sequence[str], tools: Tools, say: Say) -> None:
    """How each sign-in stands."""
    if not names:
        say("Nothing here needs a sign-in.")
    for name in names:
        tokens = tools.tokens(name)
        kept = tokens.kept()
        if kept.pair is None:
            say(f"{name}: nobody is signed in. Type: {tokens.how}")
        elif kept.trouble:
            say(f"{name}: {kept.trouble} Type: {tokens.how}")
        else:
            renewed = datetime.fromtimestamp(kept.pair.made_s, tools.wall.tzinfo)
            say(f"{name}: signed in, renewed {renewed:%Y-%m-%d %H:%M}.")


def sign_in(name: str, tools: Tools, ask: Ask, say: Say) -> None:
    """Sign in to the account `owner` or `fleet` by a pasted answer. Raises LoginFailed."""
    road = road_of(name, tools.settings, tools.secrets)
    if name == "fleet" and not (road.client_id and road.redirect_url):
        raise LoginFailed(
            "Set client_id and redirect_url of your app in [tesla] first: docs/cars.md says how."
        )
    attempt = Attempt.begin(road)
    say("Open this address in a browser, on any computer or phone, and sign in to Tesla:")
    say(f"\n  {attempt.address}\n")
    say(_where_it_ends(name))
    post = post_http2 if name == "owner" else post_plain
    for left in reversed(range(MOST_TRIES)):
        try:
            reply = attempt.finish(ask("Paste it here: "), post)
            tools.tokens(name).put(reply, tools.now_s)
            break
        except (PasteError, NotNow, SignInNeeded) as error:
            if not left or not isinstance(error, PasteError):
                raise LoginFailed(f"{error} Nothing was changed.") from None
            say(str(error))
    say(f"Signed in. The tokens are in {tools.folder / f'{name}.json'} and are renewed by themselves.")
    if name == "fleet" and tools.settings.domain:
        address = f"https://tesla.com/_ak/{tools.settings.domain}"
        say(f"Once for each car, on the phone with the Tesla app: open {address}")


def _where_it_ends(name: str) -> str:
    if name == "owner":
        return (
            "At the end the browser can't open tesla://auth/callback and shows an error or nothing. Its "
            "developer tools (F12, Network) show that address; or take the refresh token of an app such as "
            "“Auth for Tesla”. Paste the address or the token."
        )
    return "At the end it lands on your own address, with code=... in it. Paste all of that address."


def _list(name: str, tools: Tools, say: Say) -> None:
    """What the account holds, with the ids that sunward.toml wants."""
    try:
        found = list(held(tools, name).lines())
    except CarError as error:
        say(f"What it holds can't be listed now: {error}")
        return
    say("It holds:" if found else "It holds neither a car nor a Powerwall. Is it the right account?")
    for line in found:
        say(f"  {line}")


def try_cars(garage: GarageSettings, back_end: str, tools: Tools, say: Say) -> None:
    """Ask each car that is reached this way whether it answers; nobody is woken."""
    found = [(car, text) for car in garage.cars for text in _lines(car) if read_line(text).scheme == back_end]
    if not found:
        say(f"No car in sunward.toml uses {back_end}:// yet: ./sunward setup adds it, step “Your cars”.")
    for car, text in found:
        try:
            awake = open_link(text, tools).awake(car.vin)
            say(f"{car.label}: {text} answers; the car is {'awake' if awake else 'asleep'}.")
        except Asleep:
            say(f"{car.label}: {text} answers; the car is asleep.")
        except CarError as error:
            say(f"{car.label}: {text} does not work yet: {error}")


def _lines(car: CarSettings) -> list[str]:
    return list(dict.fromkeys((*car.reads, *car.commands)))


def ask_on_terminal(prompt: str) -> str:
    """What somebody types or pastes; an end of input is nothing."""
    print(prompt, end="", flush=True)
    return sys.stdin.readline().strip()
