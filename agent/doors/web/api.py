"""The HTTP API: the one contract that the page, the scheduler, cron jobs and other people's software use.

Everything lives under /api/v1 and is described at /api/openapi.json; /healthz and /metrics stay at the
root, where their readers look for them. Endpoints are plain functions in worker threads: they read Slots
and ask the desk, nothing else, so that no request ever holds up the bus.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from agent.doors.rooms import Rooms
from agent.doors.web import refusals
from agent.doors.web.asks import Trouble
from agent.doors.web.keyring import KeyRing
from agent.doors.web.routes import about, admin, ahead, cars, house, keys, open_doors, past, windows
from agent.doors.web.routes.stream import stream_router
from agent.doors.web.stream import Broadcast

PREFIX = "/api/v1"
ABOUT = """Times are ISO 8601; units are part of the names; power into the house is positive.
A refusal is always `{"detail": "one sentence"}`. In a house with a password send
`Authorization: Bearer TOKEN`: GET needs the scope read, changes need control, /admin/ needs admin.

`GET /api/v1/stream` sends server-sent events (`state` whenever it changed, and
`event` for each new event); it never ends, so it stands here and not among the calls below."""

REFUSALS = {
    400: "The request can't be read.",
    401: "The password or a token is needed.",
    403: "Another site's page may not do this.",
    404: "There is no such thing.",
    409: "It can be read, but does not fit this house now.",
    413: "The body is too long.",
    429: "Too many wrong passwords came lately.",
    422: "A value is wrong, missing or unknown.",
    503: "A part of the house can't answer now.",
    507: "It is in force, but the disk did not take it.",
}


def build_app(rooms: Rooms, broadcast: Broadcast, ring: KeyRing, more: Sequence[APIRouter] = ()) -> FastAPI:
    """The API over these rooms, without page and locks; `more` are routes that the settings ask for."""
    app = FastAPI(
        title="sunward",
        version=str(rooms.site.versions.get("sunward", "0")),
        description=ABOUT,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={status: {"model": Trouble, "description": text} for status, text in REFUSALS.items()},
        redirect_slashes=False,
    )
    refusals.install(app)
    app.router.route_class = refusals.StrictRoute
    api = APIRouter(prefix=PREFIX, route_class=refusals.StrictRoute)
    for router in (house, windows, cars, ahead, past, admin):
        api.include_router(router.router(rooms))
    for extra in more:
        api.include_router(extra)
    api.include_router(about.router(rooms, ring))
    api.include_router(keys.router(rooms, ring))
    api.include_router(stream_router(broadcast))
    app.include_router(api)
    app.include_router(open_doors.router(rooms))
    return app
