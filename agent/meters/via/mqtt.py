"""MQTT: the only file of the meters' room that knows paho.

One connection to a broker (and to each pair of user and password there), kept by a thread (keeper.py) and
shared by all settings lines. Topics are subscribed as drivers ask for them, and all of them anew on every
connection. What came on a connection is forgotten with it: between two connections nobody knows what was
missed. The session is a clean one, our name differs at every connection, so two of us never throw each other
out, and version 3.1.1 is spoken, which every broker understands.

Lines are `scheme://host:1883`, with the options `user`, `password` and `tls` where the driver has them.
"""

from __future__ import annotations

import secrets
import ssl
from typing import Any, Literal

from paho.mqtt.client import Client, MQTTErrorCode, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from agent.meters.line import NO_SECRET, Source
from agent.meters.values import Down, Poor
from agent.meters.via import Answered, Problem, gather, problem
from agent.meters.via.keeper import Keeper
from agent.meters.via.topics import Access, Message, Messages, Topic
from scheduler.clock import Clock, Moment

KEEPALIVE_S = 15
TICK_S = 0.25
GREETING_S = 10.0
SETTLE_S = 12.0  # how long an optional topic is waited for: slow publishers speak every 10 s
LARGEST_BYTES = 256 << 10
REFUSED_PAUSE_S = 30.0
Tls = Literal["off", "on", "unverified"]


def open_line(source: Source, clock: Clock) -> MqttLine:
    """The line to a source's broker; it connects at the first poll."""
    return MqttLine(clock)


class MqttLine:
    """All sources of one broker."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._talks: dict[tuple[Access, Tls], MqttTalk] = {}

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """What was last said on the topics that the source's driver wants; the answers are Messages."""
        options = source.options
        access = Access(getattr(options, "user", NO_SECRET), getattr(options, "password", NO_SECRET))
        tls: Tls = getattr(options, "tls", "off")
        talk = self._talks.get((access, tls))
        if talk is None:
            talk = self._talks[access, tls] = MqttTalk(source, access, tls, self._clock)
        return talk.poll(source, moment)

    def close(self) -> None:
        """Say good-bye."""
        for talk in self._talks.values():
            talk.close()
        self._talks.clear()


class MqttTalk:
    """One connection: who we are, what we want to hear, what was said."""

    def __init__(self, source: Source, access: Access, tls: Tls, clock: Clock) -> None:
        self._host, self._port = source.host, source.port or 1883
        self._name = f"the broker {source.endpoint}"
        self._access, self._tls, self._clock = access, tls, clock
        self._keeper = Keeper(source.endpoint, self._talk)
        self._wanted: dict[str, float] = {}  # topic -> since when we listen to it
        self._heard: dict[str, Message] = {}
        self._granted: frozenset[str] = frozenset()
        self._refused: frozenset[str] = frozenset()
        self._greeting: Any = None

    def poll(self, source: Source, moment: Moment) -> Answered | Problem:
        """The messages for a source, or what is wrong, or what is still missing."""
        messages = Messages(dict(self._heard), moment.mono_s)
        try:
            gather(
                lambda: source.driver.ask(source.options, messages),
                lambda topic: self._want(topic, moment),
                messages.asked,
            )
        except (Poor, Down) as error:
            return problem(error)
        wrong = self._keeper.problem()
        if wrong:
            return wrong
        missing = [topic for topic in messages.asked if not messages.has(topic)]
        for topic in sorted(missing, key=lambda one: (one.optional, one.name)):
            waited_s = moment.mono_s - self._wanted[topic.name]
            if not topic.optional or waited_s < SETTLE_S:
                return Problem("waiting", self._silence(topic, messages), keeps_trying=True)
        return Answered(messages, moment.mono_s)

    def close(self) -> None:
        """Hang up."""
        self._keeper.close()

    def _want(self, topic: Topic, moment: Moment) -> None:
        if topic.name in self._refused:
            raise Poor(f"{self._name} does not let us read {topic.name}: give this user the right to")
        self._wanted.setdefault(topic.name, moment.mono_s)

    def _silence(self, topic: Topic, messages: Messages) -> str:
        if topic.name not in self._granted:
            return f"{self._name} is being asked for {topic.name}."
        if messages.was_kept(topic):
            return f"{self._name} has kept an old message on {topic.name}; a new one has not come yet."
        return f"{self._name} is reached, and nothing has come on {topic.name} yet."

    # --- in the thread -----------------------------------------------------------------------------

    def _talk(self, keeper: Keeper) -> None:
        self._heard, self._greeting = {}, None
        self._granted = self._refused = frozenset()
        client = self._connected()
        started_s = self._clock.now().mono_s
        subscribed: dict[int, str] = {}
        client.on_subscribe = lambda _c, _u, mid, codes, _p: self._subscribed(subscribed, mid, codes)
        try:
            while not keeper.stop.is_set():
                state = client.loop(TICK_S)
                self._check(state)
                if self._greeting is None and self._clock.now().mono_s - started_s > GREETING_S:
                    raise Down(f"{self._name} takes our call and says nothing: is this an MQTT port?")
                if self._greeting is not None:
                    for topic in [one for one in tuple(self._wanted) if one not in subscribed.values()]:
                        subscribed[client.subscribe(topic)[1] or 0] = topic
                    keeper.well()
        finally:
            self._heard = {}
            client.on_message = None
            client.disconnect()

    def _connected(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"sunward-{secrets.token_hex(4)}",
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        client.on_connect = lambda _c, _u, _f, code, _p: self._greeted(code)
        client.on_message = lambda _c, _u, message: self._hear(message)
        if self._access.user:
            client.username_pw_set(self._access.user.value, self._access.password.value or None)
        if self._tls != "off":
            client.tls_set(cert_reqs=ssl.CERT_REQUIRED if self._tls == "on" else ssl.CERT_NONE)
            client.tls_insecure_set(self._tls == "unverified")
        try:
            client.connect(self._host, self._port, KEEPALIVE_S)
        except ssl.SSLError:
            raise Down(
                f"{self._name} shows a certificate that can't be checked, or speaks no TLS on this port: "
                "for a certificate of its own add tls=unverified."
            ) from None
        except (OSError, ValueError):
            raise Down(f"{self._name} can't be reached: is it on, and is the address right?") from None
        return client

    def _greeted(self, code: Any) -> None:
        self._greeting = code

    def _subscribed(self, topics: dict[int, str], mid: int, codes: list[Any]) -> None:
        topic = topics.get(mid, "")
        if any(code.is_failure for code in codes):
            self._refused |= {topic}
        else:
            self._wanted[topic] = self._clock.now().mono_s
            self._granted |= {topic}

    def _hear(self, message: MQTTMessage) -> None:
        """Keep a message; a retained one never covers a live one."""
        before, now = self._heard.get(message.topic), self._clock.now()
        if message.retain and before is not None and not before.retained:
            return
        text = message.payload[:LARGEST_BYTES].decode("utf-8", "replace")
        self._heard[message.topic] = Message(text, now.mono_s, now.wall, message.retain)

    def _check(self, state: MQTTErrorCode) -> None:
        if self._greeting is not None and self._greeting.is_failure:
            raise Down(
                f"{self._name} refuses us ({str(self._greeting).lower()}): are user and password in "
                "credentials.env right?",
                REFUSED_PAUSE_S,
            )
        if state != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise Down(f"{self._name} closed the connection.")
