"""EmonCMS on an emonPi or any computer at home: one feed of watts, or several that are added.

    /feed/timevalue.json?id=12     {"time": 1781437500, "value": 350.2}     seconds since 1970, W
    /feed/fetch.json?ids=12        [350.2]                                  where the first does not exist

A value may be a string; it is null before the first one. `false` instead of an object: there is no such
feed, or the key may not read it. The feed's own time is its age, as a feed goes on giving its last value
when nothing arrives any more. Sign and unit are the feed's. The read key stands on the site's *Account*
page; it goes into a header, never into the address. Home installations lie under /emoncms; write
`emoncms://host/?feed=12` for one that does not. The public site is not for the agent, which stays off
the internet. Source: the API help that each EmonCMS shows under *Feeds*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.meters import units
from agent.meters.line import NO_SECRET, Secret, option
from agent.meters.values import Meaning, Poor, Positive, Values, turned
from agent.meters.via.pages import Bearer, Get, Pages, Tree

TITLE = "EmonCMS (at home)"
ROLES = ("grid", "solar", "battery", "house")
EXAMPLE = "emoncms://192.168.0.40/emoncms?feed=12&key=EMONCMS_KEY"
VIA = "http"
PORT = 80
EVERY_S = 10.0
HINT = "Its read key belongs into credentials.env; it may be that the site does not lie under /emoncms."


@dataclass(frozen=True, slots=True)
class Options:
    """What a line may say."""

    feed: tuple[str, ...] = option(help="the feed's number, or several to be added")
    key: Secret = option(NO_SECRET, "name of the read key in credentials.env")
    unit: Literal["W", "kW"] = option("W", "what the feed is measured in")
    positive: Positive = option("import", "what a positive number means")
    tls: Literal["off", "on", "unverified"] = option("off", "on or unverified: by HTTPS")
    path: str = option("/emoncms", "where the site lies")


def auth(options: Options) -> Bearer:
    """The read key."""
    return Bearer(options.key)


def ask(options: Options, answers: Pages) -> list[Get]:
    """Each feed by itself: only so it comes with its time. An answer without it is better than none."""
    timed = [_feed(options, number) for number in options.feed]
    bare = [
        _bare(options, number)
        for number in options.feed
        if (feed := _feed(options, number)) in answers.asked and answers.find(feed) is None
    ]
    return timed + bare


def decode(answers: Pages, options: Options) -> Meaning:
    """The sum, as old as its oldest feed; the line knows its role."""
    feeds = [_one(answers, options, number) for number in options.feed]
    times = [time for feed in feeds if (time := units.stamp(feed.number_or_none("time")))]
    watts = sum(units.convert(feed.number("value"), options.unit, "W") for feed in feeds)
    return {"any": turned(Values(watts, at_wall=min(times, default=None)), options.positive)}


def _one(answers: Pages, options: Options, number: str) -> Tree:
    page = answers.find(_feed(options, number))
    if page is None:
        values = answers.json(_bare(options, number)).items()
        feed = Tree({"value": values[0].value if values else False})
        missing = not values or values[0].value is False
    else:
        feed = page.json()
        missing = feed.value is False or feed.find("success") is not None
    if missing:
        raise Poor(f"EmonCMS has no feed {number}, or the key may not read it")
    return feed


def _feed(options: Options, number: str) -> Get:
    return Get(f"{options.path.rstrip('/')}/feed/timevalue.json?id={number}", optional=True)


def _bare(options: Options, number: str) -> Get:
    return Get(f"{options.path.rstrip('/')}/feed/fetch.json?ids={number}")
