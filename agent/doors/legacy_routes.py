"""TWCManager's HTTP paths: what each takes, what it answers, and what is refused.

Kept in all: every read, and each order that other programs are known to send. Not kept, each with a
sentence: orders to a car's cloud and raw bytes for the bus. The two pages are those that openWB's web
mode and LennyBo's page read.
"""

from __future__ import annotations

import json
import logging
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from agent.boosts import Refused
from agent.doors.legacy_orders import SETTINGS, LegacyOrders, minute_of
from agent.doors.legacy_words import DAYS, POLICIES, OldHouse, Schedule
from scheduler.wallclock import write_minute

log = logging.getLogger(__name__)

EMPTY = ""
MULTICAST = 1 << 40  # set in what Python makes up where it finds no network card


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and JSON or a text to go with it; the empty text is an empty body."""

    status: int = 200
    content: object = EMPTY
    kind: str = ""

    def wire(self) -> tuple[bytes, str]:
        """Body and content type."""
        if isinstance(self.content, str):
            return self.content.encode(), self.kind or "text/plain; charset=utf-8"
        return json.dumps(self.content, ensure_ascii=False).encode(), "application/json"


Read = Callable[[OldHouse, LegacyOrders], Answer]
Obey = Callable[[LegacyOrders, dict[str, Any], str], Answer]


@dataclass(frozen=True, slots=True)
class Order:
    """One POST. Those without a body ignore whatever comes."""

    obey: Obey
    has_body: bool = True


# --- reads -----------------------------------------------------------------------------------------


def _policies(old: OldHouse) -> list[dict[str, Any]]:
    return [{"name": name, "match": [], "condition": [], "value": []} for name in POLICIES]


def _offsets(orders: LegacyOrders) -> dict[str, Any]:
    return {name: {"value": one.value, "unit": one.unit} for name, one in orders.live_offsets().items()}


def device_number() -> str:
    """This computer's network address as a decimal number; a steady one where it has none."""
    node = uuid.getnode()
    if node & MULTICAST:
        node = int.from_bytes(sha256(uuid.uuid5(uuid.NAMESPACE_DNS, "sunward").bytes).digest()[:6], "big")
    return str(node & (2**48 - 1))


def _page(old: OldHouse) -> Answer:
    """What openWB's web mode reads: `Charging at N.NNA.` alone on a line, one line for each unit."""
    lines = ["<html><head><title>sunward</title></head><body><pre>"]
    for one in old.look().state.chargers:
        lines += [
            f"TWC {one.id}:",
            f"Charging at {one.drawn_amps:.2f}A.",
            f"({one.offered_amps:.2f}A available)",
        ]
    return Answer(200, "\n".join([*lines, "</pre></body></html>", ""]), "text/html; charset=utf-8")


def _lennys_status(old: OldHouse) -> Answer:
    """TWCapi.php?GetStatus=1: an object of texts."""
    look, config = old.look(), old.config()["config"]
    schedule, on = look.schedule, look.schedule.is_complete
    units = [
        {
            "twcModelMaxAmps": f"{one.rating_amps or one.max_amps:g}",
            "twcChargeSpeed": f"{one.drawn_amps:.2f}" if one.drawn_amps >= 1 else "0",
            "twcChargeAvailable": f"{one.offered_amps:g}",
        }
        for one in look.state.chargers
    ]
    return Answer(
        200,
        {
            "maxAmpsToDivideAmongSlaves": f"{look.state.budget_amps:.2f}",
            "wiringMaxAmpsAllTWCs": f"{config['wiringMaxAmpsAllTWCs']:.2f}",
            "minAmpsPerTWC": f"{config['minAmpsPerTWC']:.2f}",
            "chargeNowAmps": f"{look.boost_amps:.2f}",
            "nonScheduledAmpsMax": str(look.fixed_amps),
            "scheduledAmpsMax": str(int(schedule.amps)) if on else "-1",
            "scheduledAmpStartTime": write_minute(schedule.start_minute) if on else "-1:00",
            "scheduledAmpsEndTime": write_minute(schedule.end_minute) if on else "-1:00",
            "resumeTrackGreenEnergyTime": "-1:00",
            "TWC": units,
        },
    )


