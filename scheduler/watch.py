"""Is the agent alive? Asked by a program that lives apart from it, so that its end is told, too."""

from __future__ import annotations

from notify.events import Event
from scheduler.agent_api import AgentDown, AgentRefused
from scheduler.jobs import Context, Job

# A restart takes seconds and is no news: ask again after these pauses before anything is told.
PAUSES_S = (3.0, 12.0)


def watch(context: Context) -> list[str]:
    """Tell once that the agent is down, and once that it is back."""
    trouble = _trouble(context)
    was_down = context.memory.data.get("down") is True
    context.memory.data["down"] = bool(trouble)
    if trouble and not was_down:
        says = f"{trouble} Solar charging stands still until it is back; chargers stop by themselves."
        context.tell(Event("agent_down", says, "error", "agent"))
        return [trouble]
    if was_down and not trouble:
        context.tell(Event("agent_back", "The agent answers again.", "info", "agent", "agent_down"))
        return ["The agent answers again."]
    return [trouble] if trouble else []


def _trouble(context: Context) -> str:
    """What is wrong with the agent, or nothing; it gets a little time to come back."""
    trouble = _asked_once(context)
    for pause_s in PAUSES_S:
        if not trouble or context.memory.data.get("down") is True:
            break
        context.pause(pause_s)
        trouble = _asked_once(context)
    return trouble


def _asked_once(context: Context) -> str:
    try:
        health = context.agent.health()
    except (AgentDown, AgentRefused) as error:
        return str(error)
    if health.get("ok") is True:
        return ""
    return f"The agent runs, but decides nothing (for {health.get('age_s', '?')} s)."


JOB = Job("watch", 60.0, watch, "tells when the agent is down, and when it is back", needs_wall=False)
