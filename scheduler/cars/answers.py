"""What an HTTP answer of a car's cloud means: its content, or one of the ways in which it went wrong. Pure.

| status | meaning | raised |
|---|---|---|
| 401 | token expired or revoked; sign-in over; mobile access off | TokenRefused, SignInNeeded, Refused |
| 403 | commands must be signed; scope missing; road closed; over the limit | Refused, NotNow |
| 404, 405 | no such car for this account; in service | Refused, NotNow |
| 408 | asleep or offline | Asleep |
| 412 | the app isn't registered in this region | Refused |
| 421 | the account lives in another region | ElsewhereError |
| 423, 451 | locked, privacy | Refused |
| 429 | too many calls: Retry-After, or the rate limit's reset | NotNow |
| 5xx | trouble over there; a command may have happened | NotNow, Unsure |
| 200 with `result: false` | the car's own no | CarSaysNo |

(Tesla Fleet API, response codes; the commands' reasons from vehicle-command and years of issue threads.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from scheduler.cars.model import (
    Asleep,
    CarError,
    CarSaysNo,
    ElsewhereError,
    NotNow,
    Refused,
    SignInNeeded,
    Unsure,
)

LEAST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 24 * 3600.0
OVER_LIMIT_PAUSE_S = 3600.0
IN_SERVICE_PAUSE_S = 3600.0
AS_GOOD_AS_DONE = frozenset(
    {"is_charging", "charging", "requested", "complete", "not_charging", "already_set", "already_standard"}
)
_URL = re.compile(r"https?://[\w.:-]+")


class TokenRefused(CarError):
    """The access token is not taken: another one may be."""


def content(status: int, headers: Mapping[str, str], text: str, *, command: bool = False) -> Any:
    """The `response` of an answer. Raises CarError."""
    found = _json(text)
    if 200 <= status < 300:
        if not isinstance(found, dict) or "response" not in found:
            raise _trouble("answered something that is no answer (a page of a proxy?)", command)
        return _checked(found["response"])
    raise error_of(status, headers, found, text, command=command)


def _checked(response: Any) -> Any:
    """The answer, unless the car itself says no in it."""
    if isinstance(response, dict) and response.get("result") is False:
        reason = str(response.get("reason", "")).rpartition(": ")[2].strip().rstrip(".")
        if reason not in AS_GOOD_AS_DONE:
            raise CarSaysNo(f"The car refused it: {reason or 'it does not say why'}.", reason)
    return response


def error_of(
    status: int, headers: Mapping[str, str], found: Any, text: str, *, command: bool = False
) -> CarError:
    """The error that an answer of 300 and above means."""
    says = _says(found) or ("" if _is_page(text) else " ".join(text.split())[:200])
    low = says.lower()
    if status < 400 or (_is_page(text) and 400 <= status < 500 and status not in (401, 408, 429)):
        return _trouble(f"answered with a page for people (HTTP {status})", command)
    if status == 401:
        return _unauthorized(low)
    if status == 403:
        return _forbidden(low, says)
    if status == 408 or "offline or asleep" in low or "vehicle unavailable" in low:
        return Asleep("The car sleeps, or has no connection.")
    if status == 421 and (url := _URL.search(says)):
        return ElsewhereError("The account lives in another region.", url[0])
    if status == 429:
        return NotNow("Tesla asks for a pause: too many calls.", _pause_s(headers), everything=True)
    if status == 405:
        return NotNow("The car is in service.", IN_SERVICE_PAUSE_S)
    if status >= 500:
        return _trouble(f"has trouble (HTTP {status}{f': {says}' if says else ''})", command)
    return _refused(status, says)


def _unauthorized(low: str) -> CarError:
    if "mobile_access" in low or "mobile access" in low:
        return Refused(
            "Mobile access is switched off in the car: Controls > Safety > Allow Mobile Access.", "car"
        )
    if "login_required" in low:
        return SignInNeeded("Tesla wants you to sign in again.")
    return TokenRefused("Tesla does not take the token.")


def _forbidden(low: str, says: str) -> CarError:
    if "exceeded_limit" in low:
        return NotNow(
            "The Tesla account is over its spending limit: see developer.tesla.com.",
            OVER_LIMIT_PAUSE_S,
            everything=True,
        )
    if "command protocol" in low:
        return Refused(
            "This car takes only signed commands: use fleet-proxy:// or ble:// for them (docs/cars.md).",
            "signing",
        )
    if "scope" in low:
        return Refused(
            "The sign-in does not allow this. Tick every box: ./sunward scheduler login fleet",
            "scope",
        )
    if "fleet-api" in low:
        return Refused(
            "Tesla refuses this way in (Owner API): use fleet://, or see docs/cars.md about HTTP/2.",
            "road",
        )
    return Refused(f"Tesla refuses it: {says or 'it does not say why'}.", "account")


def _refused(status: int, says: str) -> CarError:
    if status == 404:
        return Refused("Tesla knows no such car in this account. Is the VIN right?", "gone")
    if status == 412:
        return Refused("Your app isn't registered in this region: do step 3 of docs/cars.md.", "region")
    if status in (423, 451):
        return Refused("The car is locked for apps (privacy, or its maker).", "car")
    return Refused(f"Tesla refuses it (HTTP {status}{f': {says}' if says else ''}).", "request")


def _trouble(what: str, command: bool) -> NotNow:
    kind = Unsure if command else NotNow
    return kind(f"The car's cloud {what}.", LEAST_PAUSE_S)


def _pause_s(headers: Mapping[str, str]) -> float:
    """How long to be quiet: what Retry-After or the rate limit's reset says, never less than a minute."""
    said = [headers.get("Retry-After", "")]
    said += [value for name, value in headers.items() if re.fullmatch(r"(?i)ratelimit-.*reset", name)]
    numbers = [float(text) for text in said if re.fullmatch(r"\d{1,7}(\.\d+)?", text.strip())]
    return min(max([LEAST_PAUSE_S, *numbers]), LONGEST_PAUSE_S)


def _says(found: Any) -> str:
    if not isinstance(found, dict):
        return ""
    said = [found.get(key) for key in ("error", "error_description", "message", "reason")]
    inner = found.get("response")
    said += [inner.get("reason")] if isinstance(inner, dict) else [inner]
    return ". ".join(text for text in said if isinstance(text, str) and text)


def _is_page(text: str) -> bool:
    return text.lstrip()[:1] == "<"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
