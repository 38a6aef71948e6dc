"""The demo as a person meets it: a process, a page in a real browser, amps that follow sun and finger."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM_ARGUMENTS, need

ROOT = Path(__file__).parents[2]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Demo:
    """`python -m simulator demo` in a process of its own."""

    def __init__(self, *arguments):
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "demo", "--listen", f"127.0.0.1:{self.port}", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.first_line = self.process.stdout.readline()
        self.url = f"http://127.0.0.1:{self.port}"

    def state(self):
        with urllib.request.urlopen(f"{self.url}/api/v1/state", timeout=5) as answer:
            return json.load(answer)

    def until(self, condition, at_most_s=60.0):
        """Ask for the state until something is true of it; the state then."""
        pause, tries = threading.Event(), int(at_most_s / 0.2)
        for _ in range(tries):
            state = self.state()
            if condition(state):
                return state
            pause.wait(0.2)
        raise AssertionError(f"it did not happen: {json.dumps(state)[:2000]}")

    def end(self):
        """Ask it to end; its exit status and what it complained about."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10), self.process.stderr.read()


@pytest.fixture
def demo():
    running = Demo("--speed", "10")
    yield running
    running.process.kill()
    running.process.communicate(timeout=10)


def garage(state):
    return next(charger for charger in state["chargers"] if charger["name"] == "Garage")


def test_a_person_sees_the_sun_charge_the_car_and_boosts_it_with_a_finger(demo):
    path = need("chromium")
    assert re.search(rf"http://127.0.0.1:{demo.port}/", demo.first_line)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(demo.url)
        page.get_by_text("Offering").first.wait_for(timeout=60_000)
        before = demo.until(lambda state: garage(state)["drawn_amps"] >= 6)
        assert garage(before)["drawn_amps"] < 31, "the morning's sun is not all that the circuit allows"
        page.get_by_role("button", name="Boost 1 h").first.click()
        after = demo.until(lambda state: garage(state)["drawn_amps"] >= 31)
        assert garage(after)["boost"]["left_s"] > 0
        assert "boosted" in garage(after)["reason"]
        browser.close()


def test_it_ends_at_once_and_leaves_nothing_behind(demo):
    demo.until(lambda state: all(charger["linked"] for charger in state["chargers"]))
    assert demo.end() == (0, "")
    with socket.socket() as knock:
        assert knock.connect_ex(("127.0.0.1", demo.port)) != 0


def test_an_occupied_port_is_one_sentence_with_what_to_type():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "simulator", "demo", "--listen", f"127.0.0.1:{port}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            env=os.environ,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        (
            f"Port {port} is taken by another program: end it, or choose another [web] listen. "
            "For example: ./sunward demo --listen 127.0.0.1:8081"
        )
    ]
