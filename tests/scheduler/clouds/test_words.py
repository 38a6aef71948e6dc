"""Every setting and secret of the clouds stands where people look for it."""

import tomllib
from pathlib import Path

import pytest

from scheduler.clouds.settings import CloudsSettings

ROOT = Path(__file__).parents[3]
SECTIONS = {
    name: next(kind for kind in field.annotation.__args__ if kind is not type(None))
    for name, field in CloudsSettings.model_fields.items()
}


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_a_cloud_is_documented(name):
    manual = (ROOT / "docs" / "meters.md").read_text()
    example = (ROOT / "sunward.example.toml").read_text()
    secrets = (ROOT / "credentials.example.env").read_text()
    assert f"[clouds.{name}]" in manual
    assert f"# [clouds.{name}]" in example
    for setting in SECTIONS[name].model_fields:
        assert f"`{setting}`" in manual, setting
        assert f"# {setting} = " in example, setting
    for secret in SECTIONS[name].SECRETS:
        assert f"`{secret}`" in manual
        assert secret in example
        assert f"# {secret}=\n" in secrets


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_the_examples_are_the_defaults(name):
    example = (ROOT / "sunward.example.toml").read_text()
    block = example.partition(f"# [clouds.{name}]")[2].partition("\n\n")[0]
    table = tomllib.loads("\n".join(line.removeprefix("# ") for line in block.splitlines()[1:]))
    assert SECTIONS[name].model_validate(table)
    for setting, value in table.items():
        default = SECTIONS[name].model_fields[setting]
        if not default.is_required() and setting != "roles":
            assert value == default.get_default(), setting
