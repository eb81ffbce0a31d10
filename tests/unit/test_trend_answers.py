"""Answers about trends: numbers that are none, the older shape, markers of breakdowns, states of queries."""

from __future__ import annotations

from typing import Any

import pytest
from posthog_environments_api.records import DecodeError

from posthog_environments.results.trend_answers import (
    ABSENT,
    OTHER,
    has_more,
    legacy_shape,
    loads,
    only_absent,
    state_of,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"[NaN, 2]", [None, 2]),
        (b"[Infinity, -Infinity, 1.5]", [None, None, 1.5]),
        (b'{"a": NaN, "b": "NaN"}', {"a": None, "b": "NaN"}),
        (b'["Infinity"]', ["Infinity"]),
        (b"[123456789012345678901234567890, NaN]", [123456789012345678901234567890, None]),
    ],
)
def test_what_is_no_number_reads_none(text: bytes, value: Any) -> None:
    assert loads(text) == value


@pytest.mark.parametrize("text", [b"", b"[NaN", b"<html>NaN</html>", b"[nan]", b"[" * 100_000 + b"NaN"])
def test_what_is_no_json_stays_none(text: bytes) -> None:
    with pytest.raises(DecodeError):
        loads(text)


ROW = {"label": "a", "data": [1, 2], "days": ["2026-01-01", "2026-01-02"], "labels": ["x", "y"], "count": 3.0}


def test_the_shape_of_the_older_endpoint() -> None:
    answer = {
        "results": [ROW],
        "timezone": "Europe/Berlin",
        "is_cached": True,
        "last_refresh": "2026-01-02T00:00:00Z",
        "hasMore": False,
        "error": "",
        "hogql": "SELECT",
    }
    found = legacy_shape(answer)
    assert list(found)[:5] == ["result", "timezone", "is_cached", "last_refresh", "next"]
    assert found == {
        "result": [ROW],
        "timezone": "Europe/Berlin",
        "is_cached": True,
        "last_refresh": "2026-01-02T00:00:00Z",
        "next": None,
        "hasMore": False,
        "error": "",
        "hogql": "SELECT",
    }
    assert "results" in answer


@pytest.mark.parametrize("rows", [None, "x", {"a": 1}, [5], [None]])
def test_what_are_no_rows_is_left_to_the_reader(rows: Any) -> None:
    assert legacy_shape({"results": rows})["result"] == rows


def test_a_row_of_one_number_has_empty_lists() -> None:
    (row,) = legacy_shape({"results": [{"label": "a", "aggregated_value": 5, "data": []}]})["result"]
    assert row == {"label": "a", "aggregated_value": 5, "data": [], "days": [], "count": 0}
    (formula,) = legacy_shape({"results": [{"label": "f", "aggregated_value": 5.0, "data": None}]})["result"]
    assert formula["data"] is None


def parts(*values: Any) -> list[Any]:
    return [{"breakdown_value": value} for value in values]


MANY = [f"v{number}" for number in range(25)]


@pytest.mark.parametrize(
    ("rows", "via", "limit", "more"),
    [
        ([ROW], "legacy", None, False),
        ([ROW], "query", None, False),
        ([], "query", None, False),
        (parts("a", "b"), "query", None, False),
        (parts("a", OTHER), "query", None, True),
        (parts("a", OTHER), "legacy", None, True),
        (parts(["a", OTHER], ["a", "b"]), "query", None, True),
        (parts(*MANY), "query", None, False),
        (parts(*MANY), "legacy", None, None),
        (parts(*MANY), "legacy", 26, False),
        (parts(*MANY[:24]), "legacy", None, False),
        (parts("a", "b", "c"), "legacy", 3, None),
        (parts(*MANY, ABSENT), "legacy", None, False),
        (parts(*MANY, 5, None), "legacy", 26, None),
        # Two series with fifteen values each, and one with its fifteen in two periods.
        ([{"action": {"id": name}, **row} for name in "ab" for row in parts(*MANY[:15])], "legacy", None, False),
        (parts(*MANY[:15]) * 2, "legacy", None, False),
        ([None, 5], "legacy", None, False),
    ],
)
def test_whether_there_are_more_values(rows: list[Any], via: str, limit: int | None, more: bool | None) -> None:
    assert has_more(rows, via=via, limit=limit) is more


@pytest.mark.parametrize(
    ("values", "absent"),
    [
        ([], False),
        ([ABSENT], True),
        ([ABSENT, ABSENT], True),
        ([""], True),
        ([[ABSENT]], True),
        ([ABSENT, "x"], False),
        ([None], False),
        ([0], False),
    ],
)
def test_a_breakdown_that_nobody_has(values: list[Any], absent: bool) -> None:
    assert only_absent(values) is absent


def status(**fields: Any) -> Any:
    return {"query_status": {"id": "q1", "complete": False, "error": False, "results": None, **fields}}


@pytest.mark.parametrize("answer", [None, [], {}, {"query_status": None}, {"query_status": "x"}])
def test_an_answer_at_once_has_no_state(answer: Any) -> None:
    assert state_of(answer) is None


def test_states_of_a_query() -> None:
    running = state_of(status())
    assert running is not None
    assert (running.id, running.complete, running.failed, running.result) == ("q1", False, False, None)
    done = state_of(status(complete=True, results={"results": []}))
    assert done is not None
    assert (done.complete, done.failed, done.result) == (True, False, {"results": []})
    failed = state_of(status(complete=True, error=True, error_message="no", error_code="c"))
    assert failed is not None
    assert (failed.complete, failed.failed, failed.message, failed.code) == (True, True, "no", "c")
    # A text is for people who debug; it is no word about the outcome.
    odd = state_of(status(complete=True, error="text", id=5, results=[]))
    assert odd is not None
    assert (odd.complete, odd.failed, odd.id, odd.result) == (True, False, None, None)
