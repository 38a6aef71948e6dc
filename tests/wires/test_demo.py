"""The demo as a person meets it: a process, a page in a real browser, amps that follow sun and finger."""

import json
import os
import re
import shutil
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
pytestmark = pytest.mark.alone


class Demo:
    """`python -m simulator demo` in a process of its own."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "demo", "--listen", "127.0.0.1:0", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.first_line = self.process.stdout.readline()
        self.second_line = self.process.stdout.readline()
        self.url, self.letters_url = (
            re.search(r"http://[0-9.:]+", line)[0] for line in (self.first_line, self.second_line)
        )

    def state(self):
        with urllib.request.urlopen(f"{self.url}/api/v1/state", timeout=5) as answer:
            return json.load(answer)

    def boost(self, charger):
        body = json.dumps({"for_s": 3600, "charger": charger}).encode()
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(f"{self.url}/api/v1/boost", body, headers, method="PUT")
        urllib.request.urlopen(asked, timeout=5).close()

    def letters(self, path="/"):
        with urllib.request.urlopen(f"{self.letters_url}{path}", timeout=5) as answer:
            return answer.read().decode()

    @property
    def children(self):
        """Processes that this one has started."""
        own = str(self.process.pid)
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                if stat.read_text().rpartition(")")[2].split()[1] == own:
                    found.append(int(stat.parent.name))
            except OSError:
                continue  # it has ended meanwhile
        return found

    @property
    def folder(self):
        """The demo's temporary folder: where its scheduler's settings lie."""
        line = Path(f"/proc/{self.children[0]}/cmdline").read_bytes().split(b"\0")
        return next(Path(word.decode()).parent for word in line if word.endswith(b"sunward.toml"))

    def until(self, condition, at_most_s=60.0):
        """Ask for the state until something is true of it; the state then."""
        pause, tries = threading.Event(), int(at_most_s / 0.2)
        for _ in range(tries):
            state = self.state()
            if condition(state):
                return state
            pause.wait(0.2)
        raise AssertionError(f"it did not happen: {json.dumps(state)[:2000]}")

    def end(self, with_signal=signal.SIGTERM):
        """Ask it to end; its exit status and what it complained about."""
        self.process.send_signal(with_signal)
        return self.process.wait(10), self.process.stderr.read()


@pytest.fixture
def demo():
    running = Demo("--speed", "10")
    yield running
    running.process.terminate()
    running.process.communicate(timeout=20)


@pytest.fixture
def fast_demo():
    running = Demo("--speed", "30", "--listen", "127.0.0.1:0")  # any free port
    yield running
    running.process.terminate()
    running.process.communicate(timeout=20)


def car_of(state):
    return garage(state).get("car") or {}


def garage(state):
    return next(charger for charger in state["chargers"] if charger["name"] == "Garage")


def test_a_person_sees_the_sun_charge_the_car_and_boosts_it_with_a_finger(demo):
    path = need("chromium")
    assert re.search(r"http://127.0.0.1:[0-9]+/", demo.first_line)
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


def test_the_whole_house_tells_its_story(fast_demo):
    """One car on the cable and in the cloud, a plan by price, a Powerwall that is switched, and letters."""
    car = fast_demo.until(lambda state: car_of(state) and garage(state)["drawn_amps"] >= 6)
    assert (car_of(car)["name"], garage(car)["vin"]) == ("Blue Model 3", "5YJ3E1EA7KF000001")
    first = fast_demo.until(lambda state: (car_of(state).get("plan") or {}).get("slots"))
    plan, charge = car_of(first)["plan"], car_of(first)["soc_percent"]
    assert (plan["goal_percent"], plan["ready_at"][11:16]) == (80, "07:00")
    assert len(plan["prices"]) > 50
    assert 80 < first["battery_soc_percent"] <= 100
    fast_demo.boost("3201")  # so that it goes quicker
    fast_demo.until(
        lambda state: (
            car_of(state)["soc_percent"] >= charge + 1 and car_of(state)["charging_state"] == "Charging"
        ),
        at_most_s=150.0,
    )
    fast_demo.until(lambda state: "Letters" in fast_demo.letters() and "/letters/1" in fast_demo.letters())
    told = fast_demo.letters("/letters/1/body")
    assert "was set to mode Self-Powered, reserve 20 %" in told
    assert "cools to 22 degrees until 17:00: 31 degrees are forecast." in told
    assert fast_demo.end()[0] == 0


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_at_once_and_leaves_nothing_behind(demo, with_signal):
    demo.until(lambda state: all(charger["linked"] for charger in state["chargers"]))
    folder, children = demo.folder, demo.children
    assert (folder / "sunward.toml").exists()
    assert demo.end(with_signal) == (0, "")
    assert not folder.exists()
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    for url in (demo.url, demo.letters_url):
        with socket.socket() as knock:
            assert knock.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0


def test_a_demo_that_is_killed_takes_its_scheduler_along(demo):
    demo.until(lambda state: all(charger["linked"] for charger in state["chargers"]))
    folder, children = demo.folder, demo.children
    demo.process.kill()
    demo.process.communicate(timeout=20)  # ends only when nobody holds its pipes any more
    assert len(children) == 1
    shutil.rmtree(folder)


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
