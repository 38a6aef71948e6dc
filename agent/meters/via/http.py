"""HTTP: the only file of the agent that knows requests.

One session per source and thread; no proxies, no .netrc, nothing from the environment. A body may be
2 MiB and must have come within the line's timeout, drip by drip or not. Addresses are told without their
query, so that no key in it can leak; what a library says of an error is never passed on.

What is seen becomes: refused, no route, timeout, 401, 403, 429, 5xx: down. 404, redirects, a web page
where JSON belongs, a body cut short: poor.
"""

from __future__ import annotations

import warnings
from typing import Any

import requests
from requests.auth import HTTPBasicAuth, HTTPDigestAuth
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from agent.meters.line import Source
from agent.meters.values import Down, Poor
from agent.meters.via import Answered, Problem, gather, problem
from agent.meters.via.pages import Auth, Basic, Bearer, Digest, Get, Header, Login, Page, Pages, Query
from scheduler.clock import Clock, Moment

LARGEST_BYTES = 2 << 20
RATE_PAUSE_S = 300.0
REFUSED_PAUSE_S = 60.0
CUT_SHORT = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)

# Self-signed certificates are what devices in a home have: the line says `tls=unverified`, that is enough.
warnings.filterwarnings("ignore", category=InsecureRequestWarning)


def open_line(source: Source, clock: Clock) -> HttpLine:
    """The line to a source's endpoint."""
    return HttpLine(clock)


class HttpLine:
    """All sources of one host and port, each with a session of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._visits: dict[Source, _Visit] = {}

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """Get what the source's driver wants; the answers are Pages."""
        visit = self._visits.get(source)
        if visit is None:
            visit = self._visits[source] = _Visit(source, self._clock)
        answers = visit.kept.kept()
        try:
            visit.enter(moment)
            gather(
                lambda: source.driver.ask(source.options, answers),
                lambda get: visit.fetch(get, answers, moment),
                answers.asked,
            )
        except (Poor, Down) as error:
            visit.kept = Pages()
            return problem(error)
        visit.kept = answers
        return Answered(answers, moment.mono_s)

    def close(self) -> None:
        """Close all sessions."""
        for visit in self._visits.values():
            visit.session.close()
        self._visits.clear()


