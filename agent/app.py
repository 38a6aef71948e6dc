"""Wires the house together: the only file that knows every room.

The order matters. The bus port is opened before anything heavy is imported: a charger stops its car 30 s
after the last heartbeat, so a restart must be quick. Then the settings are understood, the bus speaks,
and the other rooms come in one by one; none of them can hold the bus up. To take a door out of the
house, delete its file and its line in `_open_doors`.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
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
from notify.settings import SettingsError, read_toml
from scheduler.clock import Clock, SystemClock

if TYPE_CHECKING:  # imported only once the port is open
    from fastapi import APIRouter

    from agent.config import House
    from agent.desk import Push
    from agent.doors.evcc import Evcc
    from agent.doors.rooms import Rooms
    from agent.meters.part import Meters

EXIT_DOOR = 2
EXIT_BUS_CRASHED = 70
log = logging.getLogger(__name__)


class Door(Protocol):
    """Anything by which the house is reached from outside."""

    def stop(self) -> None: ...


class StartedDoor(Door, Protocol):
    """A door that the house opens if it can. `start` raises OSError with a sentence."""

    name: str

    def start(self) -> None: ...


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
    ) -> None:
        """`pace`: how many seconds of `clock` pass in one of this computer (the demo's fast clock)."""
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
        self._wake_brain = threading.Event()
        self._closing: list[Callable[[], None]] = []
        self._doors: list[Door] = []
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
        self._start_rooms()

    def wait(self) -> int:
        """Until somebody ends it; the process's exit status."""
        while not self.ended.wait(1.0):
            pass
        self.stop()
        return self.exit_status

    def stop(self) -> None:
        """End the doors, then the parts; the last word on the bus is a safe limit for each charger."""
        for door in reversed(self._doors):
            door.stop()
        self._runner.end()
        self.bus.close(self.clock.now)
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
        herald = Herald((self.news, meters.events), (remembered.put,))
        self._runner.start(brain, self._wake_brain)
        others: list[Part] = [*meters.parts, herald, history]
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
        evcc, routes = self._evcc(rooms)
        self.web = WebServer(
            rooms, WebSettings(web.listen, web.allowed_hosts, secrets.get("WEB_PASSWORD", ""), tokens), routes
        )
        self.web.start()
        self._doors.append(self.web)
        self._open_mqtt(rooms, evcc)
        self._open_homeassistant(rooms)
        self._open_legacy(rooms)

    def _evcc(self, rooms: Rooms) -> tuple[Evcc | None, list[APIRouter]]:
        settings = self.house.settings.evcc
        if settings is None:
            return None, []
        from agent.doors.evcc import Evcc
        from agent.doors.web.routes.evcc import router

        evcc = Evcc(rooms, settings.hold_s)
        return evcc, [router(evcc)]

    def _open_mqtt(self, rooms: Rooms, evcc: Evcc | None) -> None:
        settings = self.house.settings
        if settings.mqtt is None:
            return
        from agent.doors.ha_discovery import announcing
        from agent.doors.mqtt import MqttDoor

        announce, birth = announcing(settings.mqtt.prefix, settings.homeassistant, versions()["sunward"])
        branches = {"evcc": (evcc.topics(settings.mqtt.prefix), evcc.obey)} if evcc else None
        self._open(
            MqttDoor(
                rooms,
                settings.mqtt,
                self.house.credentials,
                announce=announce,
                birth_topic=birth,
                branches=branches,
            )
        )

    def _open_homeassistant(self, rooms: Rooms) -> None:
        settings = self.house.settings.homeassistant
        if settings is None or not settings.url:
            return
        from agent.doors.homeassistant import HomeAssistantDoor

        self._open(HomeAssistantDoor(rooms, settings, self.house.credentials))

    def _open_legacy(self, rooms: Rooms) -> None:
        settings = self.house.settings.legacy
        if settings is None:
            return
        if settings.http:
            from agent.doors.legacy_http import LegacyHttpDoor

            self._open(LegacyHttpDoor(rooms, settings))
        if settings.mqtt_prefix and self.house.settings.mqtt is not None:
            from agent.doors.legacy_mqtt import LegacyMqttDoor

            self._open(LegacyMqttDoor(rooms, settings, self.house.settings.mqtt, self.house.credentials))
        if settings.ipc_path:
            from agent.doors.webipc import WebIpcDoor

            self._open(WebIpcDoor(rooms, settings))

    def _open(self, door: StartedDoor) -> None:
        """Start a door; one that can't work says so and disturbs nobody."""
        try:
            door.start()
        except OSError as error:
            sentence = f"The door “{door.name}” stays shut: {error}"
            self.news.put(Event("door_shut", sentence, "error", subject=door.name))
            return
        self._doors.append(door)


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

    app = App(load(path, credentials), port=port)
    _end_on_signals(app.ended)
    try:
        app.start()
    except WebError as error:
        print(error, file=sys.stderr)
        app.stop()
        return EXIT_DOOR
    print(f"sunward is running. Its page: {app.web.url}/", flush=True)
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
