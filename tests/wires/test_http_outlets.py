"""Outlets over HTTP against a real server that answers, refuses, and is not there."""

import gzip
import hashlib
import hmac
import json
import logging
import os
import socket
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from itertools import pairwise

import pytest
from werkzeug import Response

from agent.doors.backlog import Mark
from agent.doors.influx import Influx, line
from agent.doors.outlet import Surroundings
from agent.doors.outlet_settings import InfluxSettings, SentrySettings, WebhookSettings
from agent.doors.past import Past
from agent.doors.sentry import Sentry
from agent.doors.webhooks import Webhook, short
from agent.history.kept import Kept
from agent.history.reader import Reader
from agent.model import Event
from scheduler.clock import FakeClock
from tests.conftest import free_port
from tests.history.conftest import House
from tests.web.house import NOON, ZONE, MiniHouse

SECRETS = {"INFLUX_TOKEN": "t0ken", "INFLUX_PASSWORD": "pa55", "HOOK": "shared"}


class Desk:
    """A house and what its outlets tell."""

    def __init__(self, folder, kept=None, history=None, at=NOON):
        self.house = MiniHouse(kept=kept, clock=FakeClock(at, 1000.0))
        if history is not None:
            self.house.history.rows = history.rows
        self.told: list[Event] = []
        self.listeners = []
        self.around = Surroundings(self.house.rooms, folder, SECRETS, self.told.append, self.listeners.append)

    def happens(self, kind: str, severity="info", subject="") -> None:
        event = Event(kind, f"It happened: {kind}.", severity, subject, at_wall=self.house.clock.wall)
        self.house.history.tell(event)
        for listen in self.listeners:
            listen(event)

    def after_a_power_cut(self, folder, hours):
        """The house of another process, so many hours later: only what is on the disk is still known."""
        kept = Kept(folder / "state.db", self.house.clock, self.told.append)
        return Desk(folder, kept, self.house.history, self.house.clock.wall + timedelta(hours=hours))

    def kinds(self):
        return [event.kind for event in self.told]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


class Receiver:
    """Answers with the next status and keeps what it was sent."""

    def __init__(self, server):
        self.requests, self.statuses = [], []
        server.expect_request("/hook").respond_with_handler(self._answer)
        server.expect_request("/api/v2/write").respond_with_handler(self._answer)
        server.expect_request("/write").respond_with_handler(self._answer)
        self.url = server.url_for("").rstrip("/")

    def _answer(self, request):
        self.requests.append((request.full_path, dict(request.headers), request.get_data()))
        return Response(status=self.statuses.pop(0) if self.statuses else 204)

    def bodies(self):
        return [body for _, _, body in self.requests]


@pytest.fixture
def receiver(httpserver):
    return Receiver(httpserver)


def influx(desk, url, **how):
    return Influx(InfluxSettings(url=url, **(how or {"bucket": "home", "org": "me"})), desk.around)


def test_influx_2_gets_the_house_the_chargers_and_what_happened(desk, receiver):
    outlet = influx(desk, receiver.url)
    desk.happens("charging_started", subject="3201")
    assert outlet.step(desk.house.clock.now()) == desk.house.clock.mono_s + 10
    ((path, headers, body),) = receiver.requests
    assert path == "/api/v2/write?org=me&bucket=home&precision=s"
    assert headers["Authorization"] == "Token t0ken"
    house, garage, carport, event = body.decode().splitlines()
    assert house.startswith("sunward_house grid_w=")
    assert house.endswith('mode="solar" 1780484701')
    assert garage.startswith("sunward_charger,charger=3201 offered_amps=25.0,")
    assert carport.startswith("sunward_charger,charger=")
    assert event.startswith("sunward_event,kind=charging_started,severity=info,subject=3201 sentence=")


def test_influx_1_gets_a_database_and_a_login(desk, receiver):
    influx(desk, receiver.url, database="home", user="me").step(desk.house.clock.now())
    ((path, headers, _),) = receiver.requests
    assert path == "/write?db=home&precision=s"
    assert headers["Authorization"].startswith("Basic ")


