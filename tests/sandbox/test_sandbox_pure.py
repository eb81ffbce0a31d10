from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthog_environments.sandbox import bodies, dates
from posthog_environments.sandbox.formula import Formula, FormulaError
from posthog_environments.sandbox.store import ListOrder

NOW = datetime(2026, 3, 31, 15, 45, 30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-7d", "2026-03-24T15:45:30"),
        ("7d", "2026-03-24T15:45:30"),
        ("-1m", "2026-02-28T15:45:30"),
        ("-1q", "2025-12-30T15:45:30"),
        ("-2w", "2026-03-17T15:45:30"),
        ("-1y", "2025-03-31T15:45:30"),
        ("-3h", "2026-03-31T12:45:30"),
        ("-90M", "2026-03-31T14:15:30"),
        ("-30s", "2026-03-31T15:45:00"),
        ("mStart", "2026-03-01T00:00:00"),
        ("-1mStart", "2026-02-01T00:00:00"),
        ("-1mEnd", "2026-02-28T23:59:59.999999"),
        ("yStart", "2026-01-01T00:00:00"),
        ("yEnd", "2026-03-31T23:59:59.999999"),  # servers set the day alone
        ("-1yEnd", "2025-03-31T23:59:59.999999"),
        ("dStart", "2026-03-31T00:00:00"),
        ("-1dEnd", "2026-03-30T23:59:59.999999"),
        ("hStart", "2026-03-31T15:00:00"),
        ("-1wStart", "2026-03-24T15:45:30"),
        ("2026-01-31", "2026-01-31T00:00:00"),
        ("2026-1-3", "2026-01-03T00:00:00"),
        ("20260131", "2026-01-31T00:00:00"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00"),
    ],
)
def test_dates(text: str, expected: str) -> None:
    assert dates.parse(text, NOW).at.isoformat() == expected


@pytest.mark.parametrize("text", ["-7days", "", "now", "7", "-d7", "2026-13-01", "-999999999y", "-7D"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(dates.UnreadableDateError):
        dates.parse(text, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A + B * 2", 12.0),
        ("(A + B) * 2", 14.0),
        ("-A - -B", 3.0),
        ("2 ** 3 ** 2", 512.0),
        ("-2 ** 2", -4.0),
        ("A / 7", 2 / 7),
        ("B / 0 + A", 2.0),
        ("B % 0", 0.0),
        ("b % a", 1.0),
        ("B / 0", 0.0),
        ("10 ** 400", 0.0),
        ("(0 - 8) ** .5", 0.0),
    ],
)
def test_formulas(text: str, expected: float) -> None:
    assert Formula(text)({"A": 2.0, "B": 5.0}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-1wStart", "2026-03-22T00:00:00"),
        ("wEnd", "2026-04-04T23:59:59.999999"),
        ("qStart", "2026-01-01T00:00:00"),
        ("-1qEnd", "2025-12-31T23:59:59.999999"),
    ],
)
def test_edges_that_newer_servers_heed(text: str, expected: str) -> None:
    assert dates.parse(text, NOW, newer=True).at.isoformat() == expected
    assert dates.parse(text, NOW).edge == ""


@given(st.text(max_size=40))
def test_no_formula_breaks_the_reader(text: str) -> None:
    try:
        formula = Formula(text)
    except FormulaError:
        return
    assert isinstance(formula(dict.fromkeys(formula.letters, 2.0)), float)


@given(st.integers(0, 60), st.data())
def test_the_order_passes_over_those_who_are_gone(places: int, data: st.DataObject) -> None:
    gone = data.draw(st.lists(st.integers(0, max(0, places - 1)), unique=True, max_size=places))
    order = ListOrder(places, [])
    for pos in gone:
        order.remove(pos, 0.0)
    order.settle(at_once=True)
    left = [pos for pos in range(places) if pos not in gone]
    assert len(order) == len(left)
    for offset, pos in enumerate(left):
        assert order.place(offset) == pos
    assert order.place(len(left)) >= (left[-1] + 1 if left else 0)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers() | TEXTS


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_bodies_come_back(value: object) -> None:
    assert bodies.parse(bodies.write(value)) == value


@pytest.mark.parametrize("text", ["NaN", '{"a": Infinity}', '"\\ud800"', "[" * 100_000, "{"])
def test_bodies_that_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        bodies.parse(text)
