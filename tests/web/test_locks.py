"""Who may come in: addresses, origins, passwords, sizes."""

import ssl
import subprocess
from dataclasses import replace

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from agent.doors.evcc import Evcc
from agent.doors.web.routes.evcc import router as evcc_routes
from agent.doors.web.server import WebError, WebServer, WebSettings
from tests.conftest import need
from tests.web.house import GARAGE

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


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


# Every address of the door and what it needs; a new one fails the test until it stands here.
NEEDS = {
    "open": {"/", "/healthz", "/manifest.webmanifest", "/favicon.ico", "/static"},
    "read": {"/api/openapi.json", "/metrics", "/api/v1/stream", "/api/v1/state", "/api/v1/about"}
    | {
        f"/api/v1/{noun}"
        for noun in (
            "windows",
            "upcoming",
            "cars",
            "calls",
            "history",
            "sessions",
            "sessions.csv",
            "forecast",
            "prices",
        )
    }
    | {"/api/v1/events", "/api/v1/decisions", "/api/v1/chargers/{charger}/evcc"},
    "control": {
        f"/api/v1/{noun}"
        for noun in (
            "mode",
            "boost",
            "windows",
            "windows/{name}",
            "cars/{vin}",
            "calls",
            "forecast",
            "prices",
        )
    }
    | {"/api/v1/meters/{role}", "/api/v1/limit", "/api/v1/chargers/{charger}/evcc"},
    "admin": {f"/api/v1/admin/{noun}" for noun in ("settings", "doctor", "backup", "restore", "sessions")}
    | {f"/api/v1/admin/{noun}" for noun in ("sessions/{id}", "tokens", "tokens/{name}", "password")},
}


def every_call(app):
    """(method, path) of each route that the server knows, described or not."""
    for route in iter_route_contexts(app.routes):
        for method in sorted(route.methods or {"GET"}):
            if method != "HEAD":
                yield method, route.path


def need_of(method, path):
    if method == "GET":
        return next((need for need in ("open", "read", "admin") if path in NEEDS[need]), None)
    return next((need for need in ("control", "admin") if path in NEEDS[need]), None)


def test_no_address_is_open_by_accident(house):
    settings = WebSettings("127.0.0.1:0", password=PASSWORD, tokens=("controls",))
    every = [evcc_routes(Evcc(house.rooms, 3600))]  # what only some settings open
    with house.open_web(settings, every) as server, httpx.Client(base_url=server.url, timeout=10) as web:
        web.post("/login", json={"password": PASSWORD})
        reads = web.post("/api/v1/admin/tokens", json={"name": "graphs", "scope": "read"}).json()["token"]
        web.cookies.clear()
        calls = list(every_call(server.app))
        assert len(calls) > 30
        for method, path in calls:
            need = need_of(method, path)
            assert need, f"{method} {path} is new: say in NEEDS who may use it"
            where = path.replace("{", "").replace("}", "").replace("/static", "/static/app.js")
            if where == "/api/v1/stream":
                continue
            found = {
                who: web.request(method, where, headers=headers).status_code
                for who, headers in (("none", {}), ("read", bearer(reads)), ("control", bearer("controls")))
            }
            assert (found["none"] == 401) == (need != "open"), (method, path, found)
            assert (found["read"] == 403) == (need in ("control", "admin")), (method, path, found)
            assert (found["control"] == 403) == (need == "admin"), (method, path, found)
        assert web.get("/api/v1/stream").status_code == 401


def test_who_may_only_look_keeps_no_order_alive(house):
    evcc = Evcc(house.rooms, 3600)
    settings = WebSettings("127.0.0.1:0", password=PASSWORD, tokens=("controls",))
    with house.open_web(settings, [evcc_routes(evcc)]) as server, httpx.Client(base_url=server.url) as web:
        web.post("/login", json={"password": PASSWORD})
        reads = web.post("/api/v1/admin/tokens", json={"name": "graphs", "scope": "read"}).json()["token"]
        web.cookies.clear()
        where = f"/api/v1/chargers/{GARAGE}/evcc"
        assert web.put(where, json={"enable": True}, headers=bearer("controls")).status_code == 200
        began = house.desk.control.get().boosts
        house.clock.advance(3000)
        assert web.get(where, headers=bearer(reads)).status_code == 200
        assert house.desk.control.get().boosts == began
        foreign = {**bearer("controls"), "Sec-Fetch-Site": "cross-site"}
        assert web.get(where, headers=foreign).status_code == 200
        assert house.desk.control.get().boosts == began
        assert web.get(where, headers=bearer("controls")).status_code == 200
        assert house.desk.control.get().boosts != began


