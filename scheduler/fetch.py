"""Reading public services over HTTPS: one question, one answer, and each failure as a sentence.

Addresses and headers may hold keys, so nothing of a question but its host's name is ever shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import requests

TIMEOUTS_S = (5.0, 20.0)  # to connect, to answer
MOST_BYTES = 4_000_000
AGENT = "sunward (home charging; one or two requests a day)"
LONGEST_REST_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. `json` makes it a POST's body."""

    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = None
    method: Literal["GET", "POST"] = "GET"


class FetchFailed(Exception):
    """No useful answer; the text is a sentence. `rest_s`: how long the service asked to be left alone."""

    def __init__(self, sentence: str, rest_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.rest_s = rest_s


class KeyRefused(FetchFailed):
    """The key is wrong, or not good for this."""


class BadAnswer(FetchFailed):
    """It answered, but not what it should."""


def fetch(ask: Ask) -> str:
    """The answer's text; empty where the service says that there is nothing yet. Raises FetchFailed."""
    host = urlsplit(ask.url).hostname
    try:
        with requests.request(
            ask.method,
            ask.url,
            params=dict(ask.query),
            headers={"User-Agent": AGENT, **ask.headers},
            json=ask.json,
            timeout=TIMEOUTS_S,
            stream=True,
        ) as answer:
            body = answer.raw.read(MOST_BYTES + 1, decode_content=True)
            status, rest = answer.status_code, answer.headers.get("Retry-After", "")
    except requests.Timeout:
        raise FetchFailed(f"{host} does not answer in time.") from None
    except (requests.RequestException, OSError, ValueError):
        raise FetchFailed(f"{host} can't be reached.") from None
    if status in (401, 403):
        raise KeyRefused(f"{host} refuses the key (HTTP {status}). Look at credentials.env.", 3600.0)
    if status == 429:
        asked_s = float(rest) if rest.isdecimal() else 0.0
        raise FetchFailed(f"{host} asks for patience (HTTP 429).", min(max(asked_s, 900.0), LONGEST_REST_S))
    if status == 204:
        return ""
    if status != 200:
        raise FetchFailed(f"{host} answers HTTP {status}.")
    if len(body) > MOST_BYTES:
        raise BadAnswer(f"{host} answers more than {MOST_BYTES // 1_000_000} MB.")
    return str(body, "utf-8", "replace")
