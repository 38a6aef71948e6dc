"""TWCManager's HTTP API on its old paths, for openWB 1.9, dashboards and scripts that can't be changed.

Old clients send no credentials and no content type that means anything. So this is a listener of its own,
with a port of its own, a list of addresses that may come in, and separate switches for reading and for
orders. Beyond the list it keeps out web pages: a name that is not ours in `Host` (DNS rebinding), a foreign
`Origin`, and a browser that follows a link which would change something.

Answers come from memory within milliseconds. What each path takes and gives stands in legacy_routes.py.
"""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from agent.boosts import Refused
from agent.doors.doorway import Doorway
from agent.doors.jsontext import JsonError, read_json
from agent.doors.legacy_orders import LegacyOrders
from agent.doors.legacy_routes import ORDERS, READS, Answer, page_order
from agent.doors.rooms import Rooms
from agent.doors.settings import LegacySettings, host_and_port
from agent.doors.web.origins import own_names

log = logging.getLogger(__name__)

LONGEST_BODY = 65_536
MOST_AT_ONCE = 32
MOST_STRANGERS = 4  # who is not allowed in hears it, and takes nobody's place
PATIENCE_S = 5.0
LONGEST_VISIT_S = 15.0
POLL_S = 0.1


@dataclass(frozen=True)
class Guests:
    """Who may come in, and by which names we may be called."""

    networks: tuple[str, ...]
    names: frozenset[str]

    def knows(self, address: str) -> bool:
        """Whether an address is in one of the networks."""
        found = ip_address(address.partition("%")[0])
        mapped = getattr(found, "ipv4_mapped", None) or found
        return any(mapped in ip_network(network) for network in self.networks)

    def is_our_name(self, host: str) -> bool:
        """Whether a Host header names us: an address, this computer's name, or one in the settings."""
        name = urlsplit(f"//{host}").hostname or ""
        try:
            ip_address(name)
        except ValueError:
            return name.casefold().rstrip(".") in self.names or not host
        return True


