"""`agent explain` against the page's own server."""

from agent.commands.explain import lines_of


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