def test_influx_lines_wait_for_the_database_and_none_is_lost(desk, receiver):
    outlet = influx(desk, receiver.url)
    receiver.statuses = [503, 503, 204]
    for _ in range(4):
        outlet.step(desk.house.clock.now())
        desk.house.second(10)
    assert desk.kinds() == ["outlet_down", "outlet_back"]
    sent = [[row.rsplit(" ", 1)[1] for row in body.decode().splitlines()] for body in receiver.bodies()]
    assert [len(set(stamps)) for stamps in sent] == [1, 2, 3, 1]
    assert not set(sent[2]) & set(sent[3])


def test_influx_drops_only_what_the_database_can_not_read(desk, receiver):
    outlet = influx(desk, receiver.url)
    receiver.statuses = [400]
    outlet.step(desk.house.clock.now())
    assert "refuses (400)" in desk.told[0].sentence
    desk.house.second(10)
    outlet.step(desk.house.clock.now())
    assert receiver.bodies()[0] != receiver.bodies()[1]
    assert receiver.bodies()[1].count(b"sunward_house") == 1


@pytest.fixture
def lasting(tmp_path):
    """A desk whose marks are on the disk."""
    kept = Kept(tmp_path / "state.db", FakeClock(NOON), print)
    return Desk(tmp_path, kept)


def stamps(body, name="sunward_house"):
    return [int(row.rsplit(" ", 1)[1]) for row in body.decode().splitlines() if row.startswith(name)]


def test_what_influx_missed_by_a_power_cut_comes_from_the_history(lasting, receiver, tmp_path):
    outlet = influx(lasting, receiver.url)
    outlet.step(lasting.house.clock.now())
    receiver.statuses = [503, 503]
    for _ in range(2):  # the database goes first, and then the power
        lasting.house.second(600)
        lasting.happens("car_full")
        outlet.step(lasting.house.clock.now())
    again = lasting.after_a_power_cut(tmp_path, hours=8)
    receiver.requests.clear()
    outlet = influx(again, receiver.url)
    while outlet.step(again.house.clock.now()) < again.house.clock.mono_s + 1:
        pass
    *filled, live = receiver.bodies()
    ends_s = stamps(live)[0]
    told = [at for body in filled for at in stamps(body)]
    assert len(filled) == 2
    assert told == sorted(set(told)), "nothing twice, and in order"
    assert [b - a for a, b in pairwise(told)] == [60] * (len(told) - 1)
    assert told[0] - NOON.timestamp() <= 60
    assert 0 < ends_s - told[-1] <= 60
    assert sum(body.count(b"sunward_event,kind=car_full") for body in filled) == 2
    assert sum(body.count(b"sunward_charger,charger=3201 offered_amps=") for body in filled) == len(told)
    receiver.requests.clear()
    influx(again.after_a_power_cut(tmp_path, hours=0.01), receiver.url).step(again.house.clock.now())
    assert len(receiver.bodies()) == 1, "a short pause is no gap"


def test_a_real_history_fills_influx_and_webhook(tmp_path, receiver):
    past = House(tmp_path / "history.db")
    past.says(solar=3000).lives(minutes=10)
    past.events.put(Event("car_full", "The car is full.", "info", "3201"))
    past.lives(minutes=10).ends()
    kept = Kept(tmp_path / "state.db", past.clock, print)
    began_s = int(past.clock.wall.timestamp()) - 1200
    desk = Desk(tmp_path, kept, at=past.clock.wall)
    rooms = replace(desk.house.rooms, history=Past(Reader(tmp_path / "history.db", ZONE), {}))
    around = replace(desk.around, rooms=rooms)
    for key in (f"influx {receiver.url} home", f"webhook {short(receiver.url + '/hook')}"):
        mark = Mark(kept, key)
        mark.reached(began_s)
        mark.keep()
    outlet = Influx(InfluxSettings(url=receiver.url, bucket="home"), around)
    outlet.step(desk.house.clock.now())
    outlet.step(desk.house.clock.now())
    filled, _live = receiver.bodies()
    assert len(stamps(filled)) in (19, 20)
    assert filled.count(b"solar_w=3000.0") == len(stamps(filled))
    assert b"sunward_event,kind=car_full,severity=info,subject=3201" in filled
    Webhook(WebhookSettings(url=f"{receiver.url}/hook", secret="HOOK"), around).step(desk.house.clock.now())
    told = json.loads(receiver.bodies()[-1])
    assert (told["kind"], told["sentence"], told["subject"]) == ("car_full", "The car is full.", "3201")


