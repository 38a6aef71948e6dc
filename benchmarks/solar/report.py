"""Runs every contender through every day, and tells: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.solar.contenders import Contender
from benchmarks.solar.metrics import CAUSES, START_COST, Response, Score, response_of, score, step_day, total
from benchmarks.solar.traces import Day

CHARTED = ("evcc 30 s", "SmartEVSE solar", "best value, 1 A")  # beside all of ours
TITLES = {
    "S": "Set S: three recorded days, a large array",
    "P": "Set P: the same days, a small array",
    "clear": "Generated: ten clear days",
    "mixed": "Generated: ten mixed days",
    "broken": "Generated: ten days of broken clouds",
}
COLUMNS: tuple[tuple[str, Callable[[Score], str]], ...] = (
    ("capture %", lambda s: f"{s.capture_percent:.1f}"),
    ("import kWh", lambda s: f"{s.import_kwh:.2f}"),
    ("share %", lambda s: f"{s.share_percent:.1f}"),
    ("self-use %", lambda s: f"{s.self_consumption_percent:.1f}"),
    ("starts", lambda s: f"{s.starts}"),
    ("steps", lambda s: f"{s.steps}"),
    ("value", lambda s: f"{s.value():.3f}"),
    ("start x0.5", lambda s: f"{s.value(START_COST / 2):.3f}"),
    ("start x2", lambda s: f"{s.value(START_COST * 2):.3f}"),
    ("lost kWh", lambda s: f"{s.lost_kwh:.2f}"),
    ("< 6 A", lambda s: f"{s.below_minimum_kwh:.2f}"),
    ("off", lambda s: f"{s.off_kwh:.2f}"),
    ("start", lambda s: f"{s.start_kwh:.2f}"),
    ("rounding", lambda s: f"{s.rounding_kwh:.2f}"),
    ("held back", lambda s: f"{s.held_back_kwh:.2f}"),
    ("worst 60 s W", lambda s: f"{s.worst_60_s_w:.0f}"),
)


@dataclass(frozen=True)
class Results:
    """Every score, by day and contender, and every contender's answer to the 2 kW step."""

    days: Sequence[Day]
    contenders: Sequence[Contender]
    scores: dict[tuple[str, str], dict[str, Score]]  # (group, day) -> contender -> score
    responses: dict[str, Response]

    def groups(self) -> list[str]:
        """The groups in the order of their days."""
        return list(dict.fromkeys(day.group for day in self.days))

    def total_of(self, group: str, contender: str) -> Score:
        """A contender's sum over a group."""
        return total(rows[contender] for (named, _), rows in self.scores.items() if named == group)


def play_day(day: Day, contenders: Sequence[Contender]) -> tuple[dict[str, Score], dict[str, list[float]]]:
    """Everybody's score of one day, and the amps of those who are charted."""
    rows, charted = {}, {}
    for contender in contenders:
        track = contender.play(day)
        rows[contender.name] = score(day, track)
        if contender.kind == "ours" or contender.name in CHARTED:
            charted[contender.name] = list(track.amps)
    return rows, charted


def gather(days: Sequence[Day], contenders: Sequence[Contender], rows: Iterable[dict[str, Score]]) -> Results:
    """Put the days' scores together, and add everybody's answer to the 2 kW step."""
    scores = {(day.group, day.name): row for day, row in zip(days, rows, strict=True)}
    quiet = step_day()
    responses = {each.name: response_of(quiet, each.play(quiet)) for each in contenders if each.answers_steps}
    return Results(days, contenders, scores, responses)


def table(rows: Iterable[tuple[str, Score]]) -> str:
    """A Markdown table, aligned so that it also reads well in a terminal."""
    lines = [["", *(title for title, _ in COLUMNS)]]
    lines += [[name, *(cell(row) for _, cell in COLUMNS)] for name, row in rows]
    return _aligned(lines)


def response_table(responses: dict[str, Response]) -> str:
    """Seconds to follow nine tenths of a 2 kW step, and what the drop cost."""
    lines = [["", "2 kW drop, s", "2 kW rise, s", "bought Wh"]]
    for name, answer in responses.items():
        down = "never" if answer.down_s is None else str(answer.down_s)
        up = "never" if answer.up_s is None else str(answer.up_s)
        lines.append([name, down, up, f"{answer.bought_wh:.1f}"])
    return _aligned(lines)


def _aligned(lines: list[list[str]]) -> str:
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    text = []
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        text.append(f"| {' | '.join(cells)} |")
    rule = [f"{'-' * (width - 1)}:" for width in widths[1:]]
    text.insert(1, f"| {'-' * widths[0]} | {' | '.join(rule)} |")
    return "\n".join(text)


def totals_text(results: Results) -> str:
    """One table a group, and the answers to the 2 kW step."""
    parts = []
    for group in results.groups():
        surplus = results.total_of(group, results.contenders[0].name).surplus_kwh
        count = sum(day.group == group for day in results.days)
        rows = [(each.name, results.total_of(group, each.name)) for each in results.contenders]
        said = f"{count} day{'s' if count != 1 else ''}, {surplus:.1f} kWh of surplus; sums over all of them."
        parts.append(f"### {TITLES[group]}\n\n{said}\n\n{table(rows)}")
    parts.append(f"### A step of 2 kW\n\n{response_table(results.responses)}")
    return "\n\n".join(parts)


def days_text(results: Results) -> str:
    """One table a day."""
    return "\n\n".join(
        f"#### {group}, {name}\n\n{table(rows.items())}" for (group, name), rows in results.scores.items()
    )


def write_json(results: Results, path: Path) -> None:
    """Everything that the tables show, unrounded."""

    def plain(row: Score) -> dict[str, float]:
        derived = {
            "capture_percent": row.capture_percent,
            "share_percent": row.share_percent,
            "self_consumption_percent": row.self_consumption_percent,
            "lost_kwh": row.lost_kwh,
            "value": row.value(),
            "value_half_start_cost": row.value(START_COST / 2),
            "value_double_start_cost": row.value(START_COST * 2),
        }
        return asdict(row) | derived

    whole = {
        "causes": CAUSES,
        "kinds": {each.name: each.kind for each in results.contenders},
        "totals": {
            group: {each.name: plain(results.total_of(group, each.name)) for each in results.contenders}
            for group in results.groups()
        },
        "days": {
            f"{group}/{day}": {name: plain(row) for name, row in rows.items()}
            for (group, day), rows in results.scores.items()
        },
        "responses": {name: asdict(answer) for name, answer in results.responses.items()},
    }
    path.write_text(json.dumps(whole, indent=1) + "\n")
