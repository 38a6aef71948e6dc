"""The bus. Proposes the serial ports that are there, and names the chargers that it hears.

It only listens. A Wall Connector that has no primary announces itself every ten seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.bus.port import PortError, open_port
from agent.commands.doctor import MARKS, Heard, judge, listen
from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.talk import Talk
from agent.config import BusSettings

BY_ID = Path("/dev/serial/by-id")
DEV = Path("/dev")
IN_USE = "in use"
CONTINUOUS = 0.8  # a circuit bears this share of its breaker for hours
LEAST_BREAKER, MOST_BREAKER = 7.5, 300.0


@dataclass(frozen=True, slots=True)
class Ears:
    """How to listen: for how long, and where serial ports are found."""

    seconds: float
    by_id: Path = BY_ID
    dev: Path = DEV


def serial_ports(ears: Ears) -> list[str]:
    """Adapters by their lasting names, or by the passing ones where there are no others."""
    lasting = sorted(map(str, ears.by_id.glob("*")))
    return lasting or sorted(str(one) for kind in ("ttyUSB*", "ttyACM*") for one in ears.dev.glob(kind))


def ask_bus(talk: Talk, draft: Draft, ears: Ears) -> None:
    """[bus] and [[chargers]]."""
    about = "The RS-485 adapter, the breaker, and the Wall Connectors. Nothing is sent, it only listens."
    if not talk.wants("bus", "The chargers", about):
        return
    heard = _ask_port(talk, draft, ears)
    circuit = _ask_circuit(talk, draft)
    _ask_chargers(talk, draft, heard, circuit)


def _ask_port(talk: Talk, draft: Draft, ears: Ears) -> Heard:
    """The port, and what was heard there; asked again while a person wants to."""
    while True:
        found = serial_ports(ears)
        talk.say("Serial ports here:" if found else "No USB adapter is plugged in here now.")
        for number, path in enumerate(found, 1):
            talk.say(f"  {number}  {path}")
        before = str(draft.table("bus").get("port", ""))
        port = talk.ask(
            "bus.port",
            "The adapter: a number of this list, a path, or socket://HOST:PORT",
            _port_reader(found),
            before or (found[0] if found else None),
        )
        heard = _hear(talk, draft, ears, port)
        if heard.chargers or not talk.patient or not talk.yes("", "Choose and listen again", False):
            draft.put("bus", {"port": port})
            return heard


def _port_reader(found: Sequence[str]) -> Callable[[str], str]:
    def read_port(text: str) -> str:
        if text.strip().isdecimal() and 0 < int(text) <= len(found):
            return found[int(text) - 1]
        try:
            return BusSettings(port=text.strip(), circuit_amps=16).port
        except ValidationError:
            raise ValueError(
                "Write a device like /dev/serial/by-id/..., socket://HOST:PORT or rfc2217://HOST:PORT."
            ) from None

    return read_port


def _hear(talk: Talk, draft: Draft, ears: Ears, url: str) -> Heard:
    try:
        port = open_port(url)
    except PortError as error:
        talk.say(f"  {error}")
        if IN_USE in str(error):
            talk.say("  If that program is sunward itself, all is well: go on with the ids that it knows.")
        return Heard()
    talk.say(f"  Listening for {ears.seconds:g} s ...")
    try:
        heard = listen(port, ears.seconds)
    except PortError as error:
        talk.say(f"  {error}")
        return Heard()
    finally:
        port.close()
    own_id = str(draft.table("bus").get("primary_id", "7777"))
    for finding in judge(heard, set(heard.chargers), own_id):
        talk.say(f"  {MARKS[finding.level]} {finding.says}")
    return heard


def _ask_circuit(talk: Talk, draft: Draft) -> float:
    before = draft.table("bus").get("circuit_amps")
    breaker = talk.ask(
        "bus.breaker_amps",
        "The breaker of the chargers' circuit, in amps (it is printed on it)",
        read.number(LEAST_BREAKER, MOST_BREAKER, "A"),
        _breaker_of(before),
    )
    circuit = bears(breaker)
    talk.say(f"  {breaker:g} A x {CONTINUOUS:g} = {circuit:g} A for all chargers together, for hours.")
    draft.put("bus", {"circuit_amps": circuit})
    return circuit


def _ask_chargers(talk: Talk, draft: Draft, heard: Heard, circuit: float) -> None:
    before = {str(row.get("id", "")).upper(): row for row in draft.rows("chargers")}
    ids = talk.ask(
        "bus.chargers",
        "Wall Connectors to charge with, by their ids (an id is offered nothing until it is named)",
        read.charger_ids,
        ", ".join(dict.fromkeys([*before, *sorted(heard.chargers)])),
    )
    rows = [_ask_charger(talk, draft, one, before.get(one, {}), heard, circuit) for one in ids]
    draft.put_rows("chargers", rows)
    if not rows:
        talk.say("  Without an id nothing is charged: run this step again when they are connected.")


def _ask_charger(
    talk: Talk, draft: Draft, charger: str, before: dict[str, Any], heard: Heard, circuit: float
) -> dict[str, Any]:
    name = talk.ask(
        f"chargers.{charger}.name", f"Name of {charger}", read.words, str(before.get("name", "Garage"))
    )
    rating = heard.chargers.get(charger, 0.0)
    most = min(before.get("max_amps") or rating or circuit, circuit, 80.0)
    amps = talk.ask(
        f"chargers.{charger}.max_amps",
        f"The most that the wires of {charger} bear, in amps",
        read.number(6, 80, "A"),
        f"{max(6.0, most):g}",
    )
    row = {**before, "id": before.get("id", charger), "name": name, "max_amps": amps}
    if draft.table("site").get("phases") == 3:
        wired = talk.ask(
            f"chargers.{charger}.phases",
            f"Phases that {charger} is wired to: L1 (or L2, L3), or L1 L2 L3",
            read.phases,
            " ".join(before.get("phases", ["L1", "L2", "L3"])),
        )
        row["phases"] = wired
    return row


def bears(breaker_amps: float) -> float:
    """What a circuit bears for hours, in tenths of an ampere, never rounded up."""
    amps = math.floor(breaker_amps * CONTINUOUS * 10 + 1e-6) / 10
    return int(amps) if amps.is_integer() else amps


def _breaker_of(circuit: Any) -> str | None:
    """The breaker that belongs to a circuit of the settings."""
    return f"{circuit / CONTINUOUS:g}" if isinstance(circuit, int | float) else None
