"""What the owner's settings allow on the bus: the circuit, each charger's wiring, our own manners."""

from __future__ import annotations

from dataclasses import dataclass

HIGHEST_AMPS = 80.0
MOST_CHARGERS = 16  # at one heartbeat a second each, a 9600-baud bus is full


@dataclass(frozen=True, slots=True)
class ChargerLimits:
    """One charger that the owner has named. `max_amps` is what its own wires and breaker bear."""

    charger_id: str
    max_amps: float = 6.0
    min_amps: float = 6.0
    name: str = ""
    half_amps: bool = False

    @property
    def label(self) -> str:
        """How people call it."""
        return self.name or f"charger {self.charger_id}"


@dataclass(frozen=True, slots=True)
class BusRules:
    """All that the bus must know. Amps are per conductor, times in seconds.

    `safe_amps` caps every charger once the brain's offer has expired (never a raise). `answer_timeout_s`
    is the pause granted before an answer begins. `linkready_limit` puts the circuit's limit into our
    announcements (some units insist, none is known to mind). `spike` allows the 6 A trap's cure.
    Raises ValueError with a sentence for settings that can't work.
    """

    circuit_amps: float
    chargers: tuple[ChargerLimits, ...] = ()
    primary_id: str = "7777"
    sign: int = 0x77
    max_chargers: int = 3
    answer_timeout_s: float = 0.1
    listen_s: float = 1.2
    reserve_s: float = 35.0
    safe_amps: float = 6.0
    whole_amps: bool = True
    spike: bool = False
    linkready_limit: bool = True
    ask: bool = True
    allow_contactor: bool = False

    def __post_init__(self) -> None:
        ids = [limits.charger_id for limits in self.chargers]
        if not 0 <= self.circuit_amps <= MOST_CHARGERS * HIGHEST_AMPS:
            raise ValueError(f"circuit_amps must be between 0 and 1280, not {self.circuit_amps}.")
        if not 1 <= self.max_chargers <= MOST_CHARGERS:
            raise ValueError(f"max_chargers must be between 1 and 16, not {self.max_chargers}.")
        if len(ids) > self.max_chargers:
            raise ValueError(
                f"{len(ids)} chargers are listed, but bus.max_chargers is {self.max_chargers}: raise it."
            )
        for charger_id in (*ids, self.primary_id):
            if not _is_id(charger_id):
                raise ValueError(f"{charger_id!r} is no id: write four hex digits in capitals, such as 3201.")
        if len({*ids, self.primary_id}) <= len(ids):
            raise ValueError("Each charger needs an id of its own, different from bus.primary_id.")
        for limits in self.chargers:
            if not 0 < limits.min_amps <= HIGHEST_AMPS or not 0 <= limits.max_amps <= HIGHEST_AMPS:
                raise ValueError(f"{limits.label}: min_amps and max_amps must lie between 0 and 80.")


def _is_id(text: str) -> bool:
    return len(text) == 4 and all(digit in "0123456789ABCDEF" for digit in text)
