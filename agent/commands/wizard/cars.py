"""[[cars]]: one block for each car, with a line for each way to it, in order of trust.

To read: TeslaMate (it touches no car), then Bluetooth, then a cloud. To command: Bluetooth, then the proxy
that signs, then a cloud by itself. What a person wrote into a block stays: plans, limits, options of a line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft, settings_of
from agent.commands.wizard.running import cars_at_chargers
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.trouble import together
from agent.commands.wizard.ways import Ways, ask_ways, lines_of, tools_of, understood
from notify.settings import SettingsError
from scheduler.cars.login import try_cars
from scheduler.cars.products import Products
from scheduler.cars.settings import read_settings

READS = ("teslamate", "ble", "fleet", "owner")
COMMANDS = ("ble", "fleet-proxy", "fleet", "owner")


def ask_cars(talk: Talk, draft: Draft, chosen: Sequence[str], found: Products) -> None:
    """Ask for addresses, VINs and names, write the blocks, and try each way once."""
    ways = ask_ways(talk, draft, chosen)
    before = {str(row.get("vin", "")).upper(): row for row in draft.rows("cars")}
    here = cars_at_chargers(draft)
    for vin, charger in here.items():
        talk.say(f"  {vin} is plugged in at {charger}, as the running agent hears it.")
    asks = "Cars to know about, by VIN (17 letters and digits; or nothing)"
    proposed = dict.fromkeys([*before, *found.cars, *here])
    vins = talk.ask("tesla.vins", asks, read.vins, ", ".join(proposed))
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


def _ask_number(talk: Talk, vin: str, name: str, row: Mapping[str, Any], ways: Ways) -> str:
    """TeslaMate tells no VIN: which of its cars is this one. Empty for none."""
    lines = [line for line in understood(row) if line.scheme == "teslamate"]
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
    if lines_of(row, key) == list(wanted):
        return row.get(key)
    return None if not wanted else wanted[0] if len(wanted) == 1 else list(wanted)


# --- trying ------------------------------------------------------------------------------------------


def _try(talk: Talk, draft: Draft, chosen: Sequence[str]) -> None:
    """Ask every car by every way whether it answers; nobody is woken."""
    try:
        garage = read_settings(settings_of(draft))
    except SettingsError as error:
        together(talk, error.problems, "tesla")
        return
    tools = tools_of(draft)
    if tools is not None:
        for scheme in chosen:
            try_cars(garage, scheme, tools, lambda text: talk.say(f"  {text}"))
