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

from agent.meters.line import NO_FILE, Source
from agent.meters.values import Down, Poor
from agent.meters.via import Answered, Problem, gather, problem
from agent.meters.via.login import Patience, TokenFile
from agent.meters.via.pages import (
    BINARY,
    Auth,
    Basic,
    Bearer,
    Digest,
    Get,
    Header,
    Login,
    Page,
    Pages,
    Password,
    Query,
)
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
        self._patience = Patience(self._auth.pause_s if isinstance(self._auth, Login) else 0.0)
        self._token_file = TokenFile(self._auth.file if isinstance(self._auth, Bearer) else NO_FILE)
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
        elif isinstance(auth, Password) and auth.password:
            self.session.auth = _AsAsked(auth.user, auth.password.value)

    def enter(self, moment: Moment) -> None:
        """Log in where that is needed, and not more often than the vendor bears."""
        if isinstance(self._auth, Bearer) and self._auth.file:
            token = self._token_file.token(self._auth.token.value)
            self.session.headers["Authorization"] = f"Bearer {token}"
        if not isinstance(self._auth, Login) or self._logged_in:
            return
        wait_s = self._patience.wait_s(moment.mono_s)
        if wait_s > 0:
            raise Down(
                f"{self._base} does not keep us logged in; not tried again for {wait_s:.0f} s, because many "
                "devices lock themselves. Check the password in credentials.env.",
                wait_s,
            )
        self._log_in(self._auth, moment)

    def _log_in(self, auth: Login, moment: Moment) -> None:
        """One log-in. Raises Down or Poor, and remembers how long to leave the device alone."""
        self.session.cookies.clear()
        self.session.headers.pop("Authorization", None)
        self._patience.unanswered(moment.mono_s)
        status, page, retry_after_s = self._request(Get(auth.path, auth.body))
        if status < 500:
            self._patience.refused(moment.mono_s, retry_after_s)
        if status in (401, 403):
            raise Down(
                f"{self._base} refuses our log-in ({status}): is the password in credentials.env right?",
                auth.pause_s,
            )
        if status == 429:
            raise Down(
                f"{self._base} has locked its log-in after too many of them (429); "
                f"not tried again for {max(auth.pause_s, retry_after_s):.0f} s.",
                max(auth.pause_s, retry_after_s),
            )
        self._check(status, auth.path, retry_after_s)
        answer = page.json() if auth.token_at else None
        if answer and (answer.find(auth.token_at) or not self.session.cookies):  # some give a cookie alone
            self.session.headers["Authorization"] = f"Bearer {answer.text(auth.token_at)}"
        self._patience.entered(moment.mono_s)
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
                self._patience.refused(moment.mono_s)
        if get.optional and status != 429 and not 200 <= status < 300:
            return  # where nothing works, the page that must be there will tell
        self._check(status, get.path, retry_after_s)
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
                encoding = BINARY if get.binary else _encoding(answer.encoding)
                body = self._body(answer, started_s + timeout_s).decode(encoding, "replace")
                retry_after = answer.headers.get("Retry-After", "")
                wait_s = min(float(retry_after), 86400.0) if retry_after.isdigit() else 0.0
                return answer.status_code, Page(body, answer.status_code), wait_s
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise self._failure(error) from None

    def _body(self, answer: Any, deadline_s: float) -> bytearray:
        body = bytearray()
        for piece in answer.iter_content(16384):
            body += piece
            if len(body) > LARGEST_BYTES:
                raise Poor(f"{self._base} answers with more than {LARGEST_BYTES >> 20} MiB.")
            if self._clock.now().mono_s > deadline_s:
                raise Down(f"{self._base} takes longer than {self._source.timeout_s:g} s for its answer.")
        return body

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


class _AsAsked(HTTPDigestAuth):
    """Digest; plainly where the device asks for that (older ones do)."""

    def handle_401(self, r: Any, **kwargs: Any) -> Any:
        """Answer the device's challenge once."""
        asked = r.headers.get("www-authenticate", "").lower()
        if not asked.startswith("basic") or "Authorization" in r.request.headers:
            return super().handle_401(r, **kwargs)  # type: ignore[no-untyped-call]
        _ = r.content  # lets the connection serve again
        r.close()
        again = HTTPBasicAuth(self.username, self.password)(r.request.copy())
        answer = r.connection.send(again, **kwargs)
        answer.history.append(r)
        answer.request = again
        return answer


def _encoding(named: str | None) -> str:
    """The encoding that an answer names, if there is such a one; UTF-8 else."""
    try:
        "".encode(named or "utf-8")
    except LookupError:
        return "utf-8"
    return named or "utf-8"
