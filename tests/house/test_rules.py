"""The rules of the house, checked like everything else: lint, format, types, borders."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["importlinter.cli", "lint"],
    ],
    ids=["lint", "format", "types", "borders"],
)
def test_the_house_rule_holds(command):
    if command[0] == "importlinter.cli":
        line = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    else:
        line = [sys.executable, "-m", *command]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
