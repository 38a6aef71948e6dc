"""The event stream: news as it comes, what was missed, and a quick end."""

import json

import httpx

from agent.doors.web.server import WebSettings
from agent.model import Event, Mode


def messages(answer):
    """Server-sent events as (kind, id, data)."""
    kind = number = data = None
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "id":
            number = int(value)
        elif name == "data":
            data = json.loads(value)
        elif not line and data is not None:
            yield kind, number, data
            kind = number = data = None


def test_news_arrive_as_they_come(web, house):
    with web.stream("GET", "/api/v1/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        news = messages(answer)
        kind, _, state = next(news)
        assert (kind, state["mode"]) == ("state", "solar")
        house.desk.set_mode(Mode.FAST)
        seen = [next(news), next(news)]
        assert [data["mode"] for kind, _, data in seen if kind == "state"] == ["fast"]
        assert [data["sentence"] for kind, _, data in seen if kind == "event"] == [
            "The house was set to fast."
        ]


def test_who_comes_back_gets_what_was_missed(web, house):
    for number in (1, 2, 3):
        house.history.tell(Event("test", f"Number {number}."))
    with web.stream("GET", "/api/v1/stream", headers={"Last-Event-ID": "1"}) as answer:
        missed = [data["sentence"] for kind, _, data in take(messages(answer), 3) if kind == "event"]
    assert missed == ["Number 2.", "Number 3."]


def test_an_odd_last_event_id_is_refused(web):
    assert web.get("/api/v1/stream", headers={"Last-Event-ID": "x"}).status_code == 400


def test_a_revoked_key_hears_nothing_more(house):
    settings = WebSettings("127.0.0.1:0", password="four words or more")
    with house.open_web(settings) as server, httpx.Client(base_url=server.url, timeout=10) as web:
        web.post("/login", json={"password": "four words or more"})
        key = web.post("/api/v1/admin/tokens", json={"name": "display", "scope": "read"}).json()["token"]
        with httpx.stream(
            "GET", f"{server.url}/api/v1/stream", headers={"Authorization": f"Bearer {key}"}
        ) as answer:
            news = messages(answer)
            assert next(news)[0] == "state"
            web.delete("/api/v1/admin/tokens/display")
            house.second()
            assert [kind for kind, _, _ in news] == []


def test_the_server_stops_at_once_with_streams_open(house, caplog):
    with house.open_web() as server, httpx.Client(base_url=server.url, timeout=10) as client:
        with client.stream("GET", "/api/v1/stream") as one, client.stream("GET", "/api/v1/stream") as two:
            open_streams = messages(one), messages(two)
            for news in open_streams:
                assert next(news)[0] == "state"
            server.stop()
            for news in open_streams:
                assert list(news) == []
        assert not server._thread.is_alive()
    assert "Traceback" not in caplog.text


def take(news, count):
    return [next(news) for _ in range(count)]
