"""What the house does now, and how it should treat the sun."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from agent.desk import BoostAsk
from agent.doors.nouns import BoostState, State
from agent.doors.rooms import Rooms
from agent.doors.state import boost_state
from agent.doors.web.asks import BoostBody, ChargerId, LimitBody, ModeAsk
from agent.doors.web.refusals import StrictRoute
from agent.doors.web.view import asked_by, state_now


def router(rooms: Rooms) -> APIRouter:
    """State, mode, boost and limit."""
    routes = APIRouter(route_class=StrictRoute, tags=["house"])

    @routes.get("/state")
    def state() -> State:
        """The whole house, now."""
        return state_now(rooms)

    @routes.put("/mode")
    def set_mode(ask: ModeAsk, request: Request) -> State:
        """Set the house's mode, or one charger's own. Answers the new state."""
        rooms.desk.set_mode(ask.wanted(), ask.charger, by=asked_by(request))
        return state_now(rooms)

    @routes.put("/boost")
    def boost(ask: BoostBody, request: Request) -> list[BoostState]:
        """Fast charging with an end, for one charger or each. Answers the boosts now in force for it."""
        started = rooms.desk.start_boost(
            BoostAsk(
                amps=ask.amps,
                for_s=ask.for_s,
                until=ask.until,
                to_soc_percent=ask.to_soc_percent,
                to_energy_kwh=ask.to_energy_kwh,
                charger_id=ask.charger,
            ),
            by=asked_by(request),
        )
        return list(boost_state(started, rooms.clock.now()))

    @routes.delete("/boost")
    def end_boost(request: Request, charger: Annotated[ChargerId | None, Query()] = None) -> State:
        """End every boost, or one charger's. With nothing to end, all stays as it is."""
        rooms.desk.end_boost(charger, by=asked_by(request))
        return state_now(rooms)

    @routes.put("/limit")
    def limit(ask: LimitBody, request: Request) -> State:
        """Dim all chargers together, or keep watts free for another load. Answers the new state."""
        rooms.desk.dim(ask.amps, ask.watts, ask.reserved_watts or (), ask.for_s, by=asked_by(request))
        return state_now(rooms)

    @routes.delete("/limit")
    def end_limit(request: Request) -> State:
        """Take the limit back. With none in force, all stays as it is."""
        rooms.desk.end_dim(by=asked_by(request))
        return state_now(rooms)

    return routes
