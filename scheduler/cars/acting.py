"""Making wishes true: start, stop, amps and limit, one step at a time, each checked by what the bus shows.

Nothing here waits. A step is taken, and the next look (half a minute later by the resident program, five
minutes later by cron) sees at the charger whether it worked; only then comes the next one.

**To start** a car that is offered amps and takes none: it gets `self_start_wait_s` to start by itself, as
most do. Then its own word is asked; then it is told to start. A sleeping one is woken only if the owner
allows it and within the day's budget. After three tries in vain there is a letter.

**To stop** a car that draws though 0 A are offered: charge_stop; then its amps to 0; and, only where the
owner allows it, its limit below its charge, which is remembered and given back. Each rung gets a minute.
If nothing helps there is a letter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from scheduler.cars import limits, owner
from scheduler.cars.memory import CarMemory
from scheduler.cars.model import (
    Asleep,
    CarError,
    CarSaysNo,
    ChargeReading,
    Command,
)
from scheduler.cars.roads import Waits
from scheduler.cars.settings import CarSettings
from scheduler.cars.sight import Sight
from scheduler.cars.teller import Teller

FRESH_S = 120.0
RUNG_S = 60.0
FIRST_TRY_GAP_S, LONGEST_TRY_GAP_S = 600.0, 3600.0
TRIES_BEFORE_A_LETTER = 3
FIRST_LIMIT_GAP_S, LONGEST_LIMIT_GAP_S = 90.0, 3600.0
LIMIT_TRIES = 30


class Hands(Protocol):
    """What acting needs of a visit: the car, what is seen and remembered, and how to speak to it."""

    car: CarSettings
    sight: Sight
    memory: CarMemory
    now_s: float
    dry_run: bool
    teller: Teller
    said: list[str]

    def look(self) -> bool:
        """Whether it is awake. Raises CarError."""
        ...

    def read(self) -> ChargeReading:
        """Ask it, and remember the answer. Raises CarError."""
        ...

    def send(self, command: Command) -> None:
        """Tell it. Raises CarError."""
        ...

    def wake(self) -> None:
        """Begin to wake it. Raises CarError."""
        ...

    def save(self) -> None:
        """Put the memory on disk, before something that must not be forgotten."""
        ...


# --- to start ----------------------------------------------------------------------------------------


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
    _attempt(hands, lambda: _start_now(hands, why), count=True)


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


# --- to stop -----------------------------------------------------------------------------------------


def stop(hands: Hands, why: str) -> None:
    """One rung down the ladder towards a car that does not draw. `why` is the brain's reason."""
    memory, now_s = hands.memory, hands.now_s
    if memory.stop_wished_s is None:
        memory = hands.memory = replace(memory, stop_wished_s=now_s)
    if objection := owner.against_stop(memory, hands.car.owner_override == "respect"):
        says = f"{hands.car.label} is not told to stop: {objection}."
        hands.teller.once("owner_override", hands.car.vin, says, key=f"{hands.car.vin} stop")
        return
    if memory.stop_rung and now_s - memory.stop_sent_s < RUNG_S:
        return
    rungs = _rungs(hands)
    if memory.stop_rung >= len(rungs):
        _stop_failed(hands, [name for name, _ in rungs])
        return
    name, step = rungs[memory.stop_rung]
    hands.memory = replace(hands.memory, stop_rung=memory.stop_rung + 1, stop_sent_s=now_s)
    hands.said.append(f"{hands.car.label} still draws {hands.sight.drawn_amps:.0f} A ({why}): {name}.")
    _attempt(hands, step)


def _rungs(hands: Hands) -> list[tuple[str, Callable[[], None]]]:
    """The ladder, as far as the owner allows it."""
    if not hands.car.commands:
        return []
    rungs = [
        ("told to stop", lambda: _stop_by_command(hands)),
        ("its amps set to 0", lambda: _stop_by_amps(hands)),
    ]
    if "limit" in hands.car.harder_stops:
        rungs.append(("its limit lowered", lambda: _stop_by_limit(hands)))
    return rungs


def _stop_by_command(hands: Hands) -> None:
    hands.memory = replace(hands.memory, we_stopped=True)
    hands.send(Command("stop"))


def _stop_by_amps(hands: Hands) -> None:
    reading = hands.memory.reading
    before = hands.memory.amps_before
    if before is None:
        before = reading.request_amps if reading and reading.request_amps else hands.sight.max_amps
    hands.memory = replace(hands.memory, we_stopped=True, amps_before=before, amps_ours=0.0)
    hands.save()
    hands.send(Command("set_amps", 0))


def _stop_by_limit(hands: Hands) -> None:
    reading = hands.read()
    soc, lowest = reading.soc_percent, reading.lowest_limit_percent
    if soc is None or soc <= lowest:
        raise CarSaysNo(f"Its limit can't be set below {lowest:.0f} %.", "limit")
    set_limit(hands, max(lowest, soc - 1))


def _stop_failed(hands: Hands, tried: list[str]) -> None:
    how = f"It was {', '.join(tried)}." if tried else "No commands are set up for it (docs/cars.md)."
    says = (
        f"{hands.car.label} goes on charging with {hands.sight.drawn_amps:.0f} A at {hands.sight.charger}, "
        f"though 0 A are offered. {how} Stop it in the car, or unplug it."
    )
    if hands.teller.once("stop_failed", hands.sight.charger_id, says):
        hands.said.append(says)


def stopped(hands: Hands) -> None:
    """It does not draw against our will any more."""
    memory = hands.memory
    if memory.stop_wished_s is not None or memory.stop_rung:
        hands.memory = replace(memory, stop_wished_s=None, stop_rung=0, stop_sent_s=0.0)
    hands.teller.over("stop_failed", hands.sight.charger_id, f"{hands.car.label} has stopped.")


# --- amps and limit ------------------------------------------------------------------------------------


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
    _attempt(hands, lambda: hands.send(Command("set_amps", max(1, round(wished)))))


def lower_limit(hands: Hands, wished: float) -> None:
    """Lower its limit, if it can be done now."""
    _attempt(hands, lambda: set_limit(hands, wished))


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
    _attempt(hands, lambda: _give_back(hands))


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


# --- trying ------------------------------------------------------------------------------------------


def _attempt(hands: Hands, step: Callable[[], None], *, count: bool = False) -> None:
    """Take a step; what can't be done now is said and left to the next look."""
    try:
        step()
    except Asleep:
        hands.memory = replace(hands.memory, asleep=True)
    except Waits as error:
        hands.said.append(str(error))
    except CarError as error:  # an Unsure one too: the next look at the charger shows what came of it
        hands.said.append(f"{hands.car.label}: {error}")
        if count:
            _counted(hands, 1)
