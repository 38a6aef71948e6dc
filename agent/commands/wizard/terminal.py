"""A person who reads and types lines, also over ssh: plain text, nothing drawn, no cursor moved.

Whatever is typed is remembered (given.py): going back, and a set-up that was broken off, propose it again.
"""

from __future__ import annotations

import getpass
import sys
from io import TextIOWrapper

from agent.commands.wizard.given import Given
from agent.commands.wizard.talk import (
    SECRET_KEYS,
    STEPS,
    Back,
    Ended,
    Read,
    Skipped,
    T,
    few,
    yes_or_no,
)

BACK, SKIP = "<", "s"


class Terminal:
    """Questions on standard output, answers from standard input."""

    patient = True

    def __init__(self, given: Given) -> None:
        self._given = given
        for stream in (sys.stdin, sys.stdout):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal of another alphabet ends nothing

    def say(self, text: str = "") -> None:
        """Print a line."""
        print(text, flush=True)

    def wants(self, step: str, title: str, about: str) -> bool:
        """The step's title; Enter goes on, s skips, < goes to the step before."""
        self.say(f"\n── {STEPS.index(step) + 1} of {len(STEPS)} · {title} ──\n{about}")
        try:
            return self.ask("", "Enter to go on, s to skip, < to go back", _goes_on, "")
        except Back:
            raise Back(far=True) from None

    def ask(self, key: str, question: str, read: Read[T], proposal: str | None = None) -> T:
        """Ask until the answer can be read; Enter takes what stands in brackets."""
        proposed = self._given.instead_of(key, proposal)
        shown = f" [{proposed}]" if proposed else ""
        while True:
            text = self._line(f"{question}{shown}: ").strip()
            if not text and proposed is None:
                self.say("  This needs an answer. (s skips the whole step, < goes back, Ctrl-C ends.)")
                continue
            if text == SKIP and proposed is None:
                raise Skipped
            text = text or proposed or ""
            try:
                value = read(text)
            except ValueError as error:
                self.say(f"  {error}")
                continue
            if not key.endswith(SECRET_KEYS) and not key.startswith("finish."):
                self._given.keep(key, proposal, value if isinstance(value, str) else text)
            return value

    def yes(self, key: str, question: str, proposal: bool) -> bool:
        """y or n."""
        return self.ask(key, f"{question} (y/n)", yes_or_no, "y" if proposal else "n")

    def count(self, key: str, question: str, proposal: int) -> int:
        """A small number."""
        return self.ask(f"{key}.count", question, few, str(proposal))

    def secret(self, key: str, question: str) -> str:
        """Typed unseen at a terminal; a plain line from a pipe."""
        if not sys.stdin.isatty():
            return self._line(f"{question}: ").strip()
        try:
            text = getpass.getpass(f"{question} (not shown): ").strip()
        except EOFError:
            raise Ended("The input ended.") from None
        if text == BACK:
            raise Back
        return text

    def _line(self, prompt: str) -> str:
        print(prompt, end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            raise Ended("The input ended.")
        if line.strip() == BACK:
            raise Back
        return line


def _goes_on(text: str) -> bool:
    if text.strip().lower() not in ("", "s", "skip"):
        raise ValueError("Press Enter to go on, type s to skip this step, or < to go back.")
    return not text.strip()
