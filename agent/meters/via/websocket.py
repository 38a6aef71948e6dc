"""Home Assistant's WebSocket: the only file of the agent that knows websocket-client.

A change arrives within a moment. A number that stays the same is silent here, whether its sensor lives or
not: states.py asks when it was last reported. An entity that has told nothing for STEADY_S all the same is
asked for by REST (as are all, while the WebSocket is away). The answers are Pages, as from REST; a reading is
as old as the first page that its driver asks for.

One connection for each token, kept by a thread (keeper.py); a ping each PING_S tells whether it still lives.
"""

from __future__ import annotations

import ssl
from typing import Any

import websocket
from websocket import WebSocketException, WebSocketTimeoutException

from agent.meters.line import NO_SECRET, Secret, Source
from agent.meters.values import Down, Poor
from agent.meters.via import Answered, Problem, problem
from agent.meters.via.http import HttpLine
from agent.meters.via.keeper import Keeper
from agent.meters.via.pages import Get, Page, Pages
from agent.meters.via.states import States
from scheduler.clock import Clock, Moment

STEADY_S = 8.0
PING_S = 20.0
PONG_S = 10.0
TICK_S = 0.25
STATES_PATH = "/api/states/"


def open_line(source: Source, clock: Clock) -> HassLine:
    """The line to a source's Home Assistant."""
    return HassLine(clock)


class HassLine:
    """All sources of one Home Assistant: pushed where they change, asked for where they don't."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rest = HttpLine(clock)
        self._talks: dict[tuple[Secret, str], HassTalk] = {}
        self._told: dict[Source, dict[Get, tuple[Page, float]]] = {}

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """The newest pages of a source's entities."""
        try:
            gets = list(source.driver.ask(source.options, Pages()))
        except Poor as error:
            return problem(error)
        talk, told = self._talk(source), self._told.setdefault(source, {})
        alive = talk.want({_entity(get) for get in gets})
        for get in gets:
            pushed = talk.changed(_entity(get))
            if pushed and (get not in told or told[get][1] <= pushed[1]):
                told[get] = pushed
        good_s = moment.mono_s - (STEADY_S if alive else 0.0)
        if any(get not in told or told[get][1] < max(good_s, talk.since_s(_entity(get))) for get in gets):
            answer = self._rest.poll(source, moment)
            if isinstance(answer, Problem):
                return answer
            for get in gets:
                told[get] = answer.answers.page(get), answer.at_mono_s
        pages = Pages()
        for get in gets:
            pages.add(get, told[get][0])
        return Answered(pages, told[gets[0]][1])

    def close(self) -> None:
        """Hang up."""
        self._rest.close()
        for talk in self._talks.values():
            talk.close()
        self._talks.clear()

    def _talk(self, source: Source) -> HassTalk:
        token, tls = getattr(source.options, "token", NO_SECRET), getattr(source.options, "tls", "off")
        if (token, tls) not in self._talks:
            self._talks[token, tls] = HassTalk(source, token, tls, self._clock)
        return self._talks[token, tls]


class HassTalk:
    """One WebSocket connection, kept by a thread."""

    def __init__(self, source: Source, token: Secret, tls: str, clock: Clock) -> None:
        host = f"[{source.host}]" if ":" in source.host else source.host
        self._name = source.endpoint
        self._url = f"{'ws' if tls == 'off' else 'wss'}://{host}:{source.port}/api/websocket"
        self._token, self._tls, self._clock = token, tls, clock
        self._wanted: frozenset[str] = frozenset()
        self._states = States(self._name, token.value)
        self._keeper = Keeper(self._name, self._talk)

    def want(self, entities: set[str]) -> bool:
        """Hear these too; whether the connection lives."""
        self._wanted |= entities
        return self._keeper.problem() is None

    def changed(self, entity: str) -> tuple[Page, float] | None:
        """What was last pushed on this connection, and when it came."""
        return self._states.changed.get(entity)

    def since_s(self, entity: str) -> float:
        """From when on its changes are told here; what was asked for before may be out of date."""
        return self._states.since_s.get(entity, 0.0)

    def close(self) -> None:
        """Hang up."""
        self._keeper.close()

    def _talk(self, keeper: Keeper) -> None:
        states = self._states = States(self._name, self._token.value)
        socket = self._connected()
        heard_s, pinged = self._clock.now().mono_s, False
        try:
            while not keeper.stop.is_set():
                text, now_s = _receive(socket), self._clock.now().mono_s
                if text:
                    heard_s, pinged = now_s, False
                answers = states.heard(text, now_s) if text else []
                self._say(socket, [*answers, *states.ask(self._wanted), *states.doubt(now_s)])
                if states.welcome:
                    keeper.well()
                if now_s - heard_s > PING_S + PONG_S:
                    raise Down(f"{self._name} no longer answers on its WebSocket.")
                if now_s - heard_s > PING_S and not pinged:
                    self._say(socket, [states.ping()] if states.welcome else [])
                    pinged = True
        except (WebSocketException, OSError):
            raise Down(f"{self._name} broke off its WebSocket.") from None
        finally:
            socket.close(timeout=1)

    def _say(self, socket: Any, messages: list[str]) -> None:
        for message in messages:
            socket.send(message)

    def _connected(self) -> Any:
        try:
            socket = websocket.create_connection(
                self._url,
                timeout=4,
                http_no_proxy=["*"],
                sslopt={"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
                if self._tls == "unverified"
                else {},
            )
        except (WebSocketException, OSError, ValueError):
            raise Down(f"{self._name} has no WebSocket for us.") from None
        socket.settimeout(TICK_S)
        return socket


def _entity(get: Get) -> str:
    return get.path.removeprefix(STATES_PATH)


def _receive(socket: Any) -> str:
    """The next message, or nothing within TICK_S. Raises WebSocketException or OSError."""
    try:
        text = socket.recv()
    except WebSocketTimeoutException:
        return ""
    return text if isinstance(text, str) else ""
