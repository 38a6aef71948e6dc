"""Recorded answers: tests/captures/<scheme>/<case>/, and how each transport plays them back.

A case is a folder with `expected.json` and the device's answers:

    registers.json    Modbus: {"40000": [words], "input/3005": [...], "unit 200/40069": [...],
                      "unit 200/input/1": [...]}; what is not there answers exception 2
    answer.json       HTTP: the one body, whatever is asked (also .xml, .txt, .html)
    answers.json      HTTP: {"/path?query": "file" or {"status": 404, "file": "error.html"}}
    *.hex             HTTP: a body that is no text, as hexadecimal digits
    datagrams.json    UDP: what was heard, in order, each in hex
    telegram.txt      P1: what comes out of the meter's port
    messages.json     MQTT: {"topic": what is said there, or {"said": ..., "age_s": 0, "kept": true}};
                      it came at 11:45:05 UTC on 14 June 2026, or age_s before
    output.txt        command: what the program prints
    file.csv          csv-tail: the file

`expected.json` holds the settings `line` (without it the driver's EXAMPLE), then either the roles with
their values ("any" where the line decides), and `problems` for roles that must fail; or `poor` / `down`:
words that the one sentence must contain. Other transports: add a player here.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from agent.meters import source
from agent.meters.values import Down, Poor
from agent.meters.via import gather
from agent.meters.via.datagrams import Datagram, Datagrams
from agent.meters.via.pages import Get, Page, Pages
from agent.meters.via.registers import Block, Registers
from agent.meters.via.tail import Tail, last_whole_line
from agent.meters.via.telegram import Cutter, parse
from agent.meters.via.topics import Message, Messages

FOLDER = Path(__file__).parents[1] / "captures"


@dataclass(frozen=True)
class Case:
    """One capture."""

    folder: Path

    def __str__(self):
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def scheme(self):
        return self.folder.parent.name

    @cached_property
    def expected(self):
        return json.loads((self.folder / "expected.json").read_text())

    @cached_property
    def line(self):
        from agent.meters import driver

        return self.expected.get("line") or driver(self.scheme).example

    @cached_property
    def source(self):
        return source(self.line)

    def answers(self):
        """Play the answers back without a wire. Raises Poor or Down as the wire would."""
        return PLAYERS[self.source.via](self)

    def images(self):
        """Modbus: registers by first address, for each (unit or None, table)."""
        out = {}
        for key, words in json.loads((self.folder / "registers.json").read_text()).items():
            *where, at = key.split("/")
            unit = next((int(part.removeprefix("unit ")) for part in where if part.startswith("unit ")), None)
            table = "input" if "input" in where else "holding"
            out.setdefault((unit, table), {})[int(at, 0)] = words
        return out

    def body(self, path):
        """HTTP: (status, text) of a request's path with its query."""
        index = self.folder / "answers.json"
        if not index.exists():
            (file,) = self.folder.glob("answer.*")
            return 200, _text(file)
        entry = json.loads(index.read_text()).get(path, {"status": 404})
        entry = {"file": entry} if isinstance(entry, str) else entry
        text = _text(self.folder / entry["file"]) if "file" in entry else ""
        return entry.get("status", 200), text

    @property
    def encoding(self):
        """HTTP: how a body's text goes over the wire."""
        return "latin-1" if list(self.folder.glob("*.hex")) else "utf-8"


def _text(file):
    if file.suffix == ".hex":
        return bytes.fromhex(file.read_text()).decode("latin-1")
    return file.read_text()


def cases(*vias):
    """Every capture, or those of some transports."""
    found = [Case(path.parent) for path in sorted(FOLDER.glob("*/*/expected.json"))]
    return [case for case in found if not vias or case.source.via in vias]


def _play_registers(case):
    images, answers = case.images(), Registers()

    def fetch(block: Block):
        for at, words in images.get((block.unit, block.table), {}).items():
            if at <= block.at and block.at + block.count <= at + len(words):
                answers.add(block, words[block.at - at : block.at - at + block.count])
                return
        if not block.optional:
            raise Poor(f"no registers {block.at} to {block.at + block.count - 1} (Modbus exception 2)")
        answers.lacks(block)

    gather(lambda: case.source.driver.ask(case.source.options, answers), fetch, answers.asked)
    return answers


def _play_pages(case):
    answers = Pages()

    def fetch(get: Get):
        status, text = case.body(get.path)
        if get.optional and status != 429 and not 200 <= status < 300:
            return
        if status in (401, 403, 429) or status >= 500:
            raise Down(f"status {status}")
        if not 200 <= status < 300:
            raise Poor(f"{get.path}: status {status}")
        answers.add(get, Page(text, status))

    gather(lambda: case.source.driver.ask(case.source.options, answers), fetch, answers.asked)
    return answers


def _play_datagrams(case):
    (hear,) = case.source.driver.ask(case.source.options, Datagrams({}))
    heard = {}
    for text in json.loads((case.folder / "datagrams.json").read_text()):
        body = bytes.fromhex(text)
        if (who := hear.who(body)) is not None:
            heard[who] = Datagram(body)
    return Datagrams(heard)


def _play_telegram(case):
    whole = Cutter().receive((case.folder / "telegram.txt").read_bytes())
    if not whole:
        raise Poor("it is damaged")
    return parse(whole[-1])


def spoken(case):
    """MQTT: topic -> (payload, age in seconds, whether the broker had kept it)."""
    out = {}
    for topic, said in json.loads((case.folder / "messages.json").read_text()).items():
        entry = said if isinstance(said, dict) and "said" in said else {"said": said}
        text = entry["said"] if isinstance(entry["said"], str) else json.dumps(entry["said"])
        out[topic] = text, entry.get("age_s", 0.0), entry.get("kept", False)
    return out


def _play_messages(case):
    now_s, wall = 10_000.0, datetime(2026, 6, 14, 11, 45, 5, tzinfo=UTC)
    found = {
        topic: Message(text, now_s - age_s, wall - timedelta(seconds=age_s), kept)
        for topic, (text, age_s, kept) in spoken(case).items()
    }
    answers = Messages(found, now_s)
    gather(lambda: case.source.driver.ask(case.source.options, answers), lambda topic: None, answers.asked)
    for topic in answers.asked:
        if not topic.optional:
            answers.json(topic)
    return answers


def _play_file(case):
    data = (case.folder / "file.csv").read_bytes()
    last = last_whole_line(data, is_cut=False)
    if not last:
        raise Poor("no whole line yet")
    return Tail(
        data.partition(b"\n")[0].decode("utf-8-sig", "replace").strip(), last.decode("utf-8", "replace")
    )


PLAYERS = {
    "modbus": _play_registers,
    "dongle": _play_registers,
    "http": _play_pages,
    "websocket": _play_pages,
    "udp": _play_datagrams,
    "nothing": lambda case: None,
    "p1": _play_telegram,
    "command": lambda case: Page((case.folder / "output.txt").read_text()),
    "tail": _play_file,
    "mqtt": _play_messages,
}
