"""JSON from strangers: taken only where it can be read in one way, and can be handed on to anybody.

Refused beside what is no JSON at all: NaN and Infinity (also as 1e999, or in so many digits), a key
that comes twice, half a character (a lone surrogate, which no other program could be told), and anything
nested deeper than a house needs. What passes can be kept, compared, and written as JSON again.
"""

from __future__ import annotations

import json
import math
from typing import Any

DEEPEST = 20


class JsonError(ValueError):
    """The text is not JSON as it is taken here; str() is a sentence."""


def read_json(text: str | bytes, what: str = "The body") -> Any:
    """A JSON value. `what` begins the sentence of a refusal. Raises JsonError."""
    try:
        plain = text.decode() if isinstance(text, bytes) else text
        found = json.loads(
            plain,
            object_pairs_hook=_no_twins,
            parse_constant=_number,
            parse_float=_number,
            parse_int=_whole,
        )
        _check(found)
    except UnicodeDecodeError:
        raise JsonError(f"{what} is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        raise JsonError(f"{what} is not valid JSON: {error}.") from None
    except RecursionError:
        raise JsonError(f"{what} is not valid JSON for this house: it is nested too deep.") from None
    except ValueError as error:
        raise JsonError(f"{what} is not valid JSON for this house: {error}.") from None
    return found


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it says {ascii(twice)[:60]} twice, send it once")
    return found


def _number(word: str) -> float:
    number = math.nan if word in ("NaN", "Infinity", "-Infinity") else float(word)
    if not math.isfinite(number):
        raise ValueError(f"{word[:20]} is not a number that can be used here")
    return number


def _whole(word: str) -> int:
    _number(word)  # most others read every number as a double
    return int(word)


def _check(value: object) -> None:
    level: list[object] = [value]
    for _ in range(DEEPEST):
        texts = [one for one in level if isinstance(one, str)]
        texts += [key for one in level if isinstance(one, dict) for key in one]
        if any("\ud800" <= letter <= "\udfff" for text in texts for letter in text):
            raise ValueError("it holds half a character (a lone surrogate)")
        inner = [list(one.values()) if isinstance(one, dict) else one for one in level]
        level = [each for one in inner if isinstance(one, list) for each in one]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {DEEPEST} levels")
