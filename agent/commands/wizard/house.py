"""The house."""

from __future__ import annotations

from agent.commands.wizard import read
from agent.commands.wizard.draft import Draft
from agent.commands.wizard.talk import Talk
from scheduler.settings import computers_zone

SPLIT_PHASE = ("America/", "US/", "Canada/", "Pacific/Honolulu")


def ask_house(talk: Talk, draft: Draft) -> None:
    """[site]: its name, its time zone, its wires."""
    if not talk.wants("house", "The house", "Its name, its time zone, and what comes from the street."):
        return
    site = draft.table("site")
    name = talk.ask("house.name", "What do you call it", read.words, str(site.get("name", "Home")))
    zone = talk.ask("house.timezone", "Time zone", read.zone, str(site.get("timezone") or computers_zone()))
    phases = talk.ask(
        "house.phases",
        "How many phases come into the house (1 or 3; North America: 1)",
        read.one_of(("1", "3")),
        str(site.get("phases", 1)),
    )
    american = zone.startswith(SPLIT_PHASE)
    volts = talk.ask(
        "house.volts",
        "Volts at the charger: a phase to neutral, or 240 for a North American circuit",
        read.number(100, 300, "V"),
        f"{site.get('volts', 240 if american else 230):g}",
    )
    fuse = talk.ask(
        "house.main_fuse_amps",
        "Main fuse of the house in amps per phase, to be watched (0: not watched)",
        read.number(0, 1000, "A"),
        f"{site.get('main_fuse_amps', 0):g}",
    )
    wires = {"phases": int(phases), "volts": volts, "main_fuse_amps": fuse}
    draft.put("site", {"name": name or "Home", "timezone": zone} | wires)
