"""The demo's letters on a page: read by a person, and never by what a letter brings along."""

import urllib.error
import urllib.request
from datetime import datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from simulator.fast_clock import FastClock
from simulator.letters_page import LettersPage
from simulator.mailbox import Mailbox

BERLIN = ZoneInfo("Europe/Berlin")


def letter(subject, text="Blue has charged.\n", html="<p>Blue has charged.</p>", number=1):
    mail = EmailMessage()
    mail["Subject"], mail["Message-ID"] = subject, f"<{number}@demo.example>"
    mail["Date"] = datetime(2026, 6, 10, 10, 21, tzinfo=BERLIN)
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def page(mailbox):
    clock = FastClock(datetime(2026, 6, 10, 10, 20, tzinfo=BERLIN), 1.0)
    found = LettersPage(mailbox, clock, "http://127.0.0.1:0/").start()
    yield found
    found.stop()


def get(page, path="/", host=None, method="GET"):
    asked = urllib.request.Request(page.url + path, method=method, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def test_an_empty_mailbox_says_when_the_first_one_comes(page):
    status, _, body = get(page)
    assert status == 200
    assert "None yet" in body
    assert 'http-equiv="refresh"' in body


def test_letters_stand_newest_first_and_open(page, mailbox):
    mailbox.put(letter("First", number=1), "home@demo.example", "you@demo.example")
    mailbox.put(letter("Second", number=2), "home@demo.example", "you@demo.example")
    body = get(page)[2]
    assert body.index("Second") < body.index("First")
    assert "Wed 10:21" in body
    opened = get(page, "/letters/2")[2]
    assert '<iframe sandbox title="Second" src="/letters/2/body">' in opened
    assert get(page, "/letters/2/body")[2].strip() == "<p>Blue has charged.</p>"
    assert "<pre>Blue has charged." in get(page, "/letters/2/text")[2]


def test_nothing_in_a_letter_can_run_load_or_leave(page, mailbox):
    mailbox.put(letter("<script>alert(1)</script>", "<b>", "<script>alert(2)</script>"), "<a@b>", "c@d")
    for path in ("/", "/letters/1", "/letters/1/text"):
        _, headers, body = get(page, path)
        assert "<script>" not in body
        assert "script-src" not in headers["Content-Security-Policy"]
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    policy = get(page, "/letters/1/body")[1]["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8081", "192.168.0.9:8081"])
def test_a_page_of_another_name_gets_nothing(page, host):
    assert get(page, host=host)[0] == 403


@pytest.mark.parametrize("path", ["/letters/9", "/letters/", "/letters/1/raw", "/etc/passwd", "/../"])
def test_what_is_not_there_is_said(page, mailbox, path):
    mailbox.put(letter("One"), "a@b", "c@d")
    status, _, body = get(page, path)
    assert (status, "No such letter" in body) == (404, True)


def test_there_is_nothing_to_change(page):
    assert get(page, method="POST")[0] == 405


def test_it_stands_beside_the_house_or_where_there_is_room(mailbox, page):
    clock = FastClock(datetime(2026, 6, 10, 10, 20, tzinfo=BERLIN), 1.0)
    taken = int(page.url.rpartition(":")[2])
    other = LettersPage(mailbox, clock, f"http://127.0.0.1:{taken - 1}/").start()
    try:
        assert other.url != page.url
        assert get(other)[0] == 200
    finally:
        other.stop()