class _Visit:
    """One source's session: its cookies, its token, when it last logged in."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.max_redirects = 3
        self.session.headers["User-Agent"] = "sunward"
        self.kept = Pages()
        self._source = source
        self._clock = clock
        self._tls = getattr(source.options, "tls", "off")
        host = f"[{source.host}]" if ":" in source.host else source.host
        port = f":{source.port}" if source.port else ""
        self._base = f"{'http' if self._tls == 'off' else 'https'}://{host}{port}"
        self._auth: Auth | None = source.driver.auth(source.options) if source.driver.auth else None
        self._query: dict[str, str] = {}
        self._next_login_s: float | None = None
        self._logged_in = False
        self._apply(self._auth)

    def _apply(self, auth: Auth | None) -> None:
        if isinstance(auth, Bearer) and auth.token:
            self.session.headers["Authorization"] = f"Bearer {auth.token.value}"
        elif isinstance(auth, Header) and auth.key:
            self.session.headers[auth.name] = auth.key.value
        elif isinstance(auth, Query):
            self._query = {name: key.value for name, key in auth.keys if key}
        elif isinstance(auth, Basic) and auth.password:
            self.session.auth = HTTPBasicAuth(auth.user, auth.password.value)
        elif isinstance(auth, Digest) and auth.password:
            self.session.auth = HTTPDigestAuth(auth.user, auth.password.value)

    def enter(self, moment: Moment) -> None:
        """Log in where that is needed, and not more often than the vendor bears."""
        if not isinstance(self._auth, Login) or self._logged_in:
            return
        if self._next_login_s is not None and moment.mono_s < self._next_login_s:
            wait_s = self._next_login_s - moment.mono_s
            raise Down(
                f"{self._base} refused our log-in; not tried again for {wait_s:.0f} s, because many "
                "devices lock themselves. Check the password in credentials.env.",
                wait_s,
            )
        self._next_login_s = moment.mono_s + self._auth.pause_s
        self.session.cookies.clear()
        self.session.headers.pop("Authorization", None)
        status, page, _ = self._request(Get(self._auth.path, self._auth.body))
        if status in (401, 403):
            raise Down(
                f"{self._base} refuses our log-in ({status}): is the password in credentials.env right?",
                self._auth.pause_s,
            )
        self._check(status, self._auth.path, 0.0)
        if self._auth.token_at:
            token = page.json().text(self._auth.token_at)
            self.session.headers["Authorization"] = f"Bearer {token}"
        self._logged_in = True

    def fetch(self, get: Get, answers: Pages, moment: Moment) -> None:
        """One request, with one new log-in after a refusal."""
        status, page, retry_after_s = self._request(get)
        if status in (401, 403) and isinstance(self._auth, Login) and not get.optional:
            self._logged_in = False
            self.enter(moment)
            status, page, retry_after_s = self._request(get)
            if status in (401, 403):
                self._logged_in = False
        try:
            self._check(status, get.path, retry_after_s)
        except Poor:
            if not get.optional:
                raise
            return
        answers.add(get, page)

    def _check(self, status: int, path: str, retry_after_s: float) -> None:
        where = f"{self._base}{path.partition('?')[0]}"
        if status in (401, 403):
            what = "refuses us" if self._auth else "wants a password or a token"
            raise Down(
                f"{where} {what} ({status}): is its access switched on, and is the secret in "
                "credentials.env right and not expired?",
                REFUSED_PAUSE_S,
            )
        if status == 429:
            raise Down(f"{where} says that we ask too often (429).", retry_after_s or RATE_PAUSE_S)
        if status >= 500:
            raise Down(f"{where} has an error of its own ({status}).", retry_after_s)
        if status == 404:
            raise Poor(f"{where} does not exist there (404): is this the right device, and its access on?")
        if not 200 <= status < 300:
            raise Poor(f"{where} answers with HTTP status {status}.")

    def _request(self, get: Get) -> tuple[int, Page, float]:
        """Status, body, and how long the device wants to be left alone. Raises Down or Poor."""
        started_s = self._clock.now().mono_s
        timeout_s = self._source.timeout_s
        headers = dict(get.headers)
        if get.body:
            headers.setdefault("Content-Type", "application/json")
        try:
            with self.session.request(
                "POST" if get.body else "GET",
                self._base + get.path,
                params=self._query or None,
                data=get.body.encode() or None,
                headers=headers,
                timeout=(min(timeout_s, 3.0), timeout_s),
                verify=self._tls != "unverified",
                stream=True,
            ) as answer:
                body = self._body(answer, started_s + timeout_s)
                retry_after = answer.headers.get("Retry-After", "")
                wait_s = min(float(retry_after), 86400.0) if retry_after.isdigit() else 0.0
                return answer.status_code, Page(body, answer.status_code), wait_s
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise self._failure(error) from None

    def _body(self, answer: Any, deadline_s: float) -> str:
        body = bytearray()
        for piece in answer.iter_content(16384):
            body += piece
            if len(body) > LARGEST_BYTES:
                raise Poor(f"{self._base} answers with more than {LARGEST_BYTES >> 20} MiB.")
            if self._clock.now().mono_s > deadline_s:
                raise Down(f"{self._base} takes longer than {self._source.timeout_s:g} s for its answer.")
        return body.decode(_encoding(answer.encoding), "replace")

    def _failure(self, error: Exception) -> Poor | Down:
        base = self._base
        if isinstance(error, requests.exceptions.SSLError):
            return Down(f"{base} shows a certificate that can't be checked: add tls=unverified to its line.")
        if isinstance(error, requests.TooManyRedirects):
            return Poor(f"{base} sends us round in circles.")
        if isinstance(error, requests.Timeout):
            return Down(f"{base} did not answer within {self._source.timeout_s:g} s.")
        if isinstance(error, CUT_SHORT):
            return Poor(f"{base} cut its answer short.")
        if isinstance(error, requests.ConnectionError):
            return Down(f"{base} can't be reached: is it on, and is the address right?")
        return Down(f"{base} broke off ({type(error).__name__}).")


def _encoding(named: str | None) -> str:
    """The encoding that an answer names, if there is such a one; UTF-8 else."""
    try:
        "".encode(named or "utf-8")
    except LookupError:
        return "utf-8"
    return named or "utf-8"
