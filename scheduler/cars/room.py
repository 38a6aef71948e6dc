"""The jobs of the cars: `cars` looks at each one, `keys` keeps the sign-ins fresh or tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scheduler.cars import memory as memories
from scheduler.cars import sight as sights
from scheduler.cars.account import Account, account_of
from scheduler.cars.goals import next_remind
from scheduler.cars.keys import accounts_of, watch_keys
from scheduler.cars.links.tools import Tools
from scheduler.cars.memory import CarMemory
from scheduler.cars.model import Json
from scheduler.cars.outlook import Sun, no_sun
from scheduler.cars.plans import CarPlan, decides
from scheduler.cars.roads import Roads
from scheduler.cars.settings import CLOUDS, CarSettings, GarageSettings, read_settings
from scheduler.cars.sharing import Circuit
from scheduler.cars.sunny import sun_of
from scheduler.cars.teller import Teller
from scheduler.cars.visit import Visit, body_of
from scheduler.jobs import Context, Job
from scheduler.settings import SchedulerSettings

CARS_EVERY_S = 30.0
KEYS_EVERY_S = 900.0
SEND_AGAIN_S = 900.0


def jobs(settings: SchedulerSettings, sun: Sun | None = None) -> list[Job]:
    """The jobs of [[cars]]. `sun` tells what the sun is expected to bring; None: the house's forecast.

    Raises SettingsError.
    """
    garage = Garage(read_settings(settings), sun or sun_of(settings))
    found = [
        Job("cars", CARS_EVERY_S, garage.run, "asks the cars, and makes the house's wishes true in them")
    ]
    if accounts_of(garage.settings):
        about = "keeps the sign-ins at Tesla fresh, and tells when they end"
        found.append(Job("keys", KEYS_EVERY_S, garage.keys, about))
    return found


def tools_of(settings: GarageSettings, context: Context, kept: Json) -> Tools:
    """What the links get."""
    whole = context.settings
    assert context.moment.wall is not None  # both jobs need the time of day
    return Tools(
        settings=settings.tesla,
        secrets=whole.credentials,
        folder=whole.state_dir / "tesla",
        beside=whole.path.absolute().parent,
        wall=context.moment.wall,
        kept=kept,
        dry_run=context.dry_run,
    )


class Garage:
    """All cars of the house."""

    def __init__(self, settings: GarageSettings, sun: Sun = no_sun) -> None:
        self.settings = settings
        self._sun = sun

    def keys(self, context: Context) -> Sequence[str]:
        """Keep the sign-ins fresh."""
        data = context.memory.data
        tools = tools_of(self.settings, context, data.setdefault("links", {}))
        names = accounts_of(self.settings)
        return watch_keys(names, tools, Teller(context.tell, data.setdefault("told", {})))

    def run(self, context: Context) -> Sequence[str]:
        """Look at each car."""
        data = context.memory.data
        state = context.agent.state()
        tools = tools_of(self.settings, context, data.setdefault("links", {}))
        calls = account_of(context)
        teller = Teller(context.tell, data.setdefault("told", {}))
        said: list[str] = []
        circuit = Circuit.of(context.settings)
        for car in sorted(self.settings.cars, key=lambda car: _turn(data, car)):
            said += self._look_at(car, context, state, tools, calls, teller, circuit)
        for kind, subject, sentence in calls.news():
            teller.now(kind, subject, sentence)
        self._strangers(state, teller)
        return said

    def _look_at(
        self,
        car: CarSettings,
        context: Context,
        state: Json,
        tools: Tools,
        calls: Account,
        teller: Teller,
        circuit: Circuit,
    ) -> list[str]:
        data = context.memory.data
        row: Json = data.setdefault("cars", {}).setdefault(car.vin, {})
        memory = memories.from_json(row.get("memory")).as_of(tools.now_s)

        def save(memory: CarMemory) -> None:
            row["memory"] = memory.to_json()
            context.memory.save(sure=True)

        roads = Roads(car, tools, calls, teller, row.setdefault("roads", {}))
        sight = sights.see(car, state, memory.charger_id, len(self.settings.cars))
        visit = Visit(car, sight, memory, tools.now_s, roads, teller, save, dry_run=context.dry_run)
        wishes = [wish for wish in state.get("wishes") or [] if isinstance(wish, dict)]
        visit.run(wishes, decides(visit, tools.wall))
        plan = CarPlan(visit, context, tools.wall, row.setdefault("plan", {}), self._sun, circuit)
        row["memory"] = visit.memory.to_json()
        shown = plan.run()
        self._remind(visit, tools.wall)
        self._publish(visit, context, row, body_of(visit, shown, _calls_of(car, calls), plan.note))
        return visit.said

    def _remind(self, visit: Visit, wall: datetime) -> None:
        """A car that should be ready soon and isn't plugged in: told once for each time."""
        due = {}
        for plan in visit.car.plans:
            found = next_remind(plan, wall)
            if found and found[0].timestamp() <= wall.timestamp():
                target = f"{plan.soc_percent:.0f} % by {found[1]:%a %d %b %H:%M}"
                due[f"{visit.car.vin} {target}"] = target
        for key, target in due.items():
            if visit.sight.certain and not visit.sight.here:
                says = f"{visit.car.label} should have {target}, and is not plugged in."
                visit.teller.once("car_not_plugged_in", visit.car.vin, says, key=key)
        visit.teller.keep_only("car_not_plugged_in", due, of=visit.car.vin)

    def _publish(self, visit: Visit, context: Context, row: Json, body: Json) -> None:
        """Tell the agent, when it isn't what it was told last (or it has forgotten)."""
        if row.get("sent") != body or not 0 <= visit.now_s - row.get("sent_s", 0.0) <= SEND_AGAIN_S:
            context.agent.put_car(visit.car.vin, body)
            row |= {"sent": body, "sent_s": visit.now_s}

    def _strangers(self, state: Json, teller: Teller) -> None:
        """Cars at chargers where another one, or none that we know, was expected."""
        known = {car.vin: car for car in self.settings.cars}
        present: dict[str, str] = {}
        for charger_id, name, vin in sights.guests(state, list(known)):
            present[f"{charger_id} {vin}"] = f"A car that is not in the settings (…{vin[-6:]}) is at {name}."
        for one in _rows(state):
            car = known.get(str(one.get("vin")))
            if car and car.charger and one.get("id") != car.charger and one.get("plugged") is not False:
                where = one.get("name") or one.get("id")
                present[f"{one['id']} {car.vin}"] = f"{car.label} is at {where}, not at its own charger."
        for key, sentence in present.items():
            teller.once("wrong_car", key.split()[0], sentence, key=key)
        teller.keep_only("wrong_car", present)


def _turn(data: Json, car: CarSettings) -> tuple[bool, float]:
    """Whose plan is made first: what charges already, then what must begin first, as of the last look."""
    kept = data.get("cars", {}).get(car.vin, {}).get("plan", {})
    latest = kept.get("latest_s")
    return not kept.get("on"), float(latest) if isinstance(latest, int | float) else 1e12


def _calls_of(car: CarSettings, calls: Account) -> Json | None:
    """What its maker's cloud was asked, where it is asked at all."""
    lines = (*car.reads, *car.commands)
    clouds = tuple(f"{scheme}:" for scheme in CLOUDS)
    return calls.shown() if any(line.startswith(clouds) for line in lines) else None


def _rows(state: Json) -> list[dict[str, Any]]:
    return [one for one in state.get("chargers", []) if isinstance(one, dict)]
