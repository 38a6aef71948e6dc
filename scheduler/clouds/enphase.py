"""Enphase's cloud, API v4: the production of a whole system, a quarter of an hour late.

    POST /oauth/token                       Basic CLIENT_ID:CLIENT_SECRET
        grant_type=authorization_code       code, redirect_uri: once, for the code that the owner got
        grant_type=refresh_token            refresh_token: gives a new pair, the old one ends
    GET /api/v4/systems/ID/summary          Bearer token, header key
        current_power  W    energy_lifetime  Wh    last_report_at  seconds since 1970

A token lives a day, the refresh token about a month: it is used every day, so it goes on for ever while
this runs. ENPHASE_CODE is looked at only when it changed. When tokens are refused, they are tried once a
day more: mostly a new code is needed then. Tokens are kept in the state folder, for its owner's eyes only.

The free plan has 1000 calls a month and answers 429 without saying when it may be asked again. Only solar:
its consumption is far too late to follow. Source: developer-v4.enphase.com (quick start, monitoring API).
"""

from __future__ import annotations

from hashlib import sha256

from scheduler.clouds.errand import Reading, Visit
from scheduler.clouds.web import CloudPoor, CloudRefused, Tree

REDIRECT = "https://api.enphaseenergy.com/oauth/redirect_uri"
RENEW_AHEAD_S = 3600.0
REFUSED_REST_S = 86400.0
NEW_CODE = "Get a new code (docs/meters.md says how) and put it into credentials.env as ENPHASE_CODE."


def read(visit: Visit) -> list[Reading]:
    """The production. Raises a Cloud... error."""
    try:
        page = _summary(visit, _access_token(visit))
    except CloudRefused:
        page = _summary(visit, _access_token(visit, anew=True))
    watts, at = page.number("current_power"), page.number("last_report_at")
    # nothing is reported at night: 0 W is as old as the answer
    age_s = max(0.0, visit.now.timestamp() - at) if watts > 0 else 0.0
    return [Reading("solar", max(0.0, watts), age_s, page.number_or_none("energy_lifetime"))]


def _summary(visit: Visit, token: str) -> Tree:
    headers = {"Authorization": f"Bearer {token}", "key": visit.secrets["ENPHASE_API_KEY"]}
    url = f"{visit.settings.url}/api/v4/systems/{visit.settings.system}/summary"
    return visit.web.get(url, headers=headers).json()


def _access_token(visit: Visit, anew: bool = False) -> str:
    kept, now = visit.kept, visit.now.timestamp()
    code = sha256(visit.secrets["ENPHASE_CODE"].encode()).hexdigest()
    if kept.get("code") != code:
        kept.clear()
        kept["code"] = code
    if now < visit.time("rest_until"):
        raise CloudRefused(f"Enphase has ended our access. {NEW_CODE}")
    refresh = kept.get("refresh")
    if not refresh:
        return _new_pair(
            visit,
            {
                "grant_type": "authorization_code",
                "code": visit.secrets["ENPHASE_CODE"],
                "redirect_uri": REDIRECT,
            },
        )
    if anew or now > visit.time("until") - RENEW_AHEAD_S:
        return _new_pair(visit, {"grant_type": "refresh_token", "refresh_token": str(refresh)})
    return str(kept.get("access"))


def _new_pair(visit: Visit, asked: dict[str, str]) -> str:
    """Two new tokens, on disk before anything else is done with them. Raises a Cloud... error."""
    basic = (visit.secrets["ENPHASE_CLIENT_ID"], visit.secrets["ENPHASE_CLIENT_SECRET"])
    try:
        page = visit.web.send(
            "POST", f"{visit.settings.url}/oauth/token", form=asked, basic=basic, counted=False
        ).json()
        access, refresh = page.text("access_token"), page.text("refresh_token")
        if not access or not refresh:
            raise CloudPoor("Enphase gave us no token.")
    except (CloudRefused, CloudPoor) as error:
        visit.kept["rest_until"] = round(visit.now.timestamp() + REFUSED_REST_S)
        visit.keep()
        raise CloudRefused(f"{error} {NEW_CODE}") from None
    lives_s = page.number_or_none("expires_in") or 86400.0
    until = round(visit.now.timestamp() + lives_s)
    visit.kept.update({"access": access, "refresh": refresh, "until": until})
    visit.keep()
    return access
