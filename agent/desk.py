"""The front desk: everything that people, pages and cloud jobs ask of the house, in force at once.

Any thread may ask; one small lock puts the askers in a row. Readers (the brain, the doors) never wait:
they look into Slots. Each change is checked, put in force, kept on disk, told as an event, and then
`changed` is called, which must return at once (it wakes the brain). When the disk refuses, the change
stays in force and the asker hears a 507.

Kept: modes, boosts, windows, cars, prices. Not kept: pushed meter readings, which age within seconds, and
the forecast and the count of cloud calls, which the scheduler tells again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from agent import boosts, dimming
from agent.boosts import BoostAsk, Refused
from agent.keeping import (
    KeepError,
    Kept,
    KeptNowhere,
    cars_to_keep,
    control_to_keep,
    kept_cars,
    kept_control,
    kept_prices,
    kept_windows,
    prices_to_keep,
    windows_to_keep,
)
from agent.model import (
    Boost,
    CarStatus,
    ChargerRules,
    Control,
    Dimming,
    Event,
    Mode,
    Moment,
    PricesAhead,
    Published,
    Reading,
    Role,
    Rules,
    SunAhead,
)
from agent.parts import Slot
from scheduler.clock import Clock
from scheduler.window_rows import WindowError, read_windows, write_window
from scheduler.windows import Window

__all__ = ["BoostAsk", "Desk", "KeepError", "Kept", "KeptNowhere", "Refused"]

log = logging.getLogger(__name__)

MOST_CARS = 50
MODE_WORDS = {Mode.OFF: "off", Mode.SOLAR: "sun", Mode.SOLAR_MIN: "minimum + sun", Mode.FAST: "fast"}


def _nothing(_: object = None) -> None:
    pass


Push = Callable[[Role, Reading, float | None], None]


def _no_meters(role: Role, reading: Reading, max_age_s: float | None = None) -> None:
    raise Refused(503, "This house takes no pushed readings.")


class Desk:
    """Takes wishes, refuses bad ones (`Refused`), and lays the rest out in Slots for all to read."""

    def __init__(
        self,
        clock: Clock,
        kept: Kept,
        rules: Rules,
        *,
        mode: Mode = Mode.SOLAR,
        windows: Sequence[Window] = (),
        published: Slot[Published] | None = None,
        changed: Callable[[], None] = _nothing,
        tell: Callable[[Event], None] = _nothing,
        push: Push = _no_meters,
    ) -> None:
        self._clock = clock
        self._kept = kept
        self._rules = rules
        self._chargers = {charger.charger_id: charger for charger in rules.chargers}
        self._published = published
        self._changed = changed
        self._tell = tell
        self._lock = threading.Lock()
        self._push = push
        now = clock.now()
        self._written = tuple(windows)
        self.windows: Slot[tuple[Window, ...]] = Slot(kept_windows(kept, self._written))
        self.control: Slot[Control] = Slot(kept_control(kept, mode, now, self._chargers))
        self.cars: Slot[Mapping[str, CarStatus]] = Slot(kept_cars(kept))
        self.forecast: Slot[tuple[SunAhead, ...]] = Slot(())
        self.prices: Slot[PricesAhead] = Slot(kept_prices(kept))
        self.calls: Slot[Mapping[str, object]] = Slot({})

    # --- modes and boosts --------------------------------------------------------------------------

    def set_mode(self, mode: Mode | None, charger_id: str | None = None, by: str = "") -> None:
        """Set the house's mode, or one charger's own; None gives a charger back to its settings."""
        with self._lock:
            control = self.control.get()
            if charger_id is None:
                if mode is None:
                    raise Refused(409, "The house always has a mode: off, solar, solar_min or fast.")
                control, whose = replace(control, mode=mode), "The house"
            else:
                whose = self._charger(charger_id).label
                own = {key: value for key, value in control.mode_by_charger.items() if key != charger_id}
                control = replace(control, mode_by_charger=own if mode is None else own | {charger_id: mode})
            says = f"was set to {MODE_WORDS[mode]}" if mode else "follows the settings again"
            self._take(control, Event("mode", f"{whose} {says}{_by(by)}.", subject=charger_id or ""))

    def start_boost(self, ask: BoostAsk, by: str = "") -> tuple[Boost, ...]:
        """Start a boost; it replaces the one it competes with. Returns what is now in force for it."""
        with self._lock:
            now = self._clock.now()
            if not self._chargers:
                raise Refused(409, "No charger is configured, so there is nothing to boost.")
            one = None if ask.charger_id is None else self._charger(ask.charger_id)
            chargers = [one] if one else list(self._chargers.values())
            started = boosts.boosts_from(ask, now, chargers, self._counters())
            control = self.control.get()
            others = () if one is None else _without(control.boosts, one.charger_id)
            whose = one.label if one else "Every charger"
            amps = f" with {ask.amps:g} A" if ask.amps is not None else ""
            sentence = f"{whose} was boosted{amps} {_ends(started[0])}{_by(by)}."
            event = Event("boost", sentence, subject=ask.charger_id or "")
            self._take(replace(control, boosts=(*others, *started)), event)
            return started

    def end_boost(self, charger_id: str | None = None, by: str = "") -> None:
        """End every boost, or one charger's (the others keep theirs). Nothing to end is no error."""
        with self._lock:
            control = self.control.get()
            left = () if charger_id is None else self._boosts_without(self._charger(charger_id).charger_id)
            if left == control.boosts:
                return
            whose = self._chargers[charger_id].label if charger_id else "The house"
            event = Event("boost_ended", f"{whose} went back from boost{_by(by)}.", subject=charger_id or "")
            self._take(replace(control, boosts=left), event)

    def limit(self, amps: float | None, charger_id: str, by: str = "") -> None:
        """Let a charger offer this much at the most, whatever else is asked; None takes the limit away."""
        with self._lock:
            charger = self._charger(charger_id)
            control = self.control.get()
            limits = {key: most for key, most in control.limit_by_charger.items() if key != charger_id}
            says = "may offer all that its wires bear again"
            if amps is not None and amps != charger.max_amps:
                if not charger.min_amps <= amps <= charger.max_amps:
                    raise Refused(
                        409,
                        f"{amps:g} A is not possible: {charger.label} can be held at "
                        f"{charger.min_amps:g} to {charger.max_amps:g} A.",
                    )
                limits[charger_id] = float(amps)
                says = f"may offer {amps:g} A at the most"
            if limits == control.limit_by_charger:
                return
            event = Event("limit", f"{charger.label} {says}{_by(by)}.", subject=charger_id)
            self._take(replace(control, limit_by_charger=limits), event)

    def dim(
        self,
        amps: float | None = None,
        watts: float | None = None,
        reserved_watts: Sequence[float] = (),
        for_s: float | None = None,
        by: str = "",
    ) -> Dimming:
        """Take an order to leave room (agent/dimming.py); it replaces the one before."""
        with self._lock:
            kept_free = tuple(reserved_watts)
            order = dimming.dimming_from(amps, watts, kept_free, for_s, self._rules, self._clock.now())
            self._take(
                replace(self.control.get(), dimming=order),
                Event("limit", f"{dimming.words(order)}{_by(by)}."),
            )
            return order

    def end_dim(self, by: str = "") -> None:
        """Take the order back. With none there, all stays as it is."""
        with self._lock:
            control = self.control.get()
            if control.dimming is not None:
                self._take(
                    replace(control, dimming=None), Event("limit", f"No limit holds any more{_by(by)}.")
                )

    def tidy(self, published: Published) -> None:
        """Drop boosts and limits that are over, and note counters that were not known when a boost began.

        Call it once a second after each decision; it costs nothing while none is on.
        """
        self._tidy_dimming(published.moment)
        if not self.control.get().boosts:
            return
        with self._lock:
            control = self.control.get()
            statuses = {status.charger_id: status for status in published.bus.chargers}
            left: list[Boost] = []
            for boost in control.boosts:
                status = statuses.get(boost.charger_id or "")
                why = boosts.why_over(boost, published.moment, status, self.cars.get())
                if why:
                    name = self._chargers[boost.charger_id].label if boost.charger_id else "the house"
                    self._tell(Event("boost_ended", f"The boost of {name} ended: {why}."))
                elif boost.to_energy_wh is not None and boost.energy_start_wh is None and status:
                    left.append(replace(boost, energy_start_wh=status.energy_wh))
                else:
                    left.append(boost)
            if tuple(left) != control.boosts:
                self._put_in_force(replace(control, boosts=tuple(left)))
                self._keep_control_unasked()

    def _tidy_dimming(self, moment: Moment) -> None:
        order = self.control.get().dimming
        if order is None or not dimming.is_over(order, moment):
            return
        with self._lock:
            control = self.control.get()
            if control.dimming is order:
                self._tell(Event("limit", "The limit for all chargers has ended: its time is over."))
                self._put_in_force(replace(control, dimming=None))
                self._keep_control_unasked()

    # --- windows -----------------------------------------------------------------------------------

    def put_windows(self, rows: object, by: str = "") -> tuple[Window, ...]:
        """Replace every window by these rows; from now on they hold instead of the settings' ones."""
        with self._lock:
            return self._take_windows(rows, f"The charging windows were changed{_by(by)}.", by)

    def put_window(self, name: str, row: Mapping[str, object], by: str = "") -> tuple[Window, ...]:
        """Add a window, or replace the one of that name in its place."""
        if row.get("name", name) != name:
            raise Refused(409, f"The address says {name!r}, the window {row['name']!r}: send the same name.")
        with self._lock:
            rows = [write_window(window) for window in self.windows.get()]
            at = next((i for i, known in enumerate(rows) if _same(known["name"], name)), len(rows))
            rows[at : at + 1] = [{**row, "name": name}]
            return self._take_windows(rows, f"The charging window “{name}” was set{_by(by)}.", by)

    def delete_window(self, name: str, by: str = "") -> tuple[Window, ...]:
        """Take a window away."""
        with self._lock:
            known = self.windows.get()
            left = [write_window(window) for window in known if not _same(window.name, name)]
            if len(left) == len(known):
                raise Refused(404, f"There is no window {name!r}.")
            return self._take_windows(left, f"The charging window “{name}” was taken away{_by(by)}.", by)

    def restore(self, rows: object, mode: Mode, mode_by_charger: Mapping[str, Mode], by: str = "") -> None:
        """Put windows and modes of a backup in force and on the disk together, or change nothing."""
        with self._lock:
            strange = [key for key in mode_by_charger if key not in self._chargers]
            if strange:
                raise Refused(409, f"The backup speaks of {strange[0]!r}, and there is no such charger here.")
            windows = self._read(rows)
            control = replace(self.control.get(), mode=mode, mode_by_charger=dict(mode_by_charger))
            self.windows.put(windows)
            self._put_in_force(control)
            holds = f"mode {MODE_WORDS[mode]}, charging windows: {len(windows)}"
            says = f"A backup was restored: {holds}{_by(by)}."
            log.info("%s", says)
            self._tell(Event("windows", says, data={"by": by} if by else {}))
            now = self._clock.now()
            self._keep(windows_to_keep(windows, self._written) | control_to_keep(control, now))

    # --- what others know --------------------------------------------------------------------------

    def put_car(self, car: CarStatus) -> None:
        """Replace what is known of one car."""
        with self._lock:
            cars = dict(self.cars.get())
            if car.vin not in cars and len(cars) >= MOST_CARS:
                raise Refused(409, f"{MOST_CARS} cars are known already, and none was forgotten.")
            at = car.at_wall or self._clock.now().wall
            cars[car.vin] = replace(car, at_wall=at)
            self.cars.put(cars)
            self._changed()
            self._keep(cars_to_keep(cars))

    def put_forecast(self, ahead: Sequence[SunAhead]) -> None:
        """Replace what the sun is forecast to give: shown to people, never decided by."""
        self.forecast.put(tuple(ahead))

    def put_prices(self, ahead: PricesAhead) -> None:
        """Replace what a kWh costs from now on; they are kept, so that a restart leaves no hour without."""
        with self._lock:
            if ahead == self.prices.get():
                return
            self.prices.put(ahead)
            self._changed()
            self._keep(prices_to_keep(ahead))

    def put_calls(self, told: Mapping[str, object]) -> None:
        """Replace what the clouds' account was asked: shown to people, never decided by."""
        self.calls.put(dict(told))

    def push_reading(self, role: Role, reading: Reading, max_age_s: float | None = None) -> None:
        """Take a meter reading that somebody else measured; it ages from its own moment.

        `max_age_s`: how old it may grow and still count; None, as old as any other.
        """
        self._push(role, reading, max_age_s)
        self._changed()

    # --- inside ------------------------------------------------------------------------------------

    def _take_windows(self, rows: object, sentence: str, by: str) -> tuple[Window, ...]:
        windows = self._read(rows)
        self.windows.put(windows)
        self._changed()
        self._tell(Event("windows", sentence, data={"by": by} if by else {}))
        self._keep(windows_to_keep(windows, self._written))
        return windows

    def _read(self, rows: object) -> tuple[Window, ...]:
        names = {key: charger.name for key, charger in self._chargers.items()}
        try:
            return read_windows(rows, names)
        except WindowError as error:
            raise Refused(409, " ".join(error.problems)) from None

    def _charger(self, charger_id: str) -> ChargerRules:
        known = self._chargers.get(charger_id)
        if known is None:
            names = ", ".join(self._chargers) or "none is configured"
            raise Refused(404, f"There is no charger with that id. The chargers here: {names}.")
        return known

    def _boosts_without(self, charger_id: str) -> tuple[Boost, ...]:
        """Today's boosts but for one charger's: a boost for each is spread over the others."""
        own = {boost.charger_id: boost for boost in self.control.get().boosts}
        general = own.pop(None, None)
        if general is not None:
            own = {other: own.get(other, replace(general, charger_id=other)) for other in self._chargers}
        return tuple(boost for other, boost in own.items() if other != charger_id)

    def _counters(self) -> dict[str, float]:
        if self._published is None:
            return {}
        statuses = self._published.get().bus.chargers
        return {status.charger_id: status.energy_wh for status in statuses if status.energy_wh is not None}

    def _take(self, control: Control, event: Event) -> None:
        if control != self.control.get():  # what holds already is no news
            self._put_in_force(control)
            log.info("%s", event.sentence)
            self._tell(event)
        self._keep_control()

    def _put_in_force(self, control: Control) -> None:
        self.control.put(control)
        self._changed()

    def _keep_control(self) -> None:
        self._keep(control_to_keep(self.control.get(), self._clock.now()))

    def _keep_control_unasked(self) -> None:
        try:
            self._keep_control()
        except Refused as refused:  # nobody asked, so nobody hears it but the log
            log.warning("%s", refused.sentence)

    def _keep(self, values: Mapping[str, object]) -> None:
        try:
            self._kept.put_all(values)
        except KeepError as error:
            raise Refused(
                507,
                "The change is in force now, but the disk did not take it, so it is lost at the next "
                f"restart: {error}",
            ) from error


def _by(by: str) -> str:
    return f", asked by {by}" if by else ""


def _ends(boost: Boost) -> str:
    words = []
    if boost.to_soc_percent is not None:
        words.append(f"to {boost.to_soc_percent:.0f} %")
    if boost.to_energy_wh is not None:
        words.append(f"for {boost.to_energy_wh / 1000:g} kWh")
    if boost.ends_wall is not None:
        words.append(f"until {boost.ends_wall:%a %H:%M}")
    return " or ".join(words) if words else "for a while"


def _same(name: object, other: str) -> bool:
    return str(name).casefold() == other.casefold()


def _without(known: Sequence[Boost], charger_id: str) -> tuple[Boost, ...]:
    return tuple(boost for boost in known if boost.charger_id != charger_id)
