"""The agent as the scheduler meets it: only through its HTTP API, on this computer.

Every call may fail in one of two ways, and says so in a sentence: `AgentDown` (nobody answers, or somebody
else does) and `AgentRefused` (it answered, and did not want it). Reads are repeated by the next tick, never
here. With `dry_run` nothing that changes the house is sent; it is written to `would` instead.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter

from scheduler.own_certificate import trusting

TIMEOUTS_S = (2.0, 5.0)  # to connect, to answer: it is on this computer
PREFIX = "/api/v1"

Json = dict[str, Any]
Method = Literal["GET", "PUT", "DELETE"]


class AgentError(Exception):
    """A call came to nothing; the text is a sentence."""


class AgentDown(AgentError):
    """Nobody answers at the agent's address, or it isn't the agent."""


class AgentRefused(AgentError):
    """The agent did not do it; the text is its own sentence. `status` is HTTP's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class _Pinned(HTTPAdapter):
    """https with a trust of its own."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """With our context, made out to no name."""
        super().init_poolmanager(*args, **more, ssl_context=self._trust, assert_hostname=False)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the trust as it is: requests would add every authority of the internet."""


class Agent:
    """The agent's HTTP API (`/api/v1`), one method for each call. JSON values in and out."""

    def __init__(
        self, url: str, token: str = "", *, dry_run: bool = False, certificate: Path | None = None
    ) -> None:
        """`certificate`: the file of the one that it shows, for https."""
        self.url = url.rstrip("/")
        self.dry_run = dry_run
        self.would: list[str] = []
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy from the environment has no business on loopback
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        self._certificate = certificate
        self._trust_anew()

    def _trust_anew(self) -> None:
        """Read the certificate's file: it may have been renewed."""
        if self._certificate is not None:
            try:
                self._session.mount("https://", _Pinned(trusting(self._certificate)))
            except OSError:
                return  # nobody is trusted until it can be read

    # --- reading -----------------------------------------------------------------------------------

    def health(self) -> Json:
        """`ok, age_s, problems`; `ok` false while its brain is silent."""
        answer = self._send("GET", "/healthz", also_fine=(503,))
        return _table(answer)

    def state(self) -> Json:
        """The whole house now: `mode, boost, power, chargers, meters, window, next_window, wishes, ...`."""
        return _table(self._send("GET", f"{PREFIX}/state"))

    def windows(self) -> list[Json]:
        """Every window as a row (see scheduler.window_rows)."""
        return _rows(self._send("GET", f"{PREFIX}/windows"))

    def cars(self) -> list[Json]:
        """Every car that it was told of."""
        return _rows(self._send("GET", f"{PREFIX}/cars"))

    def history(self, start: datetime, end: datetime, step_s: int = 300) -> list[Json]:
        """Mean watts in steps; `start` belongs to it, `end` does not. Aware times."""
        asked = {"from": start.isoformat(), "to": end.isoformat(), "step_s": step_s}
        return _rows(self._send("GET", f"{PREFIX}/history", query=asked))

    def sessions(self, start: datetime, end: datetime) -> list[Json]:
        """Charging sessions that touch the span, oldest first. Aware times."""
        asked = {"from": start.isoformat(), "to": end.isoformat()}
        return _rows(self._send("GET", f"{PREFIX}/sessions", query=asked))

    def events(self, after: int = -1, limit: int = 100) -> list[Json]:
        """What happened after the event with that id, oldest first; -1: the newest."""
        return _rows(self._send("GET", f"{PREFIX}/events", query={"after": after, "limit": limit}))

    def forecast(self) -> list[Json]:
        """What it was told of the sun to come."""
        return _rows(self._send("GET", f"{PREFIX}/forecast"))

    def prices(self) -> Json:
        """What it was told of prices: `currency`, `slots`."""
        return _table(self._send("GET", f"{PREFIX}/prices"))

    # --- changing ----------------------------------------------------------------------------------

    def set_mode(self, mode: str | None, charger: str | None = None) -> None:
        """The house's mode, or one charger's own (None gives it back to its settings)."""
        self._change("PUT", "/mode", {"mode": mode, "charger": charger} if charger else {"mode": mode})

    def boost(
        self,
        *,
        amps: float | None = None,
        for_s: float | None = None,
        until: str | None = None,
        to_soc_percent: float | None = None,
        charger: str | None = None,
    ) -> None:
        """Fast charging with an end, for one charger or each."""
        asked = {
            "amps": amps,
            "for_s": for_s,
            "until": until,
            "to_soc_percent": to_soc_percent,
            "charger": charger,
        }
        self._change("PUT", "/boost", {key: value for key, value in asked.items() if value is not None})

    def end_boost(self, charger: str | None = None) -> None:
        """End every boost, or one charger's."""
        self._change("DELETE", "/boost", query={"charger": charger} if charger else None)

    def put_windows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace every window."""
        self._change("PUT", "/windows", [dict(row) for row in rows])

    def put_window(self, name: str, row: Mapping[str, Any]) -> None:
        """Add a window, or replace the one of that name."""
        self._change("PUT", f"/windows/{quote(name, safe='')}", dict(row))

    def delete_window(self, name: str) -> None:
        """Take a window away."""
        self._change("DELETE", f"/windows/{quote(name, safe='')}")

    def put_car(self, vin: str, known: Mapping[str, Any]) -> None:
        """Tell what is known of a car; it replaces all that was known before."""
        self._change("PUT", f"/cars/{quote(vin, safe='')}", dict(known))

    def put_calls(self, shown: Mapping[str, Any]) -> None:
        """Tell what the clouds' account was asked: `today, caps, month_money, month_money_cap, currency`."""
        self._change("PUT", "/calls", dict(shown))

    def put_forecast(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Tell what the sun will give: `start, end, watts` each, ISO times."""
        self._change("PUT", "/forecast", [dict(row) for row in rows])

    def put_prices(self, currency: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Tell what a kWh costs: `start, end, buy_per_kwh` each, and what else is known of it."""
        self._change("PUT", "/prices", {"currency": currency, "slots": [dict(row) for row in rows]})

    def push_meter(self, role: str, reading: Mapping[str, Any]) -> None:
        """Push one reading of one role."""
        self._change("PUT", f"/meters/{quote(role, safe='')}", dict(reading))

    def _change(self, method: Method, path: str, body: Any = None, query: Json | None = None) -> None:
        if self.dry_run:
            says = "" if body is None else f" {json.dumps(body, ensure_ascii=False)}"
            self.would.append(f"would ask the agent: {method} {path}{says}")
            return
        self._send(method, PREFIX + path, body, query)

    def _send(
        self,
        method: Method,
        path: str,
        body: Any = None,
        query: Json | None = None,
        also_fine: tuple[int, ...] = (),
    ) -> Any:
        """One request and its JSON. Raises AgentDown or AgentRefused."""
        try:
            answer = self._session.request(
                method, self.url + path, json=body, params=query, timeout=TIMEOUTS_S, allow_redirects=False
            )
        except requests.Timeout:
            raise AgentDown(f"The agent at {self.url} does not answer in time.") from None
        except (requests.RequestException, ValueError) as error:
            if isinstance(error, requests.exceptions.SSLError):
                self._trust_anew()  # for the next call
            raise AgentDown(
                f"The agent at {self.url} can't be reached. Is it running? Try: ./sunward agent status"
            ) from None
        found = _json_of(answer)
        if answer.ok or answer.status_code in also_fine:
            if found is None:
                raise AgentDown(f"What answers at {self.url} is not the agent. See [web] listen.")
            return found
        raise AgentRefused(answer.status_code, _why(answer.status_code, found))


def _json_of(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except requests.JSONDecodeError:
        return None


def _why(status: int, found: Any) -> str:
    if status == 401:
        return "The agent asks for a token: put WEB_TOKEN=... into credentials.env."
    detail = found.get("detail") if isinstance(found, dict) else None
    return detail if isinstance(detail, str) and detail else f"The agent refused it (HTTP {status})."


def _table(found: Any) -> Json:
    if not isinstance(found, dict):
        raise AgentDown("The agent's answer is not what it should be. Are both of the same version?")
    return found


def _rows(found: Any) -> list[Json]:
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise AgentDown("The agent's answer is not what it should be. Are both of the same version?")
    return found
