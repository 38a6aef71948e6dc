"""What a letter looks like, and what never gets into one."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notify.channels.smtp import compose
from notify.events import SEVERITIES
from notify.figures import Figures
from notify.items import Item
from notify.letters import Style, write
from notify.redact import HIDDEN, Redactor
from tests.notify.street import VIENNA

MADE = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
STYLE = Style("Haus Müller", Figures("1.234,5", VIENNA), Redactor(["s3cret-value", "short"]))
LOST = Item("charger_lost", "Garage", "error", "trouble", "Garage no longer answers.", MADE, MADE)


def letter(*items, form="letter", style=STYLE):
    return write(items, form, "abc.1", MADE, style)


def test_one_trouble():
    one = letter(replace(LOST, data={"drawn_amps": 15.96, "solar_wh": 1234567, "cost_eur": 3.2, "vin": None}))
    assert one.subject == "Haus Müller: Garage no longer answers."
    assert one.severity == "error"
    assert one.text == (
        "Charger silent\nGarage no longer answers.\nSince 12:00\n"
        "  Drawn: 16,0 A\n  Solar: 1.234,6 kWh\n  Cost: 3,20 EUR\n\n"
        "-- \nsunward at Haus Müller\nWhat is told, and when, is chosen under [notify] in sunward.toml.\n"
    )


def test_a_trouble_with_a_count_its_end_and_a_short_one():
    hour = timedelta(hours=1)
    many = replace(LOST, count=1000, last=MADE + hour)
    over = replace(LOST, kind="charger_back", severity="info", role="over", began=MADE - 26 * hour, last=MADE)
    brief = replace(LOST, role="brief", last=MADE + hour)
    assert "Since 12:00 · 1.000 times, last 13:00" in letter(many).text
    assert letter(many).subject.endswith("(1.000 times)")
    assert "From Sun 31 May 10:00 to 12:00 · 1 day 2 h" in letter(over).text
    assert "Came and went: 12:00 to 13:00" in letter(brief).text


def test_what_the_sentence_says_is_not_said_again():
    sentence = "Garage started charging at 27 A: the sun has 6.3 kW to spare."
    data = {"charger": "3201", "vin": "", "amps": 27.0, "reason": "the sun has 6.3 kW to spare", "volts": 7.0}
    text = letter(replace(LOST, sentence=sentence, data=data)).text
    assert "Reason" not in text
    assert "Amps" not in text
    assert "3201" not in text
    assert "Volts: 7" in text  # 27 is another number


def test_a_long_subject_ends_where_a_statement_ends():
    sentence = (
        "Carport started charging at 6 A: for a minute, so that the car accepts the charger; then the sun."
    )
    assert letter(replace(LOST, sentence=sentence)).subject == "Haus Müller: Carport started charging at 6 A"


def test_subjects_are_short_and_say_how_many_more():
    long = replace(LOST, sentence="word " * 60)
    subject = letter(long, LOST, LOST).subject
    assert len(subject) <= 91
    assert subject.endswith("… +2 more")
    assert letter(replace(LOST, severity="critical")).subject.startswith("⚠ ")
    assert letter(LOST, LOST, form="digest").subject == "Haus Müller: Monday 1 June, 2 notices"


class Tags(HTMLParser):
    """Checks that what is opened is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.words = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_html_is_well_formed_for_phones_and_both_lights_and_loads_nothing():
    html = letter(LOST, replace(LOST, data={"<b>": "a & b"})).html
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html
    assert "<b>" not in html
    assert not any(word in html for word in ("http", "src=", "<script", "url("))


