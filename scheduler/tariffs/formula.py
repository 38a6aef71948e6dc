"""What a kilowatt-hour costs at home, from what it costs at the exchange: fees and taxes as a formula.

    formula = "(spot + 0.0205 + 0.1432) * 1.19"

Numbers, `spot`, `+ - * /`, brackets, `min` and `max`, and nothing else: it is read as arithmetic and
never run as a program. Prices are per kWh in the tariff's currency.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

Formula = Callable[[float], float]

LONGEST = 200
_SIGNS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CALLS: dict[str, Callable[..., float]] = {"min": min, "max": max}
HOW = 'write arithmetic with spot, like "(spot + 0.16) * 1.19"'


def read_formula(text: str) -> Formula:
    """A function from the exchange's price to the owner's. Raises ValueError with a sentence.

    The function itself raises ZeroDivisionError or OverflowError where the formula has no answer.
    """
    if len(text) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} letters: {HOW}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"is no arithmetic: {HOW}") from None
    _check(tree)

    def price(spot: float) -> float:
        found = _value(tree, spot)
        if not math.isfinite(found):
            raise ZeroDivisionError
        return found

    try:
        price(0.1)
        price(-0.1)
    except (ZeroDivisionError, OverflowError):
        raise ValueError(f"has no finite answer: {HOW}") from None
    return price


def _check(node: ast.expr) -> None:
    """Refuse everything that is not arithmetic."""
    parts: list[ast.expr]
    match node:
        case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
            parts = []
        case ast.Name(id="spot"):
            parts = []
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            parts = [node.operand]
        case ast.BinOp() if type(node.op) in _SIGNS:
            parts = [node.left, node.right]
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _CALLS and len(node.args) >= 2:
            parts = node.args
        case _:
            raise ValueError(f"holds {ast.unparse(node)!r}, which is no arithmetic: {HOW}")
    for part in parts:
        _check(part)


def _value(node: ast.expr, spot: float) -> float:
    """The number that a checked formula comes to."""
    match node:
        case ast.Constant():
            return float(node.value)  # type: ignore[arg-type]
        case ast.UnaryOp():
            value = _value(node.operand, spot)
            return -value if isinstance(node.op, ast.USub) else value
        case ast.BinOp():
            return _SIGNS[type(node.op)](_value(node.left, spot), _value(node.right, spot))
        case ast.Call(func=ast.Name(id=name)):
            return _CALLS[name](*(_value(part, spot) for part in node.args))
        case _:
            return spot
