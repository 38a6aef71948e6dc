"""One connection of a charge point: tells the central system what changes, and answers what it asks.

A transaction begins when a car is plugged in, with the end of its VIN as tag, and ends when the car leaves.
What is asked for does not hold up the telling: it is noted, and acted upon at the next beat.

Source: Open Charge Point Protocol 1.6 edition 2; the `ocpp` package frames and checks the messages.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result

from agent.doors.nouns import ChargerState
from agent.doors.ocpp_point import Point, text_of
from agent.doors.ocpp_words import CONNECTOR, status_of
from agent.doors.steering import is_plugged

log = logging.getLogger(__name__)

BEAT_S = 1.0
ANSWER_S = 20.0
ALIVE_EVERY_S = 60.0
LONGEST_TAG = 20
NO_TAG = "sunward"
MESSAGES = ("BootNotification", "Heartbeat", "MeterValues", "StatusNotification")


async def talk(point: Point, line: Any) -> None:
    """One connection's life; returns when it ends. Raises OSError, TimeoutError, WebSocketException."""
    point.connected()
    station = Station(point, line)
    tasks = [asyncio.create_task(station.start()), asyncio.create_task(station.tell())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Station(ChargePoint):
    """One connection: tells what changes, answers what is asked."""

    def __init__(self, point: Point, line: Any) -> None:
        super().__init__(point.station, line, response_timeout=ANSWER_S, logger=log.getChild("frames"))
        self._point = point
        self._wanted = {"StatusNotification"}  # what is to be said at the next beat
        self._status: tuple[str, str, str] | None = None

    # --- telling ---

    async def tell(self) -> None:
        """Say who we are until we are accepted, then what happens, once a second."""
        point, mono = self._point, asyncio.get_running_loop().time
        await self._boot()
        due = dict.fromkeys(("Heartbeat", "MeterValues", "alive"), mono())
        await self._say_status(0, ("Available", "NoError", ""))
        while not point.is_resetting:
            charger = point.look()
            point.obey()
            await self._tell_transaction(charger)
            await self._tell_status(charger)
            if mono() >= due["alive"]:
                point.steering.alive(charger.id)
                due["alive"] = mono() + ALIVE_EVERY_S
            every_s = {
                "Heartbeat": point.configuration.heartbeat_every_s,
                "MeterValues": point.configuration.sample_every_s,
            }
            self._wanted |= {name for name, each_s in every_s.items() if each_s and mono() >= due[name]}
            due |= {name: mono() + every_s[name] for name in every_s if name in self._wanted}
            await self._say_wanted(charger)
            await asyncio.sleep(BEAT_S)

    async def _boot(self) -> None:
        charger = self._point.look()
        while True:
            said = await self.call(
                call.BootNotification(
                    charge_point_model="Wall Connector",
                    charge_point_vendor="Tesla",
                    charge_box_serial_number=charger.serial[:25] or None,
                    firmware_version=charger.firmware[:50] or None,
                )
            )
            interval_s = max(1, said.interval) if said is not None and said.interval else 60
            if said is not None and said.status == "Accepted":
                self._point.configuration.heartbeat_every_s = interval_s
                return
            await asyncio.sleep(interval_s)

    async def _tell_transaction(self, charger: ChargerState) -> None:
        point, plugged = self._point, is_plugged(charger) or charger.charging
        if not plugged and charger.linked:
            point.is_finishing = False
            if point.transaction is not None:
                await self._stop(charger, "EVDisconnected")
        elif plugged and point.transaction is None and not point.is_finishing and point.is_operative:
            await self._say_status(CONNECTOR, ("Preparing", "NoError", ""))
            point.tag = point.tag or charger.vin[-LONGEST_TAG:] or NO_TAG
            point.since = point.now()
            said = await self.call(
                call.StartTransaction(CONNECTOR, point.tag, _energy(charger), text_of(point.since))
            )
            if said is not None:
                point.transaction = said.transaction_id
                if said.id_tag_info.get("status") != "Accepted":
                    log.warning("OCPP %s: the tag %s is not accepted.", point.station, point.tag)

    async def _stop(self, charger: ChargerState, reason: str) -> None:
        point = self._point
        if point.transaction is not None:
            await self.call(
                call.StopTransaction(
                    _energy(charger),
                    text_of(point.now()),
                    point.transaction,
                    reason=reason,
                    id_tag=point.tag or None,
                )
            )
        point.end()

    async def _tell_status(self, charger: ChargerState) -> None:
        point = self._point
        status = status_of(charger, point.is_operative, point.is_finishing)
        if status[:2] != (self._status or ())[:2] or "StatusNotification" in self._wanted:
            await self._say_status(CONNECTOR, status)

    async def _say_status(self, connector: int, status: tuple[str, str, str]) -> None:
        if connector:
            self._status = status
        self._wanted.discard("StatusNotification")
        state, code, info = status
        await self.call(
            call.StatusNotification(
                connector,
                code,
                state,
                timestamp=text_of(self._point.now()),
                info=info or None,
            )
        )

    async def _say_wanted(self, charger: ChargerState) -> None:
        point, wanted = self._point, self._wanted
        self._wanted = set()
        if "BootNotification" in wanted:
            await self._boot()
        if "Heartbeat" in wanted:
            await self.call(call.Heartbeat())
        if "MeterValues" in wanted:
            await self.call(
                call.MeterValues(CONNECTOR, [point.sampled(charger)], transaction_id=point.transaction)
            )

    # --- answering ---

    @on("ChangeAvailability")
    def _on_availability(self, connector_id: int, type: str) -> Any:
        self._point.is_operative = type == "Operative"
        return call_result.ChangeAvailability("Accepted")

    @on("GetConfiguration")
    def _on_get_configuration(self, key: Sequence[str] = ()) -> Any:
        rows, unknown = self._point.configuration.rows(key)
        return call_result.GetConfiguration(configuration_key=rows, unknown_key=unknown or None)

    @on("ChangeConfiguration")
    def _on_change_configuration(self, key: str, value: str) -> Any:
        return call_result.ChangeConfiguration(self._point.configuration.change(key, value))

    @on("TriggerMessage")
    def _on_trigger(self, requested_message: str, connector_id: int | None = None) -> Any:
        if requested_message not in MESSAGES:
            return call_result.TriggerMessage("NotImplemented")
        self._wanted.add(requested_message)
        return call_result.TriggerMessage("Accepted")

    @on("SetChargingProfile")
    def _on_set_profile(self, connector_id: int, cs_charging_profiles: Mapping[str, Any]) -> Any:
        status = self._point.profiles.set(cs_charging_profiles) if self._point.control else "Rejected"
        return call_result.SetChargingProfile(status)

    @on("ClearChargingProfile")
    def _on_clear_profile(
        self,
        id: int | None = None,
        connector_id: int | None = None,
        charging_profile_purpose: str | None = None,
        stack_level: int | None = None,
    ) -> Any:
        found = self._point.profiles.clear(id, charging_profile_purpose, stack_level)
        return call_result.ClearChargingProfile("Accepted" if found else "Unknown")

    @on("GetCompositeSchedule")
    def _on_composite(self, connector_id: int, duration: int, charging_rate_unit: str = "A") -> Any:
        point, now = self._point, self._point.now()
        rows = [
            {"start_period": after_s, "limit": round(amps, 1)}
            for after_s, amps in point.profiles.composite(now, duration, point.since)
        ]
        if charging_rate_unit != "A" or not rows:
            return call_result.GetCompositeSchedule("Rejected")
        schedule = {
            "duration": duration,
            "start_schedule": text_of(now),
            "charging_rate_unit": "A",
            "charging_schedule_period": rows,
        }
        return call_result.GetCompositeSchedule("Accepted", connector_id, text_of(now), schedule)

    @on("RemoteStartTransaction")
    def _on_remote_start(
        self,
        id_tag: str,
        connector_id: int = CONNECTOR,
        charging_profile: Mapping[str, Any] | None = None,
    ) -> Any:
        point = self._point
        fits = point.control and is_plugged(point.look()) and point.transaction is None
        if not fits or (charging_profile and point.profiles.set(charging_profile) != "Accepted"):
            return call_result.RemoteStartTransaction("Rejected")
        point.tag, point.is_finishing = id_tag[:LONGEST_TAG], False
        return call_result.RemoteStartTransaction("Accepted")

    @on("RemoteStopTransaction")
    async def _on_remote_stop(self, transaction_id: int) -> Any:
        point = self._point
        if not point.control or transaction_id != point.transaction:
            return call_result.RemoteStopTransaction("Rejected")
        point.is_finishing = True
        self._stopping = asyncio.create_task(self._stop(point.look(), "Remote"))
        return call_result.RemoteStopTransaction("Accepted")

    @on("Reset")
    def _on_reset(self, type: str) -> Any:
        if type != "Soft":  # the program is the owner's to restart
            return call_result.Reset("Rejected")
        self._point.is_resetting = True
        return call_result.Reset("Accepted")

    @on("UnlockConnector")
    def _on_unlock(self, connector_id: int) -> Any:
        return call_result.UnlockConnector("NotSupported")

    @on("GetLocalListVersion")
    def _on_list_version(self) -> Any:
        return call_result.GetLocalListVersion(-1)

    @on("ClearCache")
    def _on_clear_cache(self) -> Any:
        return call_result.ClearCache("Rejected")

    @on("DataTransfer")
    def _on_data(self, vendor_id: str, message_id: str = "", data: str = "") -> Any:
        return call_result.DataTransfer("UnknownVendorId")


def _energy(charger: ChargerState) -> int:
    return round(charger.energy_wh or 0)
