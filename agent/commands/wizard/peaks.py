"""Times that come back: asked in one way everywhere, and proposed from what is known already.

The hours in which power is dear are asked with the tariff; Powerwall and thermostats then propose the same.
"""

from __future__ import annotations

from typing import Any

from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.places import CALENDARS
from agent.commands.wizard.talk import Talk

Row = dict[str, Any]
USUAL: Row = {"name": "peak", "months": "1-12", "days": "mon-fri", "from": "16:00", "to": "21:00"}
CALENDAR_NAMES = "us-utility, us-federal, de, at, fr, england"


def ask_peak(talk: Talk, key: str, proposed: Row) -> Row:
    """One time of the week: name, months, days, from, to."""
    row: Row = {}
    row["name"] = talk.ask(f"{key}.name", "  Its name", read.words, str(proposed["name"]))
    return row | ask_times(talk, key, proposed, "  ")


def ask_times(talk: Talk, key: str, proposed: Row, indent: str = "") -> Row:
    """When: months, days, from, to."""
    row: Row = {}
    question = f"{indent}In which months, by their numbers (1-12: all year)"
    row["months"] = talk.ask(f"{key}.months", question, read.months, str(proposed.get("months", "1-12")))
    question = f"{indent}On which days, like mon-fri or daily"
    row["days"] = talk.ask(f"{key}.days", question, read.days, str(proposed.get("days", "mon-fri")))
    for name, word in (("from", "From"), ("to", "To")):
        row[name] = talk.ask(f"{key}.{name}", f"{indent}{word}", read.clock, str(proposed[name]))
    return row


def unlike(name: str, taken: list[str]) -> str:
    """A name that no other row has."""
    number, found = 2, name
    while found.casefold() in (one.casefold() for one in taken):
        found, number = f"{name} {number}", number + 1
    return found


def ask_holidays(talk: Talk, key: str, question: str, draft: Draft, before: Any) -> list[str]:
    """Calendars and dates of days that count as a Sunday."""
    known = list(before) if isinstance(before, list | tuple) else [before] if before else []
    usual = CALENDARS.get(str(draft.table("site").get("timezone", "")), "-")
    hint = f"{question} ({CALENDAR_NAMES}, dates like 12-24; - for none)"
    return talk.ask(key, hint, read.holidays, ", ".join(map(str, known)) or usual)


def dear_times(draft: Draft) -> list[Row]:
    """When power is dear: the tariff's periods above its price, else the windows in which nothing charges."""
    tariff = draft.table("tariff")
    usual = tariff.get("price")
    rows = [
        row
        for row in draft.rows("tariff.periods")
        if isinstance(usual, int | float)
        and isinstance(row.get("price"), int | float)
        and row["price"] > usual
    ]
    if not rows:
        rows = [row for row in draft.rows("windows") if row.get("mode") == "off"]
    keys = ("name", "months", "days", "from", "to")
    return [USUAL | {"days": "daily"} | {key: row[key] for key in keys if key in row} for row in rows]
