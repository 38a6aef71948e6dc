"""evcc's custom charger by HTTP; what it means stands in agent/doors/evcc.py."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from agent.doors.doorway import Branch, Doorway
from agent.doors.evcc import BY, Evcc
from agent.doors.web.asks import Ask, Truth
from agent.doors.web.origins import same_origin
from agent.doors.web.refusals import StrictRoute
from agent.doors.web.view import asked_by, visitor_of

Charger = Annotated[str, Path(min_length=1, max_length=40, description="a charger's id, as in GET /state")]
Amps = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=5, le=80)]


class EvccAnswer(BaseModel):
    """One charger as evcc reads it: `power` in W, `energy` in kWh, always three phases."""

    status: str
    enabled: bool
    power: float
    currents: list[float]
    voltages: list[float]
    identify: str
    energy: float | None = None
    soc: float | None = None


class EvccAsk(Ask):
    """Orders of evcc, in this order; what is left out stays."""

    maxcurrent: Amps | None = None
    enable: Truth | None = None
    wakeup: Truth | None = None


def router(evcc: Evcc) -> APIRouter:
    """What evcc reads and orders."""
    routes = APIRouter(route_class=StrictRoute, tags=["evcc"])

    @routes.get("/chargers/{charger}/evcc")
    def read(charger: Charger, request: Request) -> EvccAnswer:
        """One charger in evcc's words. A look of whoever may order is a sign of life: his orders hold on."""
        own = same_origin(request.headers, request.headers.get("host", ""))  # no picture on another's page
        if own and visitor_of(request).may("control"):
            evcc.alive(charger)
        return EvccAnswer(**evcc.read(charger))

    @routes.put("/chargers/{charger}/evcc")
    def order(charger: Charger, ask: EvccAsk, request: Request) -> EvccAnswer:
        """Set the amps, allow or forbid. Answers what is now true."""
        by = asked_by(request)
        if ask.maxcurrent is not None:
            evcc.obey(charger, "maxcurrent", str(ask.maxcurrent), by)
        if ask.enable is not None:
            evcc.obey(charger, "enable", str(ask.enable), by)
        return EvccAnswer(**evcc.read(charger))

    return routes


def open_branch(way: Doorway) -> Branch | None:
    """evcc's words at the page's port and on the broker, where there is an [evcc]."""
    settings = way.settings.evcc
    if settings is None:
        return None
    evcc = Evcc(way.rooms, settings.hold_s)
    return Branch(BY, router(evcc), evcc.topics, evcc.obey)
