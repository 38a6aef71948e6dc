"""One charger as a charge point of OCPP 1.6: what is remembered of it, and what the central system may order.

What the profiles allow becomes an order (steering.py): less than a car can take is a pause, more is a boost
of these amps, as far as the charger's wires bear; where no profile speaks, the house follows its own rules.
An order is given when the allowed amps change, so a person at the page can overrule it; it lasts while the
connection lives, and `hold_s` longer.

Profiles, configuration and transaction outlive a connection, not the program: the central system learns of
a new start by BootNotification and says anew what it wants.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.boosts import Refused
from agent.doors.nouns import ChargerState
from agent.doors.ocpp_profiles import Profiles
from agent.doors.ocpp_words import Configuration, sampled
from agent.doors.steering import Steering
from agent.model import ChargerRules
from scheduler.clock import Clock

log = logging.getLogger(__name__)

FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)


class Point:
    """What is remembered of one charge point, whatever becomes of its connection."""

    def __init__(
        self, station: str, rules: ChargerRules, steering: Steering, clock: Clock, control: bool
    ) -> None:
        self.station = station
        self.configuration = Configuration()
        self.profiles = Profiles()
        self.transaction: int | None = None
        self.since: datetime | None = None  # the transaction's begin
        self.tag = ""
        self.is_operative, self.is_finishing, self.is_resetting = True, False, False
        self.control = control
        self.rules = rules
        self.steering = steering
        self._clock = clock
        self._ordered: float | None = None

    def connected(self) -> None:
        """A new connection: what is allowed counts anew."""
        self._ordered = None
        self.is_resetting = False

    def now(self) -> datetime:
        """The wall clock, or the first of all days while it isn't set."""
        return (self._clock.now().wall or FIRST_DAY).astimezone(UTC)

    def look(self) -> ChargerState:
        """The charger now."""
        return self.steering.charger(self.rules.charger_id)

    def sampled(self, charger: ChargerState) -> dict[str, Any]:
        """Its measured values, with their time."""
        values = sampled(charger, self.steering.phases(charger), self.configuration.measurands)
        return {"timestamp": text_of(self.now()), "sampled_value": values}

    @property
    def allowed_amps(self) -> float | None:
        """What the central system allows now; None where it says nothing."""
        if not self.is_operative or self.is_finishing:
            return 0.0
        return self.profiles.amps_at(self.now(), self.since)

    def obey(self) -> None:
        """Do what is newly allowed."""
        amps = self.allowed_amps
        if not self.control or amps == self._ordered:
            return
        before, self._ordered = self._ordered, amps
        key, least = self.rules.charger_id, self.rules.min_amps
        try:
            if amps is None:
                self.steering.release(key)
            elif amps < least:
                self.steering.allow(key, False)
            else:
                self.steering.limit(key, min(amps, self.rules.max_amps))
                if before is None or before < least:
                    self.steering.allow(key, True)
        except Refused as refused:
            log.warning("OCPP %s: %s", self.station, refused.sentence)

    def end(self) -> None:
        """The transaction is over."""
        self.transaction = self.since = None
        self.tag = ""
        self.profiles.end_of_transaction()


def text_of(at: datetime) -> str:
    """A time of a message: whole seconds, UTC."""
    return (at - timedelta(microseconds=at.microsecond)).isoformat().replace("+00:00", "Z")
