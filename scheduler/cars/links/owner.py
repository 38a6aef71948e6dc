"""Tesla's Owner API through teslapy: no registration and no bill, and closed to commands for most cars.

teslapy has habits that a program which runs for years can't have, so it is imported only here, only when
a settings line says `owner://`, and used through a small subclass:

* importing it allows OAuth over plain HTTP for the whole process and silences warnings: the environment
  is put back as it was;
* its renewals have no time-out and race each other: ours (tokens.py) is used instead, and it never sees
  when a token ends;
* it keeps its API address in a global: every address is made whole before it looks;
* its `Vehicle` asks the car for data when a key is missing: only `api()` is called.

Tesla also refuses tokens that were fetched over HTTP/1.1 (403 with a link to the Fleet API): see signin.py.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from scheduler.cars.answers import TokenRefused, content, error_of
from scheduler.cars.links.fleet import ENDPOINTS, VALUES, table
from scheduler.cars.links.tools import Tools, owner_base, sso_base
from scheduler.cars.meaning import charge_reading
from scheduler.cars.model import ChargeReading, Command, NotNow, Refused, Unsure
from scheduler.cars.settings import Line

INSECURE = "OAUTHLIB_INSECURE_TRANSPORT"
TIMEOUT_S = 15.0
NAMES = {
    "start": "START_CHARGE",
    "stop": "STOP_CHARGE",
    "set_amps": "CHARGING_AMPS",
    "set_limit": "CHANGE_CHARGE_LIMIT",
}


def session_for(base: str, sso: str, token: str) -> Any:
    """A teslapy session that is safe to use for one call after another, with one access token."""
    with _environment_as_it_was(), warnings.catch_warnings():
        import teslapy

    class SafeTesla(teslapy.Tesla):  # type: ignore[misc]
        """No cache of its own, no renewal of its own, no address but ours, never without a time-out."""

        def request(self, method: str, url: str, serialize: bool = True, **more: Any) -> Any:
            more.setdefault("timeout", TIMEOUT_S)
            more.setdefault("allow_redirects", False)
            whole = url if url.startswith("http") else f"{base}/{url}"
            headers = {**(more.pop("headers", None) or {}), "Authorization": f"Bearer {token}"}
            more["withhold_token"] = True  # it stands in the headers already
            with _environment_as_it_was():
                if whole.startswith("http://"):  # this computer only (settings.py): a simulated cloud
                    os.environ[INSECURE] = "1"
                return super().request(method, whole, serialize, headers=headers, **more)

        def refresh_token(self, *_: Any, **__: Any) -> Any:
            raise TokenRefused("Tesla does not take the token.")

        def fetch_token(self, *_: Any, **__: Any) -> Any:
            raise TokenRefused("Tesla does not take the token.")

    # Our tokens have no end for teslapy; signing in elsewhere than the API keeps its two kinds apart.
    bearer = {"access_token": token, "token_type": "Bearer", "expires_at": 0}
    kept = {"sunward": {"url": f"{sso}/sso-unused/", "sso": bearer}}
    session = SafeTesla("sunward", cache_loader=lambda: kept, cache_dumper=lambda _: None, timeout=TIMEOUT_S)
    session.trust_env = not base.startswith("http://")
    return session


@contextmanager
def _environment_as_it_was() -> Iterator[None]:
    """Whatever happens to the switch that lets tokens travel unencrypted, it is back in place afterwards."""
    before = os.environ.get(INSECURE)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(INSECURE, None)
        else:
            os.environ[INSECURE] = before


class OwnerLink:
    """The account that the Tesla app itself uses."""

    scheme = "owner"
    billed = True  # not with money, but too many calls are cut off
    priced = False
    can = frozenset({"read", "presence", "wake", *NAMES})

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._tokens = tools.tokens("owner")

    def awake(self, vin: str) -> bool:
        """Whether it is online."""
        found = table(self._call("VEHICLE_SUMMARY", vin))
        return found.get("state") not in ("asleep", "offline", None)

    def read(self, vin: str) -> ChargeReading:
        """Charge, limit, state and the app's schedules."""
        found = table(self._call("VEHICLE_DATA", vin, endpoints=ENDPOINTS))
        return charge_reading(found, self.scheme, self._tools.wall)

    def send(self, vin: str, command: Command) -> None:
        """Tell it something; only cars from before 2021 still listen here."""
        value = {VALUES[command.action]: command.value} if command.action in VALUES else {}
        self._call(NAMES[command.action], vin, command=True, **value)

    def wake(self, vin: str) -> None:
        """Begin to wake it."""
        self._call("WAKE_UP", vin, command=True)

    def _call(self, name: str, vin: str, *, command: bool = False, **values: Any) -> Any:
        return self._with_token(
            lambda session: session.api(name, {"vehicle_id": self._id(session, vin)}, **values), command
        )

    def _id(self, session: Any, vin: str) -> str:
        """This API knows cars by a number of its own, told by the list of products and remembered."""
        ids = self._tools.kept.setdefault("owner_ids", {})
        if vin not in ids:
            found = session.api("PRODUCT_LIST").get("response")
            rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
            ids |= {str(row["vin"]): str(row["id_s"]) for row in rows if row.get("vin") and row.get("id_s")}
        if vin not in ids:
            raise Refused("Tesla knows no such car in this account. Is the VIN right?", "gone")
        return str(ids[vin])

    def _with_token(self, call: Callable[[Any], Any], command: bool) -> Any:
        now_s = self._tools.now_s
        token = self._tokens.access(now_s)
        try:
            found = self._once(call, token, command)
        except TokenRefused:
            token = self._tokens.refused(token, now_s)
            found = self._last(call, token, command)
        except Refused as error:
            former = self._tokens.former(token, now_s) if error.what == "road" else None
            if former is None:
                raise
            token = former  # the new token is refused, the one before it may still be taken
            found = self._last(call, token, command)
        self._tokens.worked(token)
        return found

    def _last(self, call: Callable[[Any], Any], token: str, command: bool) -> Any:
        try:
            return self._once(call, token, command)
        except TokenRefused as error:
            raise NotNow(f"{error} Asked again, Tesla said the same.", 3600.0, everything=True) from None

    def _once(self, call: Callable[[Any], Any], token: str, command: bool) -> Any:
        settings = self._tools.settings
        with session_for(owner_base(settings), sso_base(settings), token) as session:
            try:
                found = call(session)
            except requests.HTTPError as error:
                answer = error.response
                raise error_of(
                    answer.status_code, answer.headers, _json(answer), answer.text, command=command
                ) from None
            except requests.RequestException as error:
                kind = Unsure if command else NotNow
                raise kind(f"Tesla gave no answer ({type(error).__name__}).") from None
        return content(200, {}, json.dumps(found), command=command)


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except requests.JSONDecodeError:
        return None


def open_link(line: Line, tools: Tools) -> OwnerLink:
    """`owner://`"""
    return OwnerLink(tools)
