"""Three CSV files a day, with a header, for spreadsheets: energy, chargers, sessions.

    energy-2026-06-03.csv     a row for each minute, out of the history
    chargers-2026-06-03.csv   a row for each minute and charger: what it was doing
    sessions-2026-06-03.csv   a row for each session that ended on that day

Where a file ends is where writing goes on: after a restart or a full disk the missing minutes of energy
(of up to six days) and the missing sessions are added. Rows go out every few minutes together, which is
kinder to an SD card. Days are the house's own.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from agent.boosts import Refused
from agent.doors.nouns import ChargerState
from agent.doors.outlet import Outlet, Surroundings, Trouble
from agent.doors.outlet_settings import CsvSettings
from agent.doors.rooms import Row
from agent.doors.table import cell
from agent.doors.web.view import state_now
from agent.model import Moment

MINUTE_S = 60.0
SETTLED = timedelta(minutes=2)  # before that a minute may still grow
FURTHEST_BACK = timedelta(days=6)
MOST_WAITING = 3 * 1440

ENERGY = (
    *("at", "seconds", "grid_w", "solar_w", "battery_w", "house_w", "chargers_w", "soc_percent"),
    *("import_wh", "export_wh", "solar_wh", "discharged_wh", "charged_wh", "house_wh", "chargers_wh"),
    *("buy_per_kwh", "sell_per_kwh"),
)
CHARGERS = (
    *("at", "charger", "name", "state", "offered_amps", "drawn_amps", "power_w"),
    *("volts_l1", "volts_l2", "volts_l3", "energy_wh", "vin", "reason"),
)
SESSIONS = (
    *("id", "charger", "name", "started", "ended", "charged_s", "energy_wh", "solar_wh", "battery_wh"),
    *("grid_wh", "solar_share_percent", "peak_amps", "vin", "start_reason", "end_reason", "note"),
    *("cost", "saved", "currency"),
)


class CsvFiles(Outlet):
    """Gathers a row a minute, writes every `every_s`."""

    def __init__(self, settings: CsvSettings, around: Surroundings) -> None:
        super().__init__("csv", around.tell)
        self._settings, self._rooms = settings, around.rooms
        self.folder = around.state_dir / settings.folder
        self._statuses: list[Row] = []
        self._write_mono_s = 0.0

    def work(self, moment: Moment) -> float:
        """Look at the chargers; write if it is time."""
        wall = moment.wall
        if wall is not None:
            at = wall.isoformat(timespec="seconds")
            self._statuses += [_status(one, at) for one in state_now(self._rooms).chargers]
            del self._statuses[:-MOST_WAITING]
            if moment.mono_s >= self._write_mono_s:
                self._write(wall)
                self._write_mono_s = moment.mono_s + self._settings.every_s
        return moment.mono_s + MINUTE_S

    def _write(self, wall: datetime) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._append("chargers", CHARGERS, self._statuses, "at")
            self._statuses = []
            self._append("energy", ENERGY, self._energy(wall), "at")
            self._append("sessions", SESSIONS, self._sessions(wall), "ended")
            self._forget(wall.date())
        except OSError as error:
            raise Trouble(f"{self.folder} can't be written: {error.strerror}. Is the disk full?") from error
        except Refused as refused:
            raise Trouble(f"The history can't be read for the CSV files: {refused}") from refused

    def _energy(self, wall: datetime) -> Sequence[Row]:
        start = max(self._energy_until(wall), wall - FURTHEST_BACK)
        end = (wall - SETTLED).replace(second=0, microsecond=0)
        return self._rooms.history.history(start, end, 60) if start < end else ()

    def _energy_until(self, wall: datetime) -> datetime:
        """The minute after the last one that is written; without a file, this midnight."""
        files = sorted(self.folder.glob("energy-*.csv"))
        for row in reversed(_rows(files[-1])) if files else ():
            return datetime.fromisoformat(row["at"]) + timedelta(minutes=1)
        return wall.replace(hour=0, minute=0, second=0, microsecond=0)

    def _sessions(self, wall: datetime) -> Iterable[Row]:
        """The sessions that ended lately and stand in no file yet."""
        written = {row["id"] for path in self._lately("sessions", wall) for row in _rows(path)}
        for session in self._rooms.history.sessions(wall - FURTHEST_BACK, wall):
            if session["ended"] and str(cell(str(session["id"]))) not in written:
                yield session

    def _lately(self, kind: str, wall: datetime) -> list[Path]:
        days = (wall.date() - timedelta(days=back) for back in range(FURTHEST_BACK.days + 2))
        return [path for day in days if (path := self._path(kind, day.isoformat())).exists()]

    def _append(self, kind: str, names: Sequence[str], rows: Iterable[Row], dated: str) -> None:
        by_day: dict[str, list[Row]] = {}
        for row in rows:
            by_day.setdefault(str(row[dated])[:10], []).append(row)
        for day, some in by_day.items():
            _append(self._path(kind, day), names, some)

    def _path(self, kind: str, day: str) -> Path:
        return self.folder / f"{kind}-{day}.csv"

    def _forget(self, today: date) -> None:
        if not self._settings.keep_days:
            return
        oldest = (today - timedelta(days=self._settings.keep_days)).isoformat()
        for kind in ("energy", "chargers", "sessions"):
            for path in self.folder.glob(f"{kind}-????-??-??.csv"):
                if path.stem.removeprefix(f"{kind}-") < oldest:
                    path.unlink(missing_ok=True)


def open_outlet(settings: CsvSettings, around: Surroundings) -> CsvFiles:
    """The outlet as settings describe it."""
    return CsvFiles(settings, around)


def _status(charger: ChargerState, at: str) -> Row:
    volts = (*(charger.volts_by_phase or ()), None, None, None)
    return {
        "at": at,
        "charger": charger.id,
        "name": charger.name,
        "state": charger.state,
        "offered_amps": charger.offered_amps,
        "drawn_amps": charger.drawn_amps,
        "power_w": charger.drawn_w,
        "volts_l1": volts[0],
        "volts_l2": volts[1],
        "volts_l3": volts[2],
        "energy_wh": charger.energy_wh,
        "vin": charger.vin,
        "reason": charger.reason,
    }


def _append(path: Path, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Add rows in one write; a line that a power cut left half is cut off first."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    with path.open("ab+") as file:
        size = _whole_bytes(path)
        file.truncate(size)
        if size == 0:
            table.writerow(names)
        table.writerows([number_or_cell(row.get(name)) for name in names] for row in rows)
        file.write(out.getvalue().encode("utf-8"))


def number_or_cell(value: object) -> object:
    """Numbers without the noise of binary fractions, words without formulas."""
    return round(value, 3) if isinstance(value, float) else cell(value)


def _whole_bytes(path: Path) -> int:
    """How long the file is up to its last whole line."""
    content = path.read_bytes()
    return content.rfind(b"\n") + 1


def _rows(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes()[: _whole_bytes(path)].decode("utf-8", "replace")
    return [row for row in csv.DictReader(io.StringIO(text, newline="")) if None not in row.values()]
