"""An installed sunward and the script of a checkout understand the same words."""

import re
from pathlib import Path

from agent.front import COMMANDS, HELP, PROGRAMS

SCRIPT = (Path(__file__).parents[1] / "sunward").read_text("utf-8")


def test_each_word_leads_to_the_same_program_as_in_a_checkout():
    found = {}
    case = re.compile(r"^([a-z| ]+)\)\n    install \S+\n    run -m (\S+)", re.MULTILINE)
    for words, module in case.findall(SCRIPT):
        for word in words.split(" | "):
            found[word] = word if module == '"$command"' else module
    programs = {name: name for name in PROGRAMS}
    assert found == {**programs, **COMMANDS}


def test_the_help_names_every_word():
    for word in (*PROGRAMS, *COMMANDS, "python"):
        assert re.search(rf"\b{word}\b", HELP), word
