"""What every link gets: settings, secrets, the account's tokens, the time, and one way to speak HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from scheduler.cars import answers, signin
from scheduler.cars.model import Json, NotNow, Unsure
from scheduler.cars.settings import LOOPBACK, SECRET, TeslaSettings
from scheduler.cars.signin import FLEET_SCOPES, OWNER_SCOPES, Road
from scheduler.cars.tokens import Tokens

TIMEOUTS_S = (5.0, 15.0)
LARGEST_ANSWER = 2_000_000

FLEET_BASES = {
    "na": "https://fleet-api.prd.na.vn.cloud.tesla.com",
    "eu": "https://fleet-api.prd.eu.vn.cloud.tesla.com",
    "cn": "https://fleet-api.prd.cn.vn.cloud.tesla.cn",
}
FLEET_AUTH = {
    "cn": "https://auth.tesla.cn/oauth2/v3",
}
FLEET_AUTH_ELSEWHERE = "https://fleet-auth.prd.vn.cloud.tesla.com/oauth2/v3"
OWNER_BASE = {"cn": "https://owner-api.vn.cloud.tesla.cn"}
OWNER_BASE_ELSEWHERE = "https://owner-api.teslamotors.com"
SSO = {"cn": "https://auth.tesla.cn"}
SSO_ELSEWHERE = "https://auth.tesla.com"


@dataclass(frozen=True, slots=True)
class Tools:
    """What a link may need. `kept` is a small table of JSON values that it finds again next time."""

    settings: TeslaSettings
    secrets: Mapping[str, str]
    folder: Path  # of the tokens
    beside: Path  # the folder of sunward.toml
    wall: datetime
    kept: Json = field(default_factory=dict)
    dry_run: bool = False

    @property
    def now_s(self) -> float:
        """Seconds since 1970."""
        return self.wall.timestamp()

    def tokens(self, name: str) -> Tokens:
        """The tokens of the account `owner` or `fleet`."""
        road = road_of(name, self.settings, self.secrets)
        post = signin.post_http2 if name == "owner" else signin.post_plain
        return Tokens(
            self.folder / f"{name}.json",
            lambda refresh: signin.renew(road, refresh, post),
            f"./sunward scheduler login {name}",
            dry_run=self.dry_run,
        )


def sso_base(settings: TeslaSettings) -> str:
    """Where people sign in."""
    return settings.sso_url or SSO.get(settings.region, SSO_ELSEWHERE)


def owner_base(settings: TeslaSettings) -> str:
    """Where the Owner API is."""
    return settings.owner_url or OWNER_BASE.get(settings.region, OWNER_BASE_ELSEWHERE)


def fleet_base(settings: TeslaSettings) -> str:
    """Where the Fleet API of the account's region is."""
    return settings.fleet_url or FLEET_BASES[settings.region]


def road_of(name: str, settings: TeslaSettings, secrets: Mapping[str, str]) -> Road:
    """The way in of `owner` or `fleet`."""
    sso = f"{sso_base(settings)}/oauth2/v3"
    if name == "owner":
        return Road(
            name, f"{sso}/authorize", f"{sso}/token", "ownerapi", "tesla://auth/callback", OWNER_SCOPES
        )
    auth = settings.fleet_auth_url or FLEET_AUTH.get(settings.region, FLEET_AUTH_ELSEWHERE)
    return Road(
        name,
        f"{sso}/authorize",
        f"{auth}/token",
        settings.client_id,
        settings.redirect_url,
        FLEET_SCOPES,
        secrets.get(SECRET, ""),
        fleet_base(settings),
    )


def ask(
    method: str,
    url: str,
    *,
    token: str = "",
    query: Mapping[str, str] | None = None,
    body: Any = None,
    verify: str | bool = True,
) -> tuple[int, Mapping[str, str], str]:
    """One HTTP request: status, headers and text. Raises NotNow, and Unsure where it may have arrived."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with requests.Session() as session:
            session.trust_env = urlsplit(url).hostname not in LOOPBACK
            answer = session.request(
                method, url, params=query, json=body, headers=headers, timeout=TIMEOUTS_S,
                allow_redirects=False, verify=verify,
            )  # fmt: skip
    except requests.exceptions.SSLError:
        raise NotNow(f"The certificate of {_host(url)} is not the one expected.") from None
    except requests.ConnectTimeout:
        raise NotNow(f"{_host(url)} can't be reached.") from None
    except (requests.RequestException, ValueError) as error:
        kind = Unsure if method == "POST" else NotNow
        raise kind(f"{_host(url)} gave no answer ({type(error).__name__}).") from None
    return answer.status_code, answer.headers, answer.text[:LARGEST_ANSWER]


def content(answer: tuple[int, Mapping[str, str], str], *, command: bool = False) -> Any:
    """The content of an answer of `ask`. Raises CarError."""
    return answers.content(*answer, command=command)


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
