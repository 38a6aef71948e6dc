"""[[cars]]: one block for each car, with a line for each way to it, in order of trust.

To read: TeslaMate (it touches no car), then Bluetooth, then a cloud. To command: Bluetooth, then the proxy
that signs, then a cloud by itself. What a person wrote into a block stays: plans, limits, options of a line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft, settings_of
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.trouble import together
from notify.settings import SettingsError
from scheduler.cars.links.teslamate import TeslaMateLink
from scheduler.cars.links.tools import Tools
from scheduler.cars.login import tools_at, try_cars
from scheduler.cars.model import NotNow, Refused
from scheduler.cars.products import Products
from scheduler.cars.settings import Line, TeslaSettings, read_line, read_settings
from scheduler.clock import SystemClock

READS = ("teslamate", "ble", "fleet", "owner")
COMMANDS = ("ble", "fleet-proxy", "fleet", "owner")
BROKER_PASSWORD = "TESLAMATE_PASSWORD"


@dataclass(slots=True)
class Ways:
    """A line for each scheme that was chosen; TeslaMate's still lacks the car's number."""

    lines: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)  # TeslaMate's cars: names by number

    def to(self, order: Sequence[str], number: str) -> list[str]:
        """Lines in this order for one car."""
        found = {scheme: line for scheme, line in self.lines.items() if scheme != "teslamate" or number}
        if number and "teslamate" in found:
            joint = "&" if "?" in found["teslamate"] else "?"
            found["teslamate"] += f"{joint}car={number}"
        return [found[scheme] for scheme in order if scheme in found]


def ask_cars(talk: Talk, draft: Draft, chosen: Sequence[str], found: Products) -> None:
    """Ask for addresses, VINs and names, write the blocks, and try each way once."""
    ways = _ask_ways(talk, draft, chosen)
    before = {str(row.get("vin", "")).upper(): row for row in draft.rows("cars")}
    asks = "Cars to know about, by VIN (17 letters and digits; or nothing)"
    vins = talk.ask("tesla.vins", asks, read.vins, ", ".join(dict.fromkeys([*before, *found.cars])))
    rows = []
    for vin in vins:
        row = before.get(vin, {})
        known = str(row.get("name") or found.cars.get(vin, ""))
        name = talk.ask(f"cars.{vin}.name", f"Name of {vin}", read.words, known)
        number = _ask_number(talk, vin, name, row, ways) if "teslamate" in ways.lines else ""
        rows.append(_block(row, vin, name, ways, number))
    others = [row for vin, row in before.items() if vin not in vins]
    if rows:
        draft.put_rows("cars", [*others, *rows])
        _try(talk, draft, chosen)
    elif not before:
        talk.say("  No car is named. Charging works all the same; run this step again at any time.")


def schemes_of(draft: Draft) -> set[str]:
    """The ways that the cars of the draft use."""
    return {
        text.partition("://")[0]
        for row in draft.rows("cars")
        for text in (*_list(row, "reads"), *_list(row, "commands"))
    }


# --- ways --------------------------------------------------------------------------------------------


def _ask_ways(talk: Talk, draft: Draft, chosen: Sequence[str]) -> Ways:
    ways = Ways()
    for scheme in chosen:
        if scheme in ("fleet", "fleet-proxy"):
            ways.lines["fleet"] = "fleet://"
        if scheme == "owner":
            ways.lines["owner"] = "owner://"
        if scheme == "fleet-proxy":
            ways.lines["fleet-proxy"] = _ask_proxy(talk, draft)
        if scheme == "ble":
            known = _known(draft, "ble")
            asks = "Where TeslaBleHttpProxy is, like 192.168.0.40:8080"
            ways.lines["ble"] = "ble://" + talk.ask("tesla.ble", asks, _place("ble"), _where(known) or None)
        if scheme == "teslamate":
            ways.lines["teslamate"] = _ask_broker(talk, draft, ways)
    if "fleet-proxy" in ways.lines and "fleet" not in chosen:
        ways.lines["fleet"] = "fleet://"  # to read: the proxy would only pass it on
    return ways


def _ask_proxy(talk: Talk, draft: Draft) -> str:
    known = _known(draft, "fleet-proxy")
    asks = "Where tesla-http-proxy listens"
    place = talk.ask("tesla.proxy", asks, _place("fleet-proxy"), _where(known) or "localhost:4443")
    options = known.options if known else {"cert": "proxy-cert.pem"}
    asks = "Its certificate, a file beside sunward.toml (- for none: without TLS, on this computer only)"
    cert = talk.ask("tesla.cert", asks, read.words, options.get("cert", "-" if "tls" in options else ""))
    return f"fleet-proxy://{place}?{'tls=no' if cert in ('', '-') else f'cert={cert}'}"


def _ask_broker(talk: Talk, draft: Draft, ways: Ways) -> str:
    known = _known(draft, "teslamate")
    broker = str(draft.table("mqtt").get("broker", "")) or None
    asks = "TeslaMate's MQTT broker, like 192.168.0.5"
    place = talk.ask("tesla.teslamate", asks, _place("teslamate"), _where(known) or broker)
    options = dict(known.options) if known else {}
    options.pop("car", None)
    user = talk.ask(
        "tesla.teslamate_user", "Sign in there as (- for no sign-in)", read.words, options.get("user", "-")
    )
    options |= {"user": user, "password": BROKER_PASSWORD}
    if user in ("", "-"):
        options = {key: value for key, value in options.items() if key not in ("user", "password")}
    elif value := talk.secret("tesla.teslamate_password", "Its password"):
        draft.keep_secret(BROKER_PASSWORD, value)
    text = f"teslamate://{place}" + "?" * bool(options) + "&".join(f"{k}={v}" for k, v in options.items())
    tools = _tools(draft)
    if tools is not None:
        try:
            host, _, port = place.partition(":")
            line = Line("teslamate", host, int(port) if port else None, options, text)
            ways.numbers = TeslaMateLink(line, tools).names()
        except (NotNow, Refused) as error:
            talk.say(f"  {error}")
    for number, name in ways.numbers.items():
        talk.say(f"  TeslaMate's car {number}  {name}")
    return text


def _ask_number(talk: Talk, vin: str, name: str, row: Mapping[str, Any], ways: Ways) -> str:
    """TeslaMate tells no VIN: which of its cars is this one. Empty for none."""
    lines = [read_line(text) for text in _list(row, "reads") if text.startswith("teslamate://")]
    alike = [number for number, its in ways.numbers.items() if its.casefold() == name.casefold()]
    only = list(ways.numbers) if len(ways.numbers) == 1 else []
    proposed = next(iter([*(line.options["car"] for line in lines), *alike, *only]), "-")
    asks = f"TeslaMate's number of {name or vin} (- for none)"
    number = talk.ask(f"cars.{vin}.teslamate", asks, _number, proposed)
    return "" if number == "-" else number


def _number(text: str) -> str:
    found = text.strip() or "-"
    if found != "-" and not found.isdecimal():
        raise ValueError("Write TeslaMate's number of the car, like 1; - for none.")
    return found


def _place(scheme: str) -> Any:
    """A reader of HOST or HOST:PORT."""

    def place(text: str) -> str:
        found = text.strip().removeprefix(f"{scheme}://").removeprefix("http://").rstrip("/")
        try:
            line = read_line(f"{scheme}://{found}" + ("?car=1" if scheme == "teslamate" else ""))
        except ValueError:
            line = None
        if line is None or not line.host or set(found) & set("/?#@ "):
            raise ValueError("Write an address like 192.168.0.40 or 192.168.0.40:8080.")
        return found

    return place


def _known(draft: Draft, scheme: str) -> Line | None:
    """The first line of this scheme that a car has already."""
    for row in draft.rows("cars"):
        for text in (*_list(row, "reads"), *_list(row, "commands")):
            if text.startswith(f"{scheme}://"):
                try:
                    return read_line(text)
                except ValueError:
                    return None
    return None


def _where(line: Line | None) -> str:
    return "" if line is None else f"{line.host}:{line.port}" if line.port else line.host


# --- blocks ------------------------------------------------------------------------------------------


def _block(row: Mapping[str, Any], vin: str, name: str, ways: Ways, number: str) -> dict[str, Any]:
    block = {**row, "vin": row.get("vin", vin), "name": name or None}
    block |= {"reads": _lines(row, "reads", ways.to(READS, number))}
    signed = "fleet-proxy" in ways.lines
    commands = [one for one in COMMANDS if not (signed and one == "fleet")]
    block |= {"commands": _lines(row, "commands", ways.to(commands, ""))}
    return {key: value for key, value in block.items() if value is not None}


def _lines(row: Mapping[str, Any], key: str, wanted: Sequence[str]) -> str | list[str] | None:
    """One line, or several; as it was written where it says the same."""
    if _list(row, key) == list(wanted):
        return row.get(key)
    return None if not wanted else wanted[0] if len(wanted) == 1 else list(wanted)


def _list(row: Mapping[str, Any], key: str) -> list[str]:
    found = row.get(key, [])
    return [found] if isinstance(found, str) else [str(one) for one in found]


# --- trying ------------------------------------------------------------------------------------------


def _tools(draft: Draft) -> Tools | None:
    settings = settings_of(draft)
    wall = SystemClock(settings.site.zone).now().wall
    try:
        tesla = settings.section("tesla", TeslaSettings) or TeslaSettings()
    except SettingsError:
        return None
    return tools_at(settings, tesla, wall) if wall else None


def _try(talk: Talk, draft: Draft, chosen: Sequence[str]) -> None:
    """Ask every car by every way whether it answers; nobody is woken."""
    try:
        garage = read_settings(settings_of(draft))
    except SettingsError as error:
        together(talk, error.problems, "tesla")
        return
    tools = _tools(draft)
    if tools is not None:
        for scheme in chosen:
            try_cars(garage, scheme, tools, lambda text: talk.say(f"  {text}"))