def test_a_token_or_the_pages_cookie_opens(locked):
    assert locked.get("/api/v1/state", headers=bearer("nonsense")).status_code == 401
    assert locked.get("/api/v1/state", headers=bearer("a-long-token")).status_code == 200
    entered = locked.post("/login", json={"password": PASSWORD})
    assert "HttpOnly; SameSite=Strict" in entered.headers["set-cookie"]
    assert locked.get("/api/v1/state").status_code == 200
    assert locked.post("/logout").status_code == 200
    assert locked.get("/api/v1/state").status_code == 401


def test_a_token_is_shown_once_named_in_the_journal_and_taken_back_at_once(locked, house):
    locked.post("/login", json={"password": PASSWORD})
    made = locked.post("/api/v1/admin/tokens", json={"name": "evcc", "scope": "control"}).json()
    assert made["token"].startswith("sunward_")
    twice = locked.post("/api/v1/admin/tokens", json={"name": "EVCC", "scope": "read"})
    assert twice.status_code == 409
    assert made["token"] not in locked.get("/api/v1/admin/tokens").text
    with httpx.Client(base_url=locked.base_url, headers=bearer(made["token"])) as evcc:
        evcc.put("/api/v1/mode", json={"mode": "fast"})
        assert locked.delete("/api/v1/admin/tokens/evcc").json()[0]["name"] == "WEB_TOKEN"
        assert evcc.get("/api/v1/state").status_code == 401
    told = [row["sentence"] for row in house.history.rows]
    assert "The house was set to fast, asked by token “evcc” (127.0.0.1, web)." in told
    assert "The token “evcc” was revoked, asked by the page (127.0.0.1, web)." in told
    assert made["token"] not in str(house.history.rows)


def test_nobody_makes_a_token_that_passes_for_the_one_of_credentials_env(house):
    with house.open_web() as server:
        for name in ("WEB_TOKEN", "web_token"):
            made = httpx.post(f"{server.url}/api/v1/admin/tokens", json={"name": name, "scope": "read"})
            assert made.status_code == 409
            assert "choose another name" in made.json()["detail"]


def test_sessions_survive_a_restart_and_can_be_ended(house, tmp_path):
    settings = WebSettings("127.0.0.1:0", password=PASSWORD, keys=tmp_path)
    firefox = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    cookies = httpx.Cookies()
    with house.open_web(settings) as server, httpx.Client(base_url=server.url) as web:
        cookies = web.post("/login", json={"password": PASSWORD}, headers=firefox).cookies
    with house.open_web(settings) as server, httpx.Client(base_url=server.url, cookies=cookies) as web:
        (session,) = web.get("/api/v1/admin/sessions").json()
        assert (session["device"], session["current"]) == ("Firefox on Linux", True)
        with httpx.Client(base_url=server.url) as other:
            other.post("/login", json={"password": PASSWORD})
            assert len(web.delete("/api/v1/admin/sessions").json()) == 1
            assert other.get("/api/v1/state").status_code == 401
        house.clock.advance(91 * 86400)
        assert web.get("/api/v1/state").status_code == 401
    kept = (tmp_path / "access.json").read_text()
    assert PASSWORD not in kept
    assert cookies["sunward"] not in kept
    assert (tmp_path / "access.json").stat().st_mode & 0o777 == 0o600
    with house.open_web(replace(settings, password="another")) as server:
        house.clock.advance(-91 * 86400)
        assert httpx.get(f"{server.url}/api/v1/state", cookies=cookies).status_code == 401