class LegacyHttpDoor:
    """The listener. `start` raises OSError when the port can't be had."""

    name = "legacy http"

    def __init__(self, rooms: Rooms, settings: LegacySettings, orders: LegacyOrders) -> None:
        self._address = host_and_port(settings.http)
        self.settings, self._clock = settings, rooms.clock
        self.guests = Guests(settings.allow, own_names(settings.hosts))
        self.orders, self.old = orders, orders.old
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it really listens, even where port 0 was asked for."""
        host, port = self._server.server_address[:2] if self._server else self._address
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        """Open the port and serve."""
        try:
            self._server = _Server(self._address, self)
        except OSError as error:
            raise OSError(
                f"legacy.http: can't listen on {self._address[0]}:{self._address[1]} ({error.strerror}). "
                "Choose another port, or end the program that has it."
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name=self.name, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(PATIENCE_S)

    def now_s(self) -> float:
        """The house's own seconds."""
        return self._clock.now().mono_s

    def answer(self, method: str, path: str, body: bytes, guest: str) -> Answer:
        """One request that was let in, answered."""
        place = urlsplit(path)
        query = dict(parse_qsl(place.query, keep_blank_values=True))
        page = place.path.rsplit("/", 1)[-1]
        try:
            if page in ("index.php", "TWCapi.php"):
                query |= dict(parse_qsl(body.decode("utf-8", "replace"))) if method == "POST" else {}
                return self._page(page, query, guest)
            if method == "GET" and place.path in READS:
                self._may(self.settings.http_read, "http_read")
                return READS[place.path](self.old, self.orders)
            if method == "POST" and place.path in ORDERS:
                self._may(self.settings.http_control, "http_control")
                order = ORDERS[place.path]
                asked = json_object(body) if order.has_body else {}
                return order.obey(self.orders, asked, f"{guest} (old API)")
        except Refused as refused:
            status = 400 if refused.status in (409, 422) else refused.status
            return Answer(status, {"error": refused.sentence})
        return Answer(404)

    def _page(self, page: str, query: dict[str, str], guest: str) -> Answer:
        order = page_order(page, query)
        if order:
            self._may(self.settings.http_control, "http_control")
            order(self.orders, f"{guest} (old page)")
        self._may(self.settings.http_read or order is not None, "http_read")
        return READS[f"/{page}"](self.old, self.orders)

    def _may(self, switch: bool, name: str) -> None:
        if not switch:
            raise Refused(403, f"Switched off in this house: legacy.{name} in sunward.toml says so.")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], door: LegacyHttpDoor) -> None:
        self.door = door
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._strangers = threading.BoundedSemaphore(MOST_STRANGERS)
        self._visits: dict[Any, float] = {}
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Each guest in a thread, but never more than there are places."""
        if not self._places_for(client_address).acquire(blocking=False):
            self.shutdown_request(request)
            return
        self._visits[request] = self.door.now_s()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the place back, whatever happened."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._visits.pop(request, None)
            self._places_for(client_address).release()

    def service_actions(self) -> None:
        """Ten times a second: whoever takes too long is hung up on, however busily he writes."""
        now_s = self.door.now_s()
        for request, since_s in list(self._visits.items()):
            if now_s - since_s > LONGEST_VISIT_S:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def _places_for(self, client_address: Any) -> threading.BoundedSemaphore:
        return self._places if self.door.guests.knows(client_address[0]) else self._strangers

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A guest that went away is no trouble; anything else is told in the log."""
        log.info("A request to the old API broke off.", exc_info=log.isEnabledFor(logging.DEBUG))


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "sunward"
    sys_version = ""
    timeout = PATIENCE_S

    def do_GET(self) -> None:
        """Read something (or the two old pages' forms)."""
        self._serve("GET")

    def do_POST(self) -> None:
        """An order."""
        self._serve("POST")

    def _serve(self, method: str) -> None:
        try:
            body = self._read(method)
            answer = self.server.door.answer(method, self.path, body, self.client_address[0])
        except Refused as refused:
            answer = Answer(refused.status, {"error": refused.sentence})
        if method == "POST":
            log.info("%s %s from %s: %d", method, self.path[:80], self.client_address[0], answer.status)
        self._send(answer)

    def _read(self, method: str) -> bytes:
        """The body of a request that may come in."""
        try:
            urlsplit(self.path)
            self._let_in(method)
            return self._body()
        except ValueError:  # an address, a name or a length that nothing can be made of
            raise Refused(400, "This request can't be read.") from None

    def _let_in(self, method: str) -> None:
        guest, guests = self.client_address[0], self.server.door.guests
        if not guests.knows(guest):
            raise Refused(403, f"{guest} is not in legacy.allow of sunward.toml.")
        host = self.headers.get("Host", "")
        if not guests.is_our_name(host):
            raise Refused(403, f"{host[:80]} is not a name of this house: see legacy.hosts in sunward.toml.")
        origin = self.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != host:
            raise Refused(403, "Another site's page may not do this.")
        changes = method == "POST" or page_order(urlsplit(self.path).path.rsplit("/", 1)[-1], self._query())
        if changes and method == "GET" and self.headers.get("User-Agent", "").startswith("Mozilla/"):
            raise Refused(403, "A link in a browser may not change anything: use sunward's own page.")

    def _query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0").strip()
        if not length.isdecimal():
            raise Refused(400, "Content-Length is no number.")
        if int(length) > LONGEST_BODY:
            raise Refused(413, f"The body is longer than {LONGEST_BODY} bytes.")
        return self.rfile.read(int(length))

    def _send(self, answer: Answer) -> None:
        body, kind = answer.wire()
        self.send_response(answer.status)
        if body or answer.status == 200:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: orders are told above."""
        log.debug(format, *args)


def json_object(body: bytes) -> dict[str, Any]:
    """A JSON object, whatever the content type said. Raises Refused."""
    try:
        found = read_json(body)
    except JsonError as error:
        raise Refused(400, str(error)) from None
    if not isinstance(found, dict):
        raise Refused(400, "The body must be a JSON object.")
    return found


def open_door(way: Doorway) -> LegacyHttpDoor | None:
    """The old HTTP API, where [legacy] has an address for it."""
    settings = way.settings.legacy
    if settings is None or not settings.http:
        return None
    return LegacyHttpDoor(way.rooms, settings, way.old_orders)
