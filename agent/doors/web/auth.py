"""Who may come in by the web door, and what is turned away before anything reads it.

* On loopback without a password, whoever can use this computer may come in.
* A page of another site must not act through a visitor's browser. Its name may point to our address
  (DNS rebinding), so `Host` must be an address, a name of this computer, or one from the settings; and a
  request that changes something must not come from another origin.
* Bodies are short. The answer's headers tell the browser to load nothing from anywhere else.
* With a password, everything but the page's own files and /healthz needs its cookie, or a token.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.doors.web.refusals import BadJson, sentence, strict_json
from scheduler.clock import Clock

LONGEST_BODY = 64 * 1024
COOKIE = "sunward"
SESSION_S = 90 * 86400.0
MOST_SESSIONS = 100
WRONG_PER_MINUTE = 5
SCRYPT = {"n": 2**14, "r": 8, "p": 1}
OPEN_PATHS = ("/", "/healthz", "/manifest.webmanifest", "/login", "/favicon.ico")
READS = ("GET", "HEAD", "OPTIONS")

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass
class Password:
    """One password, kept as a hash only, and the sessions that it opened."""

    clock: Clock
    salt: bytes
    digest: bytes
    sessions: dict[str, float] = field(default_factory=dict)
    wrong_at: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, clock: Clock, text: str) -> Password:
        """Hash a password."""
        salt = secrets.token_bytes(16)
        return cls(clock, salt, _scrypt(text, salt))

    def try_open(self, text: str) -> str | None:
        """A new session's id, or None for a wrong password. Takes about 50 ms."""
        now = self.clock.now().mono_s
        if not hmac.compare_digest(_scrypt(text, self.salt), self.digest):
            self.wrong_at = [at for at in self.wrong_at if now - at < 60] + [now]
            return None
        while len(self.sessions) >= MOST_SESSIONS:
            self.sessions.pop(next(iter(self.sessions)))
        session = secrets.token_urlsafe(32)
        self.sessions[session] = now
        return session

    def knows(self, session: str) -> bool:
        """Whether a session is open and young enough."""
        opened = self.sessions.get(session)
        return opened is not None and self.clock.now().mono_s - opened < SESSION_S

    def is_tired(self) -> bool:
        """Too many wrong passwords within the last minute."""
        now = self.clock.now().mono_s
        return sum(now - at < 60 for at in self.wrong_at) >= WRONG_PER_MINUTE


def _scrypt(text: str, salt: bytes) -> bytes:
    return hashlib.scrypt(text.encode(), salt=salt, maxmem=64 * 1024 * 1024, **SCRYPT)


def own_names(extra: Iterable[str] = ()) -> frozenset[str]:
    """Names under which this computer may be asked for, beside plain addresses."""
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, f"{name}.local", f"{name}.lan", *(word.lower() for word in extra)})


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach an address to listen on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Locks:
    """ASGI: looks at each request before the app does, and puts the headers on each answer."""

    def __init__(
        self,
        app: ASGIApp,
        names: frozenset[str],
        password: Password | None = None,
        tokens: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._names = names
        self._password = password
        self._tokens = [hashlib.sha256(token.encode()).digest() for token in tokens]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with one sentence."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _put_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal:
            await sentence(*refusal)(scope, receive, send_with_headers)
            return
        body = await _short_body(headers, receive) if scope["method"] not in READS else b""
        if body is None:
            too_long = sentence(413, f"The body is longer than {LONGEST_BODY // 1024} KB: send less.")
            await too_long(scope, receive, send_with_headers)
        elif scope["path"] == "/login":
            await self._login(scope, body, receive, send_with_headers)
        else:
            again = receive if scope["method"] in READS else _replay(body, receive)
            await self._app(scope, again, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._knows_host(host):
            return 400, (
                "This address is not known here: use the computer's IP address, or add the name to "
                "allowed_hosts in [web] of sunward.toml."
            )
        if scope["method"] not in READS and not _same_origin(headers, host):
            return 403, "A page of another site may not change anything here."
        if self._needs_key(scope["path"]) and not self._has_key(headers):
            return 401, "Please log in, or send a token: Authorization: Bearer TOKEN."
        return None

    def _knows_host(self, host: str) -> bool:
        name = _host_name(host)
        if name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.lower().rstrip(".") in self._names
        return True

    def _needs_key(self, path: str) -> bool:
        return self._password is not None and path not in OPEN_PATHS and not path.startswith("/static/")

    def _has_key(self, headers: Headers) -> bool:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and token:
            digest = hashlib.sha256(token.strip().encode()).digest()
            return any(hmac.compare_digest(digest, known) for known in self._tokens)
        session = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return self._password is not None and self._password.knows(session)

    async def _login(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        answer = await self._log_in(scope["method"], body)
        await answer(scope, receive, send)

    async def _log_in(self, method: str, body: bytes) -> ASGIApp:
        if method != "POST" or self._password is None:
            return sentence(404, "There is nothing to log in to here.")
        if self._password.is_tired():
            return sentence(429, "Too many wrong passwords: wait a minute.")
        try:
            asked = strict_json(body)
        except BadJson as error:
            return sentence(400, error.detail)
        text = asked.get("password") if isinstance(asked, dict) else None
        if not isinstance(text, str) or len(text) > 1000:
            return sentence(422, 'Send {"password": "..."}.')
        session = await asyncio.to_thread(self._password.try_open, text)
        if session is None:
            return sentence(401, "That is not the password.")
        cookie = f"{COOKIE}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SESSION_S:.0f}"
        return sentence(200, "You are in.", {"Set-Cookie": cookie})


def _host_name(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018  (raises ValueError when it is none)
    except ValueError:
        return None
    return parts.hostname if host and parts.netloc == host and "@" not in host else None


def _same_origin(headers: Headers, host: str) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == host.lower() and bool(host)
    except ValueError:
        return False


def _put_headers(headers: MutableHeaders, path: str) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store" if path.startswith("/api/") else "no-cache")


async def _short_body(headers: Headers, receive: Receive) -> bytes | None:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LONGEST_BODY:
        return None
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += bytes(message.get("body", b""))
        if len(body) > LONGEST_BODY:
            return None
        if not message.get("more_body"):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
