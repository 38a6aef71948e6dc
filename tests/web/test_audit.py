"""Every call that changes something leaves one line that says who, what, from where and by which door."""

from dataclasses import dataclass, field, replace

import httpx
import pytest

from agent.doors.evcc import Evcc
from agent.doors.web.routes.evcc import router
from agent.doors.web.server import WebServer, WebSettings
from tests.web.house import GARAGE, NIGHT, VIN
from tests.web.test_locks import every_call

PASSWORD = "correct horse battery staple"
NOTHING_CHANGES = {("POST", "/api/v1/admin/doctor")}


@dataclass(frozen=True)
class Change:
    """A call that changes something: its body, what it says, and calls that must come before."""

    says: str
    body: object = None
    path: dict[str, str] = field(default_factory=dict)
    before: tuple[tuple[str, str, object], ...] = ()


BACKUP = {"sunward_backup": 1, "mode": "off", "chargers": {}, "windows": []}
BOOST = ("PUT", "/api/v1/boost", {"for_s": 600})
LIMIT = ("PUT", "/api/v1/limit", {"amps": 20})
WINDOWS = ("PUT", "/api/v1/windows", [NIGHT])
TOKEN = ("POST", "/api/v1/admin/tokens", {"name": "graphs", "scope": "read"})
ROW = {key: NIGHT[key] for key in ("days", "from", "to", "mode")}
SUN = {"start": "2026-06-03T14:00:00+02:00", "end": "2026-06-03T15:00:00+02:00", "watts": 900}
PRICES = {"currency": "EUR", "slots": [{"start": SUN["start"], "end": SUN["end"], "buy_per_kwh": 0.3}]}

# Every call that changes something; a new one fails the test until it stands here.
CHANGES = {
    ("PUT", "/api/v1/mode"): Change("The house was set to fast", {"mode": "fast"}),
    ("PUT", "/api/v1/boost"): Change("Every charger was boosted", {"for_s": 600}),
    ("DELETE", "/api/v1/boost"): Change("The house went back from boost", before=(BOOST,)),
    ("PUT", "/api/v1/limit"): Change("All chargers together may draw at most 20 A", {"amps": 20}),
    ("DELETE", "/api/v1/limit"): Change("No limit holds any more", before=(LIMIT,)),
    ("PUT", "/api/v1/windows"): Change("The charging windows were changed", [NIGHT]),
    ("PUT", "/api/v1/windows/{name}"): Change("The charging window “noon” was set", ROW, {"name": "noon"}),
    ("DELETE", "/api/v1/windows/{name}"): Change(
        "“night” was taken away", path={"name": "night"}, before=(WINDOWS,)
    ),
    ("PUT", "/api/v1/cars/{vin}"): Change("The car Blue is told by", {"name": "Blue"}, {"vin": VIN}),
    ("PUT", "/api/v1/forecast"): Change("The solar forecast is told by", [SUN]),
    ("PUT", "/api/v1/calls"): Change("The account of cloud calls is told by", {"today": {"data": 3}}),
    ("PUT", "/api/v1/prices"): Change("The price of power is told by", PRICES),
    ("PUT", "/api/v1/meters/{role}"): Change("The grid meter is told by", {"watts": 5}, {"role": "grid"}),
    ("PUT", "/api/v1/admin/restore"): Change("A backup was restored: mode off", BACKUP),
    ("PUT", "/api/v1/admin/password"): Change("The page's password was", {"new": PASSWORD}),
    ("POST", "/api/v1/admin/tokens"): Change(
        "The token “evcc” was made, scope read", {"name": "evcc", "scope": "read"}
    ),
    ("DELETE", "/api/v1/admin/tokens/{name}"): Change(
        "The token “graphs” was revoked", path={"name": "graphs"}, before=(TOKEN,)
    ),
    ("DELETE", "/api/v1/admin/sessions"): Change("Every other browser was logged out"),
    ("DELETE", "/api/v1/admin/sessions/{id}"): Change("A browser was logged out"),
    ("PUT", "/api/v1/chargers/{charger}/evcc"): Change(
        "Garage was boosted", {"enable": True}, {"charger": GARAGE}
    ),
}


@pytest.fixture
def server(house, tmp_path):
    """A house without a password, with every route that a setting can open."""
    found = WebServer(
        house.rooms, WebSettings("127.0.0.1:0", keys=tmp_path), [router(Evcc(house.rooms, 3600))]
    )
    found.start()
    yield found
    found.stop()


def newest(house, mark):
    return [row["sentence"] for row in house.history.rows[mark:]]


def ask(web, house, method, path, change):
    """The lines that one change leaves."""
    for step in change.before:
        assert web.request(step[0], step[1], json=step[2]).status_code == 200
    where = path.format(**change.path)
    mark = len(house.history.rows)
    answer = web.request(method, where, json=change.body)
    assert answer.status_code == 200, (method, path, answer.text)
    return newest(house, mark)


def test_every_call_that_changes_something_stands_in_the_list(server):
    calls = {(method, path) for method, path in every_call(server.app) if method != "GET"}
    assert calls - NOTHING_CHANGES == set(CHANGES)


def test_without_a_password_every_line_names_this_computer(server, house):
    with httpx.Client(base_url=server.url) as web:
        for call, change in CHANGES.items():
            if "sessions" in call[1] or "password" in call[1]:
                continue  # there are none
            lines = ask(web, house, *call, change)
            said = [line for line in lines if change.says in line]
            assert any("this computer (127.0.0.1, web)" in line for line in said), (call, lines)


def test_with_a_password_every_line_names_the_browser(server, house):
    with httpx.Client(base_url=server.url) as web, httpx.Client(base_url=server.url) as other:
        web.put("/api/v1/admin/password", json={"new": PASSWORD})
        for call, change in CHANGES.items():
            if "sessions" in call[1]:
                other.post("/login", json={"password": PASSWORD})
                sessions = web.get("/api/v1/admin/sessions").json()
                theirs = next(one["id"] for one in sessions if not one["current"])
                change = replace(change, path={"id": theirs})
            if "password" in call[1]:
                change = replace(change, body={"old": PASSWORD, "new": PASSWORD})
            lines = ask(web, house, *call, change)
            said = [line for line in lines if change.says in line]
            assert any("the page (127.0.0.1, web)" in line for line in said), (call, lines)
