"""Who may come in: addresses, origins, passwords, sizes."""

import httpx
import pytest

from agent.doors.web.server import WebError, WebServer, WebSettings

PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"])
def test_an_address_that_others_can_reach_needs_a_password(house, listen):
    with pytest.raises(WebError, match="WEB_PASSWORD"):
        WebServer(house.rooms, WebSettings(listen))


@pytest.mark.parametrize("listen", ["8080", "localhost", "127.0.0.1:http", "127.0.0.1:99999", ":80"])
def test_an_odd_address_is_one_sentence(house, listen):
    with pytest.raises(WebError, match="must be like"):
        WebServer(house.rooms, WebSettings(listen))


def test_an_occupied_port_is_one_sentence(house):
    with house.open_web() as first:
        port = first.url.rpartition(":")[2]
        second = WebServer(house.rooms, WebSettings(f"127.0.0.1:{port}"))
        with pytest.raises(WebError, match=f"Port {port} is taken by another program"):
            second.start()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "a@127.0.0.1", ""]
)
def test_a_name_that_is_not_ours_is_turned_away(quiet_web, host):
    answer = quiet_web[1].get("/api/v1/state", headers={"Host": host})
    assert answer.status_code == 400
    assert "allowed_hosts in [web]" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["localhost", "localhost:1234", "127.0.0.1", "[::1]:80", "192.168.0.7"])
def test_addresses_and_own_names_are_welcome(quiet_web, host):
    assert quiet_web[1].get("/api/v1/state", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_another_sites_page_changes_nothing(quiet_web, headers):
    house, web = quiet_web
    answer = web.put("/api/v1/mode", json={"mode": "fast"}, headers=headers)
    assert answer.status_code == 403
    assert house.desk.control.get().mode == "solar"


def test_our_own_page_may(web):
    own = {"Origin": str(web.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert web.put("/api/v1/mode", json={"mode": "fast"}, headers=own).status_code == 200


def test_a_long_body_is_turned_away_with_and_without_a_length(web):
    long = b" " * 70_000
    assert web.put("/api/v1/mode", content=long).status_code == 413
    assert web.put("/api/v1/mode", content=iter([long])).status_code == 413


def test_every_answer_carries_the_guarding_headers(web):
    for path in ("/", "/api/v1/state", "/nothing", "/static/app.js"):
        headers = web.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


def test_nothing_is_changed_by_get(web, house):
    paths = web.get("/api/openapi.json").json()["paths"]
    before = house.desk.control.get(), house.desk.windows.get(), house.desk.cars.get()
    for path in (path for path, methods in paths.items() if "get" in methods):
        assert web.get(path).status_code == 200
    assert before == (house.desk.control.get(), house.desk.windows.get(), house.desk.cars.get())


@pytest.fixture
def locked(house):
    settings = WebSettings("127.0.0.1:0", password=PASSWORD, tokens=("a-long-token",))
    with house.open_web(settings) as server, httpx.Client(base_url=server.url, timeout=10) as client:
        yield client


def test_with_a_password_no_call_is_open_but_health(locked):
    paths = locked.get("/api/openapi.json", headers={"Authorization": "Bearer a-long-token"}).json()["paths"]
    for path, methods in paths.items():
        for method in methods:
            status = locked.request(method, path.replace("{name}", "x").replace("{vin}", "x")).status_code
            assert status == (200 if path == "/healthz" else 401), (method, path)
    assert locked.get("/api/openapi.json").status_code == 401
    assert locked.get("/api/v1/stream").status_code == 401
    assert locked.get("/").status_code == 200


def test_a_token_or_the_pages_cookie_opens(locked):
    assert locked.get("/api/v1/state", headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert locked.get("/api/v1/state", headers={"Authorization": "Bearer a-long-token"}).status_code == 200
    entered = locked.post("/login", json={"password": PASSWORD})
    assert "HttpOnly; SameSite=Strict" in entered.headers["set-cookie"]
    assert locked.get("/api/v1/state").status_code == 200


def test_guessing_is_slow(locked, house):
    for _ in range(5):
        assert locked.post("/login", json={"password": "guess"}).status_code == 401
    assert locked.post("/login", json={"password": PASSWORD}).status_code == 429
    house.clock.advance(61)
    assert locked.post("/login", json={"password": PASSWORD}).status_code == 200


def test_a_password_is_never_shown():
    assert PASSWORD not in repr(WebSettings(password=PASSWORD, tokens=(PASSWORD,)))
