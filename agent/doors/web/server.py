"""The web server: uvicorn in a thread of its own, started and stopped like every other part of the house.

The port is bound before the thread starts, so that an occupied one is one clear sentence at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from agent.doors.rooms import Rooms
from agent.doors.web.api import build_app
from agent.doors.web.auth import Locks
from agent.doors.web.certificate import Certificate, CertificateError
from agent.doors.web.handshake import shaking_hands
from agent.doors.web.keyfile import NAME, KeyFile, KeyFileError
from agent.doors.web.keyring import KeyRing
from agent.doors.web.origins import is_loopback, own_names
from agent.doors.web.patience import PATIENCE_S, patient
from agent.doors.web.proxy import networks
from agent.doors.web.stream import Broadcast
from agent.model import Event

BACKLOG = 64  # so many are let in at once before anybody counts them
STATIC = Path(__file__).with_name("static")
log = logging.getLogger(__name__)


class WebError(Exception):
    """The web door can't open; the text is a sentence that says what to do."""


@dataclass(frozen=True)
class WebSettings:
    """Where to listen, and who may come in. `password` and `tokens` come from credentials.env.

    `keys` is the folder in which sessions and tokens are kept; without it they end with the process.
    """

    listen: str = "127.0.0.1:8080"
    hosts: tuple[str, ...] = ()
    password: str = field(default="", repr=False)
    tokens: tuple[str, ...] = field(default=(), repr=False)
    keys: Path | None = None
    proxies: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    patience_s: float = PATIENCE_S


class WebServer:
    """The page and the API over some rooms. `start` returns when the port is open; `stop` within 2 s."""

    name = "web"

    def __init__(self, rooms: Rooms, settings: WebSettings, more: Sequence[APIRouter] = ()) -> None:
        """`more`: routes of the API that only some houses have."""
        self._host, self._port = _address(settings.listen)
        self._certificate = _certificate(settings, rooms)
        certificate, ring = self._certificate, _ring(rooms, settings)
        private, guests = is_loopback(self._host), patient(settings.patience_s)
        if not private and not ring.has_password():
            raise WebError(
                f"[web] listen = {settings.listen!r} opens the page to the network, and there is no "
                "password: type ./sunward agent password (or put WEB_PASSWORD=... into credentials.env), "
                "or listen on 127.0.0.1."
            )
        if settings.proxies and not ring.has_password():
            raise WebError(
                "[web] trusted_proxies lets others come in through a proxy, and there is no password: type "
                "./sunward agent password (or put WEB_PASSWORD=... into credentials.env), or take it away."
            )
        self._broadcast = Broadcast(rooms)
        self.app = _whole_app(rooms, self._broadcast, ring, more)
        locked = Locks(
            self.app,
            own_names([*settings.hosts, self._host]),
            ring,
            private=private,
            trusted=networks(settings.proxies),
            patience_s=settings.patience_s,
            tell=rooms.tell,
        )
        config = uvicorn.Config(
            locked,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # proxy.py reads them, and only from those that the settings name
            timeout_graceful_shutdown=1,
            timeout_keep_alive=20,
            limit_concurrency=300,
            backlog=BACKLOG,
            http=shaking_hands(guests, certificate.context) if certificate else guests,
            ws="none",
        )
        self._server = uvicorn.Server(config)
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    @property
    def url(self) -> str:
        """The page's address; the port is the real one, even where 0 was asked for."""
        port = self._socket.getsockname()[1] if self._socket else self._port
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http{'s' if self._certificate else ''}://{host}:{port}"

    def start(self) -> None:
        """Open the port and serve. Raises WebError when the port can't be had."""
        self._socket = _bind(self._host, self._port)
        self._socket.listen(BACKLOG)  # whoever comes before the server is up waits instead of being refused
        self._thread.start()

    def stop(self) -> None:
        """Let every stream end, answer what is open, and close."""
        self._broadcast.end()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(3.0)
        if self._socket:
            self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket] if self._socket else None)


def _ring(rooms: Rooms, settings: WebSettings) -> KeyRing:
    path = settings.keys / NAME if settings.keys else None
    try:
        file = KeyFile(path, lambda sentence: rooms.tell(Event("access", sentence)))
        return KeyRing(rooms.clock, file, settings.password, settings.tokens)
    except KeyFileError as error:
        raise WebError(str(error)) from None


def _certificate(settings: WebSettings, rooms: Rooms) -> Certificate | None:
    """What https needs, tried out; None for http."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    try:
        return Certificate(settings.tls_cert, settings.tls_key, rooms.tell)
    except CertificateError as error:
        raise WebError(f"[web] tls_cert and tls_key: these files {error}") from None


def _whole_app(rooms: Rooms, broadcast: Broadcast, ring: KeyRing, more: Sequence[APIRouter]) -> FastAPI:
    app = build_app(rooms, broadcast, ring, more)
    app.router.lifespan_context = _watching(broadcast)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for path, name in (
        ("/", "index.html"),
        ("/manifest.webmanifest", "manifest.webmanifest"),
        ("/favicon.ico", "icon.svg"),
    ):
        app.get(path, include_in_schema=False)(_file(STATIC / name))
    return app


def _file(path: Path) -> Any:
    kinds = {".webmanifest": "application/manifest+json", ".svg": "image/svg+xml", ".html": "text/html"}

    def answer() -> FileResponse:
        return FileResponse(path, media_type=kinds[path.suffix])

    return answer


def _watching(broadcast: Broadcast) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watcher = asyncio.create_task(broadcast.watch())
        yield
        broadcast.end()
        await watcher

    return lifespan


def _address(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise WebError(f'[web] listen = {listen!r} must be like "127.0.0.1:8080".')
    return host.strip("[]"), int(port)


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, protocol)  # unnamed, asyncio leaves Nagle's 40 ms in each answer
    except OSError as error:
        raise WebError(
            f"[web] listen: {host} is not an address of this computer ({error.strerror})."
        ) from None
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise WebError(
                f"Port {port} is taken by another program: end it, or choose another [web] listen."
            ) from None
        if error.errno == errno.EACCES:
            raise WebError(f"Port {port} needs root: choose one above 1023 in [web] listen.") from None
        raise WebError(f"[web] listen: can't use {host}:{port} ({error.strerror}).") from None
    return found
