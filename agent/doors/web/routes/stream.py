"""The door to the stream of server-sent events."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from agent.desk import Refused
from agent.doors.web.refusals import StrictRoute
from agent.doors.web.stream import Broadcast


def stream_router(broadcast: Broadcast) -> APIRouter:
    """One endless answer; kept out of the OpenAPI calls, described in its text."""
    routes = APIRouter(route_class=StrictRoute)

    @routes.get("/stream", include_in_schema=False)
    async def stream(request: Request) -> StreamingResponse:
        last = request.headers.get("last-event-id", "")
        if last and not (last.isdecimal() and len(last) < 16):
            raise Refused(400, "Last-Event-ID must be the id of an event.")
        welcome = request.scope.get("state", {}).get("welcome", bool)
        messages = broadcast.listen(int(last) if last else None, welcome)
        return StreamingResponse(
            messages, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    return routes
