"""Five years of a house with three chargers: how big the history gets, how fast it answers, what it writes.

    .venv/bin/python -m benchmarks.history [--years 5] [--chargers 3] [--keep FILE] [--json]

Every minute of the five years goes through the real store, with its folding and pruning; sessions,
events and the journal are filled at the pace of a busy house. Then charts are asked for, and one hour of
normal running (every second through the real part) is measured for what it writes to the disk: all
bytes that the process hands to the kernel, the log and the checkpoints included.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from math import pi, sin
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.history.journal import OfferChange
from agent.history.part import HistoryPart
from agent.history.reader import Reader
from agent.history.rollup import Minute
from agent.history.sessions import Session
from agent.history.store import Batch, Happened, Store
from agent.model import (
    BusView,
    ChargerRules,
    ChargerStatus,
    Decision,
    Event,
    MeterView,
    Moment,
    Offer,
    Published,
    Reading,
    Rules,
)
from agent.parts import Outbox, Slot
from scheduler.clock import FakeClock

ZONE = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 1, 1, tzinfo=ZONE)
BAR_MB, BAR_MS = 300.0, 100.0
CHANGES_A_DAY = 40  # per charger
EVENTS_A_DAY = 20
STEPS = tuple(
    (rule, 16.0, 10.0, "2.4 kW of sun to spare, 10 A") for rule in ("budget", "share", "hold", "guard")
)


def a_day(rng: random.Random, start: int, chargers: tuple[str, ...]) -> tuple[Minute, ...]:
    """1440 minutes with sun by day, a house load, and cars that charge for a third of it."""
    minutes = []
    for number in range(1440):
        solar = max(0, int(480_000 * sin(pi * (number - 360) / 720) * rng.uniform(0.4, 1.0)))
        cars = {
            name: (60, 960, 900, 207_000 + rng.randrange(5000), solar // 8, 0, rng.randrange(60_000))
            if 480 * place < number < 480 * (place + 1)
            else (60, 0, 0, 0, 0, 0, 0)
            for place, name in enumerate(chargers)
        }
        drawn = sum(sums[3] for sums in cars.values())
        house = 18_000 + rng.randrange(60_000)
        grid = house + drawn - solar
        soc = 60 * rng.randrange(20, 100)
        sums = (60, 60, max(grid, 0), max(-grid, 0), 60, solar, 60, 9000, 7000, 60, house, drawn, 60, soc)
        minutes.append(Minute(start + 60 * number, 0.0, sums, cars))
    return tuple(minutes)


def happenings(day: datetime, number: int, chargers: tuple[str, ...]) -> Batch:
    """One busy day's sessions, events and journal."""
    moment = Moment(86400.0 * number, day)
    later = Moment(86400.0 * number + 9000, day + timedelta(hours=2.5))
    sessions = tuple(
        Session(
            *(f"boot/{name}/{number}.{part}", name, "boot", moment, "plugged_in", later, "5YJ3E1EA7KF000001"),
            *(later, "unplugged", 9000.0, 8625.5, 7000.25, 0.0, 1625.25, 16.0, 924e3, 0.0, 933e3, 8600.0),
        )
        for name in chargers
        for part in range(2)
    )
    event = Event(
        "charging_started", "The car at the garage began to charge with 10 A of sun.", subject="3201"
    )
    changes = tuple(
        OfferChange(moment, name, 10.0, 16.0, "3.7 kW of sun to spare: 16 A.", STEPS)
        for name in chargers
        for _ in range(CHANGES_A_DAY)
    )
    return Batch((), (Happened(event, moment),) * EVENTS_A_DAY, changes, sessions)


def build(path: Path, years: int, chargers: tuple[str, ...]) -> float:
    """Write the years; returns how many seconds it took."""
    rng = random.Random(1)
    began = time.perf_counter()
    store = Store(path, "boot")
    days = years * 365
    for number in range(days):
        day = (BEGIN + timedelta(days=number)).replace(hour=0)
        start = int(day.timestamp())
        store.write(Batch(minutes=a_day(rng, start, chargers)), ZONE)
        store.write(happenings(day, number, chargers), ZONE)
        store.fold(start + 86400, ZONE)
        store.tidy(start + 86400)
        if number % 30 == 0 and sys.stderr.isatty():
            print(f"\r{number} of {days} days", end="", file=sys.stderr)
    store.close()
    if sys.stderr.isatty():
        print("\r" + " " * 30 + "\r", end="", file=sys.stderr)
    return time.perf_counter() - began


