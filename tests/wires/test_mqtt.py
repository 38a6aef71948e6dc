"""MQTT with a real broker: restarts, kept messages, wrong passwords, TLS, garbage, servers that are none."""

import contextlib
import re
import socket
import subprocess
import threading
from datetime import UTC, datetime

import pytest

from agent.meters import source
from agent.meters.part import Meters, open_line, understand
from agent.meters.plan import plan
from agent.meters.values import Poor, Values
from agent.meters.via import Answered, Problem
from agent.meters.via.mqtt import SETTLE_S
from agent.model import ROLES
from scheduler.clock import FakeClock
from tests.conftest import need
from tests.meters.captures import cases, spoken
from tests.wires.broker import Broker
from tests.wires.patience import until

SECRETS = {"MQTT_USER": "sun", "MQTT_PASSWORD": "shine", "WRONG": "rain"}
AT = datetime(2026, 6, 14, 11, 45, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    found = Broker(tmp_path_factory.mktemp("broker"))
    yield found
    found.stop()


@pytest.fixture
def own_broker(tmp_path):
    """Starts brokers for one test alone."""
    made = []

    def make(**how):
        made.append(Broker(tmp_path, **how))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def clock():
    return FakeClock(AT, 1000.0)


class Reader:
    """One line on a broker, and the sources that are polled through it."""

    def __init__(self, clock, *texts):
        self.clock = clock
        self.sources = [source(text, SECRETS) for text in texts]
        self.line = open_line(self.sources[0], clock)

    def poll(self, which=0):
        return self.line.poll(self.sources[which], self.clock.now())

    def listens(self, which=0):
        """Wait until the topic is subscribed: only then may a test speak."""
        return until(lambda: "nothing has come" in (said := self.sentence(which)) or "has kept" in said)

    def sentence(self, which=0):
        found = self.poll(which)
        return found.sentence if isinstance(found, Problem) else ""

    def meaning(self, which=0):
        """What the line says now; an error under "" where nothing can be understood, or nothing came."""
        found = self.poll(which)
        if isinstance(found, Problem):
            return {"": Poor(found.sentence)}
        try:
            return understand(self.sources[which], found.answers)
        except Poor as error:
            return {"": error}

    def reads(self, watts, which=0):
        values = self.meaning(which).get("any")
        return isinstance(values, Values) and values.watts == watts

    def watts(self, which=0):
        found = until(lambda: one if isinstance(one := self.poll(which), Answered) else None)
        assert found, self.poll(which)
        return understand(self.sources[which], found.answers)["any"].watts


@pytest.fixture
def reader(clock):
    made = []

    def make(*texts):
        made.append(Reader(clock, *texts))
        return made[-1]

    yield make
    for one in made:
        one.line.close()


def at(broker, rest):
    return f"mqtt://127.0.0.1:{broker.port}/{rest}"


def test_lines_share_one_connection_and_a_message_is_as_old_as_its_arrival(broker, reader, clock):
    one = reader(at(broker, "a/grid"), at(broker, "a/solar?unit=kW"))
    assert one.listens(0)
    assert one.listens(1)
    broker.say("a/grid", "-2385")
    broker.say("a/solar", "4.21")
    assert (one.watts(0), one.watts(1)) == (-2385, 4210)
    clock.advance(20)
    values = understand(one.sources[0], one.poll(0).answers)["any"]
    assert values.age_s == 20
    ours = set(re.findall(r"as (sunward-\w+)", broker.log()))
    assert len(ours) == 1, ours


def test_a_broker_that_restarts_is_found_again_and_topics_with_it(own_broker, reader):
    broker = own_broker()
    one = reader(at(broker, "home/grid"))
    assert one.listens()
    broker.say("home/grid", "-500")
    assert one.watts() == -500
    broker.stop()
    problem = until(lambda: found if isinstance(found := one.poll(), Problem) else None)
    assert problem.kind == "down"
    assert problem.keeps_trying
    assert until(lambda: "can't be reached" in one.sentence())
    broker.start()
    assert one.listens()
    broker.say("home/grid", "-700")
    assert one.watts() == -700


def test_a_kept_message_has_no_age_and_counts_for_nothing(broker, reader):
    broker.say("k/grid", "-9000", "-r")
    one = reader(at(broker, "k/grid"))
    assert until(lambda: "has kept an old message on k/grid" in one.sentence())
    assert one.poll().kind == "waiting"
    broker.say("k/grid", "-100", "-r")
    assert one.watts() == -100
    again = reader(at(broker, "k/grid?scale=1"))
    assert until(lambda: "has kept" in again.sentence()), "kept again for whoever comes"


def test_a_kept_message_with_its_time_is_as_old_as_it_says(broker, reader):
    broker.say("t/grid", '{"w": 12, "t": "2026-06-14T10:45:05Z"}', "-r")
    one = reader(at(broker, "t/grid?watts=w&time=t"))
    assert one.watts() == 12
    values = understand(one.sources[0], one.poll().answers)["any"]
    assert (values.age_s, values.at_wall) == (3600, None)


def test_a_second_line_for_a_topic_does_not_make_its_old_message_new(broker, reader):
    broker.say("s/grid", "1", "-r")
    one = reader(at(broker, "s/grid"), at(broker, "s/grid?positive=export"))
    assert until(lambda: "has kept" in one.sentence())
    broker.say("s/grid", "2")
    assert (one.watts(0), one.watts(1)) == (2, -2)


def test_passwords(own_broker, reader):
    broker = own_broker(secured=True)
    wrong = reader(at(broker, "x?user=MQTT_USER&password=WRONG"))
    assert until(lambda: "refuses us" in wrong.sentence())
    assert "rain" not in wrong.sentence() + repr(wrong.sources)
    nobody = reader(at(broker, "x"))
    assert until(lambda: "refuses us" in nobody.sentence())
    right = reader(at(broker, "x?user=MQTT_USER&password=MQTT_PASSWORD"))
    assert right.listens()
    broker.say("x", "5", "-u", "sun", "-P", "shine")
    assert right.watts() == 5


def test_tls_is_really_spoken(tmp_path, own_broker, reader, broker):
    certificate = tmp_path / "own"
    subprocess.run(
        f"{need('openssl')} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=house "
        f"-keyout {certificate}.key -out {certificate}.crt".split(),
        check=True,
        capture_output=True,
    )
    secret = own_broker(certificate=certificate)
    fine = reader(at(secret, "x?tls=unverified"))
    assert fine.listens()
    secret.say("x", "42", "--cafile", f"{certificate}.crt", "--insecure")
    assert fine.watts() == 42
    strict = reader(at(secret, "x?tls=on"))
    assert until(lambda: "certificate that can't be checked" in strict.sentence())
    plain = reader(at(broker, "x?tls=on"))
    assert until(lambda: plain.poll().kind == "down")
    bare = reader(at(secret, "x"))
    assert until(lambda: bare.poll().kind == "down")


@pytest.mark.parametrize("junk", [b"\xff\xfe\x00\x80", b"", b"[" * 5000, b"NaN", b"1e999", b"x" * 300_000])
def test_garbage_is_one_clear_line_and_the_next_number_counts(broker, reader, junk):
    one = reader(at(broker, "g/grid"))
    assert one.listens()
    broker.say("g/grid", junk)
    assert until(lambda: isinstance(one.poll(), Answered))
    with pytest.raises(Poor):
        understand(one.sources[0], one.poll().answers)
    broker.say("g/grid", "77")
    assert until(lambda: one.reads(77))


def test_the_meters_look_again_every_second_while_the_line_keeps_trying(clock):
    meters = Meters(plan({"grid": ["mqtt://127.0.0.1:9/home/grid"]}), clock)
    (part,) = meters.parts
    for _ in range(8):
        assert part.step(clock.now()) == clock.mono_s + 1
        clock.advance(1)
    assert until(lambda: part.step(clock.advance(1)) and "can't be reached" in said(meters, clock))
    meters.close()


def said(meters, clock):
    return meters.view(clock.now()).health[0].problem


class NotABroker:
    """A server that answers whatever is said with these bytes, one after the other."""

    def __init__(self, *answers):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._answers = answers
        self._peers = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer = self._listener.accept()[0]
            except OSError:
                return
            self._peers.append(peer)
            for answer in self._answers:
                with contextlib.suppress(OSError):  # he may have gone
                    peer.recv(1000)
                    peer.sendall(answer)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            peer.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        bytes(range(256)) * 4,
        b"\x20\x02\0\0" + b"\x30\x02\xff\xff" * 50,
    ],
    ids=["silence", "http", "bytes", "broken"],
)
def test_a_server_that_is_no_broker_is_told(reader, clock, answer):
    server = NotABroker(answer)
    one = reader(at(server, "x"))

    def told():
        clock.advance(1)
        return one.poll().kind == "down"

    assert until(lambda: one.poll() and server._peers)
    assert until(told), one.poll()
    server.close()


