"""The two doors at the root: is the house looked after, and its figures for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from agent.doors.metrics import exposition
from agent.doors.nouns import SILENT_AFTER_S, State
from agent.doors.rooms import Rooms
from agent.doors.web.asks import Health
from agent.doors.web.refusals import StrictRoute
from agent.doors.web.view import state_now

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def router(rooms: Rooms) -> APIRouter:
    """Health and metrics."""
    routes = APIRouter(route_class=StrictRoute, tags=["watching"])

    @routes.get("/healthz", responses={503: {"model": Health, "description": "The brain is silent."}})
    def healthz(request: Request) -> Health:
        """200 while decisions are made, 503 when none was for 15 s. `problems` may hold lesser troubles.

        Open to everybody; who holds no key to a locked house hears no `problems`.
        """
        health = health_of(state_now(rooms))
        if request.scope.get("state", {}).get("visitor") is None:
            health = health.model_copy(update={"problems": []})
        return health if health.ok else JSONResponse(health.model_dump(), 503)  # type: ignore[return-value]

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {PROMETHEUS: {"schema": {"type": "string"}}}, "description": "metrics"}},
    )
    def metrics() -> Response:
        """Everything that a graph may want."""
        return Response(exposition(state_now(rooms), rooms.site.versions), media_type=PROMETHEUS)

    return routes


def health_of(state: State) -> Health:
    """Whether the house is looked after, and every known problem as a sentence."""
    silent = state.age_s > SILENT_AFTER_S
    problems = [f"No decision was made for {state.age_s:.0f} s."] if silent else []
    problems += [state.bus.problem] if state.bus.problem else []
    problems += [meter.problem for meter in state.meters if meter.problem]
    problems += [charger.problem for charger in state.chargers if charger.problem]
    return Health(ok=not silent, age_s=state.age_s, problems=problems)
