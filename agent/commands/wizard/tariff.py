"""What power costs: a flat price, a plan by the hours of the day, or a service that tells prices by the hour.

Without it the page shows energy but no money, and nothing can follow the price.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.commands.wizard import places, read
from agent.commands.wizard.draft import Draft, settings_of
from agent.commands.wizard.peaks import USUAL, Row, ask_holidays, ask_peak, unlike
from agent.commands.wizard.talk import Talk
from agent.commands.wizard.trouble import together
from notify.settings import SettingsError
from scheduler.clock import SystemClock
from scheduler.fetch import FetchFailed, fetch
from scheduler.tariffs.prices import bought
from scheduler.tariffs.settings import TariffSettings
from scheduler.tariffs.slots import known_until, price_at
from scheduler.tariffs.sources import KINDS, source_of, within

FLAT, HOURS = "flat", "hours"
WHAT: Mapping[str, str] = {
    FLAT: "one price, day and night",
    HOURS: "dearer or cheaper at set hours",
    "awattar": "by the hour, aWATTar in Germany and Austria",
    "energy_charts": "by the hour, the exchange's price in most of Europe",
    "entsoe": "the same from another source, all of Europe; needs a free key",
    "nordpool": "the same for the north, the Baltics and the centre",
    "octopus": "Octopus in Great Britain: Agile and others",
    "tibber": "Tibber's customers, with their token",
    "amber": "Amber's customers in Australia, with their token",
}
NEEDS: Mapping[str, str] = {
    "zone": "The bidding zone, like DE-LU or SE3 (docs/tariffs.md)",
    "product": "The product's code, like AGILE-24-10-01",
    "region": "The region's letter, A to P",
    "home": "The id of your home there",
}
CHEAP = "cheap hours"
ALL_KEYS = (
    "kind",
    "currency",
    "price",
    "zone",
    "product",
    "region",
    "home",
    "formula",
    "feed_in",
    "holidays",
)


def ask_tariff(talk: Talk, draft: Draft) -> None:
    """[tariff], and the page's prices in [web]."""
    about = "So that the page shows money, and plans and windows can follow the price. No price: s."
    if not talk.wants("tariff", "What power costs", about):
        return
    if talk.patient:
        for kind, what in WHAT.items():
            talk.say(f"  {kind:<14} {what}")
    while True:
        kind = talk.ask("tariff.kind", "Which of these is yours", read.one_of(tuple(WHAT)), _kind(draft))
        _ask_prices(talk, draft, kind)
        if _fits(talk, draft) or not talk.yes("", "Change the answers and try again", True):
            return


def _kind(draft: Draft) -> str:
    before = str(draft.table("tariff").get("kind", "fixed"))
    return before if before in KINDS else HOURS if draft.rows("tariff.periods") else FLAT


def _ask_prices(talk: Talk, draft: Draft, kind: str) -> None:
    tariff, zone = draft.table("tariff"), str(draft.table("site").get("timezone", ""))
    usual = str(tariff.get("currency") or places.currency(zone))
    money = talk.ask("tariff.currency", "Currency, like EUR or USD", _currency, usual)
    now: Row = {"currency": money}
    if kind in KINDS:
        now |= {"kind": kind} | _ask_source(talk, draft, kind, zone)
        periods: list[Row] = []
    else:
        before = tariff.get("price")
        word = "A kWh costs" if kind == FLAT else "A kWh costs at the usual times"
        price = talk.ask(
            "tariff.price", f"{word} ({money})", read.number(-10, 100, money), _shown(before) or None
        )
        now |= {"kind": "fixed", "price": price}
        periods = _ask_periods(talk, draft, money) if kind == HOURS else []
        if periods:
            asks = "Holidays, on which the usual price holds"
            now["holidays"] = ask_holidays(talk, "tariff.holidays", asks, draft, tariff.get("holidays"))
    sold = talk.ask(
        "tariff.feed_in",
        f"A kWh that you sell brings ({money})",
        read.price,
        _shown(tariff.get("feed_in", 0)),
    )
    draft.put("tariff", dict.fromkeys(ALL_KEYS) | now | {"feed_in": sold})
    draft.put_rows("tariff.periods", periods)
    _ask_window(talk, draft, kind)
    _tell_page(draft, now, sold)


def _currency(text: str) -> str:
    code = text.strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise ValueError("Write its three letters: EUR, USD, GBP ...")
    return code


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value or "")


# --- by the hour of the day --------------------------------------------------------------------------


