"""What may be sent to the API: each body and query as a strict model. Unknown fields are refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from agent.boosts import LONGEST_BOOST_S, Refused
from agent.model import CarStatus, Mode, Moment, PriceAhead, PricesAhead, SunAhead

ModeWord = Literal["off", "solar", "solar_min", "fast"]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Truth = Annotated[bool, Field(strict=True)]
Watts = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1_000_000, le=1_000_000)]
Counter = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e12)]
PerKwh = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-100, le=10_000)]
Percent = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=100)]
ChargerId = Annotated[str, Field(min_length=1, max_length=40, description="a charger's id, as in GET /state")]
Vin = Annotated[str, Field(pattern=r"^[A-Z0-9]{17}$", description="17 capital letters and digits")]
OLDEST_READING_S = 86400.0
CLOCKS_DIFFER_S = 60.0
MOST_PRICES = 400  # two days of quarter hours, and some
Phases = Annotated[list[Number], Field(min_length=1, max_length=3, description="L1, L2, L3 (or L1 alone)")]


def _iso(value: object) -> object:
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:", value):
        raise ValueError('must be a time like "2026-05-01T07:15:00+02:00"')
    return value


IsoTime = Annotated[
    AwareDatetime,
    BeforeValidator(_iso),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Field(description="ISO time with its offset from UTC"),
]


def _when(value: object) -> datetime:
    """A time as programs and people write it; without an offset it is the house's own."""
    text = str(value).strip()
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    try:
        if re.match(r"\d{4}-\d\d-\d\d", text):
            return datetime.fromisoformat(_PLUS_LOST.sub(r"\1+\2", text))
    except ValueError:
        pass
    raise ValueError('must be a time like "2026-05-01T07:15:00+02:00", a day, or seconds since 1970')


_PLUS_LOST = re.compile(r"(:\d\d(?:\.\d+)?) (\d\d:\d\d)$")  # a "+" in an address means a space
When = Annotated[
    datetime,
    PlainValidator(_when),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "format": "date"},
                {"type": "string", "pattern": "^[0-9]{9,11}$"},
            ]
        }
    ),
    Field(description="ISO time (without an offset, the house's), a day, or seconds since 1970"),
]


Until = Annotated[
    str,
    Field(max_length=40),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
                {"type": "string", "format": "date-time"},
            ]
        }
    ),
]

ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"


def _one_line(text: str) -> str:
    if re.fullmatch(ONE_LINE, text) is None:
        raise ValueError("must be one line, without control characters")
    return text


# Text that stands in sentences, logs and letters: a new line in it would pass for one of ours.
_SHOWN = {"pattern": ONE_LINE}
Words = Annotated[str, Field(max_length=40, json_schema_extra=_SHOWN), AfterValidator(_one_line)]
CarName = Annotated[str, Field(max_length=80, json_schema_extra=_SHOWN), AfterValidator(_one_line)]
Currency = Annotated[str, Field(max_length=8, json_schema_extra=_SHOWN), AfterValidator(_one_line)]


