"""The password set and changed on the page, and who did it."""

import httpx
import pytest

from agent.commands.keys import keep_password
from agent.doors.web.keyfile import KeyFile
from agent.doors.web.keyring import KeyRing
from agent.doors.web.server import WebSettings

FIRST, SECOND = "correct horse battery staple", "another horse, another stable"
WHERE = "/api/v1/admin/password"


def told(house):
    return [row["sentence"] for row in house.history.rows]


def test_the_first_password_is_set_on_this_computer_and_locks_the_house_at_once(house, tmp_path):
    settings = WebSettings("127.0.0.1:0", keys=tmp_path)
    with house.open_web(settings) as server, httpx.Client(base_url=server.url) as web:
        for wrong in ({"new": "a secret"}, {"old": "a secret", "new": 1}, {"new": FIRST, "old": 47114711}):
            refused = web.put(WHERE, json=wrong)
            assert refused.status_code == 422
            assert "secret" not in refused.text
            assert "4711" not in refused.text
        (session,) = web.put(WHERE, json={"new": FIRST}).json()
        assert session["current"]
        assert web.get("/api/v1/state").status_code == 200
        assert httpx.get(f"{server.url}/api/v1/state").status_code == 401
        assert told(house)[-1] == "The page's password was set, asked by this computer (127.0.0.1, web)."
        assert FIRST not in str(house.history.rows)
    with house.open_web(settings) as server:
        entered = httpx.post(f"{server.url}/login", json={"password": FIRST})
        assert entered.status_code == 200


@pytest.mark.parametrize(
    "passed_on", [{"X-Forwarded-For": "192.0.2.9"}, {"Forwarded": "for=192.0.2.9"}], ids=str
)
def test_whoever_is_passed_on_sets_no_first_password_even_with_a_token(house, tmp_path, passed_on):
    with (
        house.open_web(WebSettings("127.0.0.1:0", keys=tmp_path)) as server,
        httpx.Client(base_url=server.url) as web,
    ):
        made = web.post("/api/v1/admin/tokens", json={"name": "evil", "scope": "admin"}).json()["token"]
        key = {"Authorization": f"Bearer {made}", **passed_on}
        assert web.put(WHERE, json={"new": FIRST}, headers=passed_on).status_code == 403
        refused = web.put(WHERE, json={"new": FIRST}, headers=key)
        assert refused.status_code == 403
        assert "on this computer itself" in refused.json()["detail"]


def test_a_change_asks_for_the_old_one_and_ends_every_other_session(house, tmp_path):
    settings = WebSettings("127.0.0.1:0", keys=tmp_path)
    with house.open_web(settings) as server, httpx.Client(base_url=server.url) as web:
        web.put(WHERE, json={"new": FIRST})
        with httpx.Client(base_url=server.url) as other:
            other.post("/login", json={"password": FIRST})
            assert other.get("/api/v1/state").status_code == 200
            before = web.cookies["sunward"]
            assert web.put(WHERE, json={"new": SECOND}).status_code == 403
            assert web.put(WHERE, json={"old": SECOND, "new": SECOND}).status_code == 403
            changed = web.put(WHERE, json={"old": FIRST, "new": SECOND})
            assert (changed.status_code, len(changed.json())) == (200, 1)
            assert other.get("/api/v1/state").status_code == 401
        assert web.get("/api/v1/state").status_code == 200
        assert web.cookies["sunward"] != before, "the session's secret is a new one"
        stolen = {"Cookie": f"sunward={before}"}
        assert httpx.get(f"{server.url}/api/v1/state", headers=stolen).status_code == 401
        assert told(house)[-1] == "The page's password was changed, asked by the page (127.0.0.1, web)."


def test_the_old_password_can_not_be_guessed_from_an_open_browser(house, tmp_path):
    settings = WebSettings("127.0.0.1:0", keys=tmp_path)
    with house.open_web(settings) as server, httpx.Client(base_url=server.url) as web:
        web.put(WHERE, json={"new": FIRST})
        for number in range(5):
            assert web.put(WHERE, json={"old": f"guess {number}", "new": SECOND}).status_code == 403
        assert house.history.rows[-1]["kind"] == "guessing"
        assert web.put(WHERE, json={"old": FIRST, "new": SECOND}).status_code == 429
        assert web.post("/login", json={"password": FIRST}).status_code == 429
        house.clock.advance(61)
        assert web.put(WHERE, json={"old": FIRST, "new": SECOND}).status_code == 200


def test_a_password_of_credentials_env_is_not_changed_here(house):
    with (
        house.open_web(WebSettings("127.0.0.1:0", password=FIRST)) as server,
        httpx.Client(base_url=server.url) as web,
    ):
        web.post("/login", json={"password": FIRST})
        refused = web.put(WHERE, json={"old": FIRST, "new": SECOND})
        assert refused.status_code == 409
        assert "WEB_PASSWORD" in refused.json()["detail"]


def test_what_a_command_changes_is_told_too(house, tmp_path):
    settings = WebSettings("127.0.0.1:0", keys=tmp_path)
    with house.open_web(settings) as server, httpx.Client(base_url=server.url) as web:
        web.get("/healthz")
        command = KeyRing(house.clock, KeyFile(tmp_path / "access.json"))
        command.new_token("evcc", "control")
        web.get("/healthz")
        command.revoke_token("evcc")
        keep_password(tmp_path, FIRST)
        web.get("/healthz")
        web.post("/login", json={"password": FIRST})
        web.post("/api/v1/admin/tokens", json={"name": "page", "scope": "read"})
    assert [line for line in told(house) if "command" in line] == [
        "The token “evcc” was made by a command on this computer, scope control.",
        "The page's password was set by a command on this computer.",
        "The token “evcc” was revoked by a command on this computer.",
    ]


def test_logging_in_again_ends_the_session_that_the_browser_had(house, tmp_path):
    settings = WebSettings("127.0.0.1:0", keys=tmp_path)
    with house.open_web(settings) as server, httpx.Client(base_url=server.url) as web:
        web.put(WHERE, json={"new": FIRST})
        chosen = {"Cookie": "sunward=chosen-by-somebody-else"}  # fixation: a secret is never taken over
        httpx.post(f"{server.url}/login", json={"password": FIRST}, headers=chosen)
        assert httpx.get(f"{server.url}/api/v1/state", headers=chosen).status_code == 401
        for _ in range(3):
            web.post("/login", json={"password": FIRST})
        assert len(web.get("/api/v1/admin/sessions").json()) == 2
        web.post("/logout")
        assert told(house)[-1] == "A browser logged out, asked by the page (127.0.0.1, web)."
