"""The sentences of the bus: what its owner reads when something on the wires is worth telling."""

from __future__ import annotations

from agent.bus.charger import Charger
from notify.events import Event


def lost(charger: Charger) -> Event:
    return Event(
        "charger_lost",
        f"{_name(charger)} no longer answers. Look whether it has power and its two bus wires.",
        "warning",
        charger.charger_id,
    )


def back(charger: Charger) -> Event:
    return Event(
        "charger_back", f"{_name(charger)} answers again.", "info", charger.charger_id, "charger_lost"
    )


def linked(charger: Charger) -> Event:
    return Event("charger_linked", f"{_name(charger)} has answered.", "info", charger.charger_id)


def unknown(charger: Charger) -> Event:
    return Event(
        "unknown_charger",
        f"Charger {charger.charger_id} ({charger.rating_amps:.0f} A) is on the bus but not in the settings, "
        f'so it is offered 0 A. To use it, add [[chargers]] with id = "{charger.charger_id}" and '
        "max_amps = what its wiring bears.",
        "warning",
        charger.charger_id,
    )


def too_many(charger_id: str, most: int) -> Event:
    return Event(
        "too_many_chargers",
        f"Charger {charger_id} announces itself, but all {most} places on the bus are taken, so it is not "
        "linked. Raise bus.max_chargers, or switch it off.",
        "error",
        charger_id,
    )


def own_id(charger_id: str) -> Event:
    return Event(
        "id_conflict",
        f"A charger uses our own id {charger_id}. It was told to take another one; if this comes again, "
        "set bus.primary_id.",
        "warning",
        charger_id,
    )


def conflict(charger: Charger) -> Event:
    return Event(
        "id_conflict",
        f"Two chargers answer to the id {charger.charger_id}. Neither is raised until one of them is reset: "
        "hold its button for four seconds.",
        "error",
        charger.charger_id,
    )


def conflict_gone(charger: Charger) -> Event:
    return Event(
        "id_conflict_gone",
        f"Only one charger answers to the id {charger.charger_id} now.",
        "info",
        charger.charger_id,
        "id_conflict",
    )


def second_master(other_id: str, own: bool) -> Event:
    who = f"Another program with our id {other_id}" if own else f"Another primary ({other_id})"
    return Event(
        "second_master",
        f"{who} speaks on the bus, so we stay silent. Stop the other program, or turn that "
        "unit's rotary switch to F.",
        "critical",
        "bus",
    )


def second_master_gone() -> Event:
    return Event(
        "second_master_gone",
        "No other primary was heard for 30 s: we speak again.",
        "info",
        "bus",
        "second_master",
    )


def odd_rating(charger_id: str, rating_amps: float) -> Event:
    return Event(
        "rating_implausible",
        f"Charger {charger_id} seems to announce {rating_amps:.2f} A, which no Wall Connector has: ignored. "
        "Look at the bus wires and their termination.",
        "warning",
        charger_id,
    )


def below_setting(charger: Charger) -> Event:
    return Event(
        "rating_below_setting",
        f"{_name(charger)} is set to {charger.limits.max_amps:.0f} A but made for "
        f"{charger.rating_amps:.0f} A: it gets {charger.cap_amps:.0f} A at most.",
        "warning",
        charger.charger_id,
    )


def ignores(charger: Charger, told_amps: float) -> str:
    return f"{_name(charger)} was told {told_amps:g} A but offers {charger.offered_amps:g} A."


def overdraws(charger: Charger, told_amps: float) -> str:
    return f"{_name(charger)} may give {told_amps:g} A, but its car draws {charger.drawn_amps:g} A."


def not_followed(charger: Charger) -> Event:
    return Event("offer_not_followed", charger.problem, "warning", charger.charger_id)


def followed(charger: Charger) -> Event:
    return Event(
        "offer_followed",
        f"{_name(charger)} follows its limit again.",
        "info",
        charger.charger_id,
        "offer_not_followed",
    )


def fault(charger: Charger) -> Event:
    return Event(
        "charger_fault",
        f"{_name(charger)} reports a fault. Count the blinks of its red light: its manual says what they "
        "mean. Switching its breaker off for a minute starts it anew.",
        "error",
        charger.charger_id,
    )


def fault_gone(charger: Charger) -> Event:
    return Event(
        "charger_fault_gone",
        f"{_name(charger)} reports no fault any more.",
        "info",
        charger.charger_id,
        "charger_fault",
    )


def port_lost(problem: str) -> Event:
    return Event("bus_port_lost", problem, "error", "bus")


def port_back(port: str) -> Event:
    return Event("bus_port_back", f"The bus port {port} is open again.", "info", "bus", "bus_port_lost")


def _name(charger: Charger) -> str:
    return charger.label[:1].upper() + charger.label[1:]
