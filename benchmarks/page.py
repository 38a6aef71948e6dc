"""How soon the page is there: `python -m benchmarks.page` (needs Debian's chromium).

The demo house's page in a headless Chromium with an empty cache: bytes of the first load, and milliseconds
to the first paint and to live numbers, the median of nine loads.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.doors import free_port
from tests.conftest import CHROMIUM_ARGUMENTS, need

ROOT = Path(__file__).parents[1]
LOADS = 9
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
BYTES = "performance.getEntriesByType('resource').reduce((all, one) => all + one.decodedBodySize, 0)"


def main() -> int:
    """Print the figures."""
    port = free_port()
    demo = subprocess.Popen(
        [sys.executable, "-m", "simulator", "demo", "--listen", f"127.0.0.1:{port}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    paints, lives, sizes = [], [], []
    try:
        assert demo.stdout is not None
        demo.stdout.readline()
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=need("chromium"), args=CHROMIUM_ARGUMENTS)
            for _ in range(LOADS):
                page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
                page.goto(f"http://127.0.0.1:{port}")
                page.wait_for_selector("[data-quality=live]")
                lives.append(page.evaluate("performance.now()"))
                paints.append(page.evaluate(PAINT))
                sizes.append(page.evaluate(BYTES))
                page.close()
            browser.close()
    finally:
        demo.terminate()
        demo.wait(10)
    print(f"first load      {max(sizes) / 1000:.0f} KB   under 150")
    print(f"first paint     {statistics.median(paints):.0f} ms   under 1000")
    print(f"live numbers    {statistics.median(lives):.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
