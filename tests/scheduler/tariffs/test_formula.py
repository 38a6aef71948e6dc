"""Fees and taxes as arithmetic: read, computed, and nothing else let in."""

import pytest

from scheduler.tariffs.formula import read_formula


@pytest.mark.parametrize(
    ("text", "spot", "price"),
    [
        ("spot", 0.1, 0.1),
        ("(spot + 0.0205 + 0.1432) * 1.19", 0.08, 0.290003),
        ("max(spot, 0) * 1.2 + 0.15", -0.05, 0.15),
        ("-spot / 2", 0.3, -0.15),
        ("min(spot, 0.4, 0.35)", 0.5, 0.35),
        ("0.25", 0.1, 0.25),
    ],
)
def test_a_formula_is_computed(text, spot, price):
    assert read_formula(text)(spot) == pytest.approx(price)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no arithmetic"),
        ("spot +", "is no arithmetic"),
        ("spot + fee", "holds 'fee'"),
        ("__import__('os').system('true')", "which is no arithmetic"),
        ("spot ** 9", "which is no arithmetic"),
        ("'a' * 9", "which is no arithmetic"),
        ("max(spot)", "which is no arithmetic"),
        ("max(*spot)", "which is no arithmetic"),
        ("spot if spot else 1", "which is no arithmetic"),
        ("True + spot", "which is no arithmetic"),
        ("1 / 0", "has no finite answer"),
        ("1e308 * 1e308", "has no finite answer"),
        ("1e999", "has no finite answer"),
        ("spot" + "+1" * 120, "is longer than"),
    ],
)
def test_anything_else_is_refused(text, says):
    with pytest.raises(ValueError, match=r"write arithmetic with spot") as refused:
        read_formula(text)
    assert says in str(refused.value)
