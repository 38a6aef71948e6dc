"""One cell of a table that a spreadsheet will open."""

from __future__ import annotations


def cell(value: object) -> object:
    """The value; text that a spreadsheet would take for a formula gets a leading quote."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
