"""`python -m benchmarks.solar`: all contenders on all days; tables, JSON, charts, and the page's figures."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.solar import charts, generator, ours, report
from benchmarks.solar.contenders import Contender, references
from benchmarks.solar.metrics import Score
from benchmarks.solar.traces import VARIABLE, Day, TraceError, folder_elsewhere, recorded_set, say_missing

PAGE = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
GROUPS = ("S", "P", *generator.WEATHERS)


def main(arguments: list[str] | None = None) -> int:
    """Run the bench; 0 when it ran, 2 when the request cannot be met."""
    asked = _parser().parse_args(arguments)
    started = time.perf_counter()
    try:
        elsewhere = folder_elsewhere(asked.traces)
        days = chosen_days(asked.only, elsewhere)
    except TraceError as error:
        print(f"{error} Name the right folder with --traces or {VARIABLE}.", file=sys.stderr)
        return 2
    say_missing(elsewhere)
    out = Path(asked.out)
    out.mkdir(parents=True, exist_ok=True)

    with ProcessPoolExecutor(asked.jobs) as pool:
        rows = list(pool.map(partial(live, out=out, half_amps=asked.half_amps), days))
    results = report.gather(days, everyone(asked.half_amps), rows)
    report.write_json(results, out / "results.json")
    totals = report.totals_text(results)
    print(f"{report.days_text(results)}\n\n{totals}")
    if asked.page:
        write_page(totals)
    print(f"{len(days)} days in {time.perf_counter() - started:.0f} s; figures in {out}", file=sys.stderr)
    return 0


def everyone(half_amps: bool) -> list[Contender]:
    """All rows of the tables: who knows, who is modelled, and we."""
    return [*references(), *ours.contenders(half_amps)]


def live(day: Day, out: Path, half_amps: bool) -> dict[str, Score]:
    """One day for everybody, with its chart written; runs in a process of its own."""
    rows, charted = report.play_day(day, everyone(half_amps))
    (out / f"{day.group}-{day.name}.svg").write_text(charts.day_svg(day, charted))
    print(f"{day.group} {day.name}", file=sys.stderr)
    return rows


def chosen_days(groups: list[str], elsewhere: Path | None) -> list[Day]:
    """The days of the named groups, in the order of the tables."""
    days = [day for group in ("S", "P") if group in groups for day in recorded_set(group, elsewhere)]
    if set(groups) & set(generator.WEATHERS):
        days += [day for day in generator.fixed_days() if day.group in groups]
    return days


def write_page(totals: str) -> None:
    """Put the totals into the page, between its two marks."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{totals}\n\n{END}{after}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solar", description=__doc__)
    parser.add_argument("--traces", metavar="DIR", help=f"folder of the days kept elsewhere (or {VARIABLE})")
    parser.add_argument("--out", metavar="DIR", default="build/solar", help="where JSON and charts go")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS), help="some groups of days")
    parser.add_argument("--jobs", type=int, help="processes (default: one for each processor)")
    parser.add_argument("--half-amps", action="store_true", help="one more row of ours (a third longer)")
    parser.add_argument("--page", action="store_true", help="also write the figures into the bench's README")
    return parser


if __name__ == "__main__":
    sys.exit(main())
