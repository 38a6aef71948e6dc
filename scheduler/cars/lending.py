"""Amps and limit of a car's app: set for a purpose, never above the owner's own, and given back."""

from __future__ import annotations

from dataclasses import replace

from scheduler.cars import limits
from scheduler.cars.hands import Hands, attempt
from scheduler.cars.model import CarSaysNo, Command

FIRST_LIMIT_GAP_S, LONGEST_LIMIT_GAP_S = 90.0, 3600.0
LIMIT_TRIES = 30
AMPS_GAP_S = 120.0


def set_amps(hands: Hands, wished: float) -> None:
    """Set what the car asks for, never above what its driver set after us."""
    reading, ours = hands.memory.reading, hands.memory.amps_ours
    now = reading.request_amps if reading else None
    if now is not None and ours is not None and now < ours:
        says = f"{hands.car.label} keeps the {now:.0f} A set in its app."
        hands.teller.once("owner_override", hands.car.vin, says, key=f"{hands.car.vin} amps")
        return
    if now is not None and round(now) == round(wished):
        return
    before = hands.memory.amps_before if hands.memory.amps_before is not None else now
    hands.memory = replace(hands.memory, amps_before=before, amps_ours=wished)
    hands.save()
    attempt(hands, lambda: hands.send(Command("set_amps", max(1, round(wished)))))


def give_back_amps(hands: Hands) -> None:
    """One step towards the amps that its driver had set, where we took them away to stop it."""
    if hands.memory.amps_before is None or hands.now_s - hands.memory.amps_tried_s < AMPS_GAP_S:
        return
    hands.memory = replace(hands.memory, amps_tried_s=hands.now_s)
    attempt(hands, lambda: _give_back_amps(hands))


def _give_back_amps(hands: Hands) -> None:
    """Look first: a sleeping car is left alone, and amps that were changed by hand are not touched."""
    if not hands.look():
        return
    hands.read()
    before = hands.memory.amps_before
    if before is None:
        return
    hands.send(Command("set_amps", round(before)))
    hands.memory = replace(hands.memory, amps_before=None, amps_ours=None)
    hands.said.append(f"{hands.car.label} may take its {before:.0f} A again.")


def is_by_hand(ours: float | None, request_amps: float | None) -> bool:
    """Whether these are not the amps that we set; a car makes 5 A of less when it is told once."""
    if ours is None or request_amps is None:
        return False
    return request_amps > 5 if ours < 5 else round(request_amps) != round(ours)


def lower_limit(hands: Hands, wished: float) -> None:
    """Lower its limit, if it can be done now."""
    attempt(hands, lambda: set_limit(hands, wished))


def set_limit(hands: Hands, wished: float) -> None:
    """Lower the limit, lent: the owner's is remembered first. Never above the owner's own."""
    current = hands.memory.reading.limit_percent if hands.memory.reading else None
    if current is None:
        raise CarSaysNo("Its limit is not known, so it is not touched.", "limit")
    record = limits.borrowed(hands.memory.limit, current, round(wished))
    if wished >= record.owner_percent:
        says = f"{hands.car.label} keeps the limit of {record.owner_percent:.0f} % set in its app."
        hands.teller.once("owner_override", hands.car.vin, says, key=f"{hands.car.vin} limit")
        return
    hands.memory = replace(hands.memory, limit=record)
    hands.save()
    hands.send(Command("set_limit", round(wished)))
    says = (
        f"{hands.car.label}: its limit is lowered from {record.owner_percent:.0f} to {wished:.0f} % for now."
    )
    hands.teller.now("limit_changed", hands.car.vin, says)
    hands.said.append(says)


def give_back_limit(hands: Hands) -> None:
    """One step towards the owner's own limit; repeated until a reading shows it."""
    record = hands.memory.limit
    if record is None or record.tries >= LIMIT_TRIES:
        return
    gap_s = min(FIRST_LIMIT_GAP_S * 2.0**record.tries, LONGEST_LIMIT_GAP_S)
    if record.returning and hands.now_s - record.tried_s < gap_s:
        return
    tried = replace(record, returning=True, tries=record.tries + 1, tried_s=hands.now_s)
    hands.memory = replace(hands.memory, limit=tried)
    hands.save()
    attempt(hands, lambda: _give_back(hands))


def _give_back(hands: Hands) -> None:
    """Look first: a sleeping car is left alone, and a limit that was changed by hand is not touched."""
    if not hands.look():
        return
    hands.read()
    record = hands.memory.limit
    if record is None:
        return
    hands.send(Command("set_limit", round(record.owner_percent)))
    says = f"{hands.car.label}: its limit is given back, {record.owner_percent:.0f} %."
    hands.said.append(says)
