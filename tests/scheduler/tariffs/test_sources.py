"""Every price service: what is asked over real HTTP, what its answer means, and what is refused."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.fetch import BadAnswer, FetchFailed, fetch
from scheduler.tariffs import co2_gb
from scheduler.tariffs.settings import TariffSettings
from scheduler.tariffs.slots import in_order, known_until, price_at
from scheduler.tariffs.sources import KINDS, lasting, midnights, source_of, within

CAPTURES = Path(__file__).parents[2] / "captures" / "tariffs"
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 10, 12, tzinfo=BERLIN)
MORE = {
    "energy_charts": {"zone": "DE-LU"},
    "entsoe": {"zone": "DE-LU"},
    "nordpool": {"zone": "SE3"},
    "octopus": {"product": "AGILE-24-10-01", "region": "C"},
    "amber": {"home": "01J2XAMPLE"},
}


def capture(name):
    return (CAPTURES / name).read_text()


def tariff(kind, **more):
    return TariffSettings.model_validate({"kind": kind, **MORE.get(kind, {}), **more})


@pytest.mark.parametrize(
    ("kind", "name", "count", "minutes", "at", "price"),
    [
        ("awattar", "awattar/today.json", 24, 60, "2026-06-10T12:30", 0.0042),
        ("energy_charts", "energy_charts/today.json", 95, 15, "2026-06-10T12:20", 0.0037),
        ("entsoe", "entsoe/today.xml", 96, 15, "2026-06-10T12:20", 0.0037),
        ("nordpool", "nordpool/today.json", 96, 15, "2026-06-10T12:20", 0.0037),
        ("tibber", "tibber/today.json", 96, 15, "2026-06-10T12:20", 0.1944),
        ("octopus", "octopus/today.json", 48, 30, "2026-06-10T12:20", 0.03549),
        ("amber", "amber/now.json", 4, 30, "2026-06-10T04:40", 0.198),
    ],
)
def test_an_answer_means_prices_per_kwh(kind, name, count, minutes, at, price):
    slots = in_order(source_of(kind).decode(capture(name), tariff(kind)))
    assert len(slots) == count
    assert {(slot.end - slot.start).total_seconds() / 60 for slot in slots} == {minutes}
    now = price_at(slots, datetime.fromisoformat(at).replace(tzinfo=BERLIN))
    assert now.price_per_kwh == pytest.approx(price)


def test_a_price_that_is_null_is_unknown_and_not_free():
    slots = source_of("energy_charts").decode(capture("energy_charts/today.json"), tariff("energy_charts"))
    assert price_at(slots, datetime(2026, 6, 10, 2, 35, tzinfo=BERLIN)) is None


def test_a_position_that_entsoe_leaves_out_has_the_price_before_it():
    slots = source_of("entsoe").decode(capture("entsoe/today.xml"), tariff("entsoe"))
    assert slots[5].price_per_kwh == slots[6].price_per_kwh == slots[4].price_per_kwh


def test_nothing_published_yet_is_no_price_and_no_error():
    assert source_of("entsoe").decode(capture("entsoe/nothing.xml"), tariff("entsoe")) == []
    assert source_of("nordpool").decode("", tariff("nordpool")) == []


def test_a_fixed_product_of_octopus_holds_for_good_and_for_people_with_direct_debit():
    wall = datetime(2026, 6, 10, 12, tzinfo=BERLIN)
    found = source_of("octopus").decode(capture("octopus/fixed.json"), tariff("octopus"))
    (slot,) = within(found, wall)
    assert slot.price_per_kwh == pytest.approx(0.24675)
    assert price_at([slot], wall) is slot  # months after it began to hold
    assert [slot.start.astimezone(BERLIN).day, slot.end.astimezone(BERLIN).day] == [10, 12]
    assert known_until([slot], wall) == midnights(wall)[2]


@pytest.mark.parametrize(
    ("minutes", "lengths"),
    [
        ([0, 15, 30, 45, 60], [15, 15, 15, 15, 15]),
        ([0, 15, 30, 90, 105], [15, 15, 15, 15, 15]),  # 45 to 90 is missing
        ([0, 60, 120, 240, 300], [60, 60, 60, 60, 60]),
        ([0, 60, 120, 135, 150], [60, 60, 15, 15, 15]),  # the night when quarter hours began
        ([0, 15, 30, 90, 150], [15, 15, 60, 60, 60]),
        ([0], [60]),
        ([], []),
    ],
)
def test_what_is_missing_in_a_list_of_starts_stays_missing(minutes, lengths):
    starts = [60.0 * minute for minute in minutes]
    ends = lasting(starts)
    assert [(end - start) / 60 for start, end in zip(starts, ends, strict=True)] == lengths


@pytest.mark.parametrize("kind", ["tibber", "energy_charts"])
def test_an_hour_that_a_service_leaves_out_is_unknown_and_not_as_the_one_before(kind):
    begin = datetime(2026, 6, 10, tzinfo=BERLIN)
    starts = [begin + timedelta(minutes=15 * number) for number in range(96) if not 52 <= number < 56]
    if kind == "tibber":
        rows = [{"total": 0.2, "startsAt": start.isoformat()} for start in starts]
        home = {"id": "a", "currentSubscription": {"priceInfo": {"today": rows, "tomorrow": []}}}
        text = json.dumps({"data": {"viewer": {"homes": [home]}}})
    else:
        seconds = [int(start.timestamp()) for start in starts]
        text = json.dumps({"unix_seconds": seconds, "price": [80.0] * 92, "unit": "EUR / MWh"})
    slots = source_of(kind).decode(text, tariff(kind))
    unknown = [hour for hour in range(24) if price_at(slots, begin.replace(hour=hour, minute=30)) is None]
    assert unknown == [13]


@pytest.mark.parametrize(("kind", "money"), [("octopus", "GBP"), ("amber", "AUD"), ("tibber", "EUR")])
def test_prices_are_in_the_money_of_their_service_unless_it_is_said(kind, money):
    more = {"product": "P", "region": "A", "home": "1"}
    assert TariffSettings(kind=kind, **more).currency == money
    assert TariffSettings(kind=kind, currency="SEK", **more).currency == "SEK"


def test_tibbers_refusal_comes_with_status_200():
    with pytest.raises(BadAnswer, match=r"Is TIBBER_TOKEN right\?"):
        source_of("tibber").decode(capture("tibber/refused.json"), tariff("tibber"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><html><body>Maintenance</body></html>",
        "",
        "null",
        "[1, 2]",
        '{"data": [{}], "results": [{}], "multiAreaEntries": [{}], "unix_seconds": [1], "price": ["x"]}',
        '[{"channelType": "general", "duration": 7}]',
        '{"data": [{"start_timestamp": 1e400, "end_timestamp": 1, "marketprice": NaN}]}',
        "<a/>",
        "[" * 100_000,
    ],
)
def test_junk_is_refused_in_a_sentence(kind, text):
    if (kind, text) in {("nordpool", ""), ("entsoe", "<a/>")}:
        assert source_of(kind).decode(text, tariff(kind)) == []
        return
    with pytest.raises(BadAnswer):
        source_of(kind).decode(text, tariff(kind))


@pytest.mark.parametrize("price", [1e9, -1e9, float("nan"), float("inf"), True, None, "12", 10**400])
def test_a_price_that_cannot_be_is_refused(price):
    text = json.dumps({"data": [{"start_timestamp": 1e12, "end_timestamp": 1.1e12, "marketprice": price}]})
    with pytest.raises(BadAnswer, match="aWATTar gives a price"):
        source_of("awattar").decode(text, tariff("awattar"))


# --- over the wire ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path", "query", "headers", "name"),
    [
        ("awattar", "/v1/marketdata", {"start": "1781042400000", "end": "1781215200000"}, {}, "today.json"),
        (
            "energy_charts",
            "/price",
            {"bzn": "DE-LU", "start": "2026-06-10", "end": "2026-06-11"},
            {},
            "today.json",
        ),
        (
            "entsoe",
            "/api",
            {
                "securityToken": "s3cret",
                "documentType": "A44",
                "in_Domain": "10Y1001A1001A82H",
                "out_Domain": "10Y1001A1001A82H",
                "periodStart": "202606092200",
                "periodEnd": "202606112200",
            },
            {},
            "today.xml",
        ),
        (
            "octopus",
            "/v1/products/AGILE-24-10-01/electricity-tariffs/E-1R-AGILE-24-10-01-C/standard-unit-rates/",
            {"period_from": "2026-06-09T22:00:00Z", "period_to": "2026-06-11T22:00:00Z", "page_size": "1500"},
            {},
            "today.json",
        ),
        ("tibber", "/v1-beta/gql", {}, {"Authorization": "Bearer s3cret"}, "today.json"),
        (
            "amber",
            "/v1/sites/01J2XAMPLE/prices/current",
            {"next": "96", "previous": "48", "resolution": "30"},
            {"Authorization": "Bearer s3cret"},
            "now.json",
        ),
    ],
)
def test_the_question_goes_over_the_wire_as_the_service_wants_it(
    httpserver, kind, path, query, headers, name
):
    method = "POST" if kind == "tibber" else "GET"
    httpserver.expect_request(path, method, query_string=query, headers=headers).respond_with_data(
        capture(f"{kind}/{name}")
    )
    place = tariff(kind, address=httpserver.url_for("").rstrip("/"))
    (ask,) = source_of(kind).asks(place, "s3cret", NOON)
    assert source_of(kind).decode(fetch(ask), place)
    assert "s3cret" not in repr(ask.headers) or kind == "entsoe" or "s3cret" not in repr(ask)


def test_nord_pool_is_asked_day_by_day_and_says_204_before_noon(httpserver):
    query = {"market": "DayAhead", "deliveryArea": "SE3", "currency": "EUR"}
    path = "/api/DayAheadPrices"
    httpserver.expect_request(path, query_string=query | {"date": "2026-06-10"}).respond_with_data(
        capture("nordpool/today.json")
    )
    httpserver.expect_request(path, query_string=query | {"date": "2026-06-11"}).respond_with_data(
        "", status=204
    )
    place = tariff("nordpool", address=httpserver.url_for("").rstrip("/"))
    answers = [fetch(ask) for ask in source_of("nordpool").asks(place, "", NOON)]
    assert [len(source_of("nordpool").decode(text, place)) for text in answers] == [96, 0]


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Europe/Berlin", ["10", "11"]),
        ("Europe/Helsinki", ["09", "10", "11"]),
        ("Europe/London", ["10", "11", "12"]),
    ],
)
def test_nord_pools_days_cover_the_local_ones(zone, days):
    wall = datetime(2026, 6, 10, 12, tzinfo=ZoneInfo(zone))
    asked = [ask.query["date"][-2:] for ask in source_of("nordpool").asks(tariff("nordpool"), "", wall)]
    assert asked == days


@pytest.mark.parametrize(
    ("status", "headers", "says", "rest_s"),
    [
        (401, {}, "refuses the key (HTTP 401). Look at credentials.env.", 3600),
        (429, {"Retry-After": "1800"}, "asks for patience (HTTP 429).", 1800),
        (429, {"Retry-After": "99999999"}, "asks for patience (HTTP 429).", 6 * 3600),
        (503, {}, "answers HTTP 503.", 0),
    ],
)
def test_each_failure_is_a_sentence_without_the_key(httpserver, status, headers, says, rest_s):
    httpserver.expect_request("/api").respond_with_data("x", status=status, headers=headers)
    place = tariff("entsoe", address=httpserver.url_for("").rstrip("/"))
    (ask,) = source_of("entsoe").asks(place, "s3cret", NOON)
    with pytest.raises(FetchFailed) as failed:
        fetch(ask)
    assert says in str(failed.value)
    assert "s3cret" not in str(failed.value)
    assert failed.value.rest_s == rest_s


def test_a_service_that_is_not_there_is_a_sentence():
    (ask,) = source_of("awattar").asks(tariff("awattar", address="http://127.0.0.1:1"), "", NOON)
    with pytest.raises(FetchFailed, match=r"127\.0\.0\.1 can't be reached\."):
        fetch(ask)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 47), ("2026-10-24", 49)])
def test_two_days_with_a_dst_night_between_have_their_true_length(day, hours):
    wall = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BERLIN)
    (ask,) = source_of("awattar").asks(tariff("awattar"), "", wall)
    assert (int(ask.query["end"]) - int(ask.query["start"])) / 3_600_000 == hours


# --- CO2 -------------------------------------------------------------------------------------------


def test_grams_of_co2_join_the_prices_where_they_are_known(httpserver):
    httpserver.expect_request("/intensity/2026-06-10T00:00Z/fw48h").respond_with_data(
        capture("co2_gb/two_days.json")
    )
    grams = co2_gb.decode(fetch(co2_gb.ask(httpserver.url_for("").rstrip("/"), NOON)))
    slots = source_of("octopus").decode(capture("octopus/today.json"), tariff("octopus"))
    told = in_order(co2_gb.with_grams(slots, grams))
    assert told[0].co2_g_per_kwh is None
    assert price_at(told, datetime(2026, 6, 10, 1, tzinfo=UTC)).co2_g_per_kwh == 126
