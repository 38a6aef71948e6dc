"""What the house remembers of one car between two looks: a frozen value, kept as JSON.

Times are seconds since 1970, because each look may be made by another process.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from scheduler.cars.limits import LimitRecord, record_from_json
from scheduler.cars.model import ChargeReading, Json, reading_from_json, reading_to_json


@dataclass(frozen=True, slots=True)
class CarMemory:
    """One car. `here_since_s` None: not at one of our chargers."""

    seen_s: float = 0.0  # when it was last looked at
    here_since_s: float | None = None
    charger_id: str = ""
    drawing_since_s: float | None = None
    stopped_s: float | None = None  # when it last stopped drawing, in this stay
    stopped_under_offer: bool = False  # though amps were on offer: its own or its driver's doing
    reading: ChargeReading | None = None
    read_s: float = 0.0
    energy_at_read_wh: float | None = None
    looked_s: float = 0.0  # when it was last asked whether it is awake
    asleep: bool | None = None
    failures: int = 0
    failed_s: float = 0.0
    start_wished_s: float | None = None
    start_sent_s: float = 0.0
    starts: int = 0
    woken_s: float = 0.0
    stop_wished_s: float | None = None
    stop_rung: int = 0
    stop_sent_s: float = 0.0
    we_stopped: bool = False
    owner_stopped: bool = False
    owner_starts: bool = False  # its driver wants it to charge now, whatever we think
    amps_before: float | None = None  # what the app asked for before we set amps
    amps_ours: float | None = None
    amps_tried_s: float = 0.0  # when they were last tried to be given back
    limit: LimitRecord | None = None

    def left(self) -> CarMemory:
        """The same car, gone from our chargers: what was of this stay only is forgotten."""
        return CarMemory(
            seen_s=self.seen_s,
            reading=self.reading,
            read_s=self.read_s,
            looked_s=self.looked_s,
            failures=self.failures,
            failed_s=self.failed_s,
            woken_s=self.woken_s,
            amps_before=self.amps_before,
            amps_ours=self.amps_ours,
            limit=self.limit,
        )

    def as_of(self, now_s: float) -> CarMemory:
        """The same, found by a clock that was set back: nothing in it happened later than now."""
        late: dict[str, Any] = {name: now_s for name in TIMES if (getattr(self, name) or 0.0) > now_s}
        limit = self.limit
        if limit is not None and limit.tried_s > now_s:
            limit = replace(limit, tried_s=now_s)
        return replace(self, **late, limit=limit) if late or limit is not self.limit else self

    def to_json(self) -> Json:
        """JSON values that `from_json` reads back the same."""
        return asdict(self) | {"reading": reading_to_json(self.reading) if self.reading else None}


# every time in it, in seconds since 1970
TIMES = tuple(one.name for one in fields(CarMemory) if one.name.endswith("_s"))


def from_json(kept: Any) -> CarMemory:
    """A kept memory; what this version can't read is forgotten."""
    if not isinstance(kept, dict):
        return CarMemory()
    known = {field.name for field in fields(CarMemory)}
    plain = {key: value for key, value in kept.items() if key in known}
    plain["reading"] = reading_from_json(kept.get("reading"))
    plain["limit"] = record_from_json(kept.get("limit"))
    return CarMemory(**plain)
