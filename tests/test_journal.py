"""Log lines for systemd's journal, and for people."""

import io
import logging
import os

import pytest

from agent.journal import JournalLines, leads_to_journal


@pytest.mark.parametrize(
    ("level", "number"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3), (logging.CRITICAL, 2)],
)
def test_each_line_says_how_much_it_matters(level, number):
    record = logging.LogRecord("x", level, "f", 1, "The bus is gone.\nIt is tried %s.", ("again",), None)
    assert JournalLines().format(record) == f"<{number}>The bus is gone.\n<{number}>It is tried again."


def test_only_the_stream_that_systemd_gave_us_leads_to_the_journal(tmp_path):
    with (tmp_path / "one").open("w") as one, (tmp_path / "two").open("w") as two:
        found = os.fstat(one.fileno())
        given = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert leads_to_journal(one, given)
        assert not leads_to_journal(two, given)
        assert not leads_to_journal(one, {})
        assert not leads_to_journal(io.StringIO(), given)
