"""One day as one SVG: the sun left over, and what each contender made of it. No library, no script."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from benchmarks.solar.car import MIN_AMPS, VOLTS
from benchmarks.solar.traces import Day

WIDTH, PANEL, LEFT, TOP, GAP = 1100, 150, 48, 40, 26
COLOURS = ("#1f6fb2", "#c2410c", "#15803d", "#7e22ce", "#475569")
SURPLUS = "#f5c542"
EVERY_S = 20  # one point of the chart is the mean of so many seconds


def day_svg(day: Day, amps_by_name: dict[str, list[float]]) -> str:
    """Draw the surplus in each panel and one contender's kilowatts over it."""
    seconds = max(1, len(day))
    surplus = _thin([max(0.0, net) / 1000 for net in day.net_w])
    top_kw = max(2.0, *surplus, *(max(amps) * VOLTS / 1000 for amps in amps_by_name.values()))
    height = TOP + len(amps_by_name) * (PANEL + GAP) + 14
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            'font-family="system-ui, sans-serif" font-size="12">'
        ),
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        (f'<text x="{LEFT}" y="22" font-size="15">{escape(day.group)}: {escape(day.name)}</text>'),
    ]
    for row, (name, amps) in enumerate(amps_by_name.items()):
        base = TOP + row * (PANEL + GAP) + PANEL
        watts = _thin([each * VOLTS / 1000 for each in amps])
        colour = COLOURS[row % len(COLOURS)]
        parts += _panel(base, top_kw, name, colour)
        parts.append(
            f'<polygon points="{_area(surplus, base, top_kw)}" fill="{SURPLUS}" fill-opacity="0.55"/>'
        )
        line = _points(watts, base, top_kw)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.2"/>')
        parts += _hours(day.first_s, seconds, base)
    return "\n".join([*parts, "</svg>", ""])


def _thin(values: Sequence[float]) -> list[float]:
    return [
        sum(values[k : k + EVERY_S]) / len(values[k : k + EVERY_S]) for k in range(0, len(values), EVERY_S)
    ]


def _points(values: Sequence[float], base: int, top: float) -> str:
    step = (WIDTH - LEFT - 10) / max(1, len(values) - 1)
    return " ".join(f"{LEFT + k * step:.1f},{base - each / top * PANEL:.1f}" for k, each in enumerate(values))


def _area(values: Sequence[float], base: int, top: float) -> str:
    return f"{LEFT},{base} {_points(values, base, top)} {WIDTH - 10},{base}"


def _panel(base: int, top: float, name: str, colour: str) -> list[str]:
    """Axis, the 6 A line, and the contender's name."""
    minimum = base - MIN_AMPS * VOLTS / 1000 / top * PANEL
    right = WIDTH - 10
    return [
        f'<line x1="{LEFT}" y1="{base}" x2="{right}" y2="{base}" stroke="#94a3b8"/>',
        (
            f'<line x1="{LEFT}" y1="{minimum:.1f}" x2="{right}" y2="{minimum:.1f}" stroke="#94a3b8" '
            'stroke-dasharray="3 4"/>'
        ),
        f'<text x="{LEFT - 6}" y="{minimum + 4:.1f}" text-anchor="end" fill="#475569">6 A</text>',
        f'<text x="{LEFT - 6}" y="{base - PANEL + 10}" text-anchor="end" fill="#475569">{top:.1f} kW</text>',
        f'<text x="{LEFT + 8}" y="{base - PANEL + 12}" fill="{colour}">{escape(name)}</text>',
    ]


def _hours(first_s: int, seconds: int, base: int) -> list[str]:
    """A mark at every second full hour of local time."""
    marks = []
    for hour in range(0, 25, 2):
        part = (hour * 3600 - first_s) / seconds
        if 0 <= part <= 1:
            x = LEFT + part * (WIDTH - LEFT - 10)
            marks.append(
                f'<text x="{x:.0f}" y="{base + 14}" text-anchor="middle" fill="#64748b">{hour}:00</text>'
            )
    return marks
