"""Times in settings, checked where they are read: months, days, clock times, holiday calendars."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator

from scheduler.tariffs.fixed import read_months
from scheduler.tariffs.holidays import read_holidays
from scheduler.wallclock import read_days, read_minute


def _checked(read: Callable[[Any], object]) -> AfterValidator:
    """A value that `read` understands, kept as it was written."""

    def check(value: Any) -> Any:
        read(value)
        return value

    return AfterValidator(check)


Months = Annotated[str, _checked(read_months)]  # "5-10"
Days = Annotated[str, _checked(read_days)]  # "mon-fri"
From = Annotated[str, _checked(read_minute)]  # "14:00"
To = Annotated[str, _checked(partial(read_minute, as_end=True))]  # "24:00" as well
Holidays = Annotated[tuple[str, ...], _checked(read_holidays)]