anything = st.text(max_size=60)
data = st.dictionaries(
    anything | st.sampled_from(["a_wh", "b_percent", "c_s", "d_eur", "e_wall", "f_watts"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | anything,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)
items = st.builds(
    Item,
    kind=anything,
    subject=anything,
    severity=st.sampled_from(SEVERITIES),
    role=st.sampled_from(["notice", "trouble", "over", "brief"]),
    sentence=anything,
    first=st.just(MADE),
    last=st.just(MADE + timedelta(minutes=5)),
    count=st.integers(1, 10**6),
    began=st.none() | st.just(MADE),
    data=data,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(items, min_size=1, max_size=3), st.sampled_from(["letter", "digest", "test"]))
def test_anything_becomes_a_letter_that_can_be_sent(given_items, form):
    one = letter(*given_items, form=form)
    assert "\n" not in one.subject
    assert "\r" not in one.subject
    raw = compose(one, "a@b.c", "d@e.f").as_bytes()
    assert raw.count(b"\r\nSubject:") == 1
    Tags().feed(one.html)


# --- secrets ---------------------------------------------------------------------------------------

SECRETS = ["s3cret-value", "p&ss<word>", "tok en with space", "ya29.a0Af_BwE"]


@given(st.sampled_from(SECRETS), anything, anything)
def test_no_secret_of_the_credentials_file_is_in_any_letter(secret, before, after):
    style = replace(STYLE, redact=Redactor(SECRETS), site=f"Home {secret}")
    said = f"{before} {secret} {after}"
    one = letter(
        replace(LOST, sentence=said, data={"answer": said, "deep": {"list": [said]}, said: 1}), style=style
    )
    for text in (one.subject, one.text, one.html):
        assert secret not in text
        assert escape(secret) not in text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Bearer abcdefgh12345678 was refused", f"Bearer {HIDDEN} was refused"),
        ("got eyJhbGciOiJSUzI1.eyJpc3MiOi.c2lnbmF0dXJl back", f"got {HIDDEN} back"),
        ("GET /x?access_token=abc123&y=1 failed", f"GET /x?access_token={HIDDEN}&y=1 failed"),
        ('{"refresh_token": "abc", "x": 1}', '{"refresh_token": "' + HIDDEN + '", "x": 1}'),
        ("mqtt://me:pw@broker/x is down", f"mqtt://{HIDDEN}@broker/x is down"),
        ("car 5YJ3E1EA7KF317XYZ is here", "car …317XYZ is here"),
        ("it is at 48.20849, 16.37208 now", "it is at [place] now"),
        ("Set SMTP_PASSWORD in credentials.env.", "Set SMTP_PASSWORD in credentials.env."),
        ("The token ends on Friday.", "The token ends on Friday."),
        ("Charger 3201 draws 15.96 A, 3.7 kW.", "Charger 3201 draws 15.96 A, 3.7 kW."),
    ],
)
def test_what_has_the_shape_of_a_secret_is_hidden_and_nothing_else(said, shown):
    assert Redactor().text(said) == shown


def test_data_named_like_a_secret_is_hidden_however_deep():
    shown = Redactor().data(
        {"a": {"password": "x", "ok": [{"api_key": "y", "lat": 48.2}]}, "token_expired": True}
    )
    assert shown == {
        "a": {"password": HIDDEN, "ok": [{"api_key": HIDDEN, "lat": HIDDEN}]},
        "token_expired": True,
    }
    assert json.dumps(shown)


# --- figures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("solar_wh", 12345, ("Solar", "12.3 kWh")),
        ("grid_kwh", 1.25, ("Grid", "1.2 kWh")),
        ("cost_eur", 1234.5, ("Cost", "1,234.50 EUR")),
        ("house_watts", 850, ("House", "850 W")),
        ("solar_w", -3210, ("Solar", "-3.2 kW")),
        ("solar_share_percent", 81.4, ("Solar share", "81 %")),
        ("lasted_s", 12000, ("Lasted", "3 h 20 min")),
        ("lasted_s", 59.7, ("Lasted", "1 min")),
        ("lasted_s", 3599, ("Lasted", "1 h")),
        ("lasted_s", 86400 * 2 + 3600 * 4, ("Lasted", "2 days 4 h")),
        ("outside_celsius", 21.26, ("Outside", "21.3 °C")),
        ("until_wall", "2026-06-01T20:00:00+00:00", ("Until", "22:00")),
        ("until_wall", "2026-06-02T20:00:00", ("Until", "Tue 2 Jun 20:00")),
        ("until_wall", "soon", ("Until wall", "soon")),
        ("letters_count", 12000, ("Letters count", "12,000")),
        ("rate", 0.25, ("Rate", "0.25")),
        ("done", True, ("Done", "yes")),
        ("mode", "self_consumption", ("Mode", "self consumption")),
        ("port", "/dev/serial_by_id", ("Port", "/dev/serial_by_id")),
        ("cars", ["Blue", "Red"], ("Cars", "Blue, Red")),
        ("solar_wh", float("nan"), ("Solar", "–")),
    ],
)
def test_names_carry_the_units(name, value, line):
    assert Figures(zone=VIENNA).lines({name: value}, MADE) == [line]


def test_tables_open_up_and_unknown_is_left_out():
    lines = Figures().lines({"battery": {"soc_percent": 80, "drain_w": None}, "x": None, "vin": ""}, MADE)
    assert lines == [("Battery, soc", "80 %")]


@pytest.mark.parametrize("style", ["1,234.5", "1.234,5", "1 234,5", "1'234.5"])
def test_numbers_are_written_as_the_setting_shows(style):
    assert Figures(style).number(1234.5, 1) == style
