"""Log lines for systemd's journal, and for people."""

import io
import logging
import os
import sys

import pytest

from agent.journal import JournalLines, Lines, leads_to_journal


@pytest.mark.parametrize(
    ("level", "number"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3), (logging.CRITICAL, 2)],
)
def test_each_line_says_how_much_it_matters(level, number):
    record = logging.LogRecord("x", level, "f", 1, "The bus is gone. It is tried %s.", ("again",), None)
    record.exc_text = "Traceback:\n  ..."
    lines = ("The bus is gone. It is tried again.", "Traceback:", "  ...")
    assert JournalLines().format(record) == "\n".join(f"<{number}>{line}" for line in lines)


@pytest.mark.parametrize("form", [Lines("%(message)s"), JournalLines()])
def test_nobody_writes_a_line_of_their_own(form):
    name = "Comet\n<0>The house burns.\r\x1b[2J\u202e\u2028 Käfer 🚗"
    record = logging.LogRecord("x", logging.INFO, "f", 1, "The car %s is told.", (name,), None)
    told = form.format(record).removeprefix("<6>")
    written = r"The car Comet\n<0>The house burns.\r\x1b[2J\u202e\u2028 Käfer 🚗 is told."
    assert told == written


def test_only_the_stream_that_systemd_gave_us_leads_to_the_journal(tmp_path):
    with (tmp_path / "one").open("w") as one, (tmp_path / "two").open("w") as two:
        found = os.fstat(one.fileno())
        given = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert leads_to_journal(one, given)
        assert not leads_to_journal(two, given)
        assert not leads_to_journal(one, {})
        assert not leads_to_journal(io.StringIO(), given)


def test_a_traceback_quotes_no_secret():
    try:
        raise OSError("GET http://anna:hunter2@10.0.0.9/x?site=1&token=purple failed")
    except OSError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "A part stopped.", (), sys.exc_info())
    told = Lines().format(record)
    assert "site=1" in told
    assert "hunter2" not in told
    assert "purple" not in told
