"""A stranger reads our OpenAPI description and tries everything that it promises (schemathesis)."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_api_keeps_every_promise_of_its_description(house, tmp_path):
    program = Path(sys.executable).with_name("schemathesis")
    with house.open_web() as server:
        done = subprocess.run(
            [program, "run", f"{server.url}/api/openapi.json", "--max-examples", "8", "--no-color"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=110,
        )
    assert done.returncode == 0, done.stdout[-6000:]
