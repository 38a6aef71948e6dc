"""Prices along the time line, and the choice of the best times among them. Pure.

What is not known is not there: a gap between two slots is a time without a price, never a price of 0.
Slots are in order and do not overlap; they may be 15 minutes or half a day long, and a local day has 23,
24 or 25 hours of them. Instants are compared as UTC seconds (see scheduler.wallclock).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PriceSlot:
    """One price for a stretch of time, `start` included, `end` not; aware times.

    `price_per_kwh` in the tariff's currency, all fees and taxes included, may be negative. `name` is the
    tariff's own word for it, such as "peak". `co2_g_per_kwh` is None where nobody says it.
    """

    start: datetime
    end: datetime
    price_per_kwh: float
    name: str = ""
    co2_g_per_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A chosen stretch of time at one price; aware times."""

    start: datetime
    end: datetime
    price_per_kwh: float

    @property
    def seconds(self) -> float:
        """How long it really lasts, DST nights included."""
        return self.end.timestamp() - self.start.timestamp()


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen spans in order. `short_s` is what could not be found among the known prices."""

    spans: tuple[Span, ...]
    short_s: float = 0.0

    @property
    def cost_per_kw(self) -> float:
        """What one kilowatt costs through all spans, in the tariff's currency."""
        return sum(span.seconds / 3600 * span.price_per_kwh for span in self.spans)


def in_order(slots: Iterable[PriceSlot]) -> tuple[PriceSlot, ...]:
    """Slots by start, each cut where the next one begins, without empty ones; the last of equals counts."""
    by_start = {slot.start.timestamp(): slot for slot in slots}
    ordered = [by_start[start] for start in sorted(by_start)]
    cut = []
    for slot, after in zip(ordered, [*ordered[1:], None][: len(ordered)], strict=True):
        end = slot.end if after is None or _s(slot.end) <= _s(after.start) else after.start
        if _s(end) > _s(slot.start):
            cut.append(PriceSlot(slot.start, end, slot.price_per_kwh, slot.name, slot.co2_g_per_kwh))
    return tuple(cut)


def price_at(slots: Sequence[PriceSlot], wall: datetime) -> PriceSlot | None:
    """The slot that holds at `wall`; None: the price is unknown."""
    now = _s(wall)
    begun = bisect_right(slots, now, key=lambda slot: _s(slot.start))
    last = slots[begun - 1] if begun else None
    return last if last and now < _s(last.end) else None


def ending_after(slots: Sequence[PriceSlot], instant_s: float) -> Sequence[PriceSlot]:
    """The slots that are not over at an instant (seconds since 1970)."""
    return slots[bisect_right(slots, instant_s, key=lambda slot: _s(slot.end)) :]


def known_until(slots: Sequence[PriceSlot], wall: datetime) -> datetime:
    """Up to when prices are known from `wall` on without a gap; `wall` itself when not even now."""
    until, until_s = wall, _s(wall)
    for slot in ending_after(slots, until_s):
        if _s(slot.start) > until_s:
            break
        if (end_s := _s(slot.end)) > until_s:
            until, until_s = slot.end, end_s
    return until


def below(slots: Sequence[PriceSlot], limit: float, begin: datetime, end: datetime) -> Choice:
    """All times between `begin` and `end` with a known price under `limit`."""
    return Choice(tuple(span for span in _within(slots, begin, end) if span.price_per_kwh < limit))


def cheapest(slots: Sequence[PriceSlot], need_s: float, begin: datetime, end: datetime) -> Choice:
    """The cheapest times between `begin` and `end` that add up to `need_s`, in as many pieces as it takes.

    Of equal prices the later one is taken, and of the last, dearest one its later part: what is put off
    may still become cheaper, or sunny.
    """
    chosen = []
    left_s = need_s
    for span in sorted(_within(slots, begin, end), key=lambda span: (span.price_per_kwh, -_s(span.start))):
        if left_s <= 0:
            break
        chosen.append(_last_part(span, min(left_s, span.seconds)))
        left_s -= chosen[-1].seconds
    return Choice(tuple(sorted(chosen, key=lambda span: _s(span.start))), max(0.0, left_s))


def cheapest_in_one_piece(
    slots: Sequence[PriceSlot], need_s: float, begin: datetime, end: datetime
) -> Choice:
    """The cheapest `need_s` between `begin` and `end` without a break; of equal ones the latest.

    Without any unbroken stretch of that length nothing is chosen, and `short_s` is all of it.
    """
    spans = _within(slots, begin, end)
    starts = {_s(span.start) for span in spans} | {_s(span.end) - need_s for span in spans}
    tried = [(start, _run(spans, start, start + need_s)) for start in starts]
    whole = [(start, run) for start, run in tried if abs(sum(span.seconds for span in run) - need_s) < 1e-3]
    if not whole or need_s <= 0:
        return Choice((), max(0.0, need_s))
    return Choice(min(whole, key=lambda item: (round(Choice(item[1]).cost_per_kw, 9), -item[0]))[1])


def merged(spans: Iterable[Span]) -> list[tuple[datetime, datetime]]:
    """Starts and ends of spans in order, touching ones as one: what a window needs."""
    out: list[tuple[datetime, datetime]] = []
    for span in sorted(spans, key=lambda span: _s(span.start)):
        if out and _s(out[-1][1]) == _s(span.start):
            out[-1] = (out[-1][0], span.end)
        else:
            out.append((span.start, span.end))
    return out


def _within(slots: Sequence[PriceSlot], begin: datetime, end: datetime) -> list[Span]:
    """The known prices between two instants, the slots at the edges cut."""
    begin_s, end_s = _s(begin), _s(end)
    return [
        Span(
            slot.start if _s(slot.start) >= begin_s else begin,
            slot.end if _s(slot.end) <= end_s else end,
            slot.price_per_kwh,
        )
        for slot in ending_after(slots, begin_s)
        if max(_s(slot.start), begin_s) < min(_s(slot.end), end_s)
    ]


def _run(spans: Sequence[Span], start: float, end: float) -> tuple[Span, ...]:
    """What is known between two instants (UTC seconds)."""
    run = []
    for span in spans:
        first, last = max(start, _s(span.start)), min(end, _s(span.end))
        if last > first:
            run.append(Span(_at(span, first), _at(span, last), span.price_per_kwh))
    return tuple(run)


def _last_part(span: Span, seconds: float) -> Span:
    return Span(_at(span, _s(span.end) - seconds), span.end, span.price_per_kwh)


def _at(span: Span, seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, span.start.tzinfo)


def _s(wall: datetime) -> float:
    return wall.timestamp()
