"""What happened, as a value: the one noun that every room shares when something is worth telling.

An event is made where it is noticed and says everything itself. Who hears about it (a letter, the
journal, nobody) is decided later, by kind and severity. A trouble and its end share a `subject`, and
the end names in `recovers` the kind that it ends.

`CATALOGUE` below lists the kinds that this house knows, with how each is told when the owner says
nothing else. A kind that is not listed works too: its severity decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

Severity = Literal["info", "warning", "error", "critical"]
Delivery = Literal["now", "digest", "never"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
DELIVERIES: tuple[Delivery, ...] = get_args(Delivery)
DELIVERY_BY_SEVERITY: Mapping[Severity, Delivery] = {
    "info": "digest",
    "warning": "now",
    "error": "now",
    "critical": "now",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `sentence` is plain words; `data` holds JSON values, units in names."""

    kind: str
    sentence: str
    severity: Severity = "info"
    subject: str = ""
    recovers: str = ""
    at_wall: datetime | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of event is told when the owner says nothing else.

    A kind that ends a trouble is told whenever that trouble was, whatever its `delivery`: `never`
    there means "only as the end of a trouble that was told".
    """

    name: str
    severity: Severity
    delivery: Delivery
    recovers: str
    title: str


# fmt: off
_KINDS = (
    # the car
    Kind("charging_started",     "info",     "digest", "",                    "Charging started"),
    Kind("charging_finished",    "info",     "digest", "",                    "Charging finished"),
    Kind("charging_stopped",     "info",     "digest", "",                    "Charging stopped"),
    Kind("car_full",             "info",     "digest", "",                    "Car full"),
    Kind("limit_reached",        "info",     "digest", "",                    "Charge limit reached"),
    Kind("limit_changed",        "info",     "digest", "",                    "Charge limit changed"),
    Kind("car_plugged",          "info",     "never",  "",                    "Car plugged in"),
    Kind("car_unplugged",        "info",     "never",  "",                    "Car unplugged"),
    Kind("owner_override",       "info",     "digest", "",                    "The app's wish is followed"),
    Kind("car_not_plugged_in",   "warning",  "now",    "",                    "Car not plugged in"),
    Kind("car_not_charging",     "warning",  "now",    "",                    "Car does not charge"),
    Kind("car_charging_again",   "info",     "never",  "car_not_charging",    "Car charges again"),
    Kind("wrong_car",            "warning",  "now",    "",                    "Another car than expected"),
    Kind("stop_failed",          "error",    "now",    "",                    "Car could not be stopped"),
    Kind("stop_worked",          "info",     "never",  "stop_failed",         "Car stopped after all"),
    Kind("plan_impossible",      "warning",  "now",    "",                    "Plan can't be met"),
    Kind("plan_late",            "warning",  "now",    "",                    "Plan will finish late"),
    # the chargers and their bus
    Kind("charger_lost",         "error",    "now",    "",                    "Charger silent"),
    Kind("charger_back",         "info",     "never",  "charger_lost",        "Charger answers again"),
    Kind("charger_fault",        "error",    "now",    "",                    "Charger reports a fault"),
    Kind("charger_fault_gone",   "info",     "never",  "charger_fault",       "Charger's fault is gone"),
    Kind("bus_lost",             "error",    "now",    "",                    "Bus line lost"),
    Kind("bus_back",             "info",     "never",  "bus_lost",            "Bus line back"),
    Kind("second_master",        "critical", "now",    "",                    "A second master on the bus"),
    Kind("second_master_gone",   "info",     "never",  "second_master",       "The second master is gone"),
    Kind("id_conflict",          "error",    "now",    "",                    "Two chargers share an id"),
    Kind("id_conflict_gone",     "info",     "never",  "id_conflict",         "Ids are unique again"),
    Kind("too_many_chargers",    "error",    "now",    "",                    "Too many chargers"),
    Kind("rating_implausible",   "warning",  "now",    "",                    "Implausible charger rating"),
    Kind("offer_not_followed",   "error",    "now",    "",                    "Offer not followed"),
    Kind("offer_followed",       "info",     "never",  "offer_not_followed",  "Offer followed again"),
    Kind("new_firmware",         "info",     "digest", "",                    "New firmware"),
    # the house
    Kind("fuse_cut",             "warning",  "now",    "",                    "Charging cut for the fuse"),
    Kind("fuse_ok",              "info",     "never",  "fuse_cut",            "Fuse has room again"),
    Kind("meter_stale",          "warning",  "now",    "",                    "Meter silent"),
    Kind("meter_back",           "info",     "never",  "meter_stale",         "Meter answers again"),
    Kind("meter_source_changed", "info",     "digest", "",                    "Another meter source counts"),
    Kind("grid_used_in_peak",    "warning",  "now",    "",                    "Grid power used in the peak"),
    Kind("grid_lost",            "warning",  "now",    "",                    "Grid outage"),
    Kind("grid_back",            "info",     "never",  "grid_lost",           "Grid back"),
    Kind("storm_watch",          "info",     "digest", "",                    "Storm watch"),
    Kind("powerwall_failed",     "error",    "now",    "",                    "Powerwall change failed"),
    Kind("powerwall_done",       "info",     "digest", "powerwall_failed",    "Powerwall changed"),
    Kind("thermostat_failed",    "error",    "now",    "",                    "Thermostat change failed"),
    Kind("thermostat_done",      "info",     "digest", "thermostat_failed",   "Thermostat changed"),
    Kind("thermostat_locked_out", "error",   "now",    "",                    "Thermostat account locked"),
    # the clouds
    Kind("token_soon_dead",      "warning",  "now",    "",                    "Sign-in ends soon"),
    Kind("token_dead",           "error",    "now",    "",                    "Sign-in needed"),
    Kind("token_ok",             "info",     "never",  "token_dead",          "Signed in again"),
    Kind("cloud_lost",           "warning",  "digest", "",                    "Cloud does not answer"),
    Kind("cloud_back",           "info",     "never",  "cloud_lost",          "Cloud answers again"),
    Kind("command_refused",      "error",    "now",    "",                    "Command refused"),
    Kind("api_budget_low",       "warning",  "now",    "",                    "Call budget nearly used"),
    Kind("api_budget_spent",     "error",    "now",    "",                    "Call budget used up"),
    Kind("tariff_missing",       "warning",  "digest", "",                    "Prices missing"),
    Kind("tariff_back",          "info",     "never",  "tariff_missing",      "Prices known again"),
    Kind("forecast_missing",     "info",     "never",  "",                    "Forecast missing"),
    # the programs
    Kind("agent_down",           "error",    "now",    "",                    "Agent down"),
    Kind("agent_back",           "info",     "never",  "agent_down",          "Agent back"),
    Kind("part_crashed",         "error",    "now",    "",                    "A program part crashed"),
    Kind("part_back",            "info",     "never",  "part_crashed",        "The part works again"),
    Kind("job_failed",           "error",    "now",    "",                    "A timed job failed"),
    Kind("job_ok",               "info",     "never",  "job_failed",          "The timed job works again"),
    Kind("history_disk_full",    "error",    "now",    "",                    "Disk full"),
    Kind("history_disk_ok",      "info",     "never",  "history_disk_full",   "Disk has room again"),
    Kind("history_broken",       "error",    "now",    "",                    "History file damaged"),
    Kind("outbox_broken",        "warning",  "now",    "",                    "Outbox file damaged"),
    Kind("outbox_overflow",      "warning",  "now",    "",                    "Outbox overflowed"),
    # reports
    Kind("end_of_day",           "info",     "now",    "",                    "The day"),
    Kind("weekly_report",        "info",     "now",    "",                    "The week"),
    Kind("monthly_report",       "info",     "now",    "",                    "The month"),
)
# fmt: on

CATALOGUE: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}


def event_of(
    kind: str,
    sentence: str,
    subject: str = "",
    at_wall: datetime | None = None,
    data: Mapping[str, object] | None = None,
) -> Event:
    """An event with its kind's usual severity and recovery; an unlisted kind is an `info`."""
    known = kind_of(kind)
    return Event(kind, sentence, known.severity, subject, known.recovers, at_wall, data or {})


def kind_of(name: str) -> Kind:
    """The catalogue's entry, or for an unlisted kind a plain one whose severity the event will say."""
    known = CATALOGUE.get(name)
    return known or Kind(name, "info", DELIVERY_BY_SEVERITY["info"], "", name.replace("_", " ").capitalize())


def severity_of(event: Event) -> Severity:
    """The event's own severity, or its kind's where the event was made without one."""
    return event.severity if event.severity != "info" else kind_of(event.kind).severity


def recovered_kind(event: Event) -> str:
    """The kind of trouble that this event ends, or an empty string."""
    return event.recovers or kind_of(event.kind).recovers


def table() -> str:
    """The catalogue as a Markdown table: the same one as in docs/letters.md."""
    lines = ["| kind | told as | severity | when | ends |", "|---|---|---|---|---|"]
    lines += [
        f"| `{kind.name}` | {kind.title} | {kind.severity} | {_when(kind)} | "
        f"{f'`{kind.recovers}`' if kind.recovers else ''} |"
        for kind in _KINDS
    ]
    return "\n".join(lines) + "\n"


def _when(kind: Kind) -> str:
    return "with its trouble" if kind.recovers and kind.delivery == "never" else kind.delivery
