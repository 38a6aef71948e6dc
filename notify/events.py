"""What happened, as a value: the one noun that every room shares when something is worth telling.

An event is made where it is noticed and says everything itself. Who hears about it (a letter, the
journal, nobody) is decided later, by kind and severity. A trouble and its end share a `subject`, and
the end names in `recovers` the kind that it ends.

`CATALOGUE` below lists the kinds that this house knows, with how each is told when the owner says
nothing else. A kind that is not listed works too: its severity decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


# what happened          severity told   as the end of      title
_TABLE = """
# the car
charging_started         info     digest -                  Charging started
charging_finished        info     digest -                  Charging finished
charging_stopped         info     digest -                  Charging stopped
car_full                 info     digest -                  Car full
limit_reached            info     digest -                  Charge limit reached
limit_changed            info     digest -                  Charge limit changed
car_plugged              info     never  -                  Car plugged in
car_unplugged            info     never  -                  Car unplugged
owner_override           info     digest -                  The app's wish is followed
mode                     info     never  -                  Mode changed
boost                    info     never  -                  Boost set
boost_ended              info     never  -                  Boost ended
limit                    info     never  -                  Limit set
windows                  info     never  -                  Windows changed
access                   info     never  -                  Keys to the page changed
certificate_broken       warning  now    -                  The page's new certificate is broken
certificate_renewed      info     never  certificate_broken The page's certificate is renewed
guessing                 warning  now    -                  Passwords are being guessed
car_not_plugged_in       warning  now    -                  Car not plugged in
car_not_charging         warning  now    -                  Car does not charge
car_charging_again       info     never  car_not_charging   Car charges again
wrong_car                warning  now    -                  Another car than expected
stop_failed              error    now    -                  Car could not be stopped
stop_worked              info     never  stop_failed        Car stopped after all
plan_impossible          warning  now    -                  Plan can't be met
plan_late                warning  now    -                  Plan will finish late

# the chargers and their bus
charger_lost             warning  now    -                  Charger silent
charger_back             info     never  charger_lost       Charger answers again
charger_linked           info     never  -                  Charger linked
unknown_charger          warning  now    -                  Charger not in the settings
rating_below_setting     warning  now    -                  Charger smaller than its setting
charger_fault            error    now    -                  Charger reports a fault
charger_fault_gone       info     never  charger_fault      Charger's fault is gone
bus_port_lost            error    now    -                  Bus port lost
bus_port_back            info     never  bus_port_lost      Bus port back
second_master            critical now    -                  A second master on the bus
second_master_gone       info     never  second_master      The second master is gone
id_conflict              error    now    -                  Two chargers share an id
id_conflict_gone         info     never  id_conflict        Ids are unique again
too_many_chargers        error    now    -                  Too many chargers
rating_implausible       warning  now    -                  Implausible charger rating
offer_not_followed       warning  now    -                  Offer not followed
offer_followed           info     never  offer_not_followed Offer followed again
new_firmware             info     digest -                  New firmware

# the house
fuse_cut                 warning  now    -                  Charging cut for the fuse
fuse_ok                  info     never  fuse_cut           Fuse has room again
peak_cut                 warning  digest -                  Charging cut for the peak cap
peak_ok                  info     never  peak_cut           Room below the peak cap again
uneven_cut               warning  digest -                  Charging cut for uneven phases
uneven_ok                info     never  uneven_cut         Phases even enough again
dimmed                   warning  digest -                  Charging dimmed by order
dimmed_over              info     never  dimmed             Dimming is over
meter_stale              warning  now    -                  Meter silent
meter_back               info     never  meter_stale        Meter answers again
meter_source_changed     info     digest -                  Another meter source counts
meter_disagrees          warning  now    -                  Meters disagree
meter_agrees             info     digest meter_disagrees    Meters agree again
grid_used_in_peak        warning  now    -                  Grid power used in the peak
grid_lost                warning  now    -                  Grid outage
grid_back                info     never  grid_lost          Grid back
storm_watch              info     digest -                  Storm watch
powerwall_failed         error    now    -                  Powerwall change failed
powerwall_done           info     digest powerwall_failed   Powerwall changed
thermostat_failed        error    now    -                  Thermostat change failed
thermostat_done          info     digest thermostat_failed  Thermostat changed
thermostat_locked_out    error    now    -                  Thermostat account locked

# the clouds
token_soon_dead          warning  now    -                  Sign-in ends soon
token_dead               error    now    -                  Sign-in needed
token_ok                 info     never  token_dead         Signed in again
cloud_lost               warning  digest -                  Cloud does not answer
cloud_back               info     never  cloud_lost         Cloud answers again
command_refused          error    now    -                  Command refused
api_budget_low           warning  now    -                  Call budget nearly used
api_budget_spent         error    now    -                  Call budget used up
tariff_missing           warning  digest -                  Prices missing
tariff_back              info     never  tariff_missing     Prices known again
forecast_missing         info     never  -                  Forecast missing

# the programs
agent_down               error    now    -                  Agent down
agent_back               info     never  agent_down         Agent back
part_crashed             error    now    -                  A program part crashed
job_failed               error    now    -                  A timed job failed
job_ok                   info     never  job_failed         The timed job works again
history_disk_full        error    now    -                  Disk full
history_unwritable       error    now    -                  History can't be written
history_newer            error    now    -                  History of a newer version
history_corrupt          warning  now    -                  History file damaged
history_written_again    info     never  history_disk_full  History written again
history_minutes_unplaced info     never  -                  Minutes without a time
outlet_down              warning  digest -                  Outlet does not answer
outlet_back              info     never  outlet_down        Outlet answers again
outbox_broken            warning  now    -                  Outbox file damaged
outbox_overflow          warning  now    -                  Outbox overflowed

# reports
end_of_day               info     now    -                  The day
weekly_report            info     now    -                  The week
monthly_report           info     now    -                  The month
"""


def _read(table: str) -> Iterator[Kind]:
    for line in table.splitlines():
        if line and not line.startswith("#"):
            name, severity, delivery, recovers, title = line.split(maxsplit=4)
            how_bad, how = SEVERITIES.index(severity), DELIVERIES.index(delivery)
            yield Kind(name, SEVERITIES[how_bad], DELIVERIES[how], recovers.strip("-"), title)


CATALOGUE: Mapping[str, Kind] = {kind.name: kind for kind in _read(_TABLE)}


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
        for kind in CATALOGUE.values()
    ]
    return "\n".join(lines) + "\n"


def _when(kind: Kind) -> str:
    return "with its trouble" if kind.recovers and kind.delivery == "never" else kind.delivery
