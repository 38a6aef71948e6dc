"""A small HTTP server for simulated clouds: each answer comes from a function. Port 0: any free one."""

from __future__ import annotations

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

LARGEST_BODY = 100_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `form` holds the first value of each field, of JSON and of form bodies alike."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, Any]
    body: str = ""

    @property
    def bearer(self) -> str:
        """The access token, or ""."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back. A table is sent as JSON, a text as a page. Status 0: the line is dropped."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class WebPeer:
    """A server in a thread of its own between `start` and `stop`."""

    def __init__(self, answer: Callable[[Request], Answer], host: str = "127.0.0.1", port: int = 0) -> None:
        self._answer = answer
        self._server = ThreadingHTTPServer((host, port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ended = False
        self.host, self.port = host, int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> WebPeer:
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port, also of one that never began."""
        self._ended = True
        if self._thread.is_alive():
            with suppress(OSError), socket.create_connection((self.host, self.port), 1.0):
                pass  # it waits for a call, so it gets one
            self._thread.join(5.0)
        self._server.server_close()

    def _serve(self) -> None:
        while not self._ended:
            self._server.handle_request()

    def answer(self, request: Request) -> Answer:
        """What to answer."""
        return self._answer(request)


class OpenCloud:
    """A service that wants no account: it counts what is asked, and may be told to fail.

    `troubles` are answers that come instead of the right ones, for requests whose path contains the word.
    """

    def __init__(self) -> None:
        self.troubles: list[tuple[str, Answer]] = []
        self.counts: Counter[str] = Counter()
        self.web = WebPeer(self._counted)

    def start(self) -> Self:
        """Listen."""
        self.web.start()
        return self

    def stop(self) -> None:
        """Close the port."""
        self.web.stop()

    def answer(self, request: Request) -> Answer:
        """The right answer."""
        raise NotImplementedError

    def _counted(self, request: Request) -> Answer:
        self.counts[request.path] += 1
        trouble = (answer for word, answer in self.troubles if word in request.path)
        return next(trouble, None) or self.answer(request)


def _handler(peer: WebPeer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30.0
        wbufsize = 1 << 16  # an answer goes out in one piece,
        disable_nagle_algorithm = True  # and a larger one must not wait 40 ms for its second

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_PUT(self) -> None:
            self._serve()

        def do_DELETE(self) -> None:
            self._serve()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: tests and the demo are read by people."""

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY)
            body = self.rfile.read(length).decode("utf-8", "replace")
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            asked = Request(self.command, parts.path, query, dict(self.headers.items()), _form(body), body)
            answer = peer.answer(asked)
            if answer.status == 0:
                self.close_connection = True
                return
            plain = isinstance(answer.body, str)
            sent = (answer.body if plain else json.dumps(answer.body)).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "text/html" if plain else "application/json")
            self.send_header("Content-Length", str(len(sent)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

    return Handler


def _form(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {name: values[0] for name, values in parse_qs(body).items()}
    return found if isinstance(found, dict) else {}
