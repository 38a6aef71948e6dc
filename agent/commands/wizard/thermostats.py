"""Thermostats of Honeywell Total Connect Comfort: signs in once, lists them, and asks what they may do.

The portal locks accounts that sign in often, for the owner's phone too. So a refused sign-in is never tried
again here: a corrected password is kept, and the scheduler tries it ten minutes later at the earliest. The
session that the wizard got is handed to the scheduler, so that it need not sign in itself.
"""

from __future__ import annotations

import re
from typing import Any

from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft, settings_of
from agent.commands.wizard.peaks import USUAL, Row, ask_holidays, ask_times, dear_times
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.trouble import plainly, together
from notify.settings import SettingsError
from scheduler.clock import SystemClock
from scheduler.kept import KeepError, Memory
from scheduler.thermostats import PASSWORD, USER
from scheduler.thermostats.honeywell import Honeywell
from scheduler.thermostats.policy import Device, LockedOut, ThermostatError
from scheduler.thermostats.settings import ThermostatSettings

STEP = re.compile(r"(\d+(?:\.\d+)?)\s*%?\s*[:=]\s*\+?(\d+(?:\.\d+)?)")
WARMEST_CELSIUS = 45.0  # a setpoint above this is in Fahrenheit
FAHRENHEIT: Row = {"steps": "50:2, 35:2, 20:4", "setpoint": 67, "lowest": 60, "highest": 84}
CELSIUS: Row = {"steps": "50:1, 35:1, 20:2", "setpoint": 20, "lowest": 16, "highest": 29}


def ask_thermostats(talk: Talk, draft: Draft) -> None:
    """[thermostats], and the account's two lines in credentials.env."""
    about = "Honeywell Total Connect Comfort: warmer by some degrees in a peak when the Powerwall runs low."
    if not talk.wants("thermostats", "Thermostats", about):
        return
    if not draft.table("battery").get("site"):
        talk.say("They follow the Powerwall's charge. Set up its site first (the step before), then this.")
        return
    _ask_account(talk, draft)
    names, usual = _looked(talk, draft)
    while True:
        _ask_rules(talk, draft, names, usual)
        if _fits(talk, draft):
            return


# --- the account -------------------------------------------------------------------------------------


def _ask_account(talk: Talk, draft: Draft) -> None:
    before = draft.secrets.get(USER, "")
    user = talk.ask(
        "thermostats.user",
        "Your sign-in at mytotalconnectcomfort.com (mail address)",
        read.words,
        before or None,
    )
    if user != before:
        draft.keep_secret(USER, user)
    hint = "; Enter keeps the one there is" if PASSWORD in draft.secrets else ""
    value = talk.secret("thermostats.password", f"Its password{hint}")
    if value and value != draft.secrets.get(PASSWORD):
        draft.keep_secret(PASSWORD, value)


def _looked(talk: Talk, draft: Draft) -> tuple[dict[str, str], Row]:
    """Names by id, and what to propose in their degrees; none where they can't be listed now."""
    settings = settings_of(draft)
    now = SystemClock(settings.site.zone).now().wall
    if now is None:
        talk.say("  The computer does not know the time yet, so they can't be asked now.")
        return {}, FAHRENHEIT
    try:
        memory = Memory(settings.state_dir / "scheduler" / "thermostats.json")
        kept: dict[str, Any] = memory.data.setdefault("session", {})
        if USER in draft.new_secrets or PASSWORD in draft.new_secrets:
            kept.pop("cookies", None)  # of whoever was signed in before
        user, password = draft.secrets.get(USER, ""), draft.secrets.get(PASSWORD, "")
        address = str(draft.table("thermostats").get("address", ""))
        portal = Honeywell(address, user, password, now.timestamp(), kept)
        talk.say("  asking Honeywell ...")
        try:
            return _listed(talk, portal)
        finally:
            memory.save()
    except LockedOut as error:
        _tell_refusal(talk, draft, error)
    except (ThermostatError, KeepError) as error:
        talk.say(f"  {error} They are tried again by the scheduler; go on without a list.")
    return {}, FAHRENHEIT


def _listed(talk: Talk, portal: Honeywell) -> tuple[dict[str, str], Row]:
    names = portal.names()
    usual = FAHRENHEIT
    talk.say("Your account holds:" if names else "  The account holds no thermostat.")
    for device_id, name in names.items():
        try:
            seen = portal.read(device_id, name)
        except ThermostatError as error:
            talk.say(f"  {device_id}  {error}")
            continue
        usual = CELSIUS if seen.cool < WARMEST_CELSIUS else FAHRENHEIT
        talk.say(f"  {device_id}  {name}: {_in_words(seen)}")
    return names, usual


def _in_words(seen: Device) -> str:
    return f"{seen.mode}, cools to {seen.cool:g}, heats to {seen.heat:g}"


def _tell_refusal(talk: Talk, draft: Draft, error: LockedOut) -> None:
    """Wrong password, or locked: said once, and not tried again now."""
    talk.say(f"  {plainly(error)}")
    talk.say("  It is not tried again now: Honeywell locks accounts that try often, for your phone too.")
    talk.say("  The scheduler tries again by itself, in ten minutes at the earliest.")
    if talk.patient and talk.yes("", "  Type name and password once more, to be kept untried", False):
        _ask_account(talk, draft)


