"""Prometheus reads our figures without a complaint, and the dashboard asks only for figures that exist."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.doors.metrics import exposition
from agent.doors.web.view import state_now
from tests.conftest import need
from tests.web.house import MiniHouse

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "sunward.json"
VERSIONS = {"sunward": "0.1.0", "python": "3.11.7"}


@pytest.fixture(scope="module")
def text():
    return exposition(state_now(MiniHouse().rooms), VERSIONS).decode()


def test_promtool_finds_nothing_to_complain_about(text):
    done = subprocess.run(
        [need("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_house_that_knows_nothing_yet_is_clean_too():
    state = state_now(MiniHouse().rooms)
    empty = replace(
        state,
        chargers=(),
        meters=(),
        battery_soc_percent=None,
        power=replace(state.power, grid_w=None, solar_w=None, battery_w=None, house_w=None),
    )
    told = exposition(empty, VERSIONS).decode()
    assert "sunward_grid_power_watts" not in told
    done = subprocess.run([need("promtool"), "check", "metrics"], input=told, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_no_car_and_no_sentence_becomes_a_label(text):
    labels = {
        key
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for key in sample.labels
        if not sample.name.startswith("sunward_build")
    }
    assert labels == {"mode", "role", "source", "charger", "phase", "state", "result"}


def questions():
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.mark.parametrize(("panel", "asks"), list(questions()))
def test_every_panel_asks_for_figures_that_exist(text, panel, asks):
    offered = set(re.findall(r"^(sunward_\w+)", text, re.M))
    assert set(re.findall(r"sunward_\w+", asks)) <= offered


def test_prometheus_understands_every_question_of_the_dashboard(tmp_path):
    rules = [
        {"record": f"test:panel_{number}", "expr": asks.replace("$__range", "1d")}
        for number, (_, asks) in enumerate(questions())
    ]
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), "utf-8")
    done = subprocess.run([need("promtool"), "check", "rules", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_two_panels_share_a_place():
    taken = set()
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        at = panel["gridPos"]
        squares = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not squares & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= squares
