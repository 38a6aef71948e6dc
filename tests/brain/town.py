"""Random houses with a main fuse, and meters that err: the peer that the guard is tried with.

A house from a seed: phases, fuse, chargers, cars (some load fewer phases than their charger has), sun, loads
that switch, and one way in which its meter errs. Offers come a second or two late, as on the bus.
`overloads(seed)` lives it second by second and returns a sentence for each time that the guard took longer
than it promises (agent/brain/guard.py).
"""

from dataclasses import dataclass, field
from random import Random

from agent.brain.decide import decide
from agent.brain.guard import ANSWERED_S
from agent.brain.memory import Memory
from agent.model import ChargerRules, ChargerStatus, Control, Mode, Moment, Reading, Rules, Snapshot

PHASES = ("L1", "L2", "L3")
ERRS = ("no", "no", "late", "silent", "amps of one phase", "turned by one phase", "clamp off", "no amps")
PROBED_S = 20.0  # a step of 5 A, and what it taught
HAIR = 0.01


@dataclass
class Town:
    """One house of the town."""

    seed: int
    length_s: int = 400
    out_of_reach: bool = False  # some chargers branch off between the fuse and an honest meter
    said: list = field(default_factory=list)

    def __post_init__(self):
        chance = self.chance = Random(self.seed)
        self.errs = chance.choice(ERRS)
        self.phases = (
            3 if self.errs in ("amps of one phase", "turned by one phase") else chance.choice((1, 3))
        )
        self.fuse = chance.choice((20.0, 25.0, 35.0, 63.0))
        self.delay_s = chance.choice((1, 2))
        self.late_s = chance.randint(3, 25) if self.errs == "late" else 0
        self.silent_from = chance.randint(60, 250) if self.errs == "silent" else 10**9
        self.lying = chance.randrange(self.phases)
        self.lie = chance.choice(("zero", "stuck", "half"))
        order = PHASES[: self.phases]
        self.errs = "out of reach" if self.out_of_reach else self.errs
        self.cars, chargers = {}, []
        for number in range(chance.randint(1, 3)):
            whole = self.phases == 3 and self.errs != "clamp off" and chance.random() < 0.5
            wired = order if whole else (chance.choice(order),)
            charger_id = f"{number:04X}"
            chargers.append(
                ChargerRules(
                    charger_id,
                    max_amps=chance.choice((16.0, 32.0)),
                    priority=chance.randint(1, 2),
                    phases=wired,
                    mode=chance.choice((Mode.FAST, Mode.FAST, Mode.SOLAR, Mode.SOLAR_MIN)),
                )
            )
            self.cars[charger_id] = wired[: chance.randint(1, 3)]
        self.rules = Rules(
            tuple(chargers), chance.choice((32.0, 64.0, 96.0)), self.fuse, self.phases, volts=230.0
        )
        self.loads = [self.fuse * chance.uniform(0.0, 0.5) for _ in order]
        self.sun_amps = chance.choice((0.0, 0.0, 5.0, 20.0))
        if self.errs == "no amps" and self.phases == 3:
            self.sun_amps = 0.0  # what no meter of watts alone can tell
        self.beyond = {key for key in self.cars if self.out_of_reach and chance.random() < 0.7}
        self.risen = [0.0] * self.phases
        self.drawn = dict.fromkeys(self.cars, 0.0)
        self.offered = dict.fromkeys(self.cars, 0.0)
        self.began = dict.fromkeys(self.cars, -1e9)
        self.stuck = self.loads[self.lying]
        self.queue, self.readings, self.over_s = [], [], [0] * self.phases

    def live(self):
        """Every second of it; what was said of broken promises."""
        self.memory = Memory()
        for second in range(1, self.length_s):
            now = 1000.0 + second
            self._switch(now)
            self._cars(now)
            self._judge(now)
            decision, self.memory = decide(self.rules, self._seen(now), self.memory, Moment(now))
            self.queue.append({offer.charger_id: offer.amps for offer in decision.offers})
            if len(self.queue) > self.delay_s:
                self.offered = self.queue.pop(0)
        return self.said

    def _switch(self, now):
        for place in range(self.phases):
            if self.chance.random() < 0.01:
                before = self.loads[place]
                self.loads[place] = self.fuse * self.chance.uniform(0.0, 0.95)
                if self.loads[place] > before:
                    self.risen[place] = now
        if self.chance.random() < 0.02:
            rising = self.chance.uniform(-4, 4) if self.sun_amps else 0.0
            before, self.sun_amps = self.sun_amps, max(0.0, self.sun_amps + rising)
            if self.sun_amps < before:
                self.risen = [now] * self.phases

    def _cars(self, now):
        for charger_id, offered in self.offered.items():
            if not offered:
                self.began[charger_id] = now
            aim = offered if now - self.began[charger_id] >= 20 else 0.0
            have = self.drawn[charger_id]
            self.drawn[charger_id] = min(have + 1, aim) if have < aim else max(have - 4, aim)

    def true_amps(self, place, beyond=frozenset()):
        """What really flows through one phase's fuse; less some chargers."""
        phase = PHASES[place]
        cars = sum(
            self.drawn[key] for key, loaded in self.cars.items() if phase in loaded and key not in beyond
        )
        return self.loads[place] - self.sun_amps / self.phases + cars

    def _seen(self, now):
        amps = [self.true_amps(place, self.beyond) for place in range(self.phases)]
        watts = sum(amps) * 230.0
        if self.errs == "amps of one phase":
            told = {"zero": 0.0, "stuck": self.stuck, "half": amps[self.lying] / 2}[self.lie]
            amps[self.lying] = min(told, amps[self.lying])
        elif self.errs == "turned by one phase":
            amps = amps[1:] + amps[:1]
        elif self.errs == "clamp off":
            watts -= amps[self.lying] * 230.0
            amps[self.lying] = 0.0
        if now - 1000 < self.silent_from:
            told = None if self.errs == "no amps" else tuple(amps)
            self.readings.append(Reading(watts, now, "town", amps_by_phase=told))
        index = len(self.readings) - 1 - self.late_s
        readings = {"grid": self.readings[index]} if index >= 0 else {}
        statuses = tuple(
            ChargerStatus(
                key,
                rating_amps=32.0,
                offered_amps=self.offered.get(key, 0.0),
                drawn_amps=self.drawn[key],
                heard_at_mono_s=now,
                linked=True,
                plugged=True,
                charging=self.drawn[key] > 0,
            )
            for key in self.cars
        )
        return Snapshot(statuses, readings, {}, Control(Mode.FAST))

    def _judge(self, now):
        for place in range(self.phases):
            phase = PHASES[place]
            cars = [key for key, loaded in self.cars.items() if phase in loaded and self.drawn[key] > 0]
            over = bool(cars) and self.true_amps(place) > self.fuse + HAIR
            self.over_s[place] = self.over_s[place] + 1 if over else 0
            since = min(self.over_s[place], now - self.risen[place])
            if over and since > self._forgiven(place, cars, now):
                amps = self.true_amps(place)
                self.said.append(
                    f"seed {self.seed} ({self.errs}) at {now - 1000:.0f} s: {amps:.1f} A on {phase}"
                    f" over {self.fuse:.0f} A for {since:.0f} s"
                )

    def _forgiven(self, place, cars, now):
        """The longest overload that the guard allows itself here."""
        answered = ANSWERED_S + self.late_s + self.delay_s
        together = sum(self.drawn[key] for key in cars)
        if self.errs == "late" and now - 1000 < self.late_s + answered:
            return 1e9 if together <= 6.0 else answered
        if now - 1000 > self.silent_from:
            silent_s = now - 1000 - self.silent_from
            watched = silent_s <= self.rules.stale_minimum_s + answered
            return 1e9 if watched or together <= 6.0 + HAIR else answered
        unknown = [key for key in self.cars if self._is_unknown(key)]
        if unknown and self.errs in ("turned by one phase", "clamp off", "no amps", "out of reach"):
            drawn = [self.drawn[key] for key in unknown]
            if max(drawn) <= 11.0 + HAIR and self.true_amps(place) - sum(drawn) <= self.fuse + HAIR:
                self.risen[place] = now  # the time until they are known does not count
                return 1e9
            return answered + PROBED_S
        return answered

    def _is_unknown(self, key):
        """Whether the guard cannot know yet, or never, that its meter feels this car, and where."""
        learned = self.memory.chargers[key].learned
        if key in self.beyond:  # once it is known not to be felt, it counts in full
            return not learned.unfelt
        return not learned.sure or learned.unfelt


def overloads(seed, length_s=400, out_of_reach=False):
    """The broken promises of one house."""
    return Town(seed, length_s, out_of_reach).live()
