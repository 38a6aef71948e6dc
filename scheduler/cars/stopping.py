"""To stop a car that draws though 0 A are offered: a ladder, a rung a minute.

charge_stop; then its amps to 0; and, only where the owner allows it, its limit below its charge, which is
remembered and given back. If nothing helps there is a letter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from scheduler.cars import owner
from scheduler.cars.hands import Hands, attempt
from scheduler.cars.lending import set_limit
from scheduler.cars.model import CarSaysNo, Command

RUNG_S = 60.0


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
    attempt(hands, step)


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