def test_damaged_keys_let_nobody_in_and_say_what_to_do(house, tmp_path):
    settings = WebSettings("127.0.0.1:0", password=PASSWORD, keys=tmp_path)
    with house.open_web(settings) as server, httpx.Client(base_url=server.url) as web:
        web.post("/login", json={"password": PASSWORD})
        (tmp_path / "access.json").write_text('{"password": null, "tokens": []')
        assert web.get("/api/v1/state").status_code == 401
        refused = web.post("/login", json={"password": PASSWORD})
        assert refused.status_code == 503
        assert "./sunward agent password" in refused.json()["detail"]
    with pytest.raises(WebError, match="damaged"):
        WebServer(house.rooms, settings)


def test_a_stranger_hears_of_health_but_of_no_problem(locked, house):
    house.bus_problem = "The port /dev/ttyUSB0 is gone."
    house.second()
    assert locked.get("/healthz").json()["problems"] == []
    assert locked.get("/healthz", headers=bearer("a-long-token")).json()["problems"] != []


def test_guessing_is_slow(locked, house):
    for _ in range(5):
        assert locked.post("/login", json={"password": "guess"}).status_code == 401
    assert locked.post("/login", json={"password": PASSWORD}).status_code == 429
    assert house.history.rows[-1]["kind"] == "guessing"
    house.clock.advance(61)
    assert locked.post("/login", json={"password": PASSWORD}).status_code == 200
    assert house.history.rows[-1]["sentence"].endswith("at 127.0.0.1 logged in with the password.")


def test_guesses_from_one_ipv6_network_are_counted_together(house):
    proxied = WebSettings("127.0.0.1:0", password=PASSWORD, proxies=("127.0.0.1",))
    with house.open_web(proxied) as server:
        for number in range(5):
            passed_on = {"X-Forwarded-For": f"2001:db8::{number + 1:x}"}
            wrong = httpx.post(f"{server.url}/login", json={"password": "guess"}, headers=passed_on)
            assert wrong.status_code == 401
        for guest, status in (("2001:db8::ffff", 429), ("2001:db8:0:1::1", 200), ("192.0.2.9", 200)):
            asked = httpx.post(
                f"{server.url}/login", json={"password": PASSWORD}, headers={"X-Forwarded-For": guest}
            )
            assert asked.status_code == status


@pytest.mark.parametrize("hop", ["unknown", "_hidden", "192.0.2.9:4711"])
def test_a_visitor_cannot_choose_an_address_where_the_proxy_names_none(house, hop):
    proxied = WebSettings("127.0.0.1:0", password=PASSWORD, proxies=("127.0.0.1",))
    with house.open_web(proxied) as server:
        for number in range(6):
            said = {"X-Forwarded-For": f"203.0.113.{number}, {hop}"}
            answer = httpx.post(f"{server.url}/login", json={"password": "guess"}, headers=said)
            assert answer.status_code == (401 if number < 5 else 429)


def test_an_ipv4_proxy_is_known_on_an_ipv6_socket(house):
    settings = WebSettings("[::]:0", password=PASSWORD, proxies=("127.0.0.1",))
    with house.open_web(settings) as server:
        here = server.url.replace("[::]", "127.0.0.1")
        passed_on = {"X-Forwarded-For": "192.0.2.9", "X-Forwarded-Proto": "https"}
        entered = httpx.post(f"{here}/login", json={"password": PASSWORD}, headers=passed_on)
        assert "Secure" in entered.headers["set-cookie"]
        assert "at 192.0.2.9 logged in" in house.history.rows[-1]["sentence"]


def test_a_request_of_two_lengths_is_turned_away(quiet_web):
    two = {"Transfer-Encoding": "chunked", "Content-Length": "5"}
    answer = quiet_web[1].put("/api/v1/mode", content=iter([b"0"]), headers=two)
    assert answer.status_code == 400


