"""The owner's wishes win: what he told his car's app, and what follows for us. Pure.

Never started: a car at its limit, one that waits for its own schedule or departure, one in a programme of
its maker, one that its driver stopped. Never stopped: one whose driver pressed "start now" against his own
schedule, unless the settings say otherwise (the fuse and the circuit stay watched by the bus in any case).
"""

from __future__ import annotations

from scheduler.cars.memory import CarMemory
from scheduler.cars.model import ChargeReading


def against_start(memory: CarMemory) -> str:
    """Why the car must not be told to start, as the rest of a sentence; "" when it may."""
    reading = memory.reading
    if memory.owner_stopped:
        return "it was stopped by hand, so it waits until it is plugged in anew or started in the app"
    if reading is None:
        return ""
    if at_limit(reading):
        return f"it has reached the limit of {reading.limit_percent:.0f} % set in its app"
    if reading.managed:
        return "Tesla's own or a utility's charging programme is in charge of it"
    if reading.schedule_pending:
        when = reading.schedule or (
            f"departure at {reading.departure}" if reading.departure else "a set time"
        )
        return f"its app has it wait for its own schedule ({when})"
    if reading.departure:
        return f"its app plans the charge itself, for departure at {reading.departure}"
    return ""


def at_limit_only(memory: CarMemory) -> bool:
    """Whether it is simply full, which is no news."""
    return memory.reading is not None and not memory.owner_stopped and at_limit(memory.reading)


def against_stop(memory: CarMemory, respect_override: bool) -> str:
    """Why the car must not be told to stop; "" when it may."""
    if respect_override and memory.owner_starts:
        return "its driver started it in the app against its schedule"
    return ""


def at_limit(reading: ChargeReading) -> bool:
    """Whether it is as full as its app allows."""
    if reading.charging_state == "Complete":
        return reading.limit_percent is not None
    soc, limit = reading.soc_percent, reading.limit_percent
    return soc is not None and limit is not None and soc >= limit


def was_stopped_by_hand(memory: CarMemory, reading: ChargeReading) -> bool:
    """Whether this reading shows a stop by the driver: it drew, amps stayed on offer, and we did nothing."""
    if reading.charging or memory.we_stopped:
        return False
    if reading.owner_stopped:
        return True
    stopped = reading.charging_state == "Stopped" and memory.stopped_under_offer
    return stopped and not reading.schedule_pending and not at_limit(reading)


def note(memory: CarMemory, respect_override: bool = True) -> str:
    """What the owner asked of the car's app, as a sentence for the page; "" where he asked nothing."""
    reading = memory.reading
    if memory.here_since_s is None or reading is None:
        return ""
    if memory.owner_stopped:
        return "It was stopped by hand: it waits until it is plugged in anew or started in the app."
    if memory.owner_starts and respect_override:
        return "Its driver started it in the app: it is not told to stop."
    said = []
    if reading.schedule_pending:
        said.append(f"It waits for the schedule in its app ({reading.schedule or 'a set time'}).")
    elif reading.schedule:
        said.append(f"Its app has a schedule: {reading.schedule}.")
    if reading.departure:
        said.append(f"Its app plans for departure at {reading.departure}.")
    if reading.managed:
        said.append("A charging programme of Tesla or a utility is in charge of it.")
    return " ".join(said)
