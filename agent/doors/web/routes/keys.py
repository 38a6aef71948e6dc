"""Who holds a key: open sessions and API tokens. No answer holds a secret but that of a token just made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from agent.desk import Refused
from agent.doors.rooms import Rooms
from agent.doors.web.asks import Ask
from agent.doors.web.keyfile import Scope, Session, Token
from agent.doors.web.keyring import KeyRing
from agent.doors.web.refusals import StrictRoute
from agent.doors.web.view import asked_by, visitor_of
from agent.model import Event

NAME = r"^[A-Za-z0-9_.-]([A-Za-z0-9 _.-]{0,38}[A-Za-z0-9_.-])?$"
TokenName = Annotated[str, Field(pattern=NAME, description="what it is for, like home-assistant")]


class SessionAnswer(BaseModel):
    """One browser that is logged in; `current` is the one that asks."""

    id: str
    device: str
    address: str
    opened: datetime | None
    current: bool


class TokenAnswer(BaseModel):
    """One program's key; `fixed`: it stands in credentials.env."""

    name: str
    scope: Scope
    made: datetime | None
    fixed: bool


class NewToken(TokenAnswer):
    """A token just made: `token` is shown this once."""

    token: str


class TokenBody(Ask):
    """What it is for, and what it may do."""

    name: TokenName
    scope: Scope


def router(rooms: Rooms, ring: KeyRing) -> APIRouter:
    """Sessions and tokens."""
    routes = APIRouter(prefix="/admin", route_class=StrictRoute, tags=["keys"])
    _session_routes(routes, rooms, ring)
    _token_routes(routes, rooms, ring)
    return routes


def _tell(rooms: Rooms, sentence: str, request: Request) -> None:
    by = asked_by(request)
    rooms.tell(Event("access", f"{sentence}{f', asked by {by}' if by else ''}."))


def _session_routes(routes: APIRouter, rooms: Rooms, ring: KeyRing) -> None:
    def browsers(request: Request) -> list[SessionAnswer]:
        return [_session(one, visitor_of(request).session) for one in ring.sessions()]

    @routes.get("/sessions")
    def sessions(request: Request) -> list[SessionAnswer]:
        """Every browser that is logged in."""
        return browsers(request)

    @routes.delete("/sessions")
    def end_sessions(request: Request) -> list[SessionAnswer]:
        """Log out every browser but the one that asks."""
        if ring.end_sessions(but=visitor_of(request).session):
            _tell(rooms, "Every other browser was logged out", request)
        return browsers(request)

    @routes.delete("/sessions/{id}")
    def end_session(id: Annotated[str, Path(max_length=40)], request: Request) -> list[SessionAnswer]:
        """Log out one browser. Answers the others."""
        if not ring.end_sessions(id):
            raise Refused(404, "There is no session with that id.")
        _tell(rooms, "A browser was logged out", request)
        return browsers(request)


def _token_routes(routes: APIRouter, rooms: Rooms, ring: KeyRing) -> None:
    @routes.get("/tokens")
    def tokens() -> list[TokenAnswer]:
        """Every token, without its secret."""
        return [_token(one) for one in ring.tokens()]

    @routes.post("/tokens")
    def new_token(body: TokenBody, request: Request) -> NewToken:
        """Make a token. Keep its secret now: nobody can show it again."""
        try:
            secret = ring.new_token(body.name, body.scope)
        except ValueError as error:
            raise Refused(409, str(error)) from None
        _tell(rooms, f"The token “{body.name}” was made, scope {body.scope}", request)
        made = next(one for one in ring.tokens() if one.name == body.name)
        return NewToken(token=secret, **_token(made).model_dump())

    @routes.delete("/tokens/{name}")
    def revoke(name: Annotated[str, Path(max_length=40)], request: Request) -> list[TokenAnswer]:
        """Take a token back, at once. Answers the others."""
        if not ring.revoke_token(name):
            raise Refused(404, "There is no such token that can be taken back here.")
        _tell(rooms, f"The token “{name}” was revoked", request)
        return tokens()


def _when(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _session(one: Session, own: str) -> SessionAnswer:
    return SessionAnswer(
        id=one.id, device=one.device, address=one.address, opened=_when(one.opened_s), current=one.id == own
    )


def _token(one: Token) -> TokenAnswer:
    return TokenAnswer(name=one.name, scope=one.scope, made=_when(one.made_s), fixed=one.name == "WEB_TOKEN")