def test_a_proxy_is_believed_only_when_the_settings_name_it(house):
    passed_on = {"X-Forwarded-For": "6.6.6.6, 192.0.2.9", "X-Forwarded-Proto": "https"}
    outside = {**passed_on, "X-Forwarded-Host": "sun.example", "Origin": "https://sun.example"}
    with house.open_web() as server:
        answer = httpx.get(f"{server.url}/api/v1/state", headers=passed_on)
        assert answer.status_code == 403
        assert "./sunward agent password" in answer.json()["detail"]
    open_to = WebSettings("127.0.0.1:0", hosts=("sun.example",), password=PASSWORD)
    with house.open_web(open_to) as server:
        assert httpx.post(f"{server.url}/login", json={}, headers=outside).status_code == 403
    with house.open_web(replace(open_to, proxies=("127.0.0.0/8",))) as server:
        entered = httpx.post(f"{server.url}/login", json={"password": PASSWORD}, headers=outside)
        assert "Secure" in entered.headers["set-cookie"]
        assert "at 192.0.2.9 logged in" in house.history.rows[-1]["sentence"]
        stray = {**outside, "X-Forwarded-Host": "evil.example"}
        assert httpx.get(f"{server.url}/api/v1/state", headers=stray).status_code == 400


def test_a_named_proxy_needs_a_password_and_never_passes_for_this_computer(house, tmp_path):
    named = WebSettings("127.0.0.1:0", proxies=("127.0.0.1",), password=PASSWORD, keys=tmp_path)
    with pytest.raises(WebError, match="trusted_proxies lets others come in"):
        WebServer(house.rooms, replace(named, password=""))
    with house.open_web(named) as server:
        (tmp_path / "access.json").unlink()  # the password goes while the house runs
        for passed_on in ({"X-Forwarded-For": "192.0.2.9"}, {}):  # some proxies do not say for whom
            assert httpx.get(f"{server.url}/api/v1/state", headers=passed_on).status_code == 401
            asked = httpx.put(f"{server.url}/api/v1/mode", json={"mode": "fast"}, headers=passed_on)
            assert asked.status_code == 401


def test_the_door_speaks_tls_with_the_files_of_the_settings(house, tmp_path):
    cert, key = make_certificate(tmp_path)
    settings = WebSettings("127.0.0.1:0", password=PASSWORD, tls_cert=cert, tls_key=key)
    with house.open_web(settings) as server:
        trust = ssl.create_default_context(cafile=str(cert))
        entered = httpx.post(f"{server.url}/login", json={"password": PASSWORD}, verify=trust)
        assert server.url.startswith("https://")
        assert "Secure" in entered.headers["set-cookie"]
    with pytest.raises(WebError, match="tls_cert and tls_key: these files can't be used"):
        WebServer(house.rooms, replace(settings, tls_key=tmp_path / "none.pem"))


def make_certificate(folder):
    """A fresh self-signed certificate in the two files that the settings name."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    need("openssl")
    subprocess.run([*make, "-keyout", key, "-out", cert, *names], check=True, capture_output=True)
    return cert, key


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])  # with and without a name in the handshake
def test_a_renewed_certificate_is_used_at_once_and_a_broken_one_never(house, tmp_path, name):
    cert, key = make_certificate(tmp_path)
    settings = WebSettings("127.0.0.1:0", tls_cert=cert, tls_key=key)
    with house.open_web(settings) as server:
        port = server.url.rpartition(":")[2]

        def works(trusted):
            return httpx.get(f"https://{name}:{port}/healthz", verify=trusted).status_code == 200

        old = ssl.create_default_context(cafile=str(cert))
        with httpx.Client(base_url=server.url, verify=old) as open_before:
            assert open_before.get("/healthz").status_code == 200
            make_certificate(tmp_path)
            new = ssl.create_default_context(cafile=str(cert))
            assert works(new)
            assert open_before.get("/healthz").status_code == 200
        with pytest.raises(httpx.ConnectError):
            works(old)
        for damage in (lambda: key.write_text("no key"), cert.unlink, key.unlink):
            damage()
            assert works(new)
        make_certificate(tmp_path)
        assert works(ssl.create_default_context(cafile=str(cert)))
    kinds = [row["kind"] for row in house.history.rows if row["subject"] == "certificate"]
    assert kinds == ["certificate_renewed", "certificate_broken", "certificate_broken", "certificate_renewed"]


def test_a_password_is_never_shown():
    assert PASSWORD not in repr(WebSettings(password=PASSWORD, tokens=(PASSWORD,)))
