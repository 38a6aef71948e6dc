"""Wires the house together: the only file that knows every room.

The order matters. The bus port is opened before anything heavy is imported: a charger stops its car 30 s
after the last heartbeat, so a restart must be quick. Then the settings are understood, the bus speaks,
and the other rooms come in one by one; none of them can hold the bus up. To take a door out of the
house, delete its file and its line in `DOORS`, `BRANCHES` or `OUTLETS`.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from agent.brain.part import BrainPart
from agent.brain.pays import Pays
from agent.bus.early import Early
from agent.bus.master import Master
from agent.bus.part import BusPart
from agent.bus.port import Port, open_port
from agent.herald import Herald
from agent.model import BusView, Event, Offer, Published, Reading, Role, Rules
from agent.parts import Outbox, Part, Slot, ThreadRunner
from agent.watchdog import Watchdog
from notify.settings import read_toml
from scheduler.clock import Clock, SystemClock

if TYPE_CHECKING:  # imported only once the port is open
    from agent.config import House
    from agent.desk import Desk, Push
    from agent.doors.doorway import Door, Doorway
    from agent.doors.outlet import Outlet
    from agent.doors.rooms import Rooms
    from agent.history.kept import Kept
    from agent.letters import LettersPart
    from agent.meters.part import Meters

EXIT_DOOR = 2
EXIT_BUS_CRASHED = 70
log = logging.getLogger(__name__)

# A section of sunward.toml, and the file that is imported once somebody has written it: languages without a
# port of their own, and doors in the order in which they open.
BRANCHES = (("evcc", "agent.doors.web.routes.evcc"),)
DOORS = (
    ("mqtt", "agent.doors.mqtt"),
    ("homeassistant", "agent.doors.homeassistant"),
    ("ocpp", "agent.doors.ocpp"),
    ("legacy", "agent.doors.legacy_http"),
    ("legacy", "agent.doors.legacy_mqtt"),
    ("legacy", "agent.doors.webipc"),
)
# Where numbers go: a section of [outlets] and the file that is imported once somebody has set it.
OUTLETS = {
    "console": "agent.doors.console",
    "files": "agent.doors.logfiles",
    "csv": "agent.doors.csvfiles",
    "mysql": "agent.doors.mysql",
    "postgres": "agent.doors.postgres",
    "influx": "agent.doors.influx",
    "webhooks": "agent.doors.webhooks",
    "sentry": "agent.doors.sentry",
}


class App:
    """One house at work, from the first byte on the bus to the last safe limit."""

    def __init__(
        self,
        house: House,
        *,
        early: Early | None = None,
        clock: Clock | None = None,
        open_port: Callable[[str], Port] = open_port,
        pace: float = 1.0,
        notify_socket: str = "",
        links: Mapping[str, str] | None = None,
    ) -> None:
        """`pace`: how many seconds of `clock` pass in one of this computer (the demo's fast clock).

        `notify_socket`: where systemd wants to hear that all is well; empty without systemd.
        `links`: pages that the house's own one leads to, words -> address.
        """
        self.house = house
        self._links = links or {}
        self.clock = clock or SystemClock(house.settings.site.zone)
        now = self.clock.now()
        self.offers: Slot[tuple[Offer, ...]] = Slot(())
        self.bus_view: Slot[BusView] = Slot(BusView())
        self.published: Slot[Published] = Slot(Published(now))
        self.news: Outbox[Event] = Outbox()
        self.ended = threading.Event()
        self.exit_status = 0
        self._runner = ThreadRunner(self.clock, self._crashed, pace)
        self._outlets = ThreadRunner(self.clock, self._crashed, pace)  # what hangs there delays no goodbye
        self._wake_brain = threading.Event()
        self._closing: list[Callable[[], None]] = []
        self.doors: list[Door] = []
        self._watchdog = Watchdog(notify_socket, self.bus_view) if notify_socket else None
        url = house.settings.bus.port
        self.bus = BusPart(
            Master(house.bus_rules, early.opened_mono_s if early else now.mono_s),
            lambda: open_port(url),
            self.offers,
            self.bus_view,
            self.news,
            port=early.port if early else None,
            port_name=url,
        )

    def start_bus(self) -> None:
        """Start the bus, alone: from here on chargers hear us."""
        self._runner.start(self.bus)
        if self._watchdog:
            self._runner.start(self._watchdog)

    def wait(self) -> int:
        """Until somebody ends it; the process's exit status."""
        while not self.ended.wait(1.0):
            pass
        self.stop()
        return self.exit_status

    def stop(self) -> None:
        """End the doors, then the parts; the last word on the bus is a safe limit for each charger."""
        if self._watchdog:
            self._watchdog.ending()
        for door in reversed(self.doors):
            door.stop()
        self._runner.end()
        self.bus.close(self.clock.now)
        self._outlets.end(patience_s=0.5)
        for close in reversed(self._closing):
            close()

    def _crashed(self, part: Part, error: Exception) -> None:
        if part is self.bus:
            self.exit_status = EXIT_BUS_CRASHED
            self.ended.set()
        sentence = f"The part “{part.name}” stopped working ({error!r}) and is started again."
        self.news.put(Event("part_crashed", sentence, "error", subject=part.name))

    def start_rooms(self) -> None:
        """Start everything else. Raises WebError with a sentence when the page's port can't be had."""
        from agent.history.kept import Kept
        from agent.meters.part import Meters
        from agent.meters.view import Limits
        from agent.prices import PriceTeller
        from agent.shown import flat_price

        settings, state = self.house.settings, self.house.state_dir
        meters = Meters(self.house.meters, self.clock, Limits(settings.meters.ages()[1]))
        self._closing.append(meters.close)
        kept = Kept(state / "state.db", self.clock, self.news.put)
        self.desk = self._new_desk(kept, meters)
        self._price_at = PriceTeller(self.desk.prices, flat_price(settings.web))
        brain = self._brain(kept, meters)
        rememberers, listeners = self._rememberers(state)
        self._herald = Herald((self.news, meters.events), listeners)
        self._runner.start(brain, self._wake_brain)
        for part in (*meters.parts, *rememberers, self._herald):
            self._runner.start(part)
        self._open_doors(state, kept)

    def _new_desk(self, kept: Kept, meters: Meters) -> Desk:
        from agent.desk import Desk

        return Desk(
            self.clock,
            kept,
            self.house.rules,
            mode=self.house.settings.site.mode,
            windows=self.house.windows,
            published=self.published,
            changed=self._wake_brain.set,
            tell=self.news.put,
            push=pusher(meters),
        )

    def _brain(self, kept: Kept, meters: Meters) -> BrainPart:
        from agent.firmware import FirmwareWatch
        from agent.keeping import keep_phases, phases_from_json

        desk, settings = self.desk, self.house.settings
        firmware = FirmwareWatch(kept, self.news.put, labels(self.house.rules))

        def decided(published: Published) -> None:
            desk.tidy(published)
            firmware.look(published.bus.chargers)

        return BrainPart(
            self.house.rules,
            bus=self.bus_view,
            meters=meters.view,
            control=desk.control,
            windows=desk.windows,
            cars=desk.cars,
            offers=self.offers,
            published=self.published,
            tell=self.news.put,
            decided=decided,
            zone=settings.site.zone,
            sun_share=Pays(desk.prices) if settings.solar.min_solar_share == "auto" else None,
            phases_by_car=phases_from_json(kept.get("phases")),
            learned=lambda known: keep_phases(kept, known),
        )

    def _rememberers(self, state: Path) -> tuple[list[Part], list[Callable[[Event], None]]]:
        """Those who remember what happened, and by what they hear of it."""
        from agent.history.part import HistoryPart

        heard: Outbox[Event] = Outbox()
        file, rules = state / "history.db", self.house.rules
        history = HistoryPart(
            self.published, heard, file, rules=rules, tell=self.news.put, price_at=self._price_at
        )
        self._closing.append(lambda: history.finish(self.clock.now()))
        letters = self._letters()
        if letters is None:
            return [history], [heard.put]
        self._closing.append(lambda: letters.finish(self.clock.now()))
        return [history, letters], [heard.put, letters.box.put]

    def _letters(self) -> LettersPart | None:
        """The part that hands news to the outbox of letters, where the owner wants any."""
        if self.house.settings.notify is None:
            return None
        from agent.letters import LettersPart
        from notify.wishes import wishes_from

        path = self.house.path
        return LettersPart(wishes_from(read_toml(path), self.house.credentials, path.parent).outbox)

    def _open_doors(self, state: Path, kept: Kept) -> None:
        from agent.commands.checkup import checkup
        from agent.doors.doorway import Doorway
        from agent.doors.past import Past
        from agent.doors.rooms import Rooms
        from agent.doors.web.server import WebServer
        from agent.history.reader import Reader
        from agent.shown import site_of, versions, web_settings

        house = self.house
        reader = Reader(state / "history.db", house.settings.site.zone)
        past = Past(reader, labels(house.rules), self._price_at.flat)
        rooms = Rooms(
            self.clock,
            self.published,
            self.desk,
            past,
            replace(site_of(house), links=self._links),
            self.news.put,
            lambda: checkup(house, self.published.get(), self.clock.now()),
            kept,
            self._price_at,
        )
        way = Doorway(rooms, house.settings, house.credentials, versions()["sunward"])
        way = replace(way, branches=tuple(made(BRANCHES, "open_branch", way)))
        self.web = WebServer(rooms, web_settings(house), [branch.routes for branch in way.branches])
        self.web.start()
        self.doors.append(self.web)
        for door in made(DOORS, "open_door", way):
            self._open(door)
        self._open_outlets(rooms, state)

    def _open(self, door: Door) -> None:
        """Start a door; one that can't work says so and disturbs nobody."""
        try:
            door.start()
        except OSError as error:
            sentence = f"The door “{door.name}” stays shut: {error}"
            self.news.put(Event("door_shut", sentence, "error", subject=door.name))
            return
        self.doors.append(door)

    def _open_outlets(self, rooms: Rooms, state: Path) -> None:
        from agent.doors.outlet import Surroundings

        around = Surroundings(rooms, state, self.house.credentials, self.news.put, self._herald.listen)
        for section, place in OUTLETS.items():
            settings = getattr(self.house.settings.outlets, section)
            for one in settings if isinstance(settings, tuple) else filter(None, [settings]):
                outlet: Outlet = import_module(place).open_outlet(one, around)
                self._outlets.start(outlet)
                self._closing.append(outlet.end)


def made(table: Sequence[tuple[str, str]], opener: str, way: Doorway) -> Iterator[Any]:
    """What the files of a table make of the settings, each asked when its turn has come."""
    for section, place in table:
        if getattr(way.settings, section) is not None:
            one = getattr(import_module(place), opener)(way)
            if one is not None:
                yield one


def labels(rules: Rules) -> dict[str, str]:
    """What people call each charger, by its id."""
    return {charger.charger_id: charger.label for charger in rules.chargers}


def pusher(meters: Meters) -> Push:
    """How the desk hands a pushed reading to the meters; an impossible one is refused."""
    from agent.boosts import Refused
    from agent.meters.values import Poor

    def push(role: Role, reading: Reading, max_age_s: float | None = None) -> None:
        try:
            meters.push(
                role,
                reading.watts,
                reading.at_mono_s,
                source=reading.source,
                max_age_s=max_age_s,
                amps_by_phase=reading.amps_by_phase,
                volts_by_phase=reading.volts_by_phase,
                energy_wh=reading.energy_wh,
                exported_wh=reading.exported_wh,
                soc_percent=reading.soc_percent,
            )
        except Poor as problem:
            raise Refused(409, f"The reading can't be right: {problem}") from None

    return push


def run(path: Path, credentials: Path | None = None, early: Early | None = None) -> int:
    """`agent run`: the exit status. Raises SettingsError."""
    from agent.config import load

    app = App(load(path, credentials), early=early, notify_socket=os.environ.get("NOTIFY_SOCKET", ""))
    app.start_bus()
    _end_on_signals(app.ended)
    from agent.doors.web.server import WebError

    try:
        app.start_rooms()
    except WebError as error:
        print(error, file=sys.stderr)
        app.stop()
        return EXIT_DOOR
    console = app.house.settings.outlets.console
    out = sys.stderr if console and console.form == "json" else sys.stdout  # which programs read
    print(f"sunward is running. Its page: {app.web.url}/", file=out, flush=True)
    return app.wait()


def _end_on_signals(ended: threading.Event) -> None:
    def end(number: int, frame: FrameType | None) -> None:
        log.info("Ending on %s.", signal.Signals(number).name)
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
