"""Growatt's cloud (ShineServer), as the vendor's app reads it: hybrids of the MIX and TL-XH kind.

    POST newTwoLoginAPI.do     userName, password (MD5, its first nibbles 0 written c)
        back.success  back.data[].plantId     or  back.msg "507", back.lockDuration (hours): locked
    GET newTwoPlantAPI.do?op=getAllDeviceList&plantId=   deviceList[].deviceType, .deviceSn
    POST newMixApi.do?op=getSystemStatus_KW              mixId, plantId    obj: kW, as text
    POST newTlxApi.do?op=getSystemStatus_KW              id, plantId       the same
        ppv      solar          pactouser    import       chargePower              into the battery
        pLocalLoad  house       pactogrid    export       pdisCharge1, pdisCharge  out of it    SOC percent

Too many log-ins lock an account for a day, the owner's app with it: better use a visitor's. So we log in
**once** and keep the cookies, over restarts; when they have ended, once more, at most four times a day;
and after a refused log-in once a day, or when the credentials change. Numbers come without a time, and the
inverter sends every 5 min: they are taken to be half of that old. Source: the app's interface as others
describe it (the two grid fields from one source only).
"""

from __future__ import annotations

from hashlib import md5, sha256
from typing import Any

from scheduler.clouds.errand import Reading, Visit
from scheduler.clouds.web import CloudBusy, CloudPoor, CloudRefused, Tree

AGE_S = 150.0
LOGINS_A_DAY = 4
DAY_S = 86400.0
LOCKED = "507"
APIS = {"mix": ("newMixApi.do", "mixId"), "tlx": ("newTlxApi.do", "id")}


def read(visit: Visit) -> list[Reading]:
    """All roles of the device. Raises a Cloud... error."""
    cookies = visit.kept.get("cookies")
    if isinstance(cookies, dict) and cookies and visit.kept.get("user") == _who(visit):
        visit.web.use_cookies(cookies)
        try:
            return _status(visit)
        except CloudRefused:
            visit.kept.pop("cookies", None)
    _log_in(visit)
    return _status(visit)


def hashed(password: str) -> str:
    """A password as this vendor wants it."""
    digits = md5(password.encode(), usedforsecurity=False).hexdigest()
    pairs = (digits[i : i + 2] for i in range(0, len(digits), 2))
    return "".join("c" + pair[1] if pair[0] == "0" else pair for pair in pairs)


def _who(visit: Visit) -> str:
    """A fingerprint of the account, to see that it was changed."""
    return sha256(
        f"{visit.secrets['GROWATT_USER']}\n{visit.secrets['GROWATT_PASSWORD']}".encode()
    ).hexdigest()


def _log_in(visit: Visit) -> None:
    kept, now = visit.kept, visit.now.timestamp()
    if kept.get("refused") == _who(visit) and now < visit.time("rest_until"):
        raise CloudRefused(
            "Growatt refused our log-in: correct GROWATT_PASSWORD. It is tried again in a day at most."
        )
    found = kept.get("logins")
    logins = (
        [at for at in found if isinstance(at, int) and now - DAY_S < at] if isinstance(found, list) else []
    )
    if len(logins) >= LOGINS_A_DAY:
        wait_s = logins[-LOGINS_A_DAY] + DAY_S - now
        raise CloudBusy("Growatt has had its four log-ins of a day: more could lock the account.", wait_s)
    kept.update({"logins": [*logins, round(now)], "user": _who(visit)})
    visit.keep()
    visit.web.use_cookies({})  # an old one beside the new one would be believed first
    asked = {"userName": visit.secrets["GROWATT_USER"], "password": hashed(visit.secrets["GROWATT_PASSWORD"])}
    answer = visit.web.send("POST", f"{visit.settings.url}/newTwoLoginAPI.do", form=asked)
    back = answer.json().find("back")
    if back is None:
        raise CloudPoor("Growatt did not understand our log-in: has its interface changed?")
    success = back.find("success")
    if success is None or success.value is not True:
        _refused(visit, back)
    plants = [one.text("plantId") for one in back.items("data")]
    kept.update({"cookies": dict(answer.cookies), "plants": [one for one in plants if one]})
    kept.pop("device", None)
    visit.keep()


def _refused(visit: Visit, back: Tree) -> None:
    if back.text("msg") == LOCKED:
        hours = back.number_or_none("lockDuration") or 24.0
        raise CloudBusy(f"Growatt has locked the account for {hours:.0f} h.", min(hours * 3600, DAY_S))
    visit.kept.update({"refused": _who(visit), "rest_until": round(visit.now.timestamp() + DAY_S)})
    visit.keep()
    raise CloudRefused("Growatt refuses our log-in: are GROWATT_USER and GROWATT_PASSWORD right?")


def _status(visit: Visit) -> list[Reading]:
    plant, device, kind = _device(visit)
    page, name = APIS[kind]
    answer = visit.web.send(
        "POST",
        f"{visit.settings.url}/{page}",
        query={"op": "getSystemStatus_KW"},
        form={"plantId": plant, name: device},
    ).json()
    status = answer.find("obj")
    if status is None or status.find("ppv") is None:
        raise CloudPoor(f"Growatt gives no status of {device}: is it of the kind {kind}?")
    watts = {name: 1e3 * value for name in _FIELDS if (value := status.number_or_none(name)) is not None}
    return _readings(watts, status.number_or_none("SOC"))


_FIELDS = ("ppv", "pLocalLoad", "pactouser", "pactogrid", "chargePower", "pdisCharge1", "pdisCharge")


def _readings(watts: dict[str, float], soc_percent: float | None) -> list[Reading]:
    found = [Reading("solar", max(0.0, watts["ppv"]), AGE_S)] if "ppv" in watts else []
    if "pLocalLoad" in watts:
        found.append(Reading("house", max(0.0, watts["pLocalLoad"]), AGE_S))
    if "pactouser" in watts and "pactogrid" in watts:
        found.append(Reading("grid", watts["pactouser"] - watts["pactogrid"], AGE_S))
    given = watts.get("pdisCharge1", watts.get("pdisCharge"))
    if given is not None and "chargePower" in watts:
        found.append(Reading("battery", given - watts["chargePower"], AGE_S, soc_percent=soc_percent))
    return found


def _device(visit: Visit) -> tuple[str, str, str]:
    """Plant, serial number and kind: from the settings, from what is kept, or from the account's list."""
    settings, kept = visit.settings, visit.kept
    plants = kept.get("plants")
    plant = settings.plant or (str(plants[0]) if isinstance(plants, list) and plants else "")
    if not plant:
        raise CloudPoor("Growatt's account has no plant: name it with clouds.growatt.plant.")
    if settings.device and settings.kind:
        return plant, settings.device, settings.kind
    known: Any = kept.get("device")
    if isinstance(known, list) and len(known) == 2 and known[1] in APIS:
        return plant, str(known[0]), str(known[1])
    listed = visit.web.get(
        f"{visit.settings.url}/newTwoPlantAPI.do",
        query={"op": "getAllDeviceList", "plantId": plant, "language": "1"},
    ).json()
    for one in listed.items("deviceList"):
        serial, kind = one.text("deviceSn"), one.text("deviceType").lower()
        if kind in APIS and settings.device in ("", serial):
            kept["device"] = [serial, kind]
            return plant, serial, kind
    raise CloudPoor("Growatt's plant has no device of the kind mix or tlx: read yours by Modbus instead.")
