"""Tesla's clouds over real HTTP: sign-in, Owner and Fleet API, the signing proxy, a Bluetooth proxy.

Each has a port of its own, as each has a host of its own in the world. Cars are `CloudCar`s; time is told
by `now`. What goes wrong is put into `troubles`: each one answers for as many requests as it says, on the
paths that contain its `on`, before anything else looks at them.

As with the real one: a refresh token works once, then `login_required`; a token of the owner's road that was
fetched over HTTP/1.1 may be refused (`owner_needs_http2`); commands to most cars must be signed; reading
a sleeping car gives 408; every answer below 500 is counted by class, 4xx too. An app that isn't `registered`
gets 412, an account at `home_region` elsewhere 421 with that address, one without a scope 403, one over its
money 403, and whoever asks more often in a minute than `most_per_minute` says gets 429 with Retry-After.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from simulator.clouds.powerwall import PowerwallCloud
from simulator.clouds.tesla_car import CloudCar
from simulator.clouds.web import Answer, Request, WebPeer

ACCESS_LIFE_S = 28800.0
ENERGY = "/api/1/energy_sites/"
ASLEEP = {
    "response": None,
    "error": "vehicle unavailable: vehicle is offline or asleep",
    "error_description": "",
}
FLEET_ONLY = {"error": "Forbidden. See https://developer.tesla.com/docs/fleet-api"}
SIGNED_ONLY = {"error": "Tesla Vehicle Command Protocol required"}
NOT_REGISTERED = {"error": "Account must be registered in the current region"}
NO_SCOPE = {"error": "Unauthorized missing scopes"}
OVER_LIMIT = {"error": "account disabled: EXCEEDED_LIMIT"}
TOO_MANY = {"error": "Too many requests"}
MINUTE_S = 60.0
PER_MINUTE: Mapping[str, int] = {"data": 60, "command": 30, "wake": 3}  # for each car and account
SCOPES = frozenset({"data", "command", "wake", "energy"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """An answer that comes instead of the right one. `after`: the request is carried out all the same."""

    answer: Answer
    times: int = 1
    on: str = ""
    after: bool = False


class TeslaClouds:
    """All of them. Tests and the demo look at `counts` (by class), `calls` and the cars."""

    def __init__(
        self, now: Callable[[], float], *cars: CloudCar, energy: PowerwallCloud | None = None
    ) -> None:
        """`energy`: the energy site of the same account, at the same address."""
        self.now = now
        self.cars = {car.vin: car for car in cars}
        self.energy = energy
        self.registered = True
        self.home_region = ""  # where the account lives, when it isn't here
        self.scopes = set(SCOPES)
        self.over_limit = False
        self.most_per_minute = dict(PER_MINUTE)
        self._asked_s: dict[tuple[str, str], list[float]] = {}
        self.troubles: list[Trouble] = []
        self.counts: Counter[str] = Counter()
        self.calls: list[tuple[str, str]] = []
        self.access: dict[str, float] = {}  # token: its end
        self.refresh: set[str] = set()  # those that still work
        self.owner_needs_http2 = False
        self._http1: set[str] = set()  # fetched over HTTP/1.1 while that is held against them
        self._codes: dict[str, str] = {}  # code: its PKCE challenge
        self._number = 0
        self._lock = threading.RLock()
        self.sso = WebPeer(lambda request: self._meet(request, self._sso))
        self.api = WebPeer(lambda request: self._meet(request, self._api))
        self.proxy = WebPeer(lambda request: self._meet(request, self._proxy))
        self.ble = WebPeer(lambda request: self._meet(request, self._ble))
        self._peers = (self.sso, self.api, self.proxy, self.ble)

    def start(self) -> TeslaClouds:
        """Listen."""
        for peer in self._peers:
            peer.start()
        return self

    def stop(self) -> None:
        """Close every port."""
        for peer in self._peers:
            peer.stop()

    def fail(
        self,
        status: int,
        body: Any = None,
        times: int = 1,
        on: str = "",
        *,
        after: bool = False,
        **headers: str,
    ) -> None:
        """The next requests whose path contains `on` go wrong. Headers: Retry_After="42"."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.troubles.append(Trouble(Answer({} if body is None else body, status, named), times, on, after))

    def sign_in(self) -> dict[str, Any]:
        """A fresh pair, as if somebody had signed in."""
        with self._lock:
            return self._pair()

    def revoke(self) -> None:
        """Every token is worth nothing any more."""
        self.access.clear()
        self.refresh.clear()

    # --- meeting -----------------------------------------------------------------------------------

    def _meet(self, request: Request, answer: Callable[[Request], Answer]) -> Answer:
        with self._lock:
            self.calls.append((request.method, request.path))
            trouble = self._trouble(request.path)
            if trouble is None or trouble.after:
                found = answer(request)
            else:
                found = trouble.answer
                self._count(request)
            return trouble.answer if trouble else found

    def _trouble(self, path: str) -> Trouble | None:
        for place, trouble in enumerate(self.troubles):
            if trouble.on in path:
                left = trouble.times - 1
                self.troubles[place : place + 1] = [replace(trouble, times=left)] if left else []
                return trouble
        return None

    def _count(self, request: Request) -> None:
        self.counts[call_class(request)] += 1

    # --- signing in ----------------------------------------------------------------------------------

    def _sso(self, request: Request) -> Answer:
        if request.path.endswith("/authorize"):
            return self._authorize(request)
        if not request.path.endswith("/token"):
            return Answer("no such page", 404)
        self.counts["token"] += 1
        form = request.form
        if form.get("grant_type") == "refresh_token":
            if form.get("refresh_token") not in self.refresh:
                return Answer({"error": "login_required"}, 401)
            self.refresh.remove(form["refresh_token"])
            return Answer(self._pair())
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if self._codes.pop(str(form.get("code")), None) != challenge:
            return Answer({"error": "invalid_grant"}, 400)
        return Answer(self._pair())

    def _authorize(self, request: Request) -> Answer:
        """A person who says yes at once."""
        self._number += 1
        code = f"NA_code{self._number:06d}"
        self._codes[code] = request.query.get("code_challenge", "")
        back = urlencode({"code": code, "state": request.query.get("state", "")})
        return Answer("", 302, {"Location": f"{request.query.get('redirect_uri', '')}?{back}"})

    def _pair(self) -> dict[str, Any]:
        self._number += 1
        access, refresh = f"eyJhbGciOi.access{self._number:06d}.sig", f"NA_refresh{self._number:012d}"
        self.access[access] = self.now() + ACCESS_LIFE_S
        self.refresh.add(refresh)
        if self.owner_needs_http2:
            self._http1.add(access)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": ACCESS_LIFE_S,
            "token_type": "Bearer",
        }

    # --- the API -------------------------------------------------------------------------------------

    def _api(self, request: Request) -> Answer:
        self._count(request)
        if self.access.get(request.bearer, 0.0) <= self.now():
            return Answer({"error": "token expired (401)"}, 401)
        if request.bearer in self._http1:
            return Answer(FLEET_ONLY, 403)
        if refusal := self._refusal(request):
            return refusal
        if request.path == "/api/1/products":
            rows = [car.summary(self.now()) for car in self.cars.values()]
            rows += [self.energy.row()] if self.energy else []
            return Answer({"response": rows, "count": len(rows)})
        if self.energy and request.path.startswith(ENERGY):
            return self.energy.answer(request, is_known=True)
        car, rest = self._car(request.path)
        if car is None:
            return Answer({"response": None, "error": "not_found"}, 404)
        return self._of_car(car, rest, request, signed=False)

    def _refusal(self, request: Request) -> Answer | None:
        """What the account itself is told, whatever it asks for."""
        kind = "energy" if request.path.startswith(ENERGY) else call_class(request)
        if not self.registered:
            return Answer(NOT_REGISTERED, 412)
        if self.home_region:
            says = f"user out of region, use base URL: {self.home_region}, see https://developer.tesla.com"
            return Answer({"error": says}, 421)
        if self.over_limit:
            return Answer(OVER_LIMIT, 403)
        if kind in SCOPES and kind not in self.scopes:
            return Answer(NO_SCOPE, 403)
        return self._too_many(kind, request)

    def _too_many(self, kind: str, request: Request) -> Answer | None:
        most = self.most_per_minute.get(kind)
        if most is None:
            return None
        key, now_s = (kind, request.path.split("/")[4]), self.now()
        asked = [at_s for at_s in self._asked_s.get(key, ()) if 0 <= now_s - at_s < MINUTE_S]
        self._asked_s[key] = [*asked, now_s]
        if len(asked) < most:
            return None
        rest = f"{asked[0] + MINUTE_S - now_s:.0f}"
        return Answer(TOO_MANY, 429, {"Retry-After": rest, "RateLimit-Limit": f"{most}"})

    def _of_car(self, car: CloudCar, rest: str, request: Request, *, signed: bool) -> Answer:
        now_s = self.now()
        if not car.mobile_access:
            return Answer({"error": "mobile_access_disabled"}, 401)
        if rest == "":
            return Answer({"response": car.summary(now_s)})
        if rest == "wake_up":
            car.wake(now_s)
            return Answer({"response": car.summary(now_s)})
        if not car.awake(now_s):
            return Answer(ASLEEP, 408)
        if rest == "vehicle_data":
            return Answer({"response": car.data(now_s)})
        if not rest.startswith("command/"):
            return Answer({"response": None, "error": "not_found"}, 404)
        if car.needs_signing and not signed:
            return Answer(SIGNED_ONLY, 403)
        reason = car.do(rest.removeprefix("command/"), request.form)
        prefix = "car could not execute command: " if signed and reason else ""
        return Answer({"response": {"result": not reason, "reason": prefix + reason}})

    def _car(self, path: str) -> tuple[CloudCar | None, str]:
        """The car that a path speaks of, by VIN or by number, and what comes after it."""
        key, _, rest = path.removeprefix("/api/1/vehicles/").partition("/")
        numbers = {str(car.number): car for car in self.cars.values()}
        return self.cars.get(key) or numbers.get(key), rest

    # --- the proxies ---------------------------------------------------------------------------------

    def _proxy(self, request: Request) -> Answer:
        self._count(request)
        key = request.path.removeprefix("/api/1/vehicles/").partition("/")[0]
        if request.bearer.count(".") != 2:
            return Answer({"error": "client did not provide an OAuth token"}, 403)
        if self.access.get(request.bearer, 0.0) <= self.now():
            return Answer({"error": "token expired (401)"}, 401)
        if refusal := self._refusal(request):
            return refusal
        if len(key) != 17:
            return Answer({"error": "expected 17-character VIN in path (do not user Fleet API ID)"}, 404)
        car, rest = self._car(request.path)
        if car is None:
            return Answer({"error": "not_found"}, 404)
        return self._of_car(car, rest, request, signed=True)

    def _ble(self, request: Request) -> Answer:
        """No token, seconds for milliseconds, enums with their type's name; commands wake the car."""
        car, rest = self._car(request.path)
        if car is None:
            return _ble_answer(False, "vehicle not in range")
        now_s = self.now()
        if rest == "body_controller_state":
            asleep = "AWAKE" if car.awake(now_s) else "ASLEEP"
            return Answer({"response": {"vehicleSleepStatus": f"VEHICLE_SLEEP_STATUS_{asleep}"}})
        if rest == "vehicle_data":
            if not car.awake(now_s):
                return _ble_answer(False, "vehicle is asleep")
            charge = car.data(now_s)["charge_state"]
            charge |= {"timestamp": int(now_s), "scheduled_charging_mode": "ScheduledChargingModeOff"}
            return _ble_answer(True, "The request was successfully processed.", {"charge_state": charge})
        car.busy_s = now_s
        name = rest.removeprefix("command/")
        if request.query.get("wait") != "true":
            return _ble_answer(True, "The command was queued.")
        reason = "" if name == "wake_up" else car.do(name, request.form)
        return _ble_answer(not reason, reason)


def call_class(request: Request) -> str:
    """How a call is billed."""
    if request.path.endswith("/token"):
        return "token"
    if request.path.endswith("/wake_up"):
        return "wake"
    if "/command/" in request.path:
        return "command"
    return "data" if request.path.endswith("/vehicle_data") else "free"


def _ble_answer(good: bool, reason: str, content: Any = None) -> Answer:
    inner = {"result": good, "reason": reason, "response": content}
    return Answer({"response": inner}, 200 if good else 503)
