"""What each meter driver costs: `python -m benchmarks.meters`.

For each driver: milliseconds and MiB that importing it (with its transport) adds to a fresh interpreter, and
microseconds that decoding one of its captured answers takes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DECODES = 200
IMPORT = """
import importlib, json, re, sys, time
def mib(): return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
import agent.meters
before, began = mib(), time.perf_counter()
driver = agent.meters.driver(sys.argv[1])
via = agent.meters.source(driver.example).via
importlib.import_module(f"agent.meters.via.{via}")
print(json.dumps([1000 * (time.perf_counter() - began), mib() - before]))
"""


def imported(scheme: str) -> tuple[float, float]:
    """Milliseconds and MiB of a driver's import, in a process of its own; the best of three."""
    runs = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", IMPORT, scheme], cwd=ROOT, capture_output=True, text=True, check=True
        )
        runs.append(json.loads(done.stdout))
    return min(run[0] for run in runs), min(run[1] for run in runs)


def decoded(scheme: str) -> float | None:
    """Microseconds to decode one good capture, or None without one."""
    from agent.meters.values import Down, Poor
    from tests.meters.captures import cases

    for case in cases():
        if case.folder.parent.name != scheme:
            continue
        try:
            answers = case.answers()
            case.source.driver.decode(answers, case.source.options)
        except (Poor, Down):
            continue
        began = time.perf_counter()
        for _ in range(DECODES):
            case.source.driver.decode(answers, case.source.options)
        return (time.perf_counter() - began) / DECODES * 1e6
    return None


def main() -> int:
    """Print one line for each driver."""
    from agent.meters import schemes

    print(f"{'driver':<18} {'import ms':>10} {'import MiB':>11} {'decode us':>10}")
    for scheme in schemes():
        ms, mib = imported(scheme)
        us = decoded(scheme)
        print(f"{scheme:<18} {ms:>10.1f} {mib:>11.1f} {'-' if us is None else f'{us:.0f}':>10}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