def median_ms(ask: Callable[[], object], times: int = 7) -> float:
    """How long a question takes, file opened and closed included."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def questions(path: Path, years: int) -> dict[str, float]:
    """Milliseconds for the charts that a page asks for."""
    reader = Reader(path, ZONE)
    end = BEGIN + timedelta(days=years * 365)
    year, month, day = (end - timedelta(days=days) for days in (365, 30, 1))
    return {
        "a year by days": median_ms(lambda: reader.history(year, end, 86400)),
        "five years by weeks": median_ms(lambda: reader.history(BEGIN, end, 7 * 86400)),
        "a year by 6 hours": median_ms(lambda: reader.history(year, end, 6 * 3600)),
        "a month by hours": median_ms(lambda: reader.history(month, end, 3600)),
        "a day by minutes": median_ms(lambda: reader.history(day, end, 60)),
        "a year's sessions": median_ms(lambda: reader.sessions(year, end)),
        "a day's decisions": median_ms(lambda: reader.decisions(day, end)),
        "the last 50 events": median_ms(lambda: reader.events(limit=50)),
    }


def an_hour(path: Path, chargers: tuple[str, ...]) -> dict[str, float]:
    """One hour of three charging cars through the real part: what it writes, and what a second costs."""
    clock = FakeClock(BEGIN + timedelta(days=4000))
    rules = Rules(chargers=tuple(ChargerRules(name) for name in chargers))
    slot = Slot(Published(clock.now()))
    outbox: Outbox[Event] = Outbox()
    part = HistoryPart(slot, outbox, path, rules=rules, boot="bench")
    part.step(clock.now())
    wrote, worked = _written_bytes(), 0.0
    for second in range(3600):
        moment = clock.advance(1.0)
        slot.put(_second(moment, second, chargers))
        if second % 600 == 0:
            outbox.put(Event("boost_began", "Boost until 14:00."))
        began = time.process_time()
        part.step(moment)
        worked += time.process_time() - began
    part.finish(clock.now())
    return {"kb_an_hour": (_written_bytes() - wrote) / 1024, "step_us": worked / 3600 * 1e6}


def _second(moment: Moment, second: int, chargers: tuple[str, ...]) -> Published:
    watts = {"grid": -500.0 + second % 700, "solar": 9000.0, "battery": 0.0}
    return Published(
        moment,
        decision=Decision(offers=tuple(Offer(name, 11.0, f"{second} W of sun.", 0.0) for name in chargers)),
        bus=BusView(tuple(_charging(name, moment, second) for name in chargers)),
        meters=MeterView({role: Reading(w, moment.mono_s, "bench") for role, w in watts.items()}),
    )


def _charging(name: str, moment: Moment, second: int) -> ChargerStatus:
    amps = 10.0 + second % 3
    return ChargerStatus(
        *(name, "charging", 32.0, 12.0, 12.0, amps, (230.0,), 924_000.0 + second, "5YJ3E1EA7KF000001"),
        heard_at_mono_s=moment.mono_s,
        plugged=True,
        charging=True,
    )


def _written_bytes() -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


def main() -> int:
    """Measure, print, and exit 1 if a bar is missed."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--years", type=int, default=5)
    asked.add_argument("--chargers", type=int, default=3)
    asked.add_argument("--keep", type=Path, help="build the database here and leave it")
    asked.add_argument("--json", action="store_true", help="figures only")
    options = asked.parse_args()
    chargers = tuple(f"{0x3201 + n:04X}" for n in range(options.chargers))
    with tempfile.TemporaryDirectory() as folder:
        path = options.keep or Path(folder) / "history.db"
        built_s = build(path, options.years, chargers)
        megabytes = path.stat().st_size / 1e6
        answers = questions(path, options.years)
        running = an_hour(Path(folder) / "running.db", chargers)
    figures = {
        "years": options.years,
        "chargers": options.chargers,
        "size_mb": round(megabytes, 1),
        "build_s": round(built_s, 1),
        "written_kb_an_hour": round(running["kb_an_hour"]),
        "written_gb_a_year": round(running["kb_an_hour"] * 8760 / 1024**2, 1),
        "part_us_a_second": round(running["step_us"], 1),
        "answers_ms": {question: round(ms, 1) for question, ms in answers.items()},
    }
    ok = megabytes < BAR_MB and answers["a year by days"] < BAR_MS
    print(json.dumps({**figures, "ok": ok}) if options.json else _table(figures, ok))
    return 0 if ok else 1


def _table(figures: dict[str, object], ok: bool) -> str:
    answers = figures["answers_ms"]
    assert isinstance(answers, dict)
    lines = [
        f"{figures['years']} years, {figures['chargers']} chargers, built in {figures['build_s']} s",
        f"  size of the file            {figures['size_mb']:>8} MB   (bar: {BAR_MB:.0f})",
        *(
            f"  {question:<27} {ms:>8} ms"
            + (f"   (bar: {BAR_MS:.0f})" if question == "a year by days" else "")
            for question, ms in answers.items()
        ),
        f"  written in normal running   {figures['written_kb_an_hour']:>8} kB an hour",
        f"                              {figures['written_gb_a_year']:>8} GB a year",
        f"  the part's own work         {figures['part_us_a_second']:>8} us a second",
        "every bar is met" if ok else "A BAR IS MISSED",
        json.dumps(figures),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
