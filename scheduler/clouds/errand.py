"""One cloud's errand: read it when it may be read, and keep telling the agent what it last said.

The agent forgets pushed readings when it restarts, and a cloud may be asked only now and then. So every
run tells the last readings anew, with their true age, as long as they hold; only some runs call the cloud.
What was called and what came back is kept in the job's memory. A dry run does not call: it would spend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from scheduler.agent_api import AgentRefused
from scheduler.clouds.policy import Ledger, Pace, holds_s
from scheduler.clouds.settings import ROLES, CloudSection, Role
from scheduler.clouds.web import CloudBusy, Web
from scheduler.jobs import Context, JobFailed

TELL_EVERY_S = 60.0
OLDEST_S = 86400.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One role's power in our signs (into the house is positive). `age_s`: how old it was when it came."""

    role: Role
    watts: float
    age_s: float = 0.0
    energy_wh: float | None = None
    soc_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """What a cloud's file gets: its settings, its secrets, the web, the time, and what it wants to keep.

    `kept` are its own JSON values; `keep()` puts them on disk at once. `now` is in the house's zone.
    """

    settings: Any
    secrets: Mapping[str, str] = field(repr=False)
    web: Web
    now: datetime
    kept: dict[str, Any] = field(repr=False)
    keep: Callable[[], None]

    def time(self, name: str) -> float:
        """A time among what was kept, in seconds since 1970; 0 where there is none."""
        value = self.kept.get(name)
        return float(value) if isinstance(value, int | float) else 0.0


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud of this house: `read(visit)` answers its readings, or raises a Cloud... error."""

    name: str
    read: Callable[[Visit], Sequence[Reading]]
    settings: CloudSection
    secrets: Mapping[str, str] = field(repr=False)
    roles: tuple[Role, ...]

    @property
    def pace(self) -> Pace:
        """How often it may be asked."""
        one = self.settings
        return Pace(one.day_every_s, one.night_every_s, one.calls_a_day)

    def run(self, context: Context) -> list[str]:
        """The job."""
        now = _wall(context)
        says: list[str] = []
        trouble: JobFailed | None = None
        wait_s, why = Ledger.read(context.memory.data.get("ledger")).wait(self.pace, now)
        if why:
            trouble = JobFailed(f"The {self.name} cloud {why}. Next call in {wait_s / 60:.0f} min.")
        elif wait_s <= 0 and context.dry_run:
            return [f"would read the {self.name} cloud, and tell the agent"]
        elif wait_s <= 0:
            try:
                says = [self._read(context, now)]
            except JobFailed as error:
                trouble = error
        self._tell(context, now)
        if trouble:
            raise trouble
        return says

    def _read(self, context: Context, now: datetime) -> str:
        """Call the cloud and keep what it says. Raises a Cloud... error."""
        data = context.memory.data

        def before() -> None:
            data["ledger"] = Ledger.read(data.get("ledger")).called(now).written()
            context.memory.save()

        kept = data.setdefault("own", {})
        if not isinstance(kept, dict):
            kept = data["own"] = {}
        web = Web(before, now)
        try:
            found = self.read(Visit(self.settings, self.secrets, web, now, kept, context.memory.save))
        except CloudBusy as busy:
            data["ledger"] = Ledger.read(data.get("ledger")).refused(now, busy.wait_s).written()
            raise
        finally:
            web.close()
        readings = [one for one in found if one.role in self.roles]
        if not readings:
            raise JobFailed(f"The {self.name} cloud gives none of: {', '.join(self.roles)}.")
        hold_s = holds_s(self.pace, now)
        data["readings"] = [_written(one, now, hold_s) for one in readings]
        data["ledger"] = Ledger.read(data.get("ledger")).answered().written()
        told = ", ".join(f"{one.role} {one.watts:.0f} W" for one in readings)
        return f"The {self.name} cloud says: {told}."

    def _tell(self, context: Context, now: datetime) -> None:
        """Push what still holds; a role that the agent refuses does not stop the others."""
        found = context.memory.data.get("readings")
        trouble: AgentRefused | None = None
        for row in found if isinstance(found, list) else ():
            reading = _read_back(row)
            if reading is None or reading.role not in self.roles:
                continue
            age_s = max(0.0, now.timestamp() - row["at"])
            if age_s <= min(row["hold_s"], OLDEST_S):
                body = {"watts": reading.watts, "age_s": round(age_s, 1), "max_age_s": row["hold_s"]}
                body |= {"source": f"{self.name} cloud"}
                more = {"energy_wh": reading.energy_wh, "soc_percent": reading.soc_percent}
                body |= {key: value for key, value in more.items() if value is not None}
                try:
                    context.agent.push_meter(reading.role, body)
                except AgentRefused as refused:
                    trouble = refused
        if trouble:
            raise trouble


def _wall(context: Context) -> datetime:
    if context.moment.wall is None:
        raise JobFailed("It waits until the time of day is known.")
    return context.moment.wall


def _written(one: Reading, now: datetime, hold_s: float) -> dict[str, Any]:
    row = {key: value for key, value in asdict(one).items() if value is not None}
    # a reading that came late may still grow as old as if it had come at once
    hold_s = min(hold_s + one.age_s, OLDEST_S)
    return row | {"at": round(now.timestamp() - one.age_s, 1), "hold_s": round(hold_s, 1)}


def _read_back(row: object) -> Reading | None:
    """A reading as it was kept; None for what somebody else wrote into the file."""
    if not isinstance(row, dict) or row.get("role") not in ROLES:
        return None
    needed = [row.get(name) for name in ("watts", "at", "hold_s", "age_s")]
    if not all(isinstance(one, int | float) for one in needed):
        return None
    return Reading(row["role"], row["watts"], row["age_s"], row.get("energy_wh"), row.get("soc_percent"))
