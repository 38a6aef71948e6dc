"""Wires the house together: the only file that knows every room.

The order matters. The bus port is opened before anything heavy is imported: a charger stops its car 30 s
after the last heartbeat, so a restart must be quick. Then the settings are understood, the bus speaks,
and the other rooms come in one by one; none of them can hold the bus up. To take a door out of the
house, delete its file and its line in `_open_doors` (or its line in `OUTLETS`).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from agent.brain.part import BrainPart
from agent.bus.master import Master
from agent.bus.part import BusPart
from agent.bus.port import Port, PortError, open_port
from agent.herald import Herald
from agent.model import BusView, Event, Offer, Published, Reading, Role
from agent.parts import Outbox, Part, Slot, ThreadRunner
from agent.watchdog import Watchdog
from notify.settings import SettingsError, read_toml
from scheduler.clock import Clock, SystemClock

if TYPE_CHECKING:  # imported only once the port is open
    from agent.config import House
    from agent.doors.outlet import Outlet
    from agent.doors.rooms import Rooms
    from agent.meters.part import Meters

EXIT_DOOR = 2
EXIT_BUS_CRASHED = 70
log = logging.getLogger(__name__)

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


class Door(Protocol):
    """Anything by which the house is reached from outside."""

    def stop(self) -> None: ...


class App:
    """One house at work, from the first byte on the bus to the last safe limit."""

    def __init__(
        self,
        house: House,
        *,
        port: Port | None = None,
        clock: Clock | None = None,
        open_port: Callable[[str], Port] = open_port,
        pace: float = 1.0,
        notify_socket: str = "",
    ) -> None:
        """`pace`: how many seconds of `clock` pass in one of this computer (the demo's fast clock).

        `notify_socket`: where systemd wants to hear that all is well; empty without systemd.
        """
        self.house = house
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
        self._doors: list[Door] = []
        self._watchdog = Watchdog(notify_socket, self.bus_view) if notify_socket else None
        url = house.settings.bus.port
        self.bus = BusPart(
            Master(house.bus_rules, now.mono_s),
            lambda: open_port(url),
            self.offers,
            self.bus_view,
            self.news,
            port=port,
            port_name=url,
        )

    def start(self) -> None:
        """Start the bus, then everything else. Raises StartError with a sentence."""
        self._runner.start(self.bus)
        if self._watchdog:
            self._runner.start(self._watchdog)
        self._start_rooms()

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
        for door in reversed(self._doors):
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

    def _start_rooms(self) -> None:
        from agent.desk import Desk
        from agent.history.kept import Kept
        from agent.history.part import HistoryPart
        from agent.meters.part import Meters
        from agent.meters.plan import plan
        from agent.meters.view import Limits

        house, clock = self.house, self.clock
        settings = house.settings
        state = house.state_dir
        lines = {role: list(lines) for role, lines in settings.meters.lines().items()}
        meters = Meters(
            plan(lines, house.credentials, state), clock, Limits(settings.meters.no_raise_after_s)
        )
        kept = Kept(state / "state.db", clock, self.news.put)
        self.desk = Desk(
            clock,
            kept,
            house.rules,
            mode=settings.site.mode,
            windows=house.windows,
            published=self.published,
            changed=self._wake_brain.set,
            tell=self.news.put,
            push=pusher(meters),
        )
        brain = BrainPart(
            house.rules,
            bus=self.bus_view,
            meters=meters.view,
            control=self.desk.control,
            windows=self.desk.windows,
            cars=self.desk.cars,
            offers=self.offers,
            published=self.published,
            tell=self.news.put,
            decided=self.desk.tidy,
            zone=settings.site.zone,
        )
        remembered: Outbox[Event] = Outbox()
        history = HistoryPart(
            self.published, remembered, state / "history.db", rules=house.rules, tell=self.news.put
        )
        self._herald = Herald((self.news, meters.events), (remembered.put,))
        self._runner.start(brain, self._wake_brain)
        others: list[Part] = [*meters.parts, self._herald, history]
        for part in others:
            self._runner.start(part)
        self._closing += [meters.close, lambda: history.finish(clock.now())]
        self._open_doors(state)

    def _open_doors(self, state: Path) -> None:
        from agent.doors.past import Past
        from agent.doors.rooms import Rooms, Site
        from agent.doors.web.server import WebServer, WebSettings
        from agent.history.reader import Reader

        house = self.house
        site = Site(house.rules, house.settings.site.name, house.settings.meters.max_age_s, versions())
        names = {charger.charger_id: charger.label for charger in house.rules.chargers}
        past = Past(Reader(state / "history.db", house.settings.site.zone), names)
        rooms = Rooms(self.clock, self.published, self.desk, past, site)
        web = house.settings.web
        secrets = house.credentials
        tokens = tuple(filter(None, [secrets.get("WEB_TOKEN", "")]))
        self.web = WebServer(
            rooms, WebSettings(web.listen, web.allowed_hosts, secrets.get("WEB_PASSWORD", ""), tokens)
        )
        self.web.start()
        self._doors.append(self.web)
        self._open_outlets(rooms, state)

    def _open_outlets(self, rooms: Rooms, state: Path) -> None:
        from agent.doors.outlet import Surroundings

        around = Surroundings(rooms, state, self.house.credentials, self.news.put, self._herald.listen)
        for section, place in OUTLETS.items():
            settings = getattr(self.house.settings.outlets, section)
            for one in settings if isinstance(settings, tuple) else filter(None, [settings]):
                outlet: Outlet = import_module(place).open_outlet(one, around)
                self._outlets.start(outlet)
                self._closing.append(outlet.end)


def pusher(meters: Meters) -> Callable[[Role, Reading], None]:
    """How the desk hands a pushed reading to the meters; an impossible one is refused."""
    from agent.boosts import Refused
    from agent.meters.values import Poor

    def push(role: Role, reading: Reading) -> None:
        try:
            meters.push(
                role,
                reading.watts,
                reading.at_mono_s,
                source=reading.source,
                amps_by_phase=reading.amps_by_phase,
                volts_by_phase=reading.volts_by_phase,
                energy_wh=reading.energy_wh,
                exported_wh=reading.exported_wh,
                soc_percent=reading.soc_percent,
            )
        except Poor as problem:
            raise Refused(409, f"The reading can't be right: {problem}") from None

    return push


def versions() -> dict[str, str]:
    """What runs here, for the page's last corner."""
    try:
        own = version("sunward")
    except PackageNotFoundError:
        own = "from its folder"
    return {"sunward": own, "python": sys.version.split()[0]}


def run(path: Path, credentials: Path | None = None) -> int:
    """`agent run`: the exit status. Raises SettingsError."""
    port = _early_port(path)
    from agent.config import load
    from agent.doors.web.server import WebError

    app = App(load(path, credentials), port=port, notify_socket=os.environ.get("NOTIFY_SOCKET", ""))
    _end_on_signals(app.ended)
    try:
        app.start()
    except WebError as error:
        print(error, file=sys.stderr)
        app.stop()
        return EXIT_DOOR
    console = app.house.settings.outlets.console
    out = sys.stderr if console and console.form == "json" else sys.stdout  # which programs read
    print(f"sunward is running. Its page: {app.web.url}/", file=out, flush=True)
    return app.wait()


def _early_port(path: Path) -> Port | None:
    """Listen on the bus before anything else is even imported; what can't be opened is told later."""
    try:
        url = read_toml(path).get("bus", {}).get("port")
        return open_port(url) if isinstance(url, str) else None
    except (SettingsError, PortError, AttributeError):
        return None


def _end_on_signals(ended: threading.Event) -> None:
    def end(number: int, frame: FrameType | None) -> None:
        log.info("Ending on %s.", signal.Signals(number).name)
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
