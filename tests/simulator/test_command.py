"""`python -m simulator`, and what its README shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.__main__ import try_seeds, write_days
from simulator.weather import DAYS

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "simulator/README.md").read_text(), re.DOTALL)


def test_days_are_written(tmp_path):
    write_days(tmp_path / "new")
    assert sorted(path.stem for path in (tmp_path / "new").iterdir()) == sorted(DAYS)


def test_seeds_are_lived_and_counted(capsys):
    assert try_seeds(0, 2, 60) == 0
    assert "2 houses, 60 s each: 0 broke a rule" in capsys.readouterr().out


@pytest.mark.parametrize("example", EXAMPLES, ids=["stepped", "port"])
def test_the_readme_s_examples_run(example):
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
