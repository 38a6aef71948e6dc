"""Who may come in by the web door, and what is turned away before anything reads it.

* On loopback without a password, whoever can use this computer may come in; what a proxy passes on may not,
  whether the proxy is one of ours or not.
* A page of another site must not act through a visitor's browser. Its name may point to our address
  (DNS rebinding), so `Host` must be an address, a name of this computer, or one from the settings; and a
  request that changes something must not come from another origin.
* Bodies are short. The answer's headers tell the browser to load nothing from anywhere else.
* With a password, everything but the page's own files and /healthz needs its cookie, or a token whose
  scope reaches far enough (`scope_needed`; what is not listed there as open is closed).
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Asked

from agent.doors.web.keyfile import KeyFileError, Scope
from agent.doors.web.keyring import SESSION_S, KeyRing, Visitor
from agent.doors.web.origins import device_of, host_name, is_loopback, same_origin
from agent.doors.web.patience import PATIENCE_S
from agent.doors.web.proxy import Caller, Network, caller_of
from agent.doors.web.refusals import BadJson, sentence, strict_json
from agent.model import Event

LONGEST_BODY = 64 * 1024
COOKIE = "sunward"
OPEN_PATHS = ("/", "/healthz", "/manifest.webmanifest", "/login", "/logout", "/favicon.ico")
ADMIN = "/api/v1/admin/"
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


def scope_needed(method: str, path: str) -> Scope | None:
    """What a request needs; None: nothing."""
    if path in OPEN_PATHS or path.startswith("/static/"):
        return None
    if path.startswith(ADMIN):
        return "admin"
    return "read" if method in READS else "control"


class Locks:
    """ASGI: looks at each request before the app does, and puts the headers on each answer."""

    def __init__(
        self,
        app: ASGIApp,
        names: frozenset[str],
        ring: KeyRing,
        *,
        private: bool,
        trusted: Sequence[Network] = (),
        patience_s: float = PATIENCE_S,
        tell: Callable[[Event], None],
    ) -> None:
        """`private`: only this computer can reach the door, so without a password it is open.

        `patience_s`: how long a body may take to come.
        """
        self._app = app
        self._names = names
        self._ring = ring
        self._private = private
        self._trusted = trusted
        self._patience_s = patience_s
        self._tell = tell

    async def __call__(self, scope: Asked, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with one sentence."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _put_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        caller = caller_of(scope, headers, self._trusted)
        visitor = self._visitor(headers, caller)
        refusal = self._refusal(scope, headers, caller, visitor)
        if refusal:
            await sentence(*refusal)(scope, receive, send_with_headers)
            return
        try:
            async with asyncio.timeout(self._patience_s):
                body = await _short_body(headers, receive) if scope["method"] not in READS else b""
        except TimeoutError:
            too_slow = sentence(408, "The body did not come: send it at once.", {"Connection": "close"})
            await too_slow(scope, receive, send_with_headers)
            return
        if body is None:
            too_long = sentence(413, f"The body is longer than {LONGEST_BODY // 1024} KB: send less.")
            await too_long(scope, receive, send_with_headers)
        elif scope["path"] in ("/login", "/logout"):
            answer = await self._door(scope, headers, caller, visitor, body)
            await answer(scope, receive, send_with_headers)
        else:
            state = scope.setdefault("state", {})
            state["visitor"] = visitor
            state["welcome"] = lambda: self._visitor(headers, caller) is not None
            again = receive if scope["method"] in READS else _replay(body, receive)
            await self._app(scope, again, send_with_headers)

    def _refusal(
        self, scope: Asked, headers: Headers, caller: Caller, visitor: Visitor | None
    ) -> tuple[int, str] | None:
        if not self._knows_host(caller.host):
            return 400, (
                "This address is not known here: use the computer's IP address, or add the name to "
                "allowed_hosts in [web] of sunward.toml."
            )
        if "transfer-encoding" in headers and "content-length" in headers:
            return 400, "A request has one length: Content-Length or Transfer-Encoding, not both."
        if scope["method"] not in READS and not same_origin(headers, caller.host):
            return 403, "A page of another site may not change anything here."
        needed = scope_needed(scope["method"], scope["path"])
        if needed is None:
            return None
        if visitor is None and self._is_open():
            return 403, (
                "This came through a proxy, and the house has no password: set one with "
                "./sunward agent password, and name the proxy in trusted_proxies in [web]."
            )
        if visitor is None:
            return 401, "Please log in, or send a token: Authorization: Bearer TOKEN."
        if not visitor.may(needed):
            return 403, f"This token may only {visitor.scope}; that needs the scope {needed}."
        return None

    def _knows_host(self, host: str) -> bool:
        name = host_name(host)
        if name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.lower().rstrip(".") in self._names
        return True

    def _is_open(self) -> bool:
        """Nobody needs a password, and nobody can come in by a proxy that we would believe."""
        return self._private and not self._trusted and not self._ring.has_password()

    def _visitor(self, headers: Headers, caller: Caller) -> Visitor | None:
        """Who it is, by token or cookie; without a password whoever is at this computer."""
        kind, _, secret = headers.get("authorization", "").partition(" ")
        near = is_loopback(caller.address) and not caller.claimed
        found = Visitor("", "read", caller.address, "", near, caller.secure)
        try:
            if kind.lower() == "bearer":
                token = self._ring.token(secret.strip())
                return replace(found, who=f"token “{token.name}”", scope=token.scope) if token else None
            session = self._ring.session(_cookie(headers))
        except KeyFileError:
            return None
        if session is not None:
            return replace(found, who="the page", scope="admin", session=session.id)
        return replace(found, scope="admin") if self._is_open() and near else None

    # --- /login and /logout ------------------------------------------------------------------------

    async def _door(
        self, scope: Asked, headers: Headers, caller: Caller, visitor: Visitor | None, body: bytes
    ) -> ASGIApp:
        if scope["method"] != "POST" or not self._ring.has_password():
            return sentence(404, "There is nothing to log in to here.")
        try:
            if scope["path"] == "/logout":
                return self._log_out(visitor)
            return await self._log_in(headers, caller, body)
        except BadJson as error:
            return sentence(400, error.detail)
        except KeyFileError as error:
            return sentence(503, str(error))

    def _log_out(self, visitor: Visitor | None) -> ASGIApp:
        if visitor and visitor.session:
            self._ring.end_sessions(visitor.session)
            self._tell(Event("access", f"A browser logged out, asked by {visitor.words()}."))
        return sentence(
            200, "You are out.", {"Set-Cookie": f"{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"}
        )

    async def _log_in(self, headers: Headers, caller: Caller, body: bytes) -> ASGIApp:
        asked = strict_json(body)
        text = asked.get("password") if isinstance(asked, dict) else None
        if not isinstance(text, str) or len(text) > 1000:
            return sentence(422, 'Send {"password": "..."}.')
        patience = self._ring.patience
        if not patience.may_try(caller.address):
            return sentence(429, "Too many wrong passwords: wait a minute.", {"Retry-After": "60"})
        device = device_of(headers.get("user-agent", ""))
        secret = await asyncio.to_thread(self._ring.open, text, caller.address, device)
        if secret is None:
            if patience.is_worn(caller.address):
                self._tell(guessing(caller.address))
            return sentence(401, "That is not the password.")
        patience.forgive(caller.address)
        if known := self._ring.session(_cookie(headers)):
            self._ring.end_sessions(known.id)  # the same browser, once more
        self._tell(Event("access", f"{device} at {caller.address} logged in with the password."))
        return sentence(200, "You are in.", {"Set-Cookie": set_cookie(secret, secure=caller.secure)})


def _cookie(headers: Headers) -> str:
    return cookie_parser(headers.get("cookie", "")).get(COOKIE, "")


def guessing(address: str) -> Event:
    """Somebody tries passwords: the owner ought to know."""
    says = f"Somebody at {address} tries passwords: five wrong ones within a minute."
    return Event("guessing", says, "warning", subject=address)


def set_cookie(secret: str, *, secure: bool) -> str:
    """The header that gives a browser its session."""
    also = "; Secure" if secure else ""
    return f"{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SESSION_S:.0f}{also}"


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
    waiting: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
