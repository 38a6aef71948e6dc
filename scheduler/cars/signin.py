"""Signing in to Tesla (OAuth 2 with PKCE, RFC 7636): the address for the browser, the pasted answer, renewal.

Two roads, with the same steps. `owner` is the app's own client: no registration, and since June 2026 a
token fetched over HTTP/1.1 is refused by the API afterwards, so it is fetched over HTTP/2 where
`httpx[http2]` is installed. `fleet` is an app that the owner registered at developer.tesla.com.

The browser ends at an address that it may not be able to open (`tesla://auth/callback?code=...`): what
counts is the address itself, pasted here. A ready refresh token from another program does as well; but
a Tesla refresh token works once, so that program is signed out by it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from scheduler.cars.model import Json, NotNow, SignInNeeded

TIMEOUT_S = 15.0
OWNER_SCOPES = "openid email offline_access"
FLEET_SCOPES = (
    "openid offline_access vehicle_device_data vehicle_charging_cmds vehicle_cmds "
    "energy_device_data energy_cmds"
)
DEAD = ("login_required", "invalid_grant", "unauthorized_client", "invalid_client")

Form = Mapping[str, str]
Post = Callable[[str, Form], tuple[int, str]]


class PasteError(ValueError):
    """What was pasted is not what is needed; the text says what is."""


@dataclass(frozen=True, slots=True)
class Road:
    """One way in. `client_secret` and `audience` only for a registered app."""

    name: str
    authorize_url: str
    token_url: str
    client_id: str
    redirect_url: str
    scopes: str
    client_secret: str = ""
    audience: str = ""


# --- by hand -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in in progress: its state and verifier belong to one address."""

    road: Road
    state: str
    verifier: str

    @classmethod
    def begin(cls, road: Road) -> Attempt:
        """A new attempt with secrets of its own."""
        return cls(road, secrets.token_urlsafe(16), secrets.token_urlsafe(48))

    @property
    def address(self) -> str:
        """What to open in a browser, on any computer or phone."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "client_id": self.road.client_id,
            "redirect_uri": self.road.redirect_url,
            "response_type": "code",
            "scope": self.road.scopes,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.road.authorize_url}?{urlencode(asked)}"

    def finish(self, pasted: str, post: Post) -> Json:
        """Tokens for a pasted address or refresh token. Raises PasteError, NotNow, SignInNeeded."""
        text = "".join(pasted.split())
        if not text:
            raise PasteError("Nothing was pasted.")
        if "?" not in text and "code=" not in text:
            return renew(self.road, refresh_token_of(text), post)
        code = code_of(text, self.state)
        form = {
            "grant_type": "authorization_code",
            "client_id": self.road.client_id,
            "client_secret": self.road.client_secret,
            "code": code,
            "code_verifier": self.verifier,
            "redirect_uri": self.road.redirect_url,
            "audience": self.road.audience,
        }
        return _tokens(self.road, form, post)


def code_of(address: str, state: str) -> str:
    """The code in the address at which the browser ended. Raises PasteError."""
    asked = parse_qs(urlsplit(address).query or address)
    if "error" in asked:
        raise PasteError(f"Tesla answered {asked['error'][0]!r}. Open the address and try once more.")
    if not asked.get("code"):
        raise PasteError("The address holds no code. Paste all of it, from its first letter to its last.")
    if asked.get("state", [state])[0] != state:
        raise PasteError(
            "That address belongs to an earlier attempt. Open the new one, and paste where it ends."
        )
    return asked["code"][0]


def refresh_token_of(text: str) -> str:
    """A pasted refresh token. Raises PasteError for what can't be one."""
    if len(text) < 20 or not re.fullmatch(r"[\w.~+/=-]+", text):
        raise PasteError(
            "That is neither the address at which the browser ended (it holds code=...) nor a refresh token."
        )
    return text


# --- by itself ---------------------------------------------------------------------------------------


def renew(road: Road, refresh_token: str, post: Post) -> Json:
    """The next pair of tokens. Raises NotNow (ask again later) or SignInNeeded (only a person can help)."""
    form = {
        "grant_type": "refresh_token",
        "client_id": road.client_id,
        "refresh_token": refresh_token,
        "scope": "" if road.audience else road.scopes,
    }
    return _tokens(road, form, post)


def _tokens(road: Road, form: Form, post: Post) -> Json:
    status, text = post(road.token_url, {name: value for name, value in form.items() if value})
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if status == 200 and isinstance(found, dict) and found.get("access_token"):
        return found
    error = str(found.get("error", "")) if isinstance(found, dict) else ""
    if error in DEAD or (status == 401 and error):
        raise SignInNeeded("Tesla does not accept the sign-in any more.")
    if isinstance(found, dict) or status >= 500:
        raise NotNow(f"Tesla's sign-in service refused it (HTTP {status}{f', {error}' if error else ''}).")
    raise NotNow(f"Tesla's sign-in service answered with a page instead of tokens (HTTP {status}).")


def post_plain(url: str, form: Form) -> tuple[int, str]:
    """POST a form over HTTP/1.1. Raises NotNow."""
    try:
        answer = requests.post(url, data=dict(form), timeout=TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as error:
        raise NotNow(f"Tesla's sign-in service can't be reached ({type(error).__name__}).") from None
    return answer.status_code, answer.text


def post_http2(url: str, form: Form) -> tuple[int, str]:
    """POST a form over HTTP/2 where the extra tesla-http2 is installed, else plainly. Raises NotNow."""
    try:
        import h2  # noqa: F401  httpx speaks HTTP/2 only with it
        import httpx
    except ImportError:
        return post_plain(url, form)
    try:
        with httpx.Client(http2=True, timeout=TIMEOUT_S) as client:
            answer = client.post(url, data=dict(form))
    except httpx.HTTPError as error:
        raise NotNow(f"Tesla's sign-in service can't be reached ({type(error).__name__}).") from None
    return answer.status_code, answer.text
