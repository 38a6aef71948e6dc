"""Where the ways to the cars begin: the address of a proxy or a broker, asked once for all cars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft, settings_of
from agent.commands.wizard.talk import Talk
from notify.settings import SettingsError
from scheduler.cars.links.teslamate import TeslaMateLink
from scheduler.cars.links.tools import Tools
from scheduler.cars.login import tools_at
from scheduler.cars.model import NotNow, Refused
from scheduler.cars.settings import Line, TeslaSettings, read_line
from scheduler.clock import SystemClock

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


def ask_ways(talk: Talk, draft: Draft, chosen: Sequence[str]) -> Ways:
    """Ask where each of the chosen schemes is reached."""
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
    if user in ("", "-"):
        options = {key: value for key, value in options.items() if key not in ("user", "password")}
    else:
        options = {**options, "user": user, "password": options.get("password", BROKER_PASSWORD)}
        hint = "; Enter keeps the one there is" if options["password"] in draft.secrets else ""
        if value := talk.secret("tesla.teslamate_password", f"Its password{hint}"):
            draft.keep_secret(options["password"], value)
    text = f"teslamate://{place}" + "?" * bool(options) + "&".join(f"{k}={v}" for k, v in options.items())
    tools = tools_of(draft)
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
    rows = draft.rows("cars")
    return next((line for row in rows for line in understood(row) if line.scheme == scheme), None)


def _where(line: Line | None) -> str:
    return "" if line is None else f"{line.host}:{line.port}" if line.port else line.host


# --- what the draft says already ---------------------------------------------------------------------


def schemes_of(draft: Draft) -> set[str]:
    """The ways that the cars of the draft use."""
    return {
        text.partition("://")[0]
        for row in draft.rows("cars")
        for text in (*lines_of(row, "reads"), *lines_of(row, "commands"))
    }


def understood(row: Mapping[str, Any]) -> list[Line]:
    """The lines of a block that are right; `check` tells of the others."""
    found = []
    for text in (*lines_of(row, "reads"), *lines_of(row, "commands")):
        with suppress(ValueError):
            found.append(read_line(text))
    return found


def lines_of(row: Mapping[str, Any], key: str) -> list[str]:
    """The lines of `reads` or `commands` in a block, however it writes them."""
    found = row.get(key, [])
    return [found] if isinstance(found, str) else [str(one) for one in found]


def tools_of(draft: Draft) -> Tools | None:
    """What the links of the draft's house get; None while the time or the settings are unknown."""
    settings = settings_of(draft)
    wall = SystemClock(settings.site.zone).now().wall
    try:
        tesla = settings.section("tesla", TeslaSettings) or TeslaSettings()
    except SettingsError:
        return None
    return tools_at(settings, tesla, wall) if wall else None
