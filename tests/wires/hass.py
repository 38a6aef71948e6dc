"""A small Home Assistant with a real socket: its REST states, and its WebSocket with differences."""

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Hass:
    """Sensors that a test sets; who subscribes hears of it, who asks gets an answer."""

    def __init__(self, token="long-lived", port=0, has_websocket=True):
        self.token, self.has_websocket = token, has_websocket
        self.states = {}
        self.asked = []  # entities, by REST
        self.open = set()  # ids of templates that nobody has given back
        self.said = []  # what clients said on the WebSocket
        self.deaf = False  # a connection that is dead and looks alive
        self.talks = []
        hass = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                hass.serve(self)

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self.drop()
        self._server.server_close()

    def drop(self):
        """Break all WebSocket connections off."""
        for talk in self.talks:
            talk.close()
        self.talks.clear()

    def set(self, entity, state, at_s=1781437500.0, unit="W", reported_s=None):
        """A sensor has a value; only a change is told."""
        old = self.states.get(entity)
        new = {
            "state": state,
            "attributes": {"unit_of_measurement": unit},
            "at_s": at_s,
            "reported_s": reported_s or at_s,
        }
        if old and (old["state"], old["attributes"]) == (new["state"], new["attributes"]):
            new["shown_s"] = old["shown_s"]  # a report that changes nothing does not reach REST
        else:
            new["shown_s"] = new["reported_s"]
        self.states[entity] = new
        if old is None or old["state"] != state:
            change = {"s": state, "lc": at_s}
            if old and old["attributes"] != new["attributes"]:
                change["a"] = new["attributes"]
            self._tell({"c": {entity: {"+": change}}}, entity)

    def raw(self, data):
        """Send bytes to all, whatever they mean."""
        for talk in self.talks:
            talk.raw(data)

    def _tell(self, event, entity):
        for talk in self.talks:
            if entity in talk.entities:
                talk.send({"id": talk.entities[entity], "type": "event", "event": event})

    def serve(self, request):
        if request.path == "/api/websocket" and self.has_websocket:
            request.close_connection = True
            Talk(self, request, self.talks).run()
            return
        entity = request.path.removeprefix("/api/states/")
        allowed = request.headers.get("Authorization") == f"Bearer {self.token}"
        status = 401 if not allowed else 200 if entity in self.states else 404
        self.asked.append(entity)
        body = json.dumps(self.page(entity) if status == 200 else {"message": "no"}).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(body)

    def page(self, entity):
        state = self.states[entity]
        times = {"last_updated": state["at_s"], "last_reported": state["shown_s"]}
        iso = {name: datetime.fromtimestamp(at_s, UTC).isoformat() for name, at_s in times.items()}
        return {"entity_id": entity, "state": state["state"], "attributes": state["attributes"], **iso}


class Talk:
    """One WebSocket connection, by RFC 6455."""

    def __init__(self, hass, request, talks):
        self._hass, self._request = hass, request
        self._lock = threading.Lock()
        self.entities = {}
        talks.append(self)

    def run(self):
        key = self._request.headers["Sec-WebSocket-Key"] + GUID
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self._request.send_response(101)
        for name, value in (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept),
        ):
            self._request.send_header(name, value)
        self._request.end_headers()
        self.send({"type": "auth_required", "ha_version": "2026.6.1"})
        try:
            while message := self._receive():
                if not self._hass.deaf:
                    self._answer(json.loads(message))
        except (OSError, ValueError):
            pass  # the connection is gone: that's how they end

    def _answer(self, message):
        self._reply(message)
        self._hass.said.append(message["type"])

    def _reply(self, message):
        if message["type"] == "auth":
            welcome = message["access_token"] == self._hass.token
            self.send({"type": "auth_ok" if welcome else "auth_invalid"})
            if not welcome:
                self.close()
        elif message["type"] == "ping":
            self.send({"id": message["id"], "type": "pong"})
        elif message["type"] == "render_template":
            one = self._hass.states.get(message["variables"]["entity"])
            self._hass.open.add(message["id"])
            self.send({"id": message["id"], "type": "result", "success": True, "result": None})
            told = {"result": one["reported_s"] if one else 0, "listeners": {"all": False}}
            self.send({"id": message["id"], "type": "event", "event": told})
        elif message["type"] == "unsubscribe_events":
            self._hass.open.discard(message["subscription"])
            self.send({"id": message["id"], "type": "result", "success": True, "result": None})
        elif message["type"] == "subscribe_entities":
            self.entities.update(dict.fromkeys(message["entity_ids"], message["id"]))
            there = {one: self._hass.states[one] for one in message["entity_ids"] if one in self._hass.states}
            added = {
                entity: {"s": one["state"], "a": one["attributes"], "c": "01HX", "lc": one["at_s"]}
                for entity, one in there.items()
            }
            self.send({"id": message["id"], "type": "result", "success": True, "result": None})
            self.send({"id": message["id"], "type": "event", "event": {"a": added}})

    def _receive(self):
        head, length = self._request.rfile.read(2), 0
        if len(head) < 2:
            return b""
        length = head[1] & 0x7F
        if length == 126:
            length = struct.unpack("!H", self._request.rfile.read(2))[0]
        mask = self._request.rfile.read(4)
        data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self._request.rfile.read(length)))
        return b"" if head[0] & 0x0F == CLOSE else data

    def send(self, message):
        data = json.dumps(message).encode()
        long = struct.pack("!H", len(data)) if len(data) > 125 else b""
        self.raw(bytes((0x80 | TEXT, 126 if long else len(data))) + long + data)

    def raw(self, data):
        with self._lock, contextlib.suppress(OSError, ValueError):  # a client may go away
            self._request.wfile.write(data)

    def close(self):
        self.raw(bytes((0x80 | CLOSE, 0)))
        with contextlib.suppress(OSError):  # it may have gone by itself
            self._request.connection.shutdown(socket.SHUT_RDWR)
