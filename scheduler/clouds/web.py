"""How the clouds are talked to: one file that knows requests, and answers that can't surprise.

Certificates are always checked, redirects are not followed, nothing comes from the environment, and an
answer may have 2 MiB. Texts name host and path, never a query: keys live there.

What comes back becomes: no connection, timeout, 5xx: CloudDown. 401, 403, a log-in page: CloudRefused.
429: CloudBusy. Anything else that is no JSON of the right shape: CloudPoor.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from scheduler.jobs import JobFailed

# Its debug lines hold whole addresses, and in some of those a key.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

TIMEOUTS_S = (5.0, 15.0)
LARGEST_BYTES = 2 << 20


class CloudDown(JobFailed):
    """No answer, or an error of its own."""


class CloudRefused(JobFailed):
    """It does not let us in: a key, a password or a token is wrong or has ended."""


class CloudPoor(JobFailed):
    """It answered, and the answer is of no use."""


class CloudBusy(JobFailed):
    """It wants to be asked less often; `wait_s` where it says for how long."""

    def __init__(self, sentence: str, wait_s: float | None = None) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Answer:
    """One body. `json` reads it; `cookies` are all that the session now holds."""

    where: str
    text: str
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)

    def json(self) -> Tree:
        """The body as JSON. Raises CloudPoor, or CloudRefused for a page that people are to see."""
        try:
            return Tree(json.loads(self.text), self.where)
        except (ValueError, RecursionError):
            pass
        if self.text.lstrip()[:1] == "<":
            raise CloudRefused(f"{self.where} answers with a web page where data belong: are we logged out?")
        raise CloudPoor(f"{self.where} answers with something else than JSON, or with half of it.")


class Tree:
    """A piece of JSON. Every accessor raises CloudPoor and nothing else."""

    __slots__ = ("path", "value", "where")

    def __init__(self, value: Any, where: str, path: tuple[str, ...] = ()) -> None:
        self.value = value
        self.where = where
        self.path = path

    def find(self, *path: str) -> Tree | None:
        """The piece at a path, its names in any case; None where it is missing or null."""
        value = self.value
        for step in path:
            if not isinstance(value, dict):
                return None
            names = {str(name).lower(): name for name in value}
            value = value.get(names.get(step.lower()))
        return None if value is None else Tree(value, self.where, (*self.path, *path))

    def number(self, *path: str) -> float:
        """A finite number, also out of a string."""
        found = self.find(*path)
        value = None if found is None else _number(found.value)
        if value is None:
            raise CloudPoor(f"{self.where} gives no {'.'.join((*self.path, *path))}.")
        return value

    def number_or_none(self, *path: str) -> float | None:
        """A number, or None where it is missing or none."""
        found = self.find(*path)
        return None if found is None else _number(found.value)

    def text(self, *path: str) -> str:
        """A string, whole numbers written out; empty where it is missing."""
        found = self.find(*path)
        value = None if found is None else found.value
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""

    def items(self, *path: str) -> list[Tree]:
        """A list's pieces; empty for anything else."""
        found = self.find(*path)
        return (
            [Tree(one, self.where) for one in found.value] if found and isinstance(found.value, list) else []
        )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if found - found == 0 else None


class Web:
    """One visit's session. `before` is called ahead of every counted request."""

    def __init__(self, before: Callable[[], None], now: datetime) -> None:
        self._before = before
        self._now = now
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = "sunward"

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    def use_cookies(self, cookies: Mapping[str, str]) -> None:
        """Go on with a session that was kept."""
        self._session.cookies.clear()
        self._session.cookies.update(dict(cookies))

    def get(self, url: str, *, query: Mapping[str, str] | None = None, **more: Any) -> Answer:
        """Read something. Raises a Cloud... error."""
        return self.send("GET", url, query=query, **more)

    def send(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        counted: bool = True,
    ) -> Answer:
        """One request. Raises CloudDown, CloudRefused, CloudBusy or CloudPoor."""
        parts = urlsplit(url)
        where = f"{parts.netloc}{parts.path}"
        if counted:
            self._before()
        try:
            with self._session.request(
                method,
                url,
                params=query,
                data=form,
                json=body,
                headers=headers,
                auth=basic,
                timeout=TIMEOUTS_S,
                allow_redirects=False,
                stream=True,
            ) as answer:
                text = self._body(answer, where)
                self._check(answer, where)
        except requests.exceptions.SSLError:
            raise CloudDown(f"{parts.netloc} shows a certificate that can't be checked.") from None
        except requests.Timeout:
            raise CloudDown(f"{parts.netloc} did not answer in time.") from None
        except (requests.RequestException, ValueError):
            raise CloudDown(f"{parts.netloc} can't be reached: is the internet there?") from None
        return Answer(where, text, {one.name: one.value or "" for one in self._session.cookies})

    def _body(self, answer: requests.Response, where: str) -> str:
        body = bytearray()
        for piece in answer.iter_content(16384):
            body += piece
            if len(body) > LARGEST_BYTES:
                raise CloudPoor(f"{where} answers with more than {LARGEST_BYTES >> 20} MiB.")
        return body.decode("utf-8", "replace")

    def _check(self, answer: requests.Response, where: str) -> None:
        status = answer.status_code
        if status in (401, 403):
            raise CloudRefused(f"{where} refuses us ({status}).")
        if status == 429:
            wait_s = retry_after_s(answer.headers.get("Retry-After", ""), self._now)
            raise CloudBusy(f"{where} says that we ask too often (429).", wait_s)
        if 300 <= status < 400:
            raise CloudRefused(f"{where} sends us elsewhere ({status}): are we logged out?")
        if status >= 500:
            raise CloudDown(f"{where} has an error of its own ({status}).")
        if status != 200:
            raise CloudPoor(f"{where} answers with HTTP status {status}.")


def retry_after_s(text: str, now: datetime) -> float | None:
    """What a Retry-After header says, in seconds (a day at most); None where it says nothing usable."""
    if text.isascii() and text.isdigit():
        return min(float(text), 86400.0) or None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    wait_s = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(wait_s, 86400.0) if wait_s > 0 else None
