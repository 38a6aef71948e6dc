"""Who holds a key: open sessions and API tokens. No answer holds a secret but that of a token just made."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from agent.desk import Refused
from agent.doors.rooms import Rooms
from agent.doors.web.asks import Ask
from agent.doors.web.auth import guessing, set_cookie
from agent.doors.web.keyfile import Scope, Session, Token
from agent.doors.web.keyring import FIXED, LONGEST_PASSWORD, SHORTEST_PASSWORD, KeyRing, Visitor
from agent.doors.web.origins import device_of
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


Password = Annotated[str, Field(max_length=LONGEST_PASSWORD)]


class PasswordBody(Ask):
    """The password that holds (nothing where none does), and the new one."""

    old: Password = ""
    new: Annotated[str, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]


def router(rooms: Rooms, ring: KeyRing) -> APIRouter:
    """Password, sessions and tokens."""
    routes = APIRouter(prefix="/admin", route_class=StrictRoute, tags=["keys"])
    _password_route(routes, rooms, ring)
    _session_routes(routes, rooms, ring)
    _token_routes(routes, rooms, ring)
    return routes


def _tell(rooms: Rooms, sentence: str, request: Request) -> None:
    rooms.tell(Event("access", f"{sentence}, asked by {asked_by(request)}."))


def _password_route(routes: APIRouter, rooms: Rooms, ring: KeyRing) -> None:
    @routes.put("/password")
    def set_password(body: PasswordBody, request: Request, response: Response) -> list[SessionAnswer]:
        """Set or change the page's password. Every browser but the one that asks is logged out.

        The first one can only be set from this computer itself.
        """
        visitor, first = visitor_of(request), not ring.has_password()
        if ring.is_password_fixed():
            raise Refused(409, "The password stands in credentials.env as WEB_PASSWORD: change it there.")
        if first and not visitor.near:
            raise Refused(403, "The first password is set on this computer itself: ./sunward agent password")
        if not first:
            _know_the_old_one(rooms, ring, body.old, visitor)
        device = device_of(request.headers.get("user-agent", ""))
        try:
            secret, session = ring.set_password(body.new, visitor.address, device)
        except ValueError as error:
            raise Refused(422, str(error)) from None
        _tell(rooms, f"The page's password was {'set' if first else 'changed'}", request)
        response.headers["Set-Cookie"] = set_cookie(secret, secure=visitor.secure)
        return [_session(session, session.id, _zone(rooms))]


def _know_the_old_one(rooms: Rooms, ring: KeyRing, old: str, visitor: Visitor) -> None:
    """Whoever finds a browser open must not take the house over. Raises Refused."""
    patience = ring.patience
    if not patience.may_try(visitor.address):
        raise Refused(429, "Too many wrong passwords: wait a minute.")
    if not ring.fits(old):
        if patience.is_worn(visitor.address):
            rooms.tell(guessing(visitor.address))
        raise Refused(403, "`old` is not the password that holds now. Nothing changed.")
    patience.forgive(visitor.address)


def _session_routes(routes: APIRouter, rooms: Rooms, ring: KeyRing) -> None:
    def browsers(request: Request) -> list[SessionAnswer]:
        return [_session(one, visitor_of(request).session, _zone(rooms)) for one in ring.sessions()]

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
        return [_token(one, _zone(rooms)) for one in ring.tokens()]

    @routes.post("/tokens")
    def new_token(body: TokenBody, request: Request) -> NewToken:
        """Make a token. Keep its secret now: nobody can show it again."""
        try:
            secret = ring.new_token(body.name, body.scope)
        except ValueError as error:
            raise Refused(409, str(error)) from None
        _tell(rooms, f"The token “{body.name}” was made, scope {body.scope}", request)
        made = next(one for one in ring.tokens() if one.name == body.name)
        return NewToken(token=secret, **_token(made, _zone(rooms)).model_dump())

    @routes.delete("/tokens/{name}")
    def revoke(name: Annotated[str, Path(max_length=40)], request: Request) -> list[TokenAnswer]:
        """Take a token back, at once. Answers the others."""
        if not ring.revoke_token(name):
            raise Refused(404, "There is no such token that can be taken back here.")
        _tell(rooms, f"The token “{name}” was revoked", request)
        return tokens()


def _when(seconds: float | None, zone: tzinfo) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, zone)


def _zone(rooms: Rooms) -> tzinfo:
    wall = rooms.clock.now().wall
    return (wall.tzinfo if wall else None) or UTC


def _session(one: Session, own: str, zone: tzinfo) -> SessionAnswer:
    return SessionAnswer(
        id=one.id,
        device=one.device,
        address=one.address,
        opened=_when(one.opened_s, zone),
        current=one.id == own,
    )


def _token(one: Token, zone: tzinfo) -> TokenAnswer:
    return TokenAnswer(name=one.name, scope=one.scope, made=_when(one.made_s, zone), fixed=one.name == FIXED)
