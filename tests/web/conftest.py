"""The mini-house, its server, a client and a browser, fresh for each test."""

import httpx
import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM_ARGUMENTS, need
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


@pytest.fixture(scope="module")
def chromium():
    path = need("chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """open_page(server, size, theme, **context) -> a page whose every complaint fails the test."""
    contexts, complaints = [], []

    def opened(server, size=None, theme="light", **more):
        viewport = size or {"width": 390, "height": 844}
        context = chromium.new_context(viewport=viewport, color_scheme=theme, **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None
        )
        page.goto(server.url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def server(house):
    with house.open_web() as found:
        yield found