def test_a_topic_that_the_broker_keeps_from_us_is_told(reader):
    server = NotABroker(b"\x20\x02\0\0", b"\x90\x03\0\x01\x80")
    one = reader(at(server, "secret"))
    assert until(lambda: "does not let us read secret" in one.sentence())
    assert one.poll().kind == "poor"
    server.close()


def _in_haste(case):
    """Whether a test may play it without letting hours pass."""
    return all(kept or age_s < SETTLE_S for _, age_s, kept in spoken(case).values())


@pytest.mark.parametrize("case", [one for one in cases("mqtt") if _in_haste(one)], ids=str)
def test_captures_are_read_the_same_by_a_real_broker(own_broker, reader, clock, case):
    broker = own_broker()
    line = re.sub(r"(?<=://)[^?/]*", f"127.0.0.1:{broker.port}", case.line, count=1)
    one, said, expected = reader(line), spoken(case), case.expected
    for topic, (text, _, kept) in said.items():
        if kept:
            broker.say(topic, text, "-r")
    assert until(lambda: one.poll() and broker.hears_us(said))
    for topic, (text, _, kept) in said.items():
        if not kept:
            broker.say(topic, text)
    roles = {role for role in (*ROLES, "any") if role in expected}

    def meaning():
        clock.advance(1)
        return one.meaning()

    if "poor" in expected:
        assert until(lambda: expected["poor"] in str(meaning().get("")) or "has kept" in one.sentence())
        return
    assert until(lambda: roles <= set(meaning())), one.meaning()
    for role in roles:
        assert one.meaning()[role].watts == pytest.approx(expected[role]["watts"])
