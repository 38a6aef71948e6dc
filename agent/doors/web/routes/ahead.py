"""What is to come, as the scheduler tells it: the sun's forecast, and what power will cost."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request

from agent.doors.rooms import Rooms
from agent.doors.web.asks import PricesBody, SunBody
from agent.doors.web.refusals import StrictRoute
from agent.doors.web.view import first_told
from agent.model import PricesAhead, SunAhead

MOST_STRETCHES = 500


def router(rooms: Rooms) -> APIRouter:
    """The forecast, and prices."""
    routes = APIRouter(route_class=StrictRoute)
    note = first_told(rooms)

    @routes.get("/forecast", tags=["forecast"])
    def forecast() -> list[SunAhead]:
        """What the sun is forecast to give, in order; empty where nobody told it."""
        return list(rooms.desk.forecast.get())

    @routes.put("/forecast", tags=["forecast"])
    def put_forecast(
        body: Annotated[list[SunBody], Body(max_length=MOST_STRETCHES)], request: Request
    ) -> list[SunAhead]:
        """Replace the forecast. It is shown, and nothing is decided by it."""
        rooms.desk.put_forecast(sorted((one.ahead() for one in body), key=lambda one: one.start))
        note("The solar forecast", request)
        return forecast()

    @routes.get("/prices", tags=["prices"])
    def prices() -> PricesAhead:
        """What a kWh costs, per slot in order; a time in no slot has no known price."""
        return rooms.desk.prices.get()

    @routes.put("/prices", tags=["prices"])
    def put_prices(body: PricesBody, request: Request) -> PricesAhead:
        """Replace the prices. They are shown, kept with the history, and may set the solar share."""
        rooms.desk.put_prices(body.ahead())
        note("The price of power", request)
        return prices()

    return routes
