"""A charge limit that we lower is the owner's, lent: remembered before it is touched, and given back. Pure.

A record (his value, ours) is on disk before the command goes out, so no crash can lose his. From then on
each reading is one of three:

* it is ours: our command has worked (or giving back has not yet);
* it is his: giving back has worked, or ours never arrived, or he set it back himself, which ends the loan;
* it is another: he changed it meanwhile, and his newest word counts: the record is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

SAME_PERCENT = 0.5


@dataclass(frozen=True, slots=True)
class LimitRecord:
    """The owner's limit and ours, in percent. `returning`: it is being given back."""

    owner_percent: float
    our_percent: float
    confirmed: bool = False
    returning: bool = False
    tries: int = 0
    tried_s: float = 0.0


def borrowed(record: LimitRecord | None, current_percent: float, ours_percent: float) -> LimitRecord:
    """The record to keep before a limit is set; a second loan still gives back the first owner's value."""
    owner = record.owner_percent if record else current_percent
    return LimitRecord(owner, ours_percent)


def seen(record: LimitRecord | None, current_percent: float | None) -> tuple[LimitRecord | None, str]:
    """The record after a reading, and a sentence where something ended."""
    if record is None or current_percent is None:
        return record, ""
    is_ours = abs(current_percent - record.our_percent) < SAME_PERCENT
    is_owners = abs(current_percent - record.owner_percent) < SAME_PERCENT
    if is_owners and record.returning:
        return None, f"its limit is {current_percent:.0f} % again"
    if is_ours:
        return replace(record, confirmed=True), ""
    if is_owners and not record.confirmed:
        return record, ""
    return None, f"its limit was changed by hand to {current_percent:.0f} %, and stays so"


def record_from_json(kept: Any) -> LimitRecord | None:
    """A kept record; None for none or for an unreadable one."""
    try:
        return LimitRecord(**kept)
    except TypeError:
        return None
