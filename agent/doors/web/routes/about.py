"""What is not news: whose house this is, what runs here, what a kilowatt-hour costs, and who asks."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from agent.doors.rooms import Rooms
from agent.doors.web.keyring import KeyRing
from agent.doors.web.refusals import StrictRoute
from agent.doors.web.view import visitor_of


class MoneyAnswer(BaseModel):
    """The settings' prices of a kWh; without a currency nobody has told any, nor a tariff."""

    currency: str
    grid_price: float
    sell_price: float


class AboutAnswer(BaseModel):
    """`scope` and `who` are the visitor's own; `locked`: the house has a password.

    `links` are words -> address of other pages that belong to it.
    """

    site: str
    versions: dict[str, str]
    money: MoneyAnswer
    timezone: str
    locked: bool
    scope: str
    who: str
    links: dict[str, str]


def router(rooms: Rooms, ring: KeyRing) -> APIRouter:
    """One answer."""
    routes = APIRouter(route_class=StrictRoute, tags=["house"])

    @routes.get("/about")
    def about(request: Request) -> AboutAnswer:
        """The house's name, versions and prices, and what the visitor may do."""
        visitor, money = visitor_of(request), rooms.site.money
        currency = rooms.desk.prices.get().currency or money.currency
        return AboutAnswer(
            site=rooms.site.name,
            versions=dict(rooms.site.versions),
            money=MoneyAnswer(currency=currency, grid_price=money.grid_price, sell_price=money.sell_price),
            timezone=rooms.site.timezone,
            locked=ring.has_password(),
            scope=visitor.scope,
            who=visitor.who,
            links=dict(rooms.site.links),
        )

    return routes
