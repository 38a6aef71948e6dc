"""For whoever looks after the house: the active settings, a check-up, backup and restore.

A backup holds what people set by page and API (modes, windows); what stands in sunward.toml and
credentials.env is not in it, nor is any key.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from agent.doors.rooms import Rooms
from agent.doors.web.asks import Ask, ChargerId, ModeWord
from agent.doors.web.refusals import StrictRoute
from agent.doors.web.routes.windows import WindowRow
from agent.doors.web.view import asked_by
from agent.model import Mode
from scheduler.window_rows import write_window


class FindingAnswer(BaseModel):
    """One thing that was tried: `good`, `odd` (look at it) or `bad`, and what to do."""

    level: Literal["good", "odd", "bad"]
    about: str
    says: str


class BackupBody(Ask):
    """What people set. `chargers` are those with a mode of their own."""

    sunward_backup: Literal[1]
    mode: ModeWord
    chargers: dict[ChargerId, ModeWord]
    windows: Annotated[list[WindowRow], Field(max_length=100)]


def router(rooms: Rooms) -> APIRouter:
    """Settings, check-up, backup."""
    routes = APIRouter(prefix="/admin", route_class=StrictRoute, tags=["admin"])

    @routes.get("/settings")
    def settings() -> dict[str, Any]:
        """Every setting as it holds now, defaults included; secrets are hidden."""
        return dict(rooms.site.settings)

    @routes.post("/doctor")
    def doctor() -> list[FindingAnswer]:
        """Look at everything that can be tried while the house runs. Changes nothing."""
        return [FindingAnswer.model_validate(row) for row in rooms.examine()]

    @routes.get("/backup")
    def backup(response: Response) -> BackupBody:
        """What people set by page and API, to keep elsewhere."""
        response.headers["Content-Disposition"] = 'attachment; filename="sunward-backup.json"'
        return BackupBody.model_validate(_backup(rooms))

    @routes.put("/restore")
    def restore(body: BackupBody, request: Request) -> BackupBody:
        """Put a backup in force, whole or not at all. Answers what holds then."""
        rows = [row.model_dump(by_alias=True) for row in body.windows]
        chargers = {charger_id: Mode(mode) for charger_id, mode in body.chargers.items()}
        rooms.desk.restore(rows, Mode(body.mode), chargers, by=asked_by(request))
        return BackupBody.model_validate(_backup(rooms))

    return routes


def _backup(rooms: Rooms) -> dict[str, Any]:
    control = rooms.desk.control.get()
    return {
        "sunward_backup": 1,
        "mode": control.mode.value,
        "chargers": {charger_id: mode.value for charger_id, mode in control.mode_by_charger.items()},
        "windows": [write_window(window) for window in rooms.desk.windows.get()],
    }