class Ask(BaseModel):
    """A body or query: nothing in it is ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class ModeAsk(Ask):
    """The house's mode, or one charger's own; `mode` null gives that charger back to its settings."""

    mode: ModeWord | None
    charger: ChargerId | None = None

    def wanted(self) -> Mode | None:
        """The mode as the house calls it."""
        return None if self.mode is None else Mode(self.mode)


class LimitBody(Ask):
    """An order to leave room: for all chargers together, or watts kept free on each phase.

    Without `for_s` it holds until it is taken back; a new one replaces it.
    """

    amps: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1000)] | None = None
    watts: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1_000_000)] | None = None
    reserved_watts: (
        Annotated[
            list[Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=100_000)]],
            Field(min_length=1, max_length=3, description="L1, L2, L3 (or L1 alone)"),
        ]
        | None
    ) = None
    for_s: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1, le=LONGEST_BOOST_S)] | None = None


class BoostBody(Ask):
    """Fast charging with an end. Without any end it lasts 3 hours; with a goal alone, 24 hours at most."""

    amps: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=5, le=80)] | None = None
    for_s: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1, le=LONGEST_BOOST_S)] | None = None
    until: Until | None = Field(default=None, description='"07:15" (the next one) or an ISO time')
    to_soc_percent: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1, le=100)] | None = None
    to_energy_kwh: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=250)] | None = None
    charger: ChargerId | None = None


class CarBody(Ask):
    """What is known of one car; it replaces all that was known before. `at_wall` is now if not said."""

    vin: Vin | None = Field(default=None, description="may be left out; else the same as in the address")
    name: CarName = ""
    soc_percent: Percent | None = None
    limit_percent: Percent | None = None
    charging_state: Words = ""
    plugged: Truth | None = None
    asleep: Truth | None = None
    at_wall: IsoTime | None = None
    note: Annotated[str, Field(max_length=1000)] = ""
    plan: dict[str, Any] | None = None
    calls: dict[str, Any] | None = None

    def car(self, vin: str) -> CarStatus:
        """The car as the house knows it. Raises Refused where body and address name two cars."""
        if self.vin not in (None, vin):
            raise Refused(409, f"The address says {vin!r}, the body {self.vin!r}: send the same vin.")
        return CarStatus(vin=vin, **self.model_dump(exclude={"vin"}))


Money = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1_000_000)]


class CallsBody(Ask):
    """What a clouds' account was asked: calls of today and their caps by class, and this month's money."""

    today: Annotated[dict[str, Counter], Field(max_length=20)]
    caps: Annotated[dict[str, Counter], Field(max_length=20)] = {}
    month_money: Money = 0.0
    month_money_cap: Money = 0.0
    currency: Currency = ""


class SunBody(Ask):
    """Mean watts of all panels from `start` (included) to `end` (not)."""

    start: IsoTime
    end: IsoTime
    watts: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1_000_000)]

    def ahead(self) -> SunAhead:
        """The stretch as the house knows it. Raises Refused."""
        if self.start >= self.end:
            raise Refused(409, "Each stretch of a forecast must end after its start.")
        return SunAhead(self.start, self.end, self.watts)


class PriceBody(Ask):
    """One price from `start` (included) to `end` (not). What is null is unknown."""

    start: IsoTime
    end: IsoTime
    buy_per_kwh: PerKwh
    sell_per_kwh: PerKwh | None = None
    co2_g_per_kwh: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=5000)] | None = None
    name: Words = ""


class PricesBody(Ask):
    """Prices of a kWh from the grid, and of one that is sold; times between slots have no known price."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", description="three letters, like EUR")]
    slots: Annotated[list[PriceBody], Field(max_length=MOST_PRICES)]

    def ahead(self) -> PricesAhead:
        """The prices in order. Raises Refused."""
        slots = sorted((PriceAhead(**one.model_dump()) for one in self.slots), key=lambda one: one.start)
        if any(one.start >= one.end for one in slots):
            raise Refused(409, "Each price must end after its start.")
        if any(one.end > after.start for one, after in pairwise(slots)):
            raise Refused(409, "Two prices hold at the same time: each must end before the next begins.")
        return PricesAhead(self.currency, tuple(slots))


class MeterBody(Ask):
    """One reading of one role, measured by somebody else. Power into the house is positive.

    It was true when it arrived, unless `at` or `age_s` says otherwise.
    """

    watts: Watts
    amps_by_phase: Phases | None = None
    volts_by_phase: Phases | None = None
    energy_wh: Counter | None = None
    exported_wh: Counter | None = None
    soc_percent: Percent | None = None
    at: IsoTime | None = Field(default=None, description="when it was measured: ISO time with its offset")
    age_s: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=OLDEST_READING_S)] | None = (
        Field(default=None, description="how old it is, in place of `at`")
    )
    max_age_s: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1, le=OLDEST_READING_S)] | None = (
        Field(
            default=None, description="how old it may grow and still count; as old as any other if not said"
        )
    )
    source: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9 ._-]{0,39}$")] = Field(
        default="pushed", description="who measured it, as the page and the events will call it"
    )

    def age(self, now: Moment) -> float:
        """How many seconds ago it was true. Raises Refused when that can't be known or can't be."""
        if self.at is None:
            return self.age_s or 0.0
        if self.age_s is not None:
            raise Refused(409, "Send `at` or `age_s`, one of them.")
        if now.wall is None:
            raise Refused(409, "The agent does not know the time of day yet: send `age_s` in place of `at`.")
        age_s = (now.wall - self.at).total_seconds()
        if age_s < -CLOCKS_DIFFER_S:
            raise Refused(409, f"`at` lies {-age_s:.0f} s in the future: compare the two computers' clocks.")
        if age_s > OLDEST_READING_S:
            raise Refused(409, f"`at` lies {age_s / 3600:.0f} h back: a reading that old says nothing.")
        return max(0.0, age_s)


class Span(Ask):
    """A stretch of time: by default the last day."""

    start: When | None = Field(default=None, alias="from")
    end: When | None = Field(default=None, alias="to")


class HistorySpan(Span):
    """A stretch of time in steps."""

    step_s: int = Field(default=300, ge=60, le=31 * 86400)


class DecisionSpan(Span):
    """A stretch of time, for one charger or each."""

    charger: ChargerId | None = None
    limit: int = Field(default=500, ge=1, le=5000)


class EventsAfter(Span):
    """Events newer than one that is known; -1 asks for the newest. With `from`, `to`: of that time."""

    after: int = Field(default=-1, ge=-1, le=2**53)
    limit: int = Field(default=100, ge=1, le=1000)


class Trouble(BaseModel):
    """Why it was refused: one sentence that says what to do."""

    detail: str


class Health(BaseModel):
    """Whether the house is looked after."""

    ok: bool
    age_s: float
    problems: list[str]
