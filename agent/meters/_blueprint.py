"""One paragraph: what the device is, how it is reached, what the owner must switch on first.

Then its asks and fields as a table whose columns line up, so that the eye can check them against the
manual: address or path, type, unit, **sign as the device has it**, ours. Then its limits: how often, how
many clients, how old its numbers are, what it says at night. At the end the source of the facts.

    /status     power.grid     W, + import            grid
                power.pv       W, null at night       solar (null is 0: the vendor says so)
                power.battery  W, + charging          battery = -value

To write a driver: copy this file to <scheme>.py (a hyphen in the scheme is an underscore in the name),
add tests/captures/<scheme>/<case>/ and a section `## <scheme>` in docs/meters.md. Nothing else changes.

What this file may have, beside TITLE, ROLES, EXAMPLE, VIA, ask and decode:

    PORT       the usual port; without one the line must give it; 0: what http or https has
    PLACE      "host" (default), "path", "either" or "nothing": what stands behind scheme://
    EVERY_S    how often to ask (5), FASTEST_S how often at most (1)
    Options    a frozen dataclass of what a line may say; `unit`, `tls`, `path`, `baud`, `parity`,
               `framing`, `settle_s` and `pause_s` are understood by the transports; a Secret takes a name
               from credentials.env, a StateFile a file that another program renews; a type with
               `from_text` reads itself (ValueError: a sentence's end)
    auth       for HTTP: auth(options) -> Bearer | Basic | Digest | Password | Header | Query | Login
    HINT       one sentence: the owner's usual mistake, added when the device can't be reached
    STEADY     True where the number may stay the same for hours without being frozen
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Meaning, Values, by_role
from agent.meters.via.pages import Bearer, Get, Pages, Tree

TITLE = "A device that does not exist"
ROLES = ("grid", "solar", "battery")
EXAMPLE = "blueprint://192.168.0.50?token=BLUEPRINT_TOKEN"
VIA = "http"
PORT = 80
HINT = "Its local interface must be switched on in its own settings."

STATUS = Get("/status")


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    token: Secret = option(NO_SECRET, "name of the access token in credentials.env")


def auth(options: Options) -> Bearer:
    """Who we are."""
    return Bearer(options.token)


def ask(options: Options, answers: Pages) -> list[Get]:
    """What to request, given what is already answered; asked again until nothing new is wanted."""
    return [STATUS]


def decode(answers: Pages, options: Options) -> Meaning:
    """What the answers mean, in our signs and units. Raises nothing but Poor."""
    power = answers.json(STATUS).at("power")
    return by_role(
        grid=lambda: Values(power.number("grid")),
        solar=lambda: Values(power.number_or_none("pv") or 0.0),
        battery=lambda: _battery(power),
    )


def _battery(power: Tree) -> Values | None:
    if power.find("battery") is None:
        return None  # this house has none: no role, and no problem
    return Values(-power.number("battery"), soc_percent=power.number_or_none("soc"))
