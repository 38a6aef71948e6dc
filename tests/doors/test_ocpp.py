"""A central system of OCPP 1.6 on a real WebSocket leads, and a person at the page has the last word."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from ocpp.v16 import call

from agent.doors.ocpp import OcppDoor
from agent.doors.ocpp_profiles import Profiles
from agent.doors.ocpp_words import Configuration
from agent.doors.settings import OcppSettings
from agent.model import Mode
from tests.doors.central import Central, profile
from tests.web.house import GARAGE, VIN
from tests.wires.patience import until

POINT, OTHER = f"sunward-{GARAGE}", "sunward-A7F4"
NOW = datetime(2026, 6, 3, 11, 0, tzinfo=UTC)


@pytest.fixture
def door(house, free_port):
    """The door, opened towards a central system that is not there yet."""
    doors = []

    def open_door(scheme="ws", secrets=None, **more):
        settings = OcppSettings(url=f"{scheme}://127.0.0.1:{free_port}/ocpp/", **more)
        doors.append(OcppDoor(house.rooms, settings, secrets or {}))
        doors[-1].start()
        return doors[-1]

    yield open_door
    for one in doors:
        one.stop()


def _boosts(house):
    return [(one.amps, one.charger_id) for one in house.desk.control.get().boosts]


def test_a_charging_car_is_a_transaction_with_its_values(house, door, free_port):
    with Central(free_port) as central:
        door(secrets={"OCPP_PASSWORD": "four words"})
        boot = central.wait(POINT, "boot")
        assert boot["charge_point_vendor"] == "Tesla"
        assert boot["firmware_version"] == "4.5.3"
        assert central.logins[POINT] == f"{POINT}:four words"
        start = central.wait(POINT, "start")
        assert start["id_tag"] == VIN
        assert start["meter_start"] > 1_234_567
        assert central.wait(POINT, "status", lambda one: one["status"] == "Charging")
        assert central.states(POINT)[:2] == ["Preparing", "Charging"]
        values = central.wait(POINT, "values")
        assert values["transaction_id"] == 41
        said = {one["measurand"]: one for one in values["meter_value"][0]["sampled_value"]}
        assert said["Power.Active.Import"]["value"] == "5825"
        assert said["Current.Offered"] == {"measurand": "Current.Offered", "value": "25.0", "unit": "A"}
        assert said["Current.Import"]["phase"] == "L1"
        assert said["SoC"]["value"] == "61"
        assert central.wait(POINT, "beat") == {}
        assert central.wait(OTHER, "status", lambda one: one["connector_id"] == 1)["status"] == "Available"
        assert central.heard(OTHER, "start") == []

        house.parked = False
        house.second()
        stop = central.wait(POINT, "stop")
        assert stop["transaction_id"] == 41
        assert stop["reason"] == "EVDisconnected"
        assert central.wait(POINT, "status", lambda one: one["status"] == "Available")


def test_evccs_order_of_talk(house, door, free_port):
    with Central(free_port) as central:
        door()
        assert central.wait(POINT, "start")
        assert central.ask(POINT, call.ChangeAvailability(0, "Operative")).status == "Accepted"
        keys = central.ask(POINT, call.GetConfiguration(["NumberOfConnectors", "PhaseOfTheMoon"]))
        assert keys.configuration_key == [{"key": "NumberOfConnectors", "value": "1", "readonly": True}]
        assert keys.unknown_key == ["PhaseOfTheMoon"]
        for key, value, status in (
            ("MeterValuesSampledData", "Power.Active.Import,Current.Offered", "Accepted"),
            ("MeterValuesSampledData", "Power.Reactive.Import", "Rejected"),
            ("MeterValueSampleInterval", "1", "Accepted"),
            ("WebSocketPingInterval", "30", "Accepted"),
            ("NumberOfConnectors", "2", "Rejected"),
            ("PhaseOfTheMoon", "full", "NotSupported"),
        ):
            assert central.ask(POINT, call.ChangeConfiguration(key, value)).status == status, key
        assert central.ask(POINT, call.TriggerMessage("MeterValues")).status == "Accepted"
        assert (
            central.ask(POINT, call.TriggerMessage("FirmwareStatusNotification")).status == "NotImplemented"
        )

        assert central.profile(POINT, 0.0) == "Accepted"
        assert until(lambda: house.desk.control.get().mode_by_charger.get(GARAGE) is Mode.OFF)
        house.second()
        house.second()
        assert central.wait(POINT, "status", lambda one: one["status"] == "SuspendedEVSE")
        assert central.wait(POINT, "values", lambda one: _amps(one) == 0)

        assert central.profile(POINT, 13.5) == "Accepted"
        assert until(lambda: _boosts(house) == [(13.5, GARAGE)])
        house.second()
        assert central.wait(POINT, "status", lambda one: one["status"] == "Charging")
        assert central.wait(POINT, "values", lambda one: _amps(one) == 13.5)
        assert central.profile(POINT, 99.0) == "Accepted"
        assert until(lambda: _boosts(house) == [(32, GARAGE)]), "never more than its wires bear"
        schedule = central.ask(POINT, call.GetCompositeSchedule(1, 60)).charging_schedule
        assert schedule["charging_schedule_period"] == [{"start_period": 0, "limit": 99.0}]

        assert central.ask(POINT, call.ClearChargingProfile(id=1)).status == "Accepted"
        assert until(lambda: _boosts(house) == []), "the house's own rules are back"
        assert central.ask(POINT, call.ClearChargingProfile(id=1)).status == "Unknown"


def _amps(values):
    samples = values["meter_value"][0]["sampled_value"]
    return next(float(one["value"]) for one in samples if one["measurand"] == "Current.Offered")


def test_a_person_at_the_page_overrules_the_central_system(house, door, free_port):
    with Central(free_port) as central:
        door()
        assert central.wait(POINT, "start")
        central.profile(POINT, 16.0)
        assert until(lambda: _boosts(house) == [(16, GARAGE)])
        house.desk.end_boost(GARAGE, "a person")
        house.desk.set_mode(Mode.OFF, GARAGE, "a person")
        central.profile(POINT, 17.0)
        assert central.wait(POINT, "values")
        house.second()
        assert central.wait(POINT, "status", lambda one: one["status"] == "SuspendedEVSE")
        assert _boosts(house) == []


def test_remote_stop_and_start(house, door, free_port):
    with Central(free_port) as central:
        door()
        assert central.wait(POINT, "values", lambda one: one.get("transaction_id") == 41)
        assert central.ask(POINT, call.RemoteStartTransaction("again")).status == "Rejected"
        assert central.ask(POINT, call.RemoteStopTransaction(7)).status == "Rejected"
        assert central.ask(POINT, call.RemoteStopTransaction(41)).status == "Accepted"
        assert central.wait(POINT, "stop")["reason"] == "Remote"
        assert until(lambda: house.desk.control.get().mode_by_charger.get(GARAGE) is Mode.OFF)
        assert central.wait(POINT, "status", lambda one: one["status"] == "Finishing")
        assert central.ask(POINT, call.RemoteStartTransaction("again")).status == "Accepted"
        assert central.wait(POINT, "start", lambda one: one["id_tag"] == "again")
        assert until(lambda: GARAGE not in house.desk.control.get().mode_by_charger)
        assert central.ask(POINT, call.ChangeAvailability(1, "Inoperative")).status == "Accepted"
        assert central.wait(POINT, "status", lambda one: one["status"] == "Unavailable")
        assert house.desk.control.get().mode_by_charger.get(GARAGE) is Mode.OFF
        for payload, status in (
            (call.UnlockConnector(1), "NotSupported"),
            (call.ClearCache(), "Rejected"),
            (call.Reset("Hard"), "Rejected"),
            (call.DataTransfer("acme"), "UnknownVendorId"),
        ):
            assert central.ask(POINT, payload).status == status
        assert central.ask(POINT, call.GetLocalListVersion()).list_version == -1


def test_without_control_it_only_tells(house, door, free_port):
    with Central(free_port) as central:
        door(control=False)
        assert central.wait(POINT, "start")
        assert central.profile(POINT, 0.0) == "Rejected"
        assert central.ask(POINT, call.RemoteStopTransaction(41)).status == "Rejected"
        assert GARAGE not in house.desk.control.get().mode_by_charger


def test_what_was_ordered_ends_when_the_central_system_stays_away(house, door, free_port):
    with Central(free_port) as central:
        door(hold_s=600)
        assert central.wait(POINT, "start")
        central.profile(POINT, 16.0)
        assert until(lambda: _boosts(house) == [(16, GARAGE)])
    house.second(601)
    assert _boosts(house) == []
    assert house.desk.control.get().mode == Mode.SOLAR


@pytest.mark.slow
def test_it_comes_back_after_a_lost_connection_with_the_same_transaction(house, door, free_port):
    with Central(free_port, boots=["Pending"]) as central:
        door()
        assert until(lambda: len(central.heard(POINT, "boot")) == 2), "it was told to wait first"
        assert central.wait(POINT, "values", lambda one: one.get("transaction_id") == 41)
        central.said.clear()
        central.hang_up(POINT)
        assert until(lambda: central.heard(POINT, "boot"), 20)
        assert central.wait(POINT, "values", lambda one: one.get("transaction_id") == 41)
        assert central.heard(POINT, "start") == []


def test_a_message_that_breaks_the_library_costs_one_connection_and_no_more(house, door, free_port):
    limits = '[{"startPeriod": 0, "limit": 1e308}]'
    schedule = f'{{"chargingRateUnit": "A", "chargingSchedulePeriod": {limits}}}'
    kind = '"chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Relative"'
    profiles = f'{{"chargingProfileId": 1, "stackLevel": 0, {kind}, "chargingSchedule": {schedule}}}'
    with Central(free_port) as central:
        door()
        assert central.wait(POINT, "boot")
        assert central.wait(OTHER, "boot")
        central.said.clear()
        central.says(
            POINT, f'[2, "1", "SetChargingProfile", {{"connectorId": 1, "csChargingProfiles": {profiles}}}]'
        )
        assert until(lambda: central.heard(POINT, "boot"), 20)
        assert central.heard(OTHER, "boot") == []
        for junk in ("", "x", "[]", "[2]", "{}", "null", '[9, "a"]', '[2, {}, "Reset", {}]', "[" * 50000):
            central.says(OTHER, junk)
        central.said.clear()
        assert until(lambda: central.heard(OTHER, "values") or central.heard(OTHER, "boot"), 20)
        assert central.profile(POINT, 10) == "Accepted"


def test_over_tls_the_certificate_counts(house, door, free_port, certificate):
    made, key = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    with Central(free_port, tls=context) as central:
        door("wss", ca_file=made)
        assert central.wait(POINT, "boot")


# --- profiles, without a wire -----------------------------------------------------------------------


def _profiles(*rows):
    found = Profiles()
    assert [found.set(row) for row in rows] == ["Accepted"] * len(rows)
    return found


def test_the_highest_of_a_purpose_speaks_and_the_least_of_purposes_counts():
    all_of_them = _profiles(
        profile(10.0, id=1, stack=0),
        profile(16.0, id=2, stack=3),
        profile(13.0, id=3, purpose="ChargePointMaxProfile"),
    )
    assert all_of_them.amps_at(NOW, None) == 13
    all_of_them.set(profile(8.0, id=4, purpose="TxProfile"))
    assert all_of_them.amps_at(NOW, NOW) == 8
    all_of_them.end_of_transaction()
    assert all_of_them.amps_at(NOW, None) == 13
    assert all_of_them.clear(None, "ChargePointMaxProfile", None)
    assert all_of_them.amps_at(NOW, None) == 16
    assert all_of_them.clear(None, None, None)
    assert all_of_them.amps_at(NOW, None) is None


def test_a_schedule_changes_with_the_hours_and_comes_again_each_day():
    start = (NOW - timedelta(days=3, hours=1)).isoformat()
    daily = profile(
        (0, 6.0),
        (7200, 16.0),
        kind="Recurring",
        recurrency_kind="Daily",
        start_schedule=start,
        duration=10800,
    )
    found = _profiles(daily)
    hours = [found.amps_at(NOW + timedelta(hours=hour), None) for hour in range(-2, 4)]
    assert hours == [None, 6, 6, 16, None, None]
    assert list(found.composite(NOW, 86_400, None)) == [(0, 6.0), (3600, 16.0), (82800, 6.0)]


def test_a_relative_schedule_counts_from_the_transaction_and_may_be_over():
    found = _profiles(profile((0, 16.0), (60, 6.0), kind="Relative", duration=120))
    assert [found.amps_at(NOW, NOW - timedelta(seconds=one)) for one in (0, 61, 121)] == [16, 6, None]
    bounded = _profiles(profile(16.0, valid_from=NOW.isoformat(), valid_to=(NOW + timedelta(1)).isoformat()))
    assert [bounded.amps_at(NOW + timedelta(days=one), None) for one in (-1, 0, 1)] == [None, 16, None]


@pytest.mark.parametrize(
    "bad",
    [
        profile(3600.0, unit="W"),
        profile((10, 6.0)),
        profile((0, 6.0), (0, 8.0)),
        profile(6.0, stack=99),
        profile(6.0, start_schedule="yesterday"),
    ],
)
def test_a_profile_that_can_t_be_kept_is_rejected(bad):
    assert Profiles().set(bad) == "Rejected"


def test_all_keys_are_told_where_none_is_named():
    rows, unknown = Configuration().rows(())
    assert {"key": "ChargingScheduleAllowedChargingRateUnit", "value": "Current", "readonly": True} in rows
    assert unknown == []
