"""The demo's letters on a page: a list, and each letter as its reader would see it.

No script at all. A letter's HTML is shown in a frame with a sandbox of its own, which may neither run, load,
send nor leave anything; it is somebody else's text.
"""

from __future__ import annotations

import base64
import hashlib
from email.utils import parsedate_to_datetime
from html import escape
from urllib.parse import urlsplit

from simulator.clouds.web import Answer, Request, WebPeer
from simulator.fast_clock import FastClock
from simulator.mailbox import Mail, Mailbox

LOOK_AGAIN_S = 5
HERE = ("127.0.0.1", "localhost", "[::1]")
STYLE = """
:root { color-scheme: light dark; --paper: #f5f3ee; --card: #fff; --ink: #1c2530; --quiet: #5a6675;
  --edge: #e2ded5; --car: #0f9c8a; --link: #0a6e61; }
@media (prefers-color-scheme: dark) { :root { --paper: #101418; --card: #1a2129; --ink: #eef2f6;
  --quiet: #9aa8b7; --edge: #2b3540; --car: #2cc3ad; --link: #5fe0cd; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); min-height: 100dvh; display: flex;
  flex-direction: column;
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header, main { width: 100%; max-width: 720px; margin: 0 auto; padding: 14px; }
header { display: flex; align-items: baseline; justify-content: space-between; gap: 0 14px; }
h1 { margin: 0; font-size: 1.25rem; overflow-wrap: anywhere; }
.one header { flex-direction: column-reverse; padding-bottom: 4px; }
.one h1 { font-size: 1.1rem; line-height: 1.35; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--car); outline-offset: 2px; }
.go { white-space: nowrap; padding: 10px 0; }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 10px; }
.letter { display: block; padding: 12px 16px; border: 1px solid var(--edge); border-radius: 14px;
  background: var(--card); color: inherit; text-decoration: none; }
.letter:hover { border-color: var(--car); }
.letter b { display: block; font-weight: 600; line-height: 1.35; }
main > .quiet { margin: 0 0 12px; }
.quiet { color: var(--quiet); font-size: .875rem; }
.whole > .quiet { margin: 0; }
.whole { flex: 1; display: flex; flex-direction: column; gap: 10px; padding-top: 0; }
iframe { flex: 1; width: 100%; min-height: 320px; border: 1px solid var(--edge); border-radius: 14px;
  background: var(--card); }
pre { margin: 0; padding: 16px; border: 1px solid var(--edge); border-radius: 14px; background: var(--card);
  white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }
"""
SEAL = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
COMMON = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
OWN = COMMON | {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{SEAL}'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
SOMEBODYS = COMMON | {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
}


class LettersPage:
    """The page, from `start` to `stop`: beside the house's own page, at the next free port."""

    def __init__(self, mailbox: Mailbox, clock: FastClock, house_url: str) -> None:
        self._mailbox, self._clock, self._house_url = mailbox, clock, house_url
        port = urlsplit(house_url).port or 0
        try:
            self._web = WebPeer(self._answer, port=port + 1 if port else 0)
        except (OSError, OverflowError):
            self._web = WebPeer(self._answer)

    @property
    def url(self) -> str:
        """Where it is."""
        return self._web.url

    def start(self, house_url: str = "") -> LettersPage:
        """Begin to answer. `house_url`: the house's own page, where its port was not known before."""
        self._house_url = house_url or self._house_url
        self._web.start()
        return self

    def stop(self) -> None:
        """Close the port."""
        self._web.stop()

    def _answer(self, request: Request) -> Answer:
        host = request.headers.get("Host", "").rpartition(":")[0] or request.headers.get("Host", "")
        if host not in HERE:
            return Answer("This page is for this computer only.", 403, COMMON)
        if request.method != "GET":
            return Answer("There is nothing to change here.", 405, COMMON)
        if request.path == "/":
            return Answer(self._list(), 200, OWN)
        number, _, form = request.path.removeprefix("/letters/").partition("/")
        mail = next((one for one in self._mailbox.letters() if str(one.number) == number), None)
        if mail is None or form not in ("", "text", "body"):
            return Answer(self._page("No such letter", '<p class="quiet">It may be too old.</p>'), 404, OWN)
        if form == "body":
            return Answer(mail.html, 200, SOMEBODYS)
        return Answer(self._letter(mail, as_text=form == "text"), 200, OWN)

    def _list(self) -> str:
        letters = self._mailbox.letters()
        rows = "".join(f"<li>{self._row(mail)}</li>" for mail in reversed(letters))
        wait = (
            '<p class="quiet">None yet. The first one comes within two minutes of the house\'s time: '
            "news gather for half a minute, so that a burst is one letter.</p>"
        )
        count = "one letter" if len(letters) == 1 else f"{len(letters)} letters"
        says = (
            f'<p class="quiet">{count}, newest first; it is {self._clock.now().wall:%H:%M} in the house</p>'
        )
        home = f'<a class="go" href="{escape(self._house_url)}">The house</a>'
        body = f"{says}<ol>{rows}</ol>" if letters else wait
        return self._page("Letters", f"<main>{body}</main>", home, again_s=LOOK_AGAIN_S)

    def _row(self, mail: Mail) -> str:
        return (
            f'<a class="letter" href="/letters/{mail.number}"><span class="quiet">{self._when(mail)}</span>'
            f"<b>{escape(mail.subject)}</b></a>"
        )

    def _letter(self, mail: Mail, *, as_text: bool) -> str:
        other = "" if as_text else "/text"
        switch = f'<a href="/letters/{mail.number}{other}">{"As HTML" if as_text else "As plain text"}</a>'
        about = f"{self._when(mail)}, from {escape(mail.sender)} to {escape(mail.to)}"
        body = f"<pre>{escape(mail.text)}</pre>"
        if mail.html and not as_text:
            body = (
                f'<iframe sandbox title="{escape(mail.subject)}" src="/letters/{mail.number}/body"></iframe>'
            )
        home = '<a class="go" href="/">All letters</a>'
        main = f'<main class="whole"><p class="quiet">{about}. {switch}</p>{body}</main>'
        return self._page(mail.subject, main, home, kind="one")

    def _when(self, mail: Mail) -> str:
        try:
            moment = parsedate_to_datetime(mail.date)
        except ValueError:
            return ""
        return f"{moment.astimezone(self._clock.wall.tzinfo):%a %H:%M}"

    def _page(self, title: str, body: str, link: str = "", *, again_s: int = 0, kind: str = "many") -> str:
        again = f'<meta http-equiv="refresh" content="{again_s}">' if again_s else ""
        return (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"{again}<title>{escape(title)}</title><style>{STYLE}</style></head>"
            f'<body class="{kind}"><header><h1>{escape(title)}</h1>{link}</header>{body}</body></html>'
        )
