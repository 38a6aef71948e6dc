"""What others know: the scheduler about cars, other software about meters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from agent.doors.nouns import CarState, MeterState
from agent.doors.rooms import Rooms
from agent.doors.state import car_state
from agent.doors.web.asks import CallsBody, CarBody, MeterBody, Vin
from agent.doors.web.refusals import StrictRoute
from agent.doors.web.view import first_told
from agent.model import Reading, Role


def router(rooms: Rooms) -> APIRouter:
    """Cars, their clouds' account, and pushed meter readings."""
    routes = APIRouter(route_class=StrictRoute)
    note = first_told(rooms)

    @routes.get("/cars", tags=["cars"])
    def cars() -> list[CarState]:
        """Every car that was ever told."""
        return [car_state(car) for car in rooms.desk.cars.get().values()]

    @routes.put("/cars/{vin}", tags=["cars"])
    def put_car(vin: Annotated[Vin, Path()], body: CarBody, request: Request) -> CarState:
        """Replace what is known of one car."""
        rooms.desk.put_car(body.car(vin))
        note(f"The car {body.name or vin[-6:]}", request)
        return car_state(rooms.desk.cars.get()[vin])

    @routes.get("/calls", tags=["cars"])
    def calls() -> CallsBody | None:
        """What the account of cars and house battery was asked; null where nobody told it."""
        told = rooms.desk.calls.get()
        return CallsBody.model_validate(told) if told else None

    @routes.put("/calls", tags=["cars"])
    def put_calls(body: CallsBody, request: Request) -> CallsBody:
        """Replace what is known of the account's calls. It is shown, and nothing is decided by it."""
        rooms.desk.put_calls(body.model_dump())
        note("The account of cloud calls", request)
        return body

    @routes.put("/meters/{role}", tags=["meters"])
    def push(role: Role, body: MeterBody, request: Request) -> MeterState:
        """Push one reading, for houses whose meter can only be read by other software."""
        now = rooms.clock.now()
        age_s = body.age(now)
        reading = Reading(
            watts=body.watts,
            at_mono_s=now.mono_s - age_s,
            source=body.source,
            amps_by_phase=tuple(body.amps_by_phase) if body.amps_by_phase else None,
            volts_by_phase=tuple(body.volts_by_phase) if body.volts_by_phase else None,
            energy_wh=body.energy_wh,
            exported_wh=body.exported_wh,
            soc_percent=body.soc_percent,
        )
        rooms.desk.push_reading(role, reading, body.max_age_s)
        note(f"The {role} meter", request)
        fresh = age_s <= (body.max_age_s or rooms.site.max_age_s)
        problem = "" if fresh else f"it was {age_s:.0f} s old when it came"
        return MeterState(role, reading.source, reading.watts, round(age_s, 1), fresh, problem)

    return routes
