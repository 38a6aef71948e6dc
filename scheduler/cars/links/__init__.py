"""Ways to a car: one file for each scheme, imported only when a settings line names it.

To add one: a module here with `open_link(line, tools) -> Link`, its scheme and options in settings.py, and
a peer in the simulator to test it with.
"""

from __future__ import annotations

from importlib import import_module

from scheduler.cars.links.tools import Tools
from scheduler.cars.model import Link
from scheduler.cars.settings import read_line


def open_link(text: str, tools: Tools) -> Link:
    """The link of one settings line. Nothing is sent yet."""
    line = read_line(text)
    module = import_module(f"{__name__}.{line.scheme.replace('-', '_')}")
    link: Link = module.open_link(line, tools)
    return link
