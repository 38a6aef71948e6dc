"""The demo's letters in a real browser: phone and desktop, both themes, and a letter that means ill."""

from datetime import datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import sync_playwright

from simulator.clouds.web import Answer, WebPeer
from simulator.fast_clock import FastClock
from simulator.letters_page import LettersPage
from simulator.mailbox import Mailbox
from tests.conftest import CHROMIUM_ARGUMENTS, need

NOON = datetime(2026, 6, 10, 12, tzinfo=ZoneInfo("Europe/Berlin"))
LONG = "Demo house: " + "x" * 60 + " a subject that is longer than any phone is wide, and goes on"
EVIL = """<p id="body">Blue has charged.</p>
<script>document.getElementById("body").textContent = "taken over"; top.location = "THERE/"</script>
<img src="THERE/pixel.png"><a href="THERE/" target="_top">leave</a>"""


@pytest.fixture
def browser():
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=need("chromium"), args=CHROMIUM_ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def elsewhere():
    """Whom an evil letter would like to reach; it keeps what was asked."""
    asked = []

    def answer(request):
        asked.append(request.path)
        return Answer("you should not be here")

    peer = WebPeer(answer).start()
    peer.asked = asked
    yield peer
    peer.stop()


@pytest.fixture
def letters(elsewhere):
    mailbox = Mailbox()
    mail = EmailMessage()
    mail["Subject"], mail["Message-ID"], mail["Date"] = LONG, "<1@demo.example>", NOON
    mail.set_content("Blue has charged.\n")
    mail.add_alternative(EVIL.replace("THERE", elsewhere.url), subtype="html")
    mailbox.put(mail.as_bytes(), "home@demo.example", "you@demo.example")
    page = LettersPage(mailbox, FastClock(NOON, 1.0), "http://127.0.0.1:0/").start()
    yield page
    page.stop()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(360, 640), (1280, 800)])
def test_a_letter_is_read_and_can_do_nothing(browser, letters, elsewhere, size, scheme):
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page.goto(letters.url)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(16, 20, 24)" if scheme == "dark" else "rgb(245, 243, 238)"), "the style is let in"
    page.get_by_text("Demo house").click()
    frame = page.frame_locator("iframe")
    frame.get_by_text("Blue has charged.").wait_for()
    frame.get_by_text("leave").click()
    page.wait_for_load_state("networkidle")
    assert page.url == f"{letters.url}/letters/1"
    assert frame.locator("#body").inner_text() == "Blue has charged."
    assert elsewhere.asked == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    page.get_by_text("As plain text").click()
    page.get_by_text("Blue has charged.").wait_for()
    page.get_by_text("All letters").click()
    page.get_by_text("one letter, newest first").wait_for()