READS: dict[str, Read] = {
    "/api/getStatus": lambda old, orders: Answer(200, old.status()),
    "/api/getSlaveTWCs": lambda old, orders: Answer(200, old.slaves()),
    "/api/getConsumptionOffsets": lambda old, orders: Answer(200, _offsets(orders)),
    "/api/getPolicy": lambda old, orders: Answer(200, _policies(old)),
    "/api/getActivePolicyAction": lambda old, orders: Answer(200, old.look().action),
    "/api/getHistory": lambda old, orders: Answer(200, old.history()),
    "/api/getUUID": lambda old, orders: Answer(200, device_number()),
    "/api/getLastTWCResponse": lambda old, orders: Answer(200, "None"),
    "/api/getConfig": lambda old, orders: Answer(200, old.config()),
    "/index.php": lambda old, orders: _page(old),
    "/TWCapi.php": lambda old, orders: _lennys_status(old),
}


# --- orders ----------------------------------------------------------------------------------------


def _charge_now(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    rate, seconds = number_in(body, "chargeNowRate"), number_in(body, "chargeNowDuration")
    used, lasts_s = orders.charge_now(int(rate), int(seconds), by)
    return Answer(200, {"status": "success", "rate": used, "duration": lasts_s})


def _cancel(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    orders.charge_now_cancel(by)
    return Answer(200, {"status": "success"})


def _add_offset(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    name, unit = text_in(body, "offsetName"), text_in(body, "offsetUnit")
    value = number_in(body, "offsetValue")
    orders.add_offset(name, value, unit, by)
    return Answer(200, {"status": "success", "offsetName": name, "offsetValue": value, "offsetUnit": unit})


def _delete_offset(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    name = text_in(body, "offsetName")
    orders.delete_offset(name, by)
    return Answer(200, {"status": "success", "offsetName": name})


def _old_offset(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    orders.add_offset("greenEnergyAmpsOffset", number_in(body, "offset"), "A", by)
    return Answer(204)


def _schedule(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    days = frozenset(number for number, day in enumerate(DAYS) if truth_in(body, day))
    if truth_in(body, "flexStartEnabled"):
        log.warning("A flexible start was asked of the old API; windows begin when they say.")
    wanted = Schedule()
    if truth_in(body, "enabled"):
        start, end = (int(number_in(body, key)) for key in ("startingMinute", "endingMinute"))
        if start >= 1440 or end > 1440:
            raise Refused(422, "startingMinute and endingMinute are minutes after midnight, up to 1439.")
        wanted = Schedule(number_in(body, "amps"), start, end % 1440 if end >= 0 else -1, days)
    orders.schedule(wanted, by)
    return Answer(202)


def _setting(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    name = text_in(body, "setting")
    if name not in SETTINGS:
        known = ", ".join(SETTINGS)
        raise Refused(422, f"The setting {name[:40]!r} can't be changed here; these can: {known}.")
    orders.setting(name, number_in(body, "value"), by)
    return Answer(204)


def _policy(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    name = text_in(body, "policy")
    orders.policy(name, by)
    return Answer(200, {"status": "success", "policy": name})


def _place(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    if abs(number_in(body, "lat")) > 90 or abs(number_in(body, "lon")) > 180:
        raise Refused(422, "lat lies between -90 and 90, lon between -180 and 180.")
    log.warning("%s sent the home's position to the old API; it belongs in sunward.toml.", by)
    return Answer(204)


def _start(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    orders.start(by)
    return Answer(200)


def _stop(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    orders.stop(by)
    return Answer(200)


def _not_offered(orders: LegacyOrders, body: dict[str, Any], by: str) -> Answer:
    raise Refused(403, "Raw orders to cars and to the bus are not offered: use sunward's own API and page.")


ORDERS: dict[str, Order] = {
    "/api/chargeNow": Order(_charge_now),
    "/api/cancelChargeNow": Order(_cancel, has_body=False),
    "/api/addConsumptionOffset": Order(_add_offset),
    "/api/deleteConsumptionOffset": Order(_delete_offset),
    "/api/setConsumptionOffset": Order(_old_offset),
    "/api/setScheduledChargingSettings": Order(_schedule),
    "/api/setSetting": Order(_setting),
    "/api/setPolicy": Order(_policy),
    "/api/saveSettings": Order(lambda orders, body, by: Answer(204), has_body=False),
    "/api/setLatLon": Order(_place),
    "/api/checkArrival": Order(lambda orders, body, by: Answer(202), has_body=False),
    "/api/checkDeparture": Order(lambda orders, body, by: Answer(202), has_body=False),
    "/api/sendStartCommand": Order(_start, has_body=False),
    "/api/sendStopCommand": Order(_stop, has_body=False),
    "/api/sendTeslaAPICommand": Order(_not_offered, has_body=False),
    "/api/sendDebugCommand": Order(_not_offered, has_body=False),
}


def page_order(page: str, query: dict[str, str]) -> Callable[[LegacyOrders, str], object] | None:
    """What the form of an old page asks for, or None where it only looks."""
    if page == "TWCapi.php":
        if query.get("Boost"):
            return lambda orders, by: orders.policy(POLICIES[0], by)
        return (lambda orders, by: orders.charge_now_cancel(by)) if query.get("CancelBoost") else None
    if page != "index.php" or not query.get("submit"):
        return None
    if query["submit"].startswith("1-day charge"):
        return lambda orders, by: orders.policy(POLICIES[0], by)
    if query["submit"] == "Cancel 1-day charge":
        return lambda orders, by: orders.charge_now_cancel(by)
    if "nonScheduledAmpsMax" in query or "scheduledAmpsMax" in query:
        return lambda orders, by: _page_form(orders, query, by)
    return None


def _page_form(orders: LegacyOrders, query: dict[str, str], by: str) -> None:
    """The original page sends all of its form at each `submit`; openWB only the first of these."""
    wanted = _page_schedule(query) if "scheduledAmpsMax" in query else None
    fixed = int(number_in(query, "nonScheduledAmpsMax")) if "nonScheduledAmpsMax" in query else None
    if wanted is not None:
        orders.schedule(wanted, by)
    if fixed is not None:
        orders.fixed(fixed, by)
    if query.get("resumeTrackGreenEnergyTime", "-1:00") != "-1:00":
        log.info("%s asked when to go back to green energy; windows end when they say.", by)


def _page_schedule(query: dict[str, str]) -> Schedule:
    """Its amps, both times (the start has a spelling of its own), and a box for each day."""
    amps = max(0.0, number_in(query, "scheduledAmpsMax"))
    start = minute_of(query.get("scheduledAmpStartTime", "-1:00"))
    end = minute_of(query.get("scheduledAmpsEndTime", "-1:00"))
    ticked = {day for day in range(7) if query.get(f"scheduledAmpsDay[{day}]", "") not in ("", "0")}
    return Schedule(amps, start, end, frozenset(ticked))


# --- strict values ---------------------------------------------------------------------------------


def number_in(body: dict[str, Any] | dict[str, str], key: str) -> float:
    """A finite number, or a text that is one. Raises Refused."""
    value = body.get(key)
    number = math.nan
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if not math.isfinite(number):
        raise Refused(422, f"{key} must be a number.")
    return number


def text_in(body: dict[str, Any], key: str) -> str:
    """A text. Raises Refused."""
    value = body.get(key)
    if not isinstance(value, str):
        raise Refused(422, f"{key} must be a text.")
    return value


def truth_in(body: dict[str, Any], key: str) -> bool:
    """true or false and nothing like it; left out is false. Raises Refused."""
    value = body.get(key, False)
    if not isinstance(value, bool):
        raise Refused(422, f"{key} must be true or false.")
    return value
