"""To start a car that is offered amps and takes none.

It gets `self_start_wait_s` to start by itself, as most do. Then its own word is asked; then it is told to
start. A sleeping one is woken only if the owner allows it and within the day's budget. After three tries
in vain there is a letter.
"""

from __future__ import annotations

from dataclasses import replace

from scheduler.cars import owner
from scheduler.cars.hands import Hands, attempt
from scheduler.cars.model import Command

FRESH_S = 120.0
FIRST_TRY_GAP_S, LONGEST_TRY_GAP_S = 600.0, 3600.0
TRIES_BEFORE_A_LETTER = 3


def start(hands: Hands, why: str) -> None:
    """One step towards a car that charges. `why` is the brain's reason."""
    memory, now_s = hands.memory, hands.now_s
    if memory.start_wished_s is None:
        memory = hands.memory = replace(memory, start_wished_s=now_s)
    waited_s = now_s - (memory.start_wished_s or 0.0)
    if waited_s < hands.car.self_start_wait_s and not memory.we_stopped:
        return
    if now_s - memory.start_sent_s < _try_gap_s(memory.starts):
        return
    if _objects(hands) or not hands.car.commands:
        return
    if not attempt(hands, lambda: _start_now(hands, why)):
        _counted(hands, 1)


def _start_now(hands: Hands, why: str) -> None:
    if not hands.look():
        _wake(hands)
        return
    if hands.now_s - hands.memory.read_s > FRESH_S:
        hands.read()
    if _objects(hands):
        return
    if (was := hands.memory.amps_before) is not None:
        hands.send(Command("set_amps", round(was)))
        hands.memory = replace(hands.memory, amps_before=None, amps_ours=None)
    hands.send(Command("start"))
    _counted(hands, 1)
    hands.memory = replace(hands.memory, we_stopped=False)
    hands.said.append(f"{hands.car.label} was told to start ({why}).")


def _wake(hands: Hands) -> None:
    """A sleeping car: wait for it, or wake it where that is allowed and not too often."""
    memory, car = hands.memory, hands.car
    if not car.allow_wake or hands.now_s - memory.woken_s < 60 * car.wake_gap_min:
        _counted(hands, 1)
        return
    hands.wake()
    hands.memory = replace(hands.memory, woken_s=hands.now_s)
    hands.said.append(f"{car.label} is being woken.")


def _objects(hands: Hands) -> bool:
    """Whether the owner's own wish stands against a start; he is told once that it is followed."""
    why = owner.against_start(hands.memory)
    if why and not owner.at_limit_only(hands.memory):
        says = f"{hands.car.label} is not told to start: {why}."
        hands.teller.once("owner_override", hands.car.vin, says, key=f"{hands.car.vin} start")
    return bool(why)


def started(hands: Hands) -> None:
    """It draws: what was tried has worked, or wasn't needed."""
    memory = hands.memory
    if memory.start_wished_s is not None or memory.starts:
        hands.memory = replace(memory, start_wished_s=None, start_sent_s=0.0, starts=0)
    hands.teller.over("car_not_charging", hands.car.vin, f"{hands.car.label} charges again.")


def _counted(hands: Hands, tries: int) -> None:
    """A try was made; after some in vain the owner is told."""
    hands.memory = replace(hands.memory, start_sent_s=hands.now_s, starts=hands.memory.starts + tries)
    if hands.memory.starts < TRIES_BEFORE_A_LETTER:
        return
    asleep = "It sleeps, and may not be woken (allow_wake). " if hands.memory.asleep else ""
    says = f"{hands.car.label} is offered power at {hands.sight.charger} and takes none. {asleep}"
    hands.teller.once("car_not_charging", hands.car.vin, f"{says}Look at its screen and at the plug.")


def _try_gap_s(tries: int) -> float:
    return 0.0 if tries == 0 else min(FIRST_TRY_GAP_S * 2.0 ** (tries - 1), LONGEST_TRY_GAP_S)