def _ask_periods(talk: Talk, draft: Draft, money: str) -> list[Row]:
    before = draft.rows("tariff.periods")
    question = "How many dearer or cheaper times are there (a summer and a winter peak are two)"
    rows: list[Row] = []
    for number in range(1, talk.count("tariff.periods", question, len(before) or 1) + 1):
        known = before[number - 1] if number <= len(before) else {}
        key = f"tariff.periods.{number}"
        row = {**known, **ask_peak(talk, key, USUAL | {"days": "daily"} | known if known else USUAL)}
        row["name"] = unlike(row["name"], [one["name"] for one in rows])
        row["price"] = talk.ask(
            f"{key}.price",
            f"  A kWh costs then ({money})",
            read.number(-10, 100, money),
            _shown(known.get("price")) or None,
        )
        rows.append(row)
    return rows


# --- by a service ------------------------------------------------------------------------------------


def _ask_source(talk: Talk, draft: Draft, kind: str, zone: str) -> Row:
    tariff, source = draft.table("tariff"), source_of(kind)
    wanted = (*source.NEEDS, *(["zone"] if kind == "awattar" else []))
    guess = {"zone": places.BIDDING.get(zone, "")}
    now: Row = {}
    for name in wanted:
        before = str(tariff.get(name) or guess.get(name, ""))
        now[name] = talk.ask(f"tariff.{name}", NEEDS[name], read.words, before or None)
    if source.SECRET:
        known = "; Enter keeps the one there is" if source.SECRET in draft.secrets else ""
        if value := talk.secret("tariff.token", f"The key of your account there{known}"):
            draft.keep_secret(source.SECRET, value)
    if not source.FINAL:
        question = "What you pay out of it: with fees and 19 % tax, say (spot + 0.15) * 1.19"
        before = str(tariff.get("formula", "spot"))
        now["formula"] = talk.ask("tariff.formula", question, read.formula, before)
    return now


def _fits(talk: Talk, draft: Draft) -> bool:
    """Whether the answers can be used; a service is asked for its prices once."""
    settings = settings_of(draft)
    try:
        tariff = settings.section("tariff", TariffSettings)
    except SettingsError as error:
        together(talk, error.problems, "tariff")
        return False
    wall = SystemClock(settings.site.zone).now().wall
    if tariff is None or tariff.kind == "fixed" or wall is None:
        return True
    source = source_of(tariff.kind)
    if problem := tariff.secret_problem(draft.secrets):
        talk.say(f"  {problem}")
        return not talk.patient
    talk.say("  asking for today's prices ...")
    secret = draft.secrets.get(source.SECRET, "")
    try:
        asks = source.asks(tariff, secret, wall)
        found = within((slot for ask in asks for slot in source.decode(fetch(ask), tariff)), wall)
    except FetchFailed as error:
        talk.say(f"  {error}")
        return not talk.patient
    slots = bought(tariff, tuple(sorted(found, key=lambda slot: slot.start)))
    now = price_at(slots, wall)
    if now is None:
        talk.say("  It answers, but does not know the price of this hour.")
    else:
        until = known_until(slots, wall).astimezone(wall.tzinfo)
        costs = f"{now.price_per_kwh:.3f} {tariff.currency}"
        talk.say(f"  A kWh costs {costs} now; prices are known until {until:%a %H:%M}.")
    return True


# --- what follows from it ----------------------------------------------------------------------------


def _ask_window(talk: Talk, draft: Draft, kind: str) -> None:
    """A charging window in the cheapest hours, for those who want more than the sun."""
    if kind == FLAT:
        return
    rows = draft.rows("tariff.windows")
    known = next((row for row in rows if row.get("name") == CHEAP), {})
    hours = talk.ask(
        "tariff.cheap_hours",
        "Charge from the grid in so many of the day's cheapest hours, too (0: follow the sun only)",
        read.number(0, 24, "h"),
        _shown(known.get("hours", 0)),
    )
    others = [row for row in rows if row is not known]
    if hours:
        before = talk.ask("tariff.ready_by", "Ready by", read.clock, str(known.get("before", "07:00")))
        others.append({"name": CHEAP, "mode": "fast", **known, "hours": hours, "before": before})
    if hours or known:
        draft.put_rows("tariff.windows", others)


def _tell_page(draft: Draft, now: Row, sold: float | str) -> None:
    """The page's own prices: right from the first minute, also while the scheduler is not there."""
    price, before = now.get("price"), draft.table("web")
    if price is not None:
        brings = sold if isinstance(sold, int | float) else 0
        money = {"currency": places.symbol(now["currency"]), "grid_price": price, "sell_price": brings}
        draft.put("web", money)
    elif "grid_price" in before:
        draft.put("web", dict.fromkeys(("currency", "grid_price", "sell_price")))
