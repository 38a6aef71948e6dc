"""Every capture is read as its folder expects, with our signs, and every driver comes whole."""

import json
import re
from pathlib import Path

import pytest

from agent.meters import driver, schemes, source
from agent.meters.part import understand
from agent.meters.values import Down, Poor, believe
from agent.model import ROLES
from tests.meters.captures import FOLDER, cases

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "meters.md").read_text()


def agrees(values, expected):
    for name, wanted in expected.items():
        found = getattr(values, name)
        assert found is not None, f"{name} is missing"
        if isinstance(wanted, list):
            assert list(found) == pytest.approx(wanted, abs=0.01), name
        elif isinstance(wanted, str):
            assert str(found) == wanted, name
        else:
            assert found == pytest.approx(wanted, abs=0.01), name


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_capture_is_read_as_expected(case):
    expected = case.expected
    if "poor" in expected or "down" in expected:
        with pytest.raises(
            Poor if "poor" in expected else Down, match=re.escape(expected.get("poor") or expected["down"])
        ):
            understand(case.source, case.answers())
        return
    meaning = understand(case.source, case.answers())
    for role in (*ROLES, "any"):
        if role in expected:
            assert not isinstance(meaning.get(role), Poor), meaning[role]
            assert role in meaning, f"{role} is missing: {meaning}"
            agrees(meaning[role], expected[role])
    for role, words in expected.get("problems", {}).items():
        assert isinstance(meaning[role], Poor)
        assert words in str(meaning[role])
    surprises = set(meaning) - set(expected) - set(expected.get("problems", {}))
    assert not surprises, surprises


@pytest.mark.parametrize("case", cases(), ids=str)
def test_signs_and_bounds_hold_in_every_capture(case):
    try:
        meaning = understand(case.source, case.answers())
    except (Poor, Down):
        return
    for role, values in meaning.items():
        if isinstance(values, Poor):
            assert len(str(values)) > 10
            continue
        assert believe("grid" if role == "any" else role, values) == values
        if role in ("solar", "house"):
            assert values.watts >= 0
        if values.energy_wh is not None:
            assert values.energy_wh >= 0


@pytest.mark.parametrize("scheme", schemes())
def test_a_driver_comes_whole(scheme):
    found = driver(scheme)
    assert list((FOLDER / scheme).glob("*/expected.json")), "a driver needs a capture"
    section = re.search(rf"^## {re.escape(scheme)}$(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert section, f"docs/meters.md needs a section '## {scheme}'"
    assert found.example in section.group(1)
    for name in found.options.__dataclass_fields__:
        assert name == "path" or f"`{name}`" in section.group(1), f"option {name} is not in docs/meters.md"
    assert source(found.example).driver == found
    assert found.roles
    assert set(found.roles) <= set(ROLES)
    assert found.title[0].isupper()
    text = (ROOT / "agent" / "meters" / f"{scheme.replace('-', '_')}.py").read_text()
    for heavy in ("requests", "pymodbus", "socket", "paho", "serial", "time", "datetime.now"):
        assert not re.search(rf"^\s*(import|from) {heavy}\b", text, re.MULTILINE), f"{heavy} belongs in via/"


def test_captures_belong_to_drivers():
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} <= {*schemes(), *OTHERS}


OTHERS = {"forecast", "tariffs"}  # captures of other rooms


def test_captures_are_json():
    for path in FOLDER.glob("*/*/*.json"):
        if not path.name.startswith("broken"):
            json.loads(path.read_text())
