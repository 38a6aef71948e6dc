"""`agent explain` against the page's own server."""

from urllib.parse import urlsplit

from agent.commands.explain import explain, lines_of
from agent.config import load
from agent.doors.web.server import WebSettings
from tests.test_explain import SETTINGS
from tests.web.house import NOON


def settings_at(tmp_path, url):
    (tmp_path / "sunward.toml").write_text(SETTINGS.format(listen=urlsplit(url).netloc))
    return load(tmp_path / "sunward.toml")


def test_the_past_is_asked_of_the_agent_where_one_answers(house, tmp_path, capsys):
    with house.open_web() as server:
        assert explain(settings_at(tmp_path, server.url), "12:30", "garage", NOON) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Garage, Wed 03 Jun 12:30, since Wed 12:25:00: Stopped: the sun leaves only 0.9 kW.",
        "    budget: from 0 A to 3.9 A, because the sun leaves 0.9 kW",
        "    hold: from 3.9 A to 0 A, because below the minimum for too long",
        "    then, at Wed 12:45:00: 25 A of sun: 6.4 kW from the roof.",
    ]


def test_an_agent_that_wants_a_key_leaves_the_past_to_the_disk(house, tmp_path, capsys):
    with house.open_web(WebSettings("127.0.0.1:0", password="correct horse")) as server:
        asked = settings_at(tmp_path, server.url)
        assert explain(asked, "12:30", None, NOON) == 1
        assert "put a token as WEB_TOKEN" in capsys.readouterr().err
        asked.state_dir.mkdir()
        (asked.state_dir / "history.db").touch()
        assert explain(asked, "12:30", None, NOON) == 0
        assert "nothing is remembered of that time" in capsys.readouterr().out


def test_each_charger_says_why_and_each_rule_what_it_changed(web):
    state = web.get("/api/v1/state").json()
    row = state["chargers"][0]
    steps = [(s["rule"], s["before_amps"], s["after_amps"], s["why"]) for s in state["steps"]]
    told = list(lines_of(row["name"], row["reason"], steps))
    assert told[0] == f"{row['name']}: {row['reason']}"
    assert len(told) == 1 + len(steps)
    assert list(lines_of("Garage", "", [("circuit", 32.0, 20.0, "the circuit allows 20 A")]))[1:] == [
        "    circuit: from 32 A to 20 A, because the circuit allows 20 A"
    ]