# --- what they may do --------------------------------------------------------------------------------


def _ask_rules(talk: Talk, draft: Draft, names: dict[str, str], usual: Row) -> None:
    before = draft.table("thermostats")
    known = ", ".join(map(str, before.get("devices", [])))
    asks = "Which of them, by name or id, with commas (all: every one of the account)"
    devices = talk.ask("thermostats.devices", asks, _devices(names), known or "all")
    battery = draft.rows("battery.periods") or dear_times(draft)
    rules: Row = {"devices": None if devices == "all" else read.several(devices)}
    rules |= ask_times(talk, "thermostats", (battery[0] if battery else USUAL) | before)
    asks = "As the battery falls: at so many per cent so many degrees warmer, like 50:2 (- for never)"
    steps = talk.ask(
        "thermostats.steps", asks, _steps, _shown(draft.rows("thermostats.steps")) or usual["steps"]
    )
    rules["steps"] = _rows(steps) or None
    rules["precool"] = _ask_precool(talk, draft, usual, str(rules["from"]))
    for name, word in (("lowest", "below"), ("highest", "above")):
        asks = f"Never set {word} so many degrees"
        rules[name] = talk.ask(
            f"thermostats.{name}", asks, read.number(5, 130, "°"), f"{before.get(name, usual[name]):g}"
        )
    battery_days = draft.table("battery").get("holidays")
    asks = "Holidays on which nothing is done"
    days = ask_holidays(talk, "thermostats.holidays", asks, draft, before.get("holidays", battery_days))
    draft.put("thermostats", rules | {"holidays": days or None})


def _ask_precool(talk: Talk, draft: Draft, usual: Row, peak: str) -> Row | None:
    known, before = draft.table("thermostats.precool"), draft.table("thermostats")
    asks = "Cool down before the peak on days when the battery is not full enough by then"
    if not talk.yes("thermostats.precool", asks, bool(known) or "from" not in before):
        return None
    begin = f"{max(0, int(peak[:2]) - 2):02}{peak[2:]}"
    row: Row = dict(known)
    row["from"] = talk.ask("thermostats.precool_from", "From", read.clock, str(known.get("from", begin)))
    question, key = "Down to so many degrees", "thermostats.setpoint"
    row["setpoint"] = talk.ask(
        key, question, read.number(5, 130, "°"), f"{known.get('setpoint', usual['setpoint']):g}"
    )
    question, key = "If the battery is then at so many per cent or less", "thermostats.battery_below"
    below = talk.ask(key, question, read.number(0, 100, "%"), f"{known.get('battery_below', 90):g}")
    return _on_hot_days(talk, draft, row | {"battery_below": below})


def _on_hot_days(talk: Talk, draft: Draft, row: Row) -> Row:
    """The same rule with hot days in it, where a forecast tells temperatures."""
    forecast = draft.table("forecast")
    if not forecast or forecast.get("service", "open_meteo") != "open_meteo":
        return row
    known = row.pop("hotter_than", None)
    asks = f"Or on days that get hotter than so many degrees {forecast.get('degrees', 'C')} (- for never)"
    text = talk.ask("thermostats.hotter_than", asks, _hot, "-" if known is None else f"{known:g}")
    return row if text == "-" else row | {"hotter_than": _plain(text)}


def _hot(text: str) -> str:
    found = text.strip() or "-"
    return found if found == "-" else f"{read.number(5, 130, '°')(found):g}"


def _devices(names: dict[str, str]) -> Any:
    """A reader of names and ids; those of the account where it could be listed."""

    def read_devices(text: str) -> str:
        found = read.several(text)
        if not found or [one.lower() for one in found] == ["all"]:
            return "all"
        known = {one.casefold() for pair in names.items() for one in pair}
        for one in found:
            if names and one.casefold() not in known:
                raise ValueError(f"There is no thermostat {one!r}: there is {', '.join(names.values())}.")
        return ", ".join(found)

    return read_devices


def _steps(text: str) -> str:
    """ "50:2, 20:4", or "-". Raises ValueError."""
    for one in read.several(text):
        if not STEP.fullmatch(one):
            raise ValueError("Write pairs of per cent and degrees: 50:2, 20:4.")
    return ", ".join(read.several(text)) or "-"


def _rows(text: str) -> list[Row]:
    pairs = [found.groups() for one in read.several(text) if (found := STEP.fullmatch(one))]
    rows = [{"battery_percent": _plain(percent), "degrees": _plain(degrees)} for percent, degrees in pairs]
    return sorted(rows, key=lambda row: -row["battery_percent"])  # the settings want the fullest first


def _plain(text: str) -> float:
    return read.shortened(float(text))


def _shown(rows: list[Row]) -> str:
    return ", ".join(f"{row.get('battery_percent', 0):g}:{row.get('degrees', 0):g}" for row in rows)


def _fits(talk: Talk, draft: Draft) -> bool:
    try:
        settings_of(draft).section("thermostats", ThermostatSettings)
    except SettingsError as error:
        together(talk, error.problems, "thermostats")
        return False
    return True
