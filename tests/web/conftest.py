"""The mini-house, its server and a client, fresh for each test."""

import httpx
import pytest

from tests.web.house import MiniHouse


@pytest.fixture
def house():
    """A sunny noon: a car charges in the garage, the carport is empty."""
    found = MiniHouse()
    found.park_the_car()
    found.second()
    return found


@pytest.fixture(scope="module")
def quiet_web():
    """A house and a client for tests that change nothing in it: one server for all of them."""
    found = MiniHouse()
    found.park_the_car()
    with found.open_web() as server, httpx.Client(base_url=server.url, timeout=10) as client:
        yield found, client


@pytest.fixture
def web(house):
    """A client of the house's server."""
    with house.open_web() as server, httpx.Client(base_url=server.url, timeout=10) as client:
        yield client
