"""Each charger as a charge point of an OCPP 1.6 central system (evcc and others), on a WebSocket of its own.

This file keeps the connections; what is said on them stands in ocpp_station.py. All of it runs in one thread
with an event loop of its own. The `ocpp` and `websockets` packages are an extra, and imported only when
this door opens.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
import threading
from collections.abc import Mapping

from agent.doors.doorway import Doorway
from agent.doors.ocpp_point import Point
from agent.doors.rooms import Rooms
from agent.doors.settings import OcppSettings
from agent.doors.steering import Steering

log = logging.getLogger(__name__)

PASSWORD = "OCPP_PASSWORD"
OPEN_S = 20.0
FIRST_RETRY_S, LONGEST_RETRY_S = 5.0, 60.0
LONGEST_MESSAGE = 200_000  # bytes
GOODBYE_S = 3.0
NEEDS = "OCPP needs two packages. Type: ./sunward python -m pip install ocpp websockets"


class OcppDoor:
    """All charge points of this house."""

    name = "ocpp"

    def __init__(self, rooms: Rooms, settings: OcppSettings, secrets: Mapping[str, str]) -> None:
        self._rooms, self._settings = rooms, settings
        self._password = secrets.get(PASSWORD, "")
        self._steering = Steering(rooms, settings.hold_s, f"OCPP ({settings.url})")
        self._points: list[Point] = []
        self._tls: ssl.SSLContext | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Connect, and go on trying. Raises OSError for missing packages or a bad CA file."""
        try:
            import agent.doors.ocpp_station  # noqa: F401
        except ImportError:
            raise OSError(NEEDS) from None
        if self._settings.url.startswith("wss://"):
            self._tls = ssl.create_default_context(cafile=self._settings.ca_file)
        control, clock = self._settings.control, self._rooms.clock
        self._points = [
            Point(self._settings.station.replace("{id}", one.charger_id), one, self._steering, clock, control)
            for one in self._rooms.site.rules.chargers
        ]
        self._thread.start()

    def stop(self) -> None:
        """Close the connections and end the thread."""
        loop, work = self._loop, self._work
        if loop is not None and work is not None and self._thread.is_alive():
            loop.call_soon_threadsafe(work.cancel)
            self._thread.join(GOODBYE_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except asyncio.CancelledError:
            log.debug("OCPP has ended.")

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._work = asyncio.current_task()
        await asyncio.gather(*(self._keep(point) for point in self._points))

    async def _keep(self, point: Point) -> None:
        """Connect again and again, with growing patience; each problem is told once."""
        from websockets.exceptions import WebSocketException

        patience_s, told = FIRST_RETRY_S, ""
        while True:
            try:
                await self._talk(point)
                problem, patience_s = "the central system closed the connection", FIRST_RETRY_S
            except (OSError, WebSocketException, TimeoutError) as error:
                problem = str(error) or type(error).__name__
            except Exception as error:  # the one broad except: an odd message must not end the others' lines
                log.exception("OCPP %s: a message could not be digested", point.station)
                problem = f"a message broke the connection ({type(error).__name__})"
            if problem != told:
                log.warning("OCPP %s: %s; trying again until it works.", point.station, problem)
                told = problem
            await asyncio.sleep(patience_s)
            patience_s = min(2 * patience_s, LONGEST_RETRY_S)

    async def _talk(self, point: Point) -> None:
        from websockets.asyncio.client import connect
        from websockets.typing import Subprotocol

        from agent.doors.ocpp_station import talk

        login = base64.b64encode(f"{point.station}:{self._password}".encode()).decode()
        async with connect(
            f"{self._settings.url.rstrip('/')}/{point.station}",
            subprotocols=[Subprotocol("ocpp1.6")],
            additional_headers={"Authorization": f"Basic {login}"} if self._password else None,
            ssl=self._tls,
            ping_interval=point.configuration.ping_every_s or None,
            open_timeout=OPEN_S,
            max_size=LONGEST_MESSAGE,
        ) as line:
            log.info("OCPP %s: connected to %s.", point.station, self._settings.url)
            await talk(point, line)


def open_door(way: Doorway) -> OcppDoor | None:
    """The charge points of [ocpp]."""
    settings = way.settings.ocpp
    return OcppDoor(way.rooms, settings, way.secrets) if settings else None