def test_influx_goes_on_after_a_stretch_that_it_can_not_read(lasting, receiver, tmp_path):
    influx(lasting, receiver.url).step(lasting.house.clock.now())
    again = lasting.after_a_power_cut(tmp_path, hours=1)
    outlet = influx(again, receiver.url)
    receiver.statuses = [400]
    outlet.step(again.house.clock.now())
    again.house.second(10)
    outlet.step(again.house.clock.now())
    assert again.kinds() == ["outlet_down", "outlet_back"]


def test_influx_lines_escape_what_the_protocol_uses_itself():
    told = line(
        "m", {"kind": "a b,c=d", "none": ""}, {"x": 1, "on": True, "s": 'say "hi"\\\n', "no": None}, 5
    )
    assert told == 'm,kind=a\\ b\\,c\\=d x=1.0,on=true,s="say \\"hi\\"\\\\ " 5'


def hook(desk, url, **how):
    return Webhook(WebhookSettings(url=f"{url}/hook", secret="HOOK", **how), desk.around)


def test_a_webhook_is_signed_so_that_the_receiver_can_believe_it(desk, receiver):
    outlet = hook(desk, receiver.url)
    desk.happens("car_full")
    outlet.step(desk.house.clock.now())
    ((_, headers, body),) = receiver.requests
    stamp = headers["X-Sunward-Timestamp"]
    expected = hmac.new(b"shared", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Sunward-Signature"] == f"sha256={expected}"
    told = json.loads(body)
    assert told["id"] == headers["X-Sunward-Delivery"]
    assert (told["kind"], told["site"], told["sentence"]) == (
        "car_full",
        "Sonnenhof",
        "It happened: car_full.",
    )
    assert told["at"].startswith("2026-06-03T13:05")


def test_a_webhook_is_tried_again_in_order_with_the_same_id(desk, receiver):
    outlet = hook(desk, receiver.url)
    receiver.statuses = [500, 302, 204, 204]
    desk.happens("car_full")
    desk.happens("fuse_cut", "warning")
    waits = []
    for _ in range(3):
        due = outlet.step(desk.house.clock.now())
        waits.append(due - desk.house.clock.mono_s)
        desk.house.second(waits[-1])
    assert waits == [5, 10, 1]
    kinds = [json.loads(body)["kind"] for body in receiver.bodies()]
    assert kinds == ["car_full", "car_full", "car_full", "fuse_cut"]
    assert len({headers["X-Sunward-Delivery"] for _, headers, _ in receiver.requests}) == 2
    assert desk.kinds() == ["outlet_down", "outlet_back"]


def test_events_that_waited_when_the_power_went_are_delivered_once(lasting, receiver, tmp_path):
    outlet = hook(lasting, receiver.url, kinds=["car_full", "fuse_cut"])
    lasting.happens("car_full")
    outlet.step(lasting.house.clock.now())
    receiver.statuses = [500]
    for kind in ("fuse_cut", "boost", "car_full"):
        lasting.house.second(60)
        lasting.happens(kind)
    outlet.step(lasting.house.clock.now())
    unheard = receiver.requests[-1][1]["X-Sunward-Delivery"]
    again = lasting.after_a_power_cut(tmp_path, hours=3)
    receiver.requests.clear()
    outlet = hook(again, receiver.url, kinds=["car_full", "fuse_cut"])
    again.house.second(1)
    again.happens("car_full")
    outlet.step(again.house.clock.now())
    outlet.step(again.house.clock.now())
    assert [json.loads(body)["kind"] for body in receiver.bodies()] == ["fuse_cut", "car_full", "car_full"]
    ids = [headers["X-Sunward-Delivery"] for _, headers, _ in receiver.requests]
    assert ids[0] == unheard, "the same delivery has the same id in another process"
    assert len(set(ids)) == 3
    receiver.requests.clear()
    third = again.after_a_power_cut(tmp_path, hours=3)
    hook(third, receiver.url, kinds=["car_full", "fuse_cut"]).step(third.house.clock.now())
    assert receiver.bodies() == []


def test_what_is_older_than_a_day_or_than_the_webhook_is_not_told(lasting, receiver, tmp_path):
    lasting.happens("car_full")
    lasting.house.second(60)
    outlet = hook(lasting, receiver.url)
    outlet.step(lasting.house.clock.now())
    assert receiver.bodies() == [], "it began after that"
    receiver.statuses = [500]
    lasting.happens("fuse_cut")
    outlet.step(lasting.house.clock.now())
    receiver.requests.clear()
    again = lasting.after_a_power_cut(tmp_path, hours=25)
    hook(again, receiver.url).step(again.house.clock.now())
    assert receiver.bodies() == []


def test_a_webhook_gets_only_what_it_asked_for_and_nothing_about_itself(desk, receiver):
    outlet = hook(desk, receiver.url, kinds=["fuse_cut", "outlet_down"], severity="warning")
    desk.happens("car_full", "critical")
    desk.happens("fuse_cut", "info")  # by its kind a warning
    desk.happens("outlet_down", "warning", subject=outlet.name)
    outlet.step(desk.house.clock.now())
    assert [json.loads(body)["kind"] for body in receiver.bodies()] == ["fuse_cut"]


def test_a_webhook_gives_up_what_is_never_taken_or_a_day_old(desk, receiver):
    outlet = hook(desk, receiver.url)
    receiver.statuses = [422, 500]
    desk.happens("car_full")
    outlet.step(desk.house.clock.now())
    assert "dropped" in desk.told[0].sentence
    desk.happens("fuse_cut")
    outlet.step(desk.house.clock.now())
    desk.house.second(86401)
    desk.happens("fuse_ok")
    outlet.step(desk.house.clock.now())
    assert [json.loads(body)["kind"] for body in receiver.bodies()] == ["car_full", "fuse_cut", "fuse_ok"]


def test_a_receiver_that_is_not_there_is_told_without_any_secret(desk):
    outlet = hook(desk, f"http://127.0.0.1:{free_port()}")
    for _ in range(1100):
        desk.happens("car_full")
    outlet.step(desk.house.clock.now())
    assert "does not answer" in desk.told[0].sentence
    assert "shared" not in desk.told[0].sentence


def test_sentry_without_its_package_or_address_says_what_to_do(desk):
    outlet = Sentry(SentrySettings(), replace(desk.around, secrets={"SENTRY_DSN": "nonsense"}))
    outlet.step(desk.house.clock.now())
    outlet.close()
    wanted = "no address of a Sentry project" if find_spec("sentry_sdk") else "pip install sentry-sdk"
    assert wanted in desk.told[0].sentence


@pytest.mark.skipif(not find_spec("sentry_sdk"), reason="sentry-sdk is missing (see the extra `test`)")
def test_sentry_gets_the_crash_and_nothing_private(desk, httpserver):
    bodies = []

    def keep(request):
        body = request.get_data()
        bodies.append(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        return Response(status=200)

    httpserver.expect_request("/api/1/envelope/").respond_with_handler(keep)
    dsn = httpserver.url_for("/1").replace("http://", "http://key@")
    password = "hunter2"
    secrets = {"SENTRY_DSN": dsn, "TIBBER_TOKEN": "grey-goose"}
    outlet = Sentry(SentrySettings(), replace(desk.around, secrets=secrets))
    try:
        raise ValueError(f"a broken cloud: http://anna:{password}@x/y?token=purple&home=grey-goose")
    except ValueError:
        logging.getLogger("agent.parts").exception("The part stopped working")
    logging.getLogger("sunward").warning("Only a warning")
    outlet.step(desk.house.clock.now())
    outlet.close()
    told = b"".join(bodies)
    assert b"a broken cloud" in told
    assert b"Only a warning" not in told
    for secret in (password, "grey-goose", "purple", "abs_path", os.getcwd()):
        assert secret.encode() not in told
    assert b"test_http_outlets.py" in told
    assert socket.gethostname().encode() not in told
