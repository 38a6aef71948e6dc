"""A house on the fake clock whose history is written to a real file."""

import os
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.history.part import HistoryPart
from agent.history.reader import Reader
from agent.model import (
    BusView,
    ChargerRules,
    ChargerStatus,
    Decision,
    Event,
    MeterView,
    Offer,
    Price,
    Published,
    Reading,
    Rules,
)
from agent.parts import Outbox, Slot
from scheduler.clock import FakeClock

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 5, 3, 12, 0, tzinfo=BERLIN)
RULES = Rules(chargers=(ChargerRules("3201"), ChargerRules("3202", phases=("L1", "L2", "L3"))), volts=230.0)
IDLE = ChargerStatus("3201", state="ready", plugged=False, heard_at_mono_s=0.0, linked=True)
PLUGGED = replace(IDLE, state="plugged_in", plugged=True, vin="5YJ3E1EA7KF000001")
CHARGING = replace(PLUGGED, state="charging", charging=True, offered_amps=10.0, drawn_amps=10.0)  # 2300 W


class House:
    """Says what happens, lets time pass, and reads back what is remembered."""

    def __init__(
        self,
        path: Path,
        wall: datetime | None = NOON,
        mono_s: float = 1000.0,
        boot: str = "boot-1",
        says=(IDLE,),
    ):
        self.path = path
        self.clock = FakeClock(wall and wall - timedelta(seconds=1), mono_s - 1)
        self.published = Slot(Published(self.clock.now()))
        self.events: Outbox[Event] = Outbox()
        self.told: list[Event] = []
        self.watts: dict[str, float] = {"grid": 0.0, "solar": 0.0}
        self.chargers: tuple[ChargerStatus, ...] = says
        self.soc_percent: float | None = None
        self.offers: tuple[Offer, ...] = ()
        self.price: Price | None = None
        self.reader = Reader(path, BERLIN)
        self.begin(boot)
        self.lives(seconds=1)  # the story begins when the house has been seen once

    def begin(self, boot: str) -> None:
        """A new run of the program."""
        self.part = HistoryPart(
            self.published,
            self.events,
            self.path,
            rules=RULES,
            tell=self.hear,
            boot=boot,
            price_at=lambda wall: self.price,
        )

    def hear(self, event: Event) -> None:
        self.told.append(event)
        self.events.put(event)

    def says(self, *chargers: ChargerStatus, **watts: float) -> "House":
        self.chargers = chargers or self.chargers
        self.watts.update(watts)
        return self

    def lives(self, *, seconds: int = 0, minutes: int = 0, hours: int = 0) -> "House":
        """Let the time pass, a second at a time."""
        for _ in range(seconds + 60 * minutes + 3600 * hours):
            moment = self.clock.advance(1.0)
            readings = {
                role: Reading(
                    watts,
                    moment.mono_s,
                    f"test://{role}",
                    soc_percent=self.soc_percent if role == "battery" else None,
                )
                for role, watts in self.watts.items()
            }
            self.published.put(
                Published(
                    moment,
                    decision=Decision(offers=self.offers),
                    bus=BusView(chargers=self.chargers),
                    meters=MeterView(readings=readings),
                )
            )
            self.part.step(moment)
        return self

    def ends(self) -> "House":
        self.part.finish(self.clock.now())
        return self

    def rows(self, step_s: int = 60, hours: float = 24.0):
        now = self.clock.wall or NOON
        start = datetime.fromtimestamp(now.timestamp() - hours * 3600, BERLIN)
        return self.reader.history(start, datetime.fromtimestamp(now.timestamp() + 60, BERLIN), step_s)

    def sessions(self):
        return self.reader.sessions(datetime(2026, 1, 1, tzinfo=BERLIN), datetime(2036, 1, 1, tzinfo=BERLIN))

    def kinds_told(self) -> list[str]:
        return [event.kind for event in self.told]


@pytest.fixture
def path(tmp_path):
    """Where the history goes: in memory where Linux offers that, since every minute waits for the disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path / "state" / "history.db"
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder) / "state" / "history.db"


@pytest.fixture
def house(path):
    return House(path)


@pytest.fixture
def new_house(path):
    def build(**how):
        return House(path, **how)

    return build


@pytest.fixture
def statuses():
    """Idle, plugged in, charging with 10 A."""
    return IDLE, PLUGGED, CHARGING
